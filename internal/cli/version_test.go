package cli

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/render"
)

func TestVersionView(t *testing.T) {
	t.Parallel()
	commit, date := "0123abc", "2026-11-01T00:00:00Z"
	platform := runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")\n"
	tests := []struct {
		env  Env
		want render.View
	}{
		{Env{Version: "1.2.3", Commit: commit, Date: date}, render.View{
			Data:  build{"1.2.3", &commit, &date, runtime.Version(), runtime.GOOS, runtime.GOARCH},
			Text:  "hookctl 1.2.3 (commit 0123abc, built 2026-11-01T00:00:00Z, " + platform,
			Names: []string{"1.2.3"},
		}},
		{Env{Version: "dev"}, render.View{
			Data:  build{"dev", nil, nil, runtime.Version(), runtime.GOOS, runtime.GOARCH},
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
	} {
		if got := len(named(strings.Fields(line))); got != want {
			t.Errorf("%q gets %d commands, want %d", line, got, want)
		}
	}
}
