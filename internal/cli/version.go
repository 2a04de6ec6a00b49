package cli

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

func newVersionCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version",
		Example: `  hookctl version
  hookctl version -o json`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			out, err := g.anyPrinter()
			if err != nil {
				return err
			}
			return out.Print(versionView(g.env))
		},
	}
}

// origin is what a binary was built from; "" is what it does not know.
type origin struct {
	version, commit, date string
	modified              bool
}

// thisBuild is what this binary was built from, as the release build says, and
// else as the go command has recorded it.
func thisBuild() origin {
	o := origin{version: "dev", commit: commit}
	if commit == "" { // what a release build says is not parsed for at each start
		if info, ok := debug.ReadBuildInfo(); ok {
			o = stamped(info)
		}
	}
	o.version, o.date = cmp.Or(version, o.version), cmp.Or(date, o.date)
	return o
}

// pseudoVersion is the end of a version that the go command makes for a commit
// without a tag: its time and the beginning of its hash.
var pseudoVersion = pattern.Of(`[.-](\d{14})-([0-9a-f]{12})(\+|$)`)

// stamped reads what the go command wrote into a binary: the module's version,
// and of a build in a repository the commit. `go install` of a version knows no
// repository, but a version without a tag names its commit.
func stamped(info *debug.BuildInfo) origin {
	o := origin{version: "dev"}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		o.version = strings.TrimPrefix(v, "v")
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			o.commit = s.Value
		case "vcs.time":
			o.date = s.Value
		case "vcs.modified":
			o.modified = s.Value == "true"
		}
	}
	if m := pseudoVersion().FindStringSubmatch(o.version); m != nil && o.commit == "" {
		if at, err := time.Parse("20060102150405", m[1]); err == nil {
			o.commit, o.date = m[2], at.Format(time.RFC3339)
			o.modified = strings.HasSuffix(o.version, "+dirty")
		}
	}
	return o
}

func versionView(env *Env) render.View {
	v := view.Version{Version: env.Version, Commit: view.OrNull(env.Commit), Date: view.OrNull(env.Date), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if v.Commit != nil {
		v.Modified = &env.Modified
	}
	return v.Render()
}

// version, commit and date are set by the release build with -ldflags; thisBuild
// finds what it left out.
var (
	version = ""
	commit  = ""
	date    = ""
)
