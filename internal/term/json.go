package term

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// asItIs are the bytes that AppendJSON need not look at.
var asItIs = func() (t [256]bool) {
	for c := byte(0x20); c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\' && c != '#'
	}
	return t
}()

// AppendJSON appends s to b as a JSON string that is safe to show: besides what
// JSON demands, the characters that [Hidden] names and those that would give a
// command to a CI runner are escaped, and bytes that are not UTF-8 become U+FFFD.
func AppendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if asItIs[s[i]] {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r >= 0x80 && !(r == utf8.RuneError && n == 1) && !Hidden(r) ||
			r == '#' && !(i > 0 && s[i-1] == '#' && marks(s[i+1:])) {
			i += n
			continue
		}
		b = append(b, s[start:i]...)
		b = appendEscaped(b, r)
		i += n
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// BreakJSON breaks the commands in a JSON text, or in a double-quoted scalar of
// YAML: what it means stays the same.
func BreakJSON(doc []byte) []byte { return EscapeCommands(doc, `\u0023`, `\u003a`) }

func appendEscaped(b []byte, r rune) []byte {
	if i := strings.IndexRune("\"\\\n\r\t", r); i >= 0 {
		return append(b, '\\', `"\nrt`[i])
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		b = fmt.Appendf(b, `\u%04x`, unit)
	}
	return b
}
