package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
)

func newVersionCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version",
		GroupID: groupSetup,
		Example: `  hookctl version
  hookctl version -o json`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			if g.hasSettings() {
				if a, err := g.offline(); err == nil {
					return a.out.Print(versionView(g.env))
				}
			}
			// There are none, or they are at fault: this must work all the same.
			out, err := g.printer()
			if err != nil {
				return err
			}
			return out.Print(versionView(g.env))
		},
	}
}

// hasSettings reports whether there may be a file of settings. Reading one is
// much of what a start costs, so the version does without where it can.
func (g *globals) hasSettings() bool {
	dir, err := g.configDir()
	if err != nil || dir == "" {
		return err != nil
	}
	_, err = os.Lstat(filepath.Join(dir, "config.yaml"))
	return !errors.Is(err, os.ErrNotExist)
}

// printer is the output of a command without settings: the format is the
// flag's or the environment's.
func (g *globals) printer() (*render.Printer, error) {
	format, from := g.flags.output, "--output"
	if format == "" {
		format, from = g.env.Getenv("HOOKCTL_OUTPUT"), "HOOKCTL_OUTPUT"
	}
	if format == "" {
		format = string(render.Table)
	}
	if err := oneOf(formats()...)(format); err != nil {
		return nil, fault.Usagef("%s: %w", from, err)
	}
	return render.New(g.env.Streams.Out, render.Options{Format: render.Format(format), JQ: g.flags.jq, TTY: g.env.Streams.OutTTY, Width: g.env.Streams.Width()})
}

// build is the JSON of the version. What the build does not know is null.
type build struct {
	Version string  `json:"version"`
	Commit  *string `json:"commit"`
	Date    *string `json:"date"`
	Go      string  `json:"go"`
	OS      string  `json:"os"`
	Arch    string  `json:"arch"`
}

func versionView(env *Env) render.View {
	known := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	b := build{env.Version, known(env.Commit), known(env.Date), runtime.Version(), runtime.GOOS, runtime.GOARCH}
	about := []string{}
	if b.Commit != nil {
		about = append(about, "commit "+*b.Commit)
	}
	if b.Date != nil {
		about = append(about, "built "+*b.Date)
	}
	about = append(about, b.Go, b.OS+"/"+b.Arch)
	return render.View{
		Data:  b,
		Text:  fmt.Sprintf("hookctl %s (%s)\n", b.Version, strings.Join(about, ", ")),
		Names: []string{b.Version},
	}
}
