package term_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/term"
)

// payloads are ways to drive or deceive a terminal; each must lose its effect.
var payloads = map[string]string{
	"CSI clear screen":     "\x1b[2J",
	"CSI cursor home":      "\x1b[H",
	"CSI colour":           "\x1b[31m",
	"CSI hide text":        "\x1b[8m",
	"CSI cursor report":    "\x1b[6n",
	"CSI device status":    "\x1b[c",
	"CSI alternate screen": "\x1b[?1049h",
	"CSI mouse":            "\x1b[?1000h",
	"CSI erase line":       "\x1b[2K",
	"CSI scroll":           "\x1b[100S",
	"CSI window":           "\x1b[21t",
	"CSI unfinished":       "\x1b[",
	"OSC title":            "\x1b]0;pwn\x07",
	"OSC hyperlink":        "\x1b]8;;http://evil/\x1b\\",
	"OSC clipboard":        "\x1b]52;c;AAAA\x07",
	"OSC notify":           "\x1b]777;notify;a;b\x07",
	"DCS":                  "\x1bP$q\x1b\\",
	"APC":                  "\x1b_x\x1b\\",
	"PM":                   "\x1b^x\x1b\\",
	"SOS":                  "\x1bXx\x1b\\",
	"reset":                "\x1bc",
	"charset":              "\x1b(0",
	"lone ESC":             "\x1b",
	"C1 CSI rune":          "\u009b2J",
	"C1 OSC rune":          "\u009d0;x\u009c",
	"C1 DCS rune":          "\u0090x\u009c",
	"C1 NEL rune":          "\u0085",
	"C1 CSI raw byte":      "\x9b2J",
	"C1 OSC raw byte":      "\x9d0;x\x9c",
	"CR":                   "good\rbad",
	"BEL":                  "\x07",
	"BS":                   "abc\b\b\b",
	"VT":                   "\v",
	"FF":                   "\f",
	"NUL":                  "\x00",
	"SO":                   "\x0e",
	"SI":                   "\x0f",
	"DEL":                  "\x7f",
	"bidi override":        "\u202etxt.exe",
	"bidi embedding":       "\u202a\u202b\u202c\u202d",
	"bidi isolates":        "\u2066\u2067\u2068\u2069",
	"bidi marks":           "\u200e\u200f\u061c",
	"zero width space":     "a\u200bb",
	"zero width non-join":  "a\u200cb",
	"word joiner":          "a\u2060b",
	"byte order mark":      "\ufeffa",
	"soft hyphen":          "a\u00adb",
	"deprecated format":    "\u206a\u206f",
	"line separator":       "\u2028",
	"paragraph separator":  "\u2029",
	"tags":                 "\U000e0041\U000e007f",
	"Hangul filler":        "\u3164\uffa0\u115f\u1160",
	"invalid UTF-8":        "a\xffb\xc3",
	"overlong":             "\xc0\x9b",
	"surrogate":            "\xed\xa0\x80",
	"truncated rune":       "\xe2\x80",
}

func TestCleanDisarms(t *testing.T) {
	t.Parallel()
	for name, p := range payloads {
		in := "before " + p + " after"
		for fn, got := range map[string]string{"Clean": term.Clean(in), "CleanBlock": term.CleanBlock(in)} {
			if !utf8.ValidString(got) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
				t.Errorf("%s of %s: %q", fn, name, got)
			}
			if !strings.ContainsRune(got, utf8.RuneError) {
				t.Errorf("%s of %s hides that something was there: %q", fn, name, got)
			}
			for _, r := range got {
				if r < 0x20 || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) || r >= 0x200b && r <= 0x200c || term.Hidden(r) {
					t.Errorf("%s of %s left %U in %q", fn, name, r, got)
				}
			}
		}
		controls := term.CleanControls(in)
		for _, r := range controls {
			if unicode.IsControl(r) {
				t.Errorf("CleanControls of %s left %U", name, r)
			}
		}
		if !utf8.ValidString(controls) {
			t.Errorf("CleanControls of %s: %q", name, controls)
		}
	}
}

func TestCleanKeeps(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "plain ASCII ~!", "Zürich", "日本語", "العربية", "👩‍👩‍👧", "🏳️‍🌈", "e\u0301", "\u00a0", "\u0600", "\ufffd",
	} {
		if got := term.Clean(s); got != s {
			t.Errorf("Clean(%q) = %q", s, got)
		}
		if got := term.CleanBlock(s); got != s {
			t.Errorf("CleanBlock(%q) = %q", s, got)
		}
	}
}

func TestCleanLines(t *testing.T) {
	t.Parallel()
	const in = "a\r\nb\tc\rd\ne\u200b"
	if got, want := term.Clean(in), "a\ufffd b c\ufffdd e\ufffd"; got != want {
		t.Errorf("Clean = %q, want %q", got, want)
	}
	if got, want := term.CleanBlock(in), "a\nb\tc\ufffdd\ne\ufffd"; got != want {
		t.Errorf("CleanBlock = %q, want %q", got, want)
	}
	if got, want := term.CleanControls(in), "a\nb\tc\ufffdd\ne\u200b"; got != want {
		t.Errorf("CleanControls = %q, want %q", got, want)
	}
}

func FuzzClean(f *testing.F) {
	for _, p := range payloads {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := term.Clean(s)
		if strings.ContainsFunc(once, term.Hidden) || !utf8.ValidString(once) {
			t.Errorf("Clean(%q) = %q", s, once)
		}
		if twice := term.Clean(once); twice != once {
			t.Errorf("Clean is not idempotent on %q", s)
		}
	})
}

// FuzzAppendJSON: what a JSON decoder reads is the text, and nothing in the
// string could drive a terminal.
func FuzzAppendJSON(f *testing.F) {
	for _, p := range payloads {
		f.Add(p)
	}
	f.Add("a\xff\xc3b\xed\xa0\x80\ufffd")
	f.Add("\U000e0041\u2028\u202e\u200d👩\u200d💻\t\r\n\"\\\x7f\u009b")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := term.AppendJSON([]byte("x"), s)[1:]
		var got string
		if err := json.Unmarshal(quoted, &got); err != nil {
			t.Fatalf("%v: %q", err, quoted)
		}
		if got != string([]rune(s)) {
			t.Errorf("%q became %q", s, got)
		}
		if !utf8.Valid(quoted) || bytes.ContainsFunc(quoted, term.Hidden) {
			t.Errorf("%q is not safe to show", quoted)
		}
	})
}

// A device that is not a terminal must not look like one.
func TestSystemWithoutTerminal(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	s := term.System(null, null, null, "")
	if s.InTTY || s.OutTTY || s.ErrTTY || s.Interactive() {
		t.Errorf("%s is not a terminal: %+v", os.DevNull, s)
	}
	for columns, want := range map[string]int{"": 80, "0": 80, "-4": 80, "wide": 80, "132": 132} {
		if w := term.System(null, null, null, columns).Width(); w != want {
			t.Errorf("Width with COLUMNS=%s is %d, want %d", columns, w, want)
		}
	}
}

func TestInteractive(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s    term.Streams
		want bool
	}{
		{term.Streams{InTTY: true, ErrTTY: true}, true},
		{term.Streams{InTTY: true, OutTTY: true}, false},
		{term.Streams{ErrTTY: true, OutTTY: true}, false},
	} {
		if got := tt.s.Interactive(); got != tt.want {
			t.Errorf("Interactive of %+v = %v", tt.s, got)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	if got := term.Clip("abc", 3) + term.Clip("abcd", 3) + term.Clip("", 3); got != "abcabc..." {
		t.Error(got)
	}
}
