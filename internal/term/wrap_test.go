package term_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/term"
)

// texts are such as messages have: prose, commands, ids, names in other scripts.
var texts = []struct{ lead, text string }{
	{"hookctl: ", "the webhook \"CRM Sync\" exists on Zyntro (zyntro/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0), and its secret is not kept here: nothing was sent"},
	{"  ", "push it again: hookctl secrets push zyntro/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0 --to 'dotenv:.env:HOOK SECRET'; or leave it"},
	{"Fix:        ", "Keep the webhook's secret with `hookctl secrets set wundertreos/1`, or give it with --secret-file or --secret-env."},
	{"", "did you mean: hookctl verify\nsee: hookctl --help"},
	{"         fix: ", "first line of a fix that is long enough to be wrapped at most widths\nhookctl doctor"},
	{"Name:   ", "連絡先が更新されたときに送る 通知 e\u0301te\u0301 👩‍👩‍👧 x"},
	{"warning: ", "a b  c   d"},
	{"", ""},
	{"  --averyveryverylonglead  ", "text that begins below it"},
	{"", strings.Repeat("x", 250) + " y"},
}

// TestWrap: at each width no line is wider than it must be, no word is broken or
// lost, and a command stays on one line.
func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		for width := 20; width <= 200; width++ {
			got := term.Wrap(tt.lead, tt.text, width)
			if a, b := strings.Fields(got), strings.Fields(tt.lead+tt.text); strings.Join(a, " ") != strings.Join(b, " ") {
				t.Fatalf("%d columns: other words:\n%s", width, got)
			}
			for i, line := range strings.Split(got, "\n") {
				words := strings.Fields(line)
				if i == 0 {
					words = strings.Fields(strings.TrimPrefix(line, tt.lead))
				}
				command := strings.Contains(line, "hookctl ")
				if term.Width(line) > width && len(words) > 1 && !command {
					t.Errorf("%d columns: a line of %d: %q", width, term.Width(line), line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%d columns: blanks at the end of %q", width, line)
				}
			}
		}
	}
	for _, command := range []string{"hookctl secrets push zyntro/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0 --to 'dotenv:.env:HOOK SECRET'"} {
		for width := 20; width <= 200; width++ {
			if got := term.Wrap("  ", texts[1].text, width); !strings.Contains(got, command) {
				t.Errorf("%d columns: the command is broken:\n%s", width, got)
			}
		}
	}
}

// TestWrapAnything: foreign text is wrapped as well, whatever is in it: no word is lost,
// and what a long one takes grows as it does.
func TestWrapAnything(t *testing.T) {
	t.Parallel()
	parts := []string{" ", "  ", "\n", "curl", "hookctl", "gh", "'", "\"", "`", "`hookctl", "(", ")", ":", "x", "run", "with", "or", ".", ",", "#", "\\", "世界", "e\u0301"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		lead, text := []string{"", "  ", "Name:   ", "warning: "}[random.IntN(4)], b.String()
		got := term.Wrap(lead, text, random.IntN(60))
		if a, b := strings.Fields(got), strings.Fields(lead+text); !slices.Equal(a, b) {
			t.Fatalf("Wrap(%q, %q) has other words: %q", lead, text, got)
		}
		if line := strings.ReplaceAll(text, "\n", " "); line != "" {
			term.WrapCommand(line, random.IntN(60))
		}
	}
	for _, text := range []string{"curl " + strings.Repeat("a ", 200_000), "run: hookctl it's " + strings.Repeat("a ", 200_000)} {
		if got := term.Wrap("Name:   ", text, 80); len(strings.Fields(got)) != len(strings.Fields(text))+1 {
			t.Errorf("%.20s: other words", text)
		}
	}
}

func TestWrapLayout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lead, text string
		width      int
		want       string
	}{
		{"hookctl: ", "one two three four", 20, "hookctl: one two\n         three four"},
		{"  a long lead       ", "text that does not fit", 30, "  a long lead\n      text that does not fit"},
		{"  ", "see: hookctl create zyntro --help", 20, "  see:\n  hookctl create zyntro --help"},
		{"", "run `hookctl a b c`, or wait", 20, "run `hookctl a b c`,\nor wait"},
		{"", "hookctl keeps it, and says so", 20, "hookctl keeps it,\nand says so"},
		{"x ", "a\nb", 80, "x a\n  b"},
		{"  next:  ", "hookctl recover --delete zyntro/42", 41, "  next:\n      hookctl recover --delete zyntro/42"},
		{"", "keep one with hookctl secrets set, or wait", 25, "keep one with\nhookctl secrets set, or\nwait"},
		{"", "for a new one: hookctl rotate a/1 (a new webhook)", 30, "for a new one:\nhookctl rotate a/1 (a new\nwebhook)"},
		{"", "check it with hookctl get and go on", 22, "check it with\nhookctl get and go on"},
		{"See:  ", "https://example.com/a", 25, "See:\n    https://example.com/a"},
		{"See:  ", "https://example.com/abc", 25, "See:\nhttps://example.com/abc"},
		{"See:  ", "https://example.com/abcde", 25, "See:\nhttps://example.com/abcde"},
		{"See:  ", "https://example.com/abcdef", 25, "See:  https://example.com/abcdef"},
		{"  ", "https://example.com/abcde", 25, "https://example.com/abcde"},
		{"  ", "see https://example.com/abcde for more", 25, "  see\nhttps://example.com/abcde\n  for more"},
		{"  ", "a\nhttps://example.com/abcde\n\nb", 25, "  a\nhttps://example.com/abcde\n\n  b"},
	} {
		if got := term.Wrap(tt.lead, tt.text, tt.width); got != tt.want {
			t.Errorf("Wrap(%q, %q, %d):\n%s\nwant:\n%s", tt.lead, tt.text, tt.width, got, tt.want)
		}
	}
}

// TestWrapCommand: what is broken can be copied.
func TestWrapCommand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line  string
		width int
		want  string
	}{
		{"  hookctl list", 40, "  hookctl list"},
		{`  hookctl create zyntro --name "CRM Sync" --url https://example.com/hook`, 40, "  hookctl create zyntro \\\n      --name \"CRM Sync\" \\\n      --url https://example.com/hook"},
		{"  hookctl list       # what there is", 30, "  # what there is\n  hookctl list"},
		{`  eval "$(hookctl sandbox start --shell sh)"`, 30, "  eval \\\n      \"$(hookctl sandbox start --shell sh)\""},
	} {
		got := term.WrapCommand(tt.line, tt.width)
		if got != tt.want {
			t.Errorf("WrapCommand(%q, %d):\n%s\nwant:\n%s", tt.line, tt.width, got, tt.want)
		}
	}
}

func TestDated(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-05-17T14:30:00Z": "2026-05-17 14:30:00 UTC", "2026-05-17T16:30:00.123+02:00": "2026-05-17 14:30:00.123 UTC",
		"2026-03-13 13:40:11": "2026-03-13 13:40:11", "2026-03-13T13:40:11": "2026-03-13 13:40:11", "yesterday": "yesterday", "": "",
	} {
		if got := term.Dated(text); got != want {
			t.Errorf("Dated(%q) = %q, want %q", text, got, want)
		}
	}
}
