package cli

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

func TestVersionView(t *testing.T) {
	t.Parallel()
	commit, date := "0123abc", "2026-11-01T00:00:00Z"
	platform := runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")\n"
	clean, modified := false, true
	tests := []struct {
		env  Env
		want render.View
	}{
		{Env{Version: "1.2.3", Commit: commit, Date: date}, render.View{
			Data:  view.Version{Version: "1.2.3", Commit: &commit, Date: &date, Modified: &clean, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH},
			Text:  "hookctl 1.2.3 (commit 0123abc of 2026-11-01T00:00:00Z, " + platform,
			Names: []string{"1.2.3"},
		}},
		{Env{Version: "1.2.3", Commit: commit, Modified: true}, render.View{
			Data:  view.Version{Version: "1.2.3", Commit: &commit, Modified: &modified, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH},
			Text:  "hookctl 1.2.3 (commit 0123abc, modified, " + platform,
			Names: []string{"1.2.3"},
		}},
		{Env{Version: "dev"}, render.View{
			Data:  view.Version{Version: "dev", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH},
			Text:  "hookctl dev (" + platform,
			Names: []string{"dev"},
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, versionView(&tt.env)); diff != "" {
			t.Error(diff)
		}
	}
}

// The go command records what a binary was built from.
func TestRecordedBuild(t *testing.T) {
	t.Parallel()
	const hash = "1fdbe5b25676aa01bb02cc03dd04ee05ff061728"
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: hash}, {Key: "vcs.time", Value: "2026-11-22T07:01:43Z"}, {Key: "vcs.modified", Value: modified}}
	}
	for _, tt := range []struct {
		version  string
		settings []debug.BuildSetting
		want     origin
	}{
		{"", nil, origin{version: "dev"}},
		{"(devel)", nil, origin{version: "dev"}},
		{"(devel)", vcs("false"), origin{"dev", hash, "2026-11-22T07:01:43Z", false}},
		{"v1.2.3", vcs("false"), origin{"1.2.3", hash, "2026-11-22T07:01:43Z", false}},
		{"v0.0.0-20261122070143-1fdbe5b25676+dirty", vcs("true"), origin{"0.0.0-20261122070143-1fdbe5b25676+dirty", hash, "2026-11-22T07:01:43Z", true}},
		{"v1.2.3", nil, origin{version: "1.2.3"}},
		{"v1.2.3-rc.1", nil, origin{version: "1.2.3-rc.1"}},
		{"v0.0.0-20261122070143-1fdbe5b25676", nil, origin{"0.0.0-20261122070143-1fdbe5b25676", "1fdbe5b25676", "2026-11-22T07:01:43Z", false}},
		{"v1.2.4-0.20261122070143-1fdbe5b25676", nil, origin{"1.2.4-0.20261122070143-1fdbe5b25676", "1fdbe5b25676", "2026-11-22T07:01:43Z", false}},
		{"v1.2.3-rc.1.0.20261122070143-1fdbe5b25676+dirty", nil, origin{"1.2.3-rc.1.0.20261122070143-1fdbe5b25676+dirty", "1fdbe5b25676", "2026-11-22T07:01:43Z", true}},
		{"v2.0.0-20269922070143-1fdbe5b25676", nil, origin{version: "2.0.0-20269922070143-1fdbe5b25676"}},
	} {
		got := stamped(&debug.BuildInfo{Main: debug.Module{Version: tt.version}, Settings: tt.settings})
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.version, got, tt.want)
		}
	}
}

// A command line gets the one command that it names, or all of them.
func TestNamedCommands(t *testing.T) {
	g := &globals{env: &Env{Drivers: all.Drivers()}}
	for _, c := range commands() {
		if made := c.make(g).Name(); made != c.name {
			t.Errorf("the list calls %q %q", made, c.name)
		}
	}
	for line, want := range map[string]int{
		"create zyntro": 1, "version": 1, "": len(commands()), "ls": len(commands()), "help create": len(commands()),
		"--profile create list": len(commands()), "completion bash": len(commands()), "nonsense": len(commands()), "__complete create": len(commands()),
		"__complete create z": 1, "__complete completion z": len(commands()), "__complete --profile x create z": len(commands()),
	} {
		if got := len(named(strings.Fields(line))); got != want {
			t.Errorf("%q gets %d commands, want %d", line, got, want)
		}
	}
}
