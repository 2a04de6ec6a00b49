package diagnosis

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// stringForms are the ways in which libraries write strings. Each takes and
// gives them with their quotes.
var stringForms = []func([]byte) []byte{
	escaper("", false, "0123456789abcdef"),           // JavaScript, Go without HTML escaping
	escaper("", true, "0123456789abcdef"),            // Python
	escaper("/", true, "0123456789abcdef"),           // PHP
	escaper("/", false, "0123456789abcdef"),          // PHP with JSON_UNESCAPED_UNICODE
	escaper("<>&", false, "0123456789abcdef"),        // Go
	escaper("", true, "0123456789ABCDEF"),            // Java, C#
	escaper("<>&'+`\"", true, "0123456789ABCDEF"),    // System.Text.Json
	escaper("<>&'=", false, "0123456789abcdef"),      // Gson
	escaper("", false, "0123456789ABCDEF"),           // control characters in upper case
	func(s []byte) []byte { return hexCase(s, 'a') }, // as it is, but the case of \uXXXX
	func(s []byte) []byte { return hexCase(s, 'A') },
}

// strings and numbers of a document written in other ways, each once.
func stringPieces(list []token) []pieces {
	var all []pieces
	for _, s := range stringForms {
		all = appendNew(all, changed(list, '"', func(t token) []byte { return s(t.text) }))
	}
	return all
}

// escaper writes a string anew: special characters escaped (a slash as \/,
// others as \uXXXX), all that is not ASCII too if ascii is set.
func escaper(special string, ascii bool, digits string) func([]byte) []byte {
	unicode := func(out []byte, r rune) []byte {
		return append(out, '\\', 'u', digits[r>>12&0xf], digits[r>>8&0xf], digits[r>>4&0xf], digits[r&0xf])
	}
	return func(quoted []byte) []byte {
		if sameEverywhere(quoted[1 : len(quoted)-1]) {
			return quoted
		}
		var s string
		if json.Unmarshal(quoted, &s) != nil {
			return quoted
		}
		out := append(make([]byte, 0, len(quoted)+8), '"')
		for _, r := range s {
			short := -1
			if r < 0x20 || r == '"' || r == '\\' {
				short = strings.IndexRune("\b\f\n\r\t\"\\", r)
			}
			switch {
			case r == '/' && strings.Contains(special, "/"):
				out = append(out, '\\', '/')
			case r < utf8.RuneSelf && strings.ContainsRune(special, r):
				out = unicode(out, r)
			case short >= 0:
				out = append(out, '\\', `bfnrt"\`[short])
			case r < 0x20, strings.Contains(special, "<") && (r == 0x2028 || r == 0x2029):
				out = unicode(out, r)
			case r < utf8.RuneSelf || !ascii:
				out = utf8.AppendRune(out, r)
			case r >= 0x10000:
				out = unicode(unicode(out, 0xd800+(r-0x10000)>>10), 0xdc00+(r-0x10000)&0x3ff)
			default:
				out = unicode(out, r)
			}
		}
		return append(out, '"')
	}
}

// sameEverywhere reports whether every library writes s as it is.
func sameEverywhere(s []byte) bool {
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == ' ' || c == '_' || c == '-' || c == '.' || c == ',' || c == ':':
		default:
			return false
		}
	}
	return true
}

// hexCase sets the case of the digits in \uXXXX.
func hexCase(s []byte, letter byte) []byte {
	out := bytes.Clone(s)
	for i := 0; i+5 < len(out); i++ {
		if out[i] != '\\' {
			continue
		}
		if out[i+1] == 'u' {
			for j := i + 2; j < i+6; j++ {
				if out[j]|0x20 >= 'a' && out[j]|0x20 <= 'f' {
					out[j] = out[j]&^0x20 | letter&0x20
				}
			}
		}
		i++
	}
	return out
}
