package prompt

import "testing"

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		typed, kept       string
		ended, unfinished bool
	}{
		{"abc é", "abc é", false, false},
		{"\x1b[A\x1bOB\x1b[C\x1b[D", "\x1b[A\x1bOB\x1b[C\x1b[D", false, false},
		{"\x1b[1;5Cx\x1b[3~y\x1bOPz\x1b[200~", "xyz", false, false},
		{"\x1b[24;80R", "", false, false},
		{"\x1bx\x1b\x1by", "", false, false},
		{"\x1b\x1b[A", "\x1b[A", false, false},
		{"a\x1b", "a", false, true},
		{"a\x1b[", "a[", false, true},
		{"a\x1b[1;", "a[1;", false, true},
		{"a\x15b", "a\x18b", false, false},
		{"a\x04b", "", true, false},
	} {
		kept, ended := keys([]byte(tt.typed))
		if string(kept) != tt.kept || ended != tt.ended || unfinished([]byte(tt.typed)) != tt.unfinished {
			t.Errorf("%q: kept %q, ended %v, unfinished %v", tt.typed, kept, ended, unfinished([]byte(tt.typed)))
		}
	}
}
