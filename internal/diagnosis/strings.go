package diagnosis

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/pattern"
)

// stringForms are the ways in which libraries write strings. Each takes and
// gives them with their quotes.
var stringForms = []func([]byte) []byte{
	escaper("", false, "0123456789abcdef"),             // JavaScript, Go without HTML escaping
	escaper("", true, "0123456789abcdef"),              // Python
	escaper("/", true, "0123456789abcdef"),             // PHP
	escaper("/", false, "0123456789abcdef"),            // PHP with JSON_UNESCAPED_UNICODE
	escaper("<>&", false, "0123456789abcdef"),          // Go
	escaper("", true, "0123456789ABCDEF"),              // Java, C#
	escaper("<>&'+`\"", true, "0123456789ABCDEF"),      // System.Text.Json
	escaper("<>&'=", false, "0123456789abcdef"),        // Gson
	escaper("", false, "0123456789ABCDEF"),             // control characters in upper case
	escaper("\u2028\u2029", false, "0123456789abcdef"), // Go without HTML escaping, PHP with JSON_UNESCAPED_UNICODE and _SLASHES
	hexCase(bytes.ToLower),                             // as it is, but the case of \uXXXX
	hexCase(bytes.ToUpper),
}

// stringPieces are the strings of a document written in other ways, each once.
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
		out := []byte{'"'}
		for _, r := range s {
			short := strings.IndexRune("\b\f\n\r\t\"\\", r)
			switch {
			case r == '/' && strings.Contains(special, "/"):
				out = append(out, '\\', '/')
			case strings.ContainsRune(special, r):
				out = unicode(out, r)
			case short >= 0:
				out = append(out, '\\', `bfnrt"\`[short])
			case r < 0x20, strings.Contains(special, "<") && (r == 0x2028 || r == 0x2029):
				out = unicode(out, r)
			case r < utf8.RuneSelf || !ascii:
				out = utf8.AppendRune(out, r)
			case r >= 0x10000:
				high, low := utf16.EncodeRune(r)
				out = unicode(unicode(out, high), low)
			default:
				out = unicode(out, r)
			}
		}
		return append(out, '"')
	}
}

// sameEverywhere reports whether every library writes a text as it is.
func sameEverywhere(text []byte) bool {
	for _, c := range text {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && strings.IndexByte(" _-.,:", c) < 0 {
			return false
		}
	}
	return true
}

var anEscape = pattern.Of(`\\(u....|.)`)

// hexCase sets the case of the digits in \uXXXX.
func hexCase(set func([]byte) []byte) func([]byte) []byte {
	return func(s []byte) []byte {
		if bytes.IndexByte(s, '\\') < 0 {
			return s
		}
		return anEscape().ReplaceAllFunc(s, func(escape []byte) []byte {
			if len(escape) < len(`\uXXXX`) {
				return escape
			}
			return append([]byte(`\u`), set(escape[2:])...)
		})
	}
}
