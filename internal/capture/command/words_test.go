package command

import (
	"bytes"
	"os/exec"
	"testing"
)

// A shell splits command lines into the same words.
func TestWordsAreThoseOfBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	for _, text := range []string{
		`a 'b c' "d e" f\ g "h\"i" 'j'"k"l $'m\n\x41\u00e9\t\'' "" ''`, `a"b"'c'\d`, "a \\\n b", `"a\b\\c\$d"`, `a#b #c`, `{a} a{b b}`, "'a\nb'", `$'\101\1012\x4g\e\cA'`,
		`a b 2>&1 c`, `"$(printf 'a\x0ab')"`, `x"$(printf '%s-' a b)"y`, `"$(echo 'a b')"`, `"$(cat <<'E'` + "\na 'b\" $x\nE\n" + `)"`, `a$ b "$" "a$ b" $`, `"a'b" 'a"b'`, `\'a\' \"`, `$'\\' $'a\\\'b'`,
		`"!" '!' a!`, `a=b c=d`, "`echo x`", `"a\` + "\n" + `b"`, `--x="y z" -d'q'`, `<<< "x" a b`, `a &`, `"$(printf 'a\n\n')"x`,
	} {
		out, err := exec.Command(bash, "-c", `f() { printf '%s\0' "$@"; }; f `+text).Output()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		s := shell{b: []byte("f " + text), vars: map[string][]byte{}}
		c, _ := s.next(nil)
		var got bytes.Buffer
		for _, w := range c.words[1:] {
			if len(w.unknown) > 0 {
				w.text = []byte("x") // the command of the one case
			}
			got.Write(or(w.other, w.text))
			got.WriteByte(0)
		}
		if c.err != nil || got.String() != string(out) {
			t.Errorf("%s\n got %q %v\nwant %q", text, got.String(), c.err, out)
		}
	}
}
