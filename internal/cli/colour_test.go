package cli

import (
	"strings"
	"testing"
)

// TestColourOfMessages: errors are red and warnings yellow where standard error is a
// terminal or colour is forced, and nowhere else.
func TestColourOfMessages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		terminal bool
		environ  []string
		args     []string
		colour   bool
	}{
		{"pipe", false, nil, nil, false},
		{"terminal", true, nil, nil, true},
		{"dumb terminal", true, []string{"TERM=dumb"}, nil, false},
		{"forced", false, []string{"CLICOLOR_FORCE=1"}, nil, true},
		{"forced by 0", false, []string{"CLICOLOR_FORCE=0"}, nil, false},
		{"NO_COLOR", true, []string{"NO_COLOR=1", "CLICOLOR_FORCE=1"}, nil, false},
		{"--no-color", true, []string{"CLICOLOR_FORCE=1"}, []string{"--no-color"}, false},
		{"setting", true, []string{"HOOKCTL_NO_COLOR=true"}, nil, false},
	} {
		w := newWorld(t)
		w.env.Streams.ErrTTY = tt.terminal
		w.env.Environ = append(w.env.Environ, tt.environ...)
		w.run(5, append([]string{"get", "wundertreos/none"}, tt.args...)...)
		if got := strings.HasPrefix(w.errs.String(), "\x1b[31mhookctl:\x1b[0m "); got != tt.colour || strings.Contains(w.errs.String(), "\x1b") != tt.colour {
			t.Errorf("%s: an error is %q", tt.name, &w.errs)
		}
		w.errs.Reset()
		w.run(0, append([]string{"create", "wundertreos", "--url", "http://example.com/h", "--event", "contact.created", "--no-validate"}, tt.args...)...)
		if strings.Contains(w.errs.String(), "\x1b[33mwarning:\x1b[0m ") != tt.colour || strings.Contains(w.errs.String(), "\x1b") != tt.colour {
			t.Errorf("%s: a warning is %q", tt.name, &w.errs)
		}
	}
}

// TestMessagesFit: what is said of an error fits the terminal, and the command to
// type stays whole.
func TestMessagesFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, width := range []int{20, 40, 80, 200} {
		w.env.Streams.Width = func() int { return width }
		w.errs.Reset()
		w.run(2, "create", "zyntro", "--url", "foo")
		for line := range strings.Lines(w.errs.String()) {
			if line = strings.TrimSuffix(line, "\n"); len(line) > width && strings.Contains(strings.TrimSpace(line), " ") && !strings.HasPrefix(line, "  hookctl create zyntro ") {
				t.Errorf("%d columns: a line of %d: %s", width, len(line), line)
			}
		}
		w.said("hookctl create zyntro --name NAME --url https://example.com/hook --event ")
	}
}
