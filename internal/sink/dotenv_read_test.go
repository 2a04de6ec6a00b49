package sink

import (
	"errors"
	"testing"
)

// TestReadDotenv: what the sink writes is read back exactly, and what libraries
// read alike is read as they do.
func TestReadDotenv(t *testing.T) {
	for _, c := range []struct {
		file, want string
		err        error
	}{
		{"A=1\nHOOK=abc\nB=2\n", "abc", nil},
		{"\xef\xbb\xbfHOOK=abc", "abc", nil},
		{"export HOOK = abc \r\n", "abc", nil},
		{"HOOK=abc # why\n", "abc", nil},
		{"HOOK=abc#why\n", "abc#why", nil},
		{"HOOK= # why\n", "", nil},
		{"HOOK='a b' # why\n", "a b", nil},
		{`HOOK="a\"b\\c\n$" `, "a\"b\\c\n$", nil},
		{`HOOK='a\nb$c'`, `a\nb$c`, nil},
		{"HOOK=`a'b\"c`", `a'b"c`, nil},
		{"HOOK=\"a\nHOOK=b\"\n", "a\nHOOK=b", nil},
		{"OTHER='\nHOOK=no\n'\nHOOK=yes\n", "yes", nil},
		{"HOOK=first\nHOOK=last\n", "last", nil},
		{"#HOOK=abc\nHOOKS=abc\n", "", errNoVariable},
		{"", "", errNoVariable},
		{`HOOK="$OTHER"`, "", errExpands},
		{`HOOK=a${OTHER}`, "", errExpands},
		{`HOOK="\$OTHER"`, "$OTHER", nil},
		{`HOOK='a'b`, "", errBehindQuote},
		{"HOOK='a\n", "", errOpenQuote},
	} {
		got, err := ReadDotenv([]byte(c.file), "HOOK")
		if !errors.Is(err, c.err) || got != c.want {
			t.Errorf("%q: %q, %v; want %q, %v", c.file, got, err, c.want, c.err)
		}
	}
}

// FuzzReadDotenv: every value that the sink can write is read back.
func FuzzReadDotenv(f *testing.F) {
	for _, v := range []string{"plain", "a b", `a\b`, `a'b`, "$x", `it's "x"`, "#", " ", "é=\t"} {
		f.Add([]byte("A=1\n"), v)
	}
	f.Fuzz(func(t *testing.T, file []byte, v string) {
		_, _ = ReadDotenv(file, "HOOK")
		quoted, err := quoteDotenv(v)
		if err != nil {
			return
		}
		if got, err := ReadDotenv(setDotenv(file, "HOOK", quoted), "HOOK"); err != nil || got != v {
			t.Errorf("%q in %q: read back %q, %v", v, file, got, err)
		}
	})
}
