package term_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/term"
)

// obeyed matches what a CI runner may take for a command: a marker anywhere, or
// colons where a line begins. Lines end as .NET's readers end them; its TrimStart
// takes all white space.
var obeyed = regexp.MustCompile("##[A-Za-z]*\\[|(?:^|[\r\n])[\\s\\v\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*::[A-Za-z]")

func TestBreak(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"##[stop-commands]x":             "#\ufffd[stop-commands]x",
		"a ##vso[task.setvariable x=y]z": "a #\ufffdvso[task.setvariable x=y]z",
		"##VsO[x]":                       "#\ufffdVsO[x]",
		"###[x]":                         "##\ufffd[x]",
		"#####abc[x]##[y]":               "####\ufffdabc[x]#\ufffd[y]",
		"##vso##vso[x]":                  "##vso#\ufffdvso[x]",
		"##ä[x]":                         "#\ufffdä[x]",
		"::add-mask::x":                  ":\ufffdadd-mask::x",
		" \t ::Error::x":                 " \t :\ufffdError::x",
		"a\n  ::error::x\n::x":           "a\n  :\ufffderror::x\n:\ufffdx",
		"a\r::x":                         "a\r:\ufffdx",
		"a\v::x\f::x\u0085::x\u2028::x\u2029\u00a0::x": "a\v:\ufffdx\f:\ufffdx\u0085:\ufffdx\u2028:\ufffdx\u2029\u00a0:\ufffdx",
		"\ufeff::x":     "\ufeff:\ufffdx",
		"\u200d\xff::x": "\u200d\xff:\ufffdx",
		"":              "", "#": "#", "##": "##", "## [x]": "## [x]", "#[x]": "#[x]", "##1[x]": "##1[x]", "# #[x]": "# #[x]",
		"Foo::Bar": "Foo::Bar", "a ::b": "a ::b", "::1": "::1", ":: x": ":: x", ":::x": ":::x", "a\n::1\n: :x": "a\n::1\n: :x",
	} {
		if got := term.Break(in); got != want {
			t.Errorf("Break(%q) = %q, want %q", in, got, want)
		}
		if term.HasCommand(in) != (in != want) {
			t.Errorf("HasCommand(%q) = %v", in, in == want)
		}
	}
}

func TestEscapeCommands(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"###[x] ##vso[y] ##"`:          `"##&#35;[x] #&#35;vso[y] ##"`,
		"\"x\n::y\"\u0085 ::z Foo::Bar": "\"x\n:&#58;y\"\u0085 :&#58;z Foo::Bar",
		"::x":                           "::x",
		"":                              "",
	} {
		if got := string(term.EscapeCommands([]byte(in), "&#35;", "&#58;")); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// hostile is a random text of the parts of which commands consist.
func hostile(r *rand.Rand) string {
	parts := []string{"#", "#", "#", "[", ":", ":", ":", "a", "V", "so", "]", " ", "\t", "\n", "\r", "\r\n", "\v", "\u0085", "\u2028", "\u00a0", "\ufeff", "\u200d", "\x1b[1m", "\ufffd", "\xc2", "\xa0", "é", "\"", "\\", "\x00"}
	var b strings.Builder
	for range r.IntN(24) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// checkBroken: however a text is cut into writes, and whether it is cleaned
// before or after, no runner finds a command in it, and no more of it changes
// than must.
func checkBroken(t *testing.T, s string, cut int) {
	t.Helper()
	whole := term.Break(s)
	if obeyed.MatchString(whole) {
		t.Errorf("a command is left of %q: %q", s, whole)
	}
	if again := term.Break(whole); again != whole {
		t.Errorf("Break is not idempotent on %q: %q, %q", s, whole, again)
	}
	if utf8.RuneCountInString(whole) != utf8.RuneCountInString(s) {
		t.Errorf("Break(%q) has another length: %q", s, whole)
	}
	for name, f := range map[string]func(string) string{"Clean": term.Clean, "CleanBlock": term.CleanBlock, "CleanControls": term.CleanControls} {
		if got := term.Break(f(s)); obeyed.MatchString(got) {
			t.Errorf("a command is left of %q after %s and Break: %q", s, name, got)
		}
		if got := f(whole); obeyed.MatchString(got) {
			t.Errorf("a command is made of %q by Break and %s: %q", s, name, got)
		}
	}
	quoted := term.AppendJSON(nil, s)
	var back string
	if err := json.Unmarshal(quoted, &back); err != nil || back != string([]rune(s)) {
		t.Errorf("%q becomes %s, which is read as %q: %v", s, quoted, back, err)
	}
	if obeyed.Match(quoted) {
		t.Errorf("a command is left of %q in JSON: %s", s, quoted)
	}
	doc, err := json.Marshal(map[string]any{s: []string{s}})
	if err != nil {
		t.Fatal(err)
	}
	var want, got map[string]any
	broken := term.BreakJSON(doc)
	if err := errors.Join(json.Unmarshal(doc, &want), json.Unmarshal(broken, &got)); err != nil || obeyed.Match(broken) || len(got) != 1 {
		t.Errorf("%s becomes %s: %v", doc, broken, err)
	}
	for k, v := range got {
		if want[k] == nil || v.([]any)[0] != want[k].([]any)[0] {
			t.Errorf("%s becomes %s, which means something else", doc, broken)
		}
	}

	var out bytes.Buffer
	g := term.Guard(&out)
	cut = min(max(cut, 0), len(s))
	for _, piece := range []string{s[:cut], "", s[cut:]} {
		if n, err := io.WriteString(g, piece); n != len(piece) || err != nil {
			t.Errorf("writing %q: %d, %v", piece, n, err)
		}
	}
	if obeyed.MatchString(out.String()) {
		t.Errorf("a command is left of %q and %q: %q", s[:cut], s[cut:], out.String())
	}
	if whole == s && out.String() != s {
		t.Errorf("%q and %q become %q", s[:cut], s[cut:], out.String())
	}
	out.Reset()
	g = term.Guard(&out)
	for i := range len(s) {
		_, _ = g.Write([]byte(s[i : i+1]))
	}
	if obeyed.MatchString(out.String()) || whole == s && out.String() != s {
		t.Errorf("%q byte by byte becomes %q", s, out.String())
	}
}

func TestBroken(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		s := hostile(r)
		checkBroken(t, s, r.IntN(len(s)+1))
		if t.Failed() {
			return
		}
	}
}

func FuzzBreak(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		f.Add(hostile(r), 3)
	}
	f.Fuzz(func(t *testing.T, s string, cut int) { checkBroken(t, s, cut) })
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		writes []string
		want   string
	}{
		{[]string{"#", "#[x]"}, "#\ufffd[x]"},
		{[]string{"##", "[x]"}, "##\ufffd[x]"},
		{[]string{"##v", "so[x]"}, "##v\ufffdso[x]"},
		{[]string{"##", "v", "so", "[x]"}, "##vso\ufffd[x]"},
		{[]string{"##", "x\n"}, "##x\n"},
		{[]string{":", ":x"}, ":\ufffdx"},
		{[]string{"::", "x"}, "::\ufffdx"},
		{[]string{"  ", ":", ":", "x"}, "  ::\ufffdx"},
		{[]string{"a", "::x"}, "a::x"},
		{[]string{"Foo:", ":Bar"}, "Foo::Bar"},
		{[]string{"a\n", "::x"}, "a\n:\ufffdx"},
		{[]string{"a\r", " ::x"}, "a\r :\ufffdx"},
		{[]string{"a\xc2", "\xa0::x\n\xc2", "\xa0::x"}, "a\u00a0::x\n\u00a0:\ufffdx"},
	} {
		var out bytes.Buffer
		g := term.Guard(&out)
		for _, w := range tt.writes {
			if n, err := io.WriteString(g, w); n != len(w) || err != nil {
				t.Errorf("%q: writing %q: %d, %v", tt.writes, w, n, err)
			}
		}
		if out.String() != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.writes, out.String(), tt.want)
		}
	}
}

// TestOwnLines: whatever was written before, in whatever pieces, a line of the
// program's own begins a line and stays as it is, and so does what comes next.
func TestOwnLines(t *testing.T) {
	t.Parallel()
	const own = "::add-mask::##[5ec4e7]"
	r := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		var out bytes.Buffer
		g := term.Guard(&out)
		want := 0
		for range 1 + r.IntN(5) {
			s := hostile(r)
			cut := r.IntN(len(s) + 1)
			for _, piece := range []string{s[:cut], s[cut:]} {
				if r.IntN(2) == 0 {
					_, _ = io.WriteString(g, piece)
				}
			}
			if r.IntN(4) == 0 {
				if err := term.EndLine(g); err != nil || out.Len() > 0 && !strings.HasSuffix(out.String(), "\n") {
					t.Fatalf("%q ends in no line: %v", out.String(), err)
				}
			}
			if err := term.WriteLine(g, own); err != nil {
				t.Fatal(err)
			}
			want++
		}
		lines := strings.Split(out.String(), "\n")
		if n := len(slices.DeleteFunc(lines, func(l string) bool { return l != own })); n != want {
			t.Fatalf("%d of %d lines are whole in %q", n, want, out.String())
		}
	}

	// Nothing is added where no line is open, or where nothing is known.
	var out bytes.Buffer
	for _, w := range []io.Writer{term.Guard(&out), &out} {
		out.Reset()
		for range 2 {
			if err := errors.Join(term.EndLine(w), term.WriteLine(w, own)); err != nil {
				t.Fatal(err)
			}
		}
		if out.String() != own+"\n"+own+"\n" {
			t.Errorf("%T: %q", w, out.String())
		}
	}
	// Without the end of the line before, it is not written.
	w := &shortWriter{n: 3}
	g := term.Guard(w)
	_, _ = io.WriteString(g, "abc")
	w.n = 0
	if err := term.WriteLine(g, own); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}

// shortWriter takes n bytes and then fails, or only says so.
type shortWriter struct {
	n   int
	err error
}

func (w *shortWriter) Write(p []byte) (int, error) { return min(w.n, len(p)), w.err }

func TestGuardFailures(t *testing.T) {
	t.Parallel()
	failed := errors.New("disk full")
	for _, text := range []string{"plain\n", "##[x]", "::x"} {
		for _, tt := range []struct {
			err, want error
		}{{failed, failed}, {nil, io.ErrShortWrite}} {
			if text == "plain\n" && tt.err == nil {
				continue // as it came from the writer behind
			}
			if n, err := term.Guard(&shortWriter{2, tt.err}).Write([]byte(text)); n > len(text) || !errors.Is(err, tt.want) {
				t.Errorf("%q: %d, %v; want %v", text, n, err, tt.want)
			}
		}
	}
}

func TestRaw(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if w := term.Raw(term.Guard(&out)); w != io.Writer(&out) {
		t.Errorf("Raw of a Guard is %T", w)
	}
	if w := term.Raw(&out); w != io.Writer(&out) {
		t.Errorf("Raw of another writer is %T", w)
	}
}
