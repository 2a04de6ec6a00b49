package term_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/term"
)

func TestEdits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"verify", "verify", 0}, {"verfy", "verify", 1}, {"verifyy", "verify", 1},
		{"outptu", "output", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"abcd", "badc", 2}, {"ca", "abc", 3}, {"xyz", "abc", 3},
	} {
		if got := term.Edits(tt.a, tt.b); got != tt.want {
			t.Errorf("Edits(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := term.Edits(tt.b, tt.a); got != tt.want {
			t.Errorf("Edits(%q, %q) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"create", "list", "get", "update", "list-events", "verify", "listen", "secrets", "version", "ls"}
	for word, want := range map[string][]string{
		"lst": {"list", "ls"}, "verfy": {"verify"}, "crete": {"create"}, "creat": {"create"}, "listn": {"list", "listen"}, "LIST": {"list", "list-events", "listen"},
		"lisst": {"list"}, "vrefiy": {"verify"}, "creates": {"create"}, "sl": {"ls"}, "secret": {"secrets"}, "ver": {"verify", "version"},
		"": nil, "x": nil, "nothing": nil, "verify": nil, "list": {"list-events", "listen"},
		strings.Repeat("ab12", 20): nil,
	} {
		if diff := cmp.Diff(want, term.Nearest(word, names, 3)); diff != "" {
			t.Errorf("%q:\n%s", word, diff)
		}
	}
	if got := term.Nearest("l", names, 2); len(got) != 2 {
		t.Errorf("2 names wanted, got %q", got)
	}
}
