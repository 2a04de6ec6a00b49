package render

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/term"
)

// The library takes 100 µs and 50 KB for a row of a list. So its layout is written
// here, and the texts of which it is plain how the library writes them; it is asked
// for all others, one by one.

// yamlWriter writes the YAML of one JSON document on one line, to the byte what
// [appendYAMLNode] makes of it.
type yamlWriter struct {
	b    *bytes.Buffer
	rest []byte // of the document
	line int    // where in b the present line begins
	err  error  // of the library
}

// appendOwnYAML adds doc, which is as marshal makes it, or nothing: it reports false where a name in it is not of
// the kind that stands on a line as it is.
func appendOwnYAML(b *bytes.Buffer, doc []byte) (bool, error) {
	start := b.Len()
	w := &yamlWriter{b: b, rest: doc, line: start}
	ok := len(doc) > 0
	switch {
	case !ok:
	case doc[0] == '{' || doc[0] == '[':
		ok = w.block(0, false)
	default:
		w.scalar(0)
	}
	if !ok || w.err != nil {
		b.Truncate(start)
	}
	return ok, w.err
}

// block writes the list or object that follows, which may be empty, from column on;
// with inline its first line has begun.
func (w *yamlWriter) block(column int, inline bool) bool {
	list := w.rest[0] == '['
	if w.rest = w.rest[1:]; w.rest[0] == ']' || w.rest[0] == '}' {
		w.rest = w.rest[1:]
		w.b.WriteString(map[bool]string{true: "[]", false: "{}"}[list])
		w.end()
		return true
	}
	for {
		if !inline {
			w.indent(column)
		}
		inline = false
		if list {
			w.b.WriteString("- ")
		} else {
			name := w.token()
			name = name[1 : len(name)-1]
			if len(name) > 100 || bytes.IndexByte(name, ':') >= 0 || !writtenAsItIs(name) {
				return false
			}
			w.b.Write(name)
			w.b.WriteByte(':')
			w.rest = w.rest[1:]
		}
		switch open := w.rest[0] == '[' || w.rest[0] == '{'; {
		case list && open:
			if !w.block(column+2, true) {
				return false
			}
		case open && (w.rest[1] == ']' || w.rest[1] == '}'):
			w.b.WriteByte(' ')
			w.block(0, true)
		case open:
			w.end()
			if !w.block(column+2, false) {
				return false
			}
		case list:
			w.scalar(column)
		default:
			w.b.WriteByte(' ')
			w.scalar(column)
		}
		last := w.rest[0] != ','
		if w.rest = w.rest[1:]; last {
			return true
		}
	}
}

const spaces = "                                "

func (w *yamlWriter) indent(n int) {
	for ; n > len(spaces); n -= len(spaces) {
		w.b.WriteString(spaces)
	}
	w.b.WriteString(spaces[:n])
}

func (w *yamlWriter) end() {
	w.b.WriteByte('\n')
	w.line = w.b.Len()
}

// token takes the scalar that follows.
func (w *yamlWriter) token() []byte {
	n := 1
	if w.rest[0] == '"' {
		for ; w.rest[n] != '"'; n++ {
			if w.rest[n] == '\\' {
				n++
			}
		}
		n++
	} else if n = bytes.IndexAny(w.rest, ",]}"); n < 0 {
		n = len(w.rest)
	}
	token := w.rest[:n]
	w.rest = w.rest[n:]
	return token
}

// scalar writes the scalar that follows behind what is on its line, whose block
// begins at column.
func (w *yamlWriter) scalar(column int) {
	token := w.token()
	switch text := token[:len(token)-1]; {
	case token[0] != '"':
		w.b.Write(token)
	case writtenAsItIs(text[1:]):
		w.b.Write(text[1:])
	case isInstant(text[1:]):
		w.b.Write(token)
	default:
		w.asked(token, column)
		return
	}
	w.end()
}

// asked writes a text as the library does.
func (w *yamlWriter) asked(token []byte, column int) {
	text, err := yamlOfText(token)
	w.err = errors.Join(w.err, err)
	first := true
	for line := range bytes.Lines(text) {
		if !first && len(line) > 1 {
			w.indent(column)
		}
		first = false
		w.b.Write(line)
	}
	lines := slices.Clone(w.b.Bytes()[w.line:])
	w.b.Truncate(w.line)
	appendSafeYAML(w.b, lines)
	w.line = w.b.Len()
}

// writtenAsItIs reports whether the text of a JSON string stands in YAML as it is;
// of some that do it says no. What begins with a digit has a hyphen where no number
// and no date has one.
func writtenAsItIs(s []byte) bool {
	if len(s) == 0 || s[len(s)-1] == ' ' || s[len(s)-1] == ':' {
		return false
	}
	switch c := s[0]; {
	case c == '/', c >= utf8.RuneSelf:
	case c >= '0' && c <= '9':
		at := bytes.IndexByte(s, '-')
		if at < 5 || s[at-1]|0x20 == 'e' || bytes.IndexByte(s[:at], '_') >= 0 {
			return false
		}
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		if len(s) <= 5 && slices.ContainsFunc(wordsInYAML, func(word string) bool { return strings.EqualFold(word, string(s)) }) {
			return false
		}
	default:
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ':':
			if s[i+1] == ' ' || s[i+1] == ':' {
				return false
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(s[i:])
			if r > 0xd7ff || !unicode.IsLetter(r) || term.Hidden(r) {
				return false
			}
			i += n - 1
		case !plainInYAML[c]:
			return false
		}
	}
	return true
}

// wordsInYAML are no texts, to some readers.
var wordsInYAML = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

var plainInYAML = func() (is [utf8.RuneSelf]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 /-_.+=@%&~?" {
		is[c] = true
	}
	return is
}()

// isInstant reports whether s is a time as this program or a provider writes it, which
// the library quotes.
func isInstant(s []byte) bool {
	layout := time.RFC3339
	if len(s) == len(time.DateTime) {
		layout = time.DateTime
	} else if len(s) != len("2006-01-02T15:04:05Z") || s[19] != 'Z' {
		return false
	}
	if s[4] != '-' || s[13] != ':' {
		return false
	}
	_, err := time.Parse(layout, string(s))
	return err == nil
}
