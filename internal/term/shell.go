package term

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ShellWord writes one word so that a POSIX shell reads it back exactly, for
// commands in hints. A word of plain characters stays as it is. One with
// characters that are not shown as they are (such as "##", with which commands for
// CI runners begin), or with a line end, is written with escapes for printf: the
// command stays one line, and can be copied from a terminal. Line ends at a word's
// very end are lost then, as shells have it.
func ShellWord(word string) string {
	switch {
	case word != "" && !strings.ContainsFunc(word, special):
		return word
	case !utf8.ValidString(word) || strings.ContainsFunc(word, unseen) || strings.Contains(word, "##"):
		return `"$(printf '` + printfFormat(word) + `')"`
	default:
		return Quoted(word)
	}
}

// Quoted is a text between single quotes, which a POSIX shell reads back exactly.
func Quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// PowerShellWord is a text as one word of PowerShell, which reads it back exactly.
// Each of the quotes in it ends a word that the first begins.
func PowerShellWord(text string) string {
	return "'" + strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛").Replace(text) + "'"
}

func special(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r))
}

func unseen(r rune) bool { return r == '\n' || r == '\t' || Hidden(r) }

// printfFormat escapes word for a printf format between single quotes.
func printfFormat(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); {
		r, n := utf8.DecodeRuneInString(word[i:])
		switch {
		case r == '%':
			b.WriteString("%%")
		case r == '\\' || r == '\'' || unseen(r) || r == utf8.RuneError && n == 1 || r == '#' && strings.HasSuffix(word[:i], "#"):
			for _, c := range []byte(word[i : i+n]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		default:
			b.WriteString(word[i : i+n])
		}
		i += n
	}
	return b.String()
}
