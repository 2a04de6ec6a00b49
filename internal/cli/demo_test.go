package cli

import (
	"strings"
	"testing"
)

func TestDemoStep(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"--no-input"}} {
		w := newWorld(t)
		if len(args) > 0 {
			w.at(&person{})
		}
		w.run(2, append(args, "demo", "--step")...)
		w.said("--step waits for Enter")
	}
	w, p := newWorld(t), &person{inputs: map[string]string{"Enter": ""}}
	out := w.at(p).run(0, "demo", "--step")
	if len(p.asked) != 5 || strings.Contains(out, "\x1b") || strings.Contains(out, "--step") {
		t.Errorf("%q\n%s", p.asked, out)
	}
	// Ctrl-C at the first question.
	w = newWorld(t)
	if out := w.at(&person{}).run(130, "demo", "--step"); strings.Contains(out, "\n2. ") {
		t.Errorf("%s", out)
	}
}

// The commands of the demo look as they do on the terminal.
func TestDemoColour(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		environ, flag string
		want          bool
	}{{"CLICOLOR_FORCE=1", "-q", true}, {"CLICOLOR_FORCE=1", "--no-color", false}, {"NO_COLOR=1", "-q", false}} {
		w := newWorld(t)
		w.env.Environ = append(w.env.Environ, tt.environ)
		if out := w.run(0, "demo", tt.flag); strings.Contains(out, "\x1b[") != tt.want {
			t.Errorf("%s %s:\n%q", tt.environ, tt.flag, out)
		}
	}
}
