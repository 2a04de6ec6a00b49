package term

import (
	"os/exec"
	"strings"
	"testing"
)

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"":                 "''",
		"zyntro/id-1":      "zyntro/id-1",
		"CRM Sync":         "'CRM Sync'",
		"azAZ09_-./:=@%+,": "azAZ09_-./:=@%+,",
		"`":                "'`'",
		"[":                "'['",
		"{":                "'{'",
		"it's":             `'it'\''s'`,
		"$x":               "'$x'",
		"$(id) `id` \"":    "'$(id) `id` \"'",
		"Büro ☕":           "'Büro ☕'",
		"a\n::b":           `"$(printf 'a\012::b')"`,
		"100%\x1b[2J'\\":   `"$(printf '100%%\033[2J\047\134')"`,
		"\u202ex\xff":      `"$(printf '\342\200\256x\377')"`,
		"*?[a]{b,c}~ !#;":  "'*?[a]{b,c}~ !#;'",
		"a##[error]b":      `"$(printf 'a#\043[error]b')"`,
		"###vso[x]'":       `"$(printf '#\043\043vso[x]\047')"`,
	} {
		got := ShellWord(word)
		if got != want {
			t.Errorf("%q becomes %s, want %s", word, got, want)
		}
		if strings.Contains(got, "\n") || Clean(got) != got {
			t.Errorf("%q becomes %q, which is not shown as it is", word, got)
		}
	}
}

// A shell reads the words back.
func TestShellWordInAShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no POSIX shell here")
	}
	for _, word := range []string{
		"", " ", "-n", "a b", "it's", "''", `\`, `\n`, "%s%d", "$HOME", "`id`", "$(id)", "\"", "!x", "*", "~", "#x", "a;b&c|d>e<f", "a\nb", "\na", "\t", "\x1b[2J\x07",
		"\x7f\u0085\u202e", "\xff\xfe", "ünï ☕ 日本", "a\r\nb'%\\", "##", "a##vso[x y]z",
	} {
		out, err := exec.Command(sh, "-c", "printf '<%s>' "+ShellWord(word)).Output()
		if err != nil || string(out) != "<"+word+">" {
			t.Errorf("%q comes back as %q: %v", word, out, err)
		}
	}
}
