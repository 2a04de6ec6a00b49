package sink

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

func TestSetDotenv(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"no file":             {"", "X=v\n"},
		"appended":            {"A=1\n", "A=1\nX=v\n"},
		"no final newline":    {"A=1", "A=1\nX=v\n"},
		"in place":            {"A=1\nX=old\nB=2\n", "A=1\nX=v\nB=2\n"},
		"last, no newline":    {"A=1\nX=old", "A=1\nX=v"},
		"CRLF appended":       {"A=1\r\nB=2\r\n", "A=1\r\nB=2\r\nX=v\r\n"},
		"CRLF no newline":     {"A=1\r\nB=2", "A=1\r\nB=2\r\nX=v\r\n"},
		"CRLF in place":       {"X=old\r\nA=1\n", "X=v\r\nA=1\n"},
		"export":              {"export X=old\n", "export X=v\n"},
		"export and tabs":     {"\texport\t X =old\n", "\texport\t X =v\n"},
		"twice":               {"X=1\nA=1\nX=2\n", "X=v\nA=1\nX=v\n"},
		"empty value":         {"X=\n", "X=v\n"},
		"comment":             {"# X=old\n#X=1\n", "# X=old\n#X=1\nX=v\n"},
		"longer names":        {"XX=1\nX_=2\n_X=3\nx=4\n", "XX=1\nX_=2\n_X=3\nx=4\nX=v\n"},
		"not an assignment":   {"X\nnot X=1\nunset X\n", "X\nnot X=1\nunset X\nX=v\n"},
		"value has a name":    {"A=X=1\n", "A=X=1\nX=v\n"},
		"inside double":       {"A=\"one\nX=no\n\\\"\nend\"\nB=1\n", "A=\"one\nX=no\n\\\"\nend\"\nB=1\nX=v\n"},
		"inside single":       {"A='one\nX=no\n'\nX=old\n", "A='one\nX=no\n'\nX=v\n"},
		"replaces all of it":  {"X=\"one\ntwo\nthree\" # c\nB=1\n", "X=v # c\nB=1\n"},
		"comment behind":      {"X=old # c\n", "X=v # c\n"},
		"comment, CRLF":       {"export X='a # b'\t # c # d\r\n", "export X=v\t # c # d\r\n"},
		"comment at the end":  {"X=\"a\"# c", "X=v # c"},
		"comment alone":       {"X= # c\n", "X=v # c\n"},
		"no comment":          {"X=a#b\n", "X=v\n"},
		"no comment inside":   {"X='a # b'\n", "X=v\n"},
		"comment, not closed": {"X='a # b\n", "X=v # b\n"},
		"quote never closed":  {"A='it\nX=old\nB=2\n", "A='it\nX=v\nB=2\n"},
		"bytes are kept":      {"A=\xff\x00\n\n \t\nX=1\n\r\n", "A=\xff\x00\n\n \t\nX=v\n\r\n"},
		"BOM":                 {"\ufeffA=1\n", "\ufeffA=1\nX=v\n"},
		"quoted to the end":   {"X='old'", "X=v"},
		"export is a name":    {"export=1\n", "export=1\nX=v\n"},
		"line of equal signs": {"====\n", "====\nX=v\n"},
		"escaped quote":       {"A=\"one\n\\\"\nX=no\n\"\nX=old\n", "A=\"one\n\\\"\nX=no\n\"\nX=v\n"},
		"no escape in single": {"A='it\\'\nX=old\nB=''\n", "A='it\\'\nX=v\nB=''\n"},
		"stray quote":         {"\"stray\nX=old\n\"\n", "\"stray\nX=v\n\"\n"},
		"quote in a comment":  {"# A=\"x\nX=old\n# \"\n", "# A=\"x\nX=v\n# \"\n"},
	} {
		if got := string(setDotenv([]byte(c.in), "X", "v")); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		again := setDotenv([]byte(c.want), "X", "v")
		if string(again) != c.want {
			t.Errorf("%s: a second time gives %q", name, again)
		}
	}
}

func TestQuoteDotenv(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"abc123_./:+-": "abc123_./:+-",
		"":             "''",
		"a=b@c,d%e==":  "a=b@c,d%e==",
		"=b":           "'=b'",
		"@b":           "'@b'",
		"b~":           "'b~'",
		"a b # c":      "'a b # c'",
		" lead ":       "' lead '",
		"$HOME`id`":    "'$HOME`id`'",
		`say "hi"`:     `'say "hi"'`,
		`a\b`:          `'a\b'`,
		"it's":         `"it's"`,
		"é\x1b[31m":    "'é\x1b[31m'",
		"it's $x":      "",
		`'"`:           "",
		`a\\b`:         `"no"`,
		`end\`:         "",
		"a\nb":         "",
		"a\vb":         "",
		"a\u2028b":     "",
		"a\xff":        "",
		"${HOME}":      "",
		"a${}b":        "",
		"a$b":          "'a$b'",
		"$(id)":        "'$(id)'",
		"a\rb":         "",
		"a\x00b":       "",
	} {
		got, err := quoteDotenv(in)
		if want == `"no"` {
			want = ""
		}
		if got != want || (err != nil) != (want == "") {
			t.Errorf("quoteDotenv(%q) = %s, %v; want %s", in, got, err, want)
		}
	}
}

// nasty are values that a file of shell-like lines can get wrong.
var nasty = []string{
	canary, "plain", "a b", "a=b=c", "#x", "x #y", "$HOME", "${HOME}", "$(id)", "`id`", `"`, `"x"`, "'", "it's", `\`, `a\`, `a\b`, `a\\b`, `\n`, `'"`, "a;b", "a&b|c>d", "*", "~", "!x",
	"\t", " x ", "é", "\xff", "a\nb", "a\r", "A=B\nC=D", "EOF", "-n", "export Y=1", "%s", strings.Repeat("k", 1<<18), "{a,b}", "\u00a0", "\ufeffx",
}

// TestDotenvThroughShell: what is written comes back exactly from sh, or is
// refused with the file as it was.
func TestDotenvThroughShell(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	refused := 0
	for _, v := range nasty {
		path := filepath.Join(dir, "it's $x:y.env")
		before := "# mine\nA='one\ntwo'\nexport X=old\nB=2\n"
		write(t, path, before, 0o600)
		w := newWorld()
		if err := w.put(t, "dotenv:"+path+":X", v); err != nil {
			refused++
			if read(t, path) != before || fault.HintOf(err).String() == "" {
				t.Errorf("%q: refused, but the file is %q", v, read(t, path))
			}
			continue
		}
		wantMode(t, path)
		cmd := exec.Command(sh, "-c", `. "$0"; printf '%s|%s|%s' "$A" "$B" "$X"`, path)
		cmd.Env = []string{"HOME=/home/x", "LC_ALL=C"}
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "one\ntwo|2|"+v {
			t.Errorf("%.40q: %v, %.80q", v, err, out)
		}
		if w.out.Len()+w.errOut.Len() > 0 {
			t.Errorf("%.40q: said %q", v, w.errOut.String())
		}
	}
	if refused == 0 || refused > len(nasty)/3 {
		t.Errorf("%d of %d refused", refused, len(nasty))
	}
}

func TestDotenvFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, ".env")
	if err := newWorld().put(t, "dotenv:"+path+":X", canary); err != nil || read(t, path) != "X="+canary+"\n" {
		t.Fatal(err, read(t, path))
	}
	wantMode(t, path)

	write(t, path, "A=1\n", 0o644)
	w := newWorld()
	if err := w.put(t, "dotenv:"+path+":X", "v"); err != nil || read(t, path) != "A=1\nX=v\n" {
		t.Fatal(err, read(t, path))
	}
	wantMode(t, path)
	if otherMode(path) != "" || !strings.Contains(w.errOut.String(), "0600") || strings.Contains(w.errOut.String(), "v\n") {
		t.Errorf("%q", w.errOut.String())
	}
	w.errOut.Reset()
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := w.put(t, "dotenv:"+path+":X", "v"); err != nil {
		t.Fatal(err)
	}
	if otherMode(path) != "" || !strings.Contains(w.errOut.String(), "was read-only; its mode is 0600 now") {
		t.Errorf("%q", w.errOut.String())
	}
	if w.env.Stderr = (broken{}); os.Chmod(path, 0o644) == nil {
		if err := w.put(t, "dotenv:"+path+":X", "w"); err == nil || read(t, path) != "A=1\nX=w\n" {
			t.Error(err)
		}
	}

	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	big := filepath.Join(dir, "big")
	write(t, big, "", 0o600)
	if err := os.Truncate(big, 1<<30); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{link, dir, big, filepath.Join(dir, "none", ".env")} {
		s := newWorld().sink(t, "dotenv:"+bad+":X")
		if err := s.Check(context.Background(), Item{}); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("Check of %s: %v", bad, err)
		}
		if err := s.Put(context.Background(), item(canary)); err == nil {
			t.Errorf("Put to %s succeeded", bad)
		}
	}
}

func FuzzSetDotenv(f *testing.F) {
	f.Add([]byte("A='1\nX=2'\r\nexport X = \"a\\\"\nb\" #\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		once := setDotenv(file, "X", "v")
		if twice := setDotenv(once, "X", "v"); string(twice) != string(once) {
			t.Fatalf("%q, then %q", once, twice)
		}
		if !strings.Contains(string(once), "=v") {
			t.Fatalf("%q has no value", once)
		}
	})
}
