package capture

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// The scanner below finds its way through JSON without building anything. It
// works on one byte slice with indices; an answer of -1 means "not understood",
// never a panic. It counts nesting instead of recursing: ten thousand open
// brackets are a payload like any other.

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString takes the index of an opening quote and returns the index after
// the closing one, and whether there is a backslash in between.
func skipString(b []byte, i int) (end int, escaped bool) {
	quote := 0 // where the next one is; it is looked for once, however many escapes come before
	for i++; ; {
		if quote < i {
			n := bytes.IndexByte(b[i:], '"')
			if n < 0 {
				return -1, escaped
			}
			quote = i + n
		}
		slash := bytes.IndexByte(b[i:quote], '\\')
		if slash < 0 {
			return quote + 1, escaped
		}
		escaped = true
		if i += slash + 2; i > len(b) {
			return -1, true
		}
	}
}

// skipValue takes the index of the first byte of a value and returns the index
// after its last one. It does not check what is inside.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		end, _ := skipString(b, i)
		return end
	case '{', '[':
	default:
		start := i
		for i < len(b) && !isDelimiter(b[i]) {
			i++
		}
		if i == start {
			return -1
		}
		return i
	}
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i, _ = skipString(b, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
}

func isDelimiter(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ':', '{', '}', '[', ']', '"':
		return true
	}
	return false
}

// members calls f with the raw text of each member of the object at the start
// of b: the name with its quotes, and the value. It stops where f returns
// false or the text is not understood, and reports whether the object was
// closed.
func members(b []byte, f func(name, value []byte) bool) bool {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return true
	}
	for i < len(b) && b[i] == '"' {
		end, _ := skipString(b, i)
		if end < 0 {
			return false
		}
		name := b[i:end]
		if i = skipSpace(b, end); i >= len(b) || b[i] != ':' {
			return false
		}
		i = skipSpace(b, i+1)
		if end = skipValue(b, i); end < 0 {
			// The value is cut off: its name was there all the same.
			f(name, nil)
			return false
		}
		if !f(name, b[i:end]) {
			return false
		}
		if i = skipSpace(b, end); i >= len(b) {
			return false
		}
		if b[i] == '}' {
			return true
		}
		if b[i] != ',' {
			return false
		}
		i = skipSpace(b, i+1)
	}
	return false
}

// unquote appends the text of a JSON string, given with its quotes. As in
// encoding/json a lone surrogate becomes U+FFFD; unlike there, bytes that are
// not UTF-8 stay as they are, since they may be the payload's own. Control
// characters and unknown escapes are errors.
//
// The text is never longer than what it was read from up to there, so that it
// may be written over the string itself.
func unquote(to, quoted []byte) ([]byte, bool) {
	ok := pieces(quoted, func(plain []byte, r rune) {
		if to = append(to, plain...); r >= 0 {
			to = utf8.AppendRune(to, r)
		}
	})
	return to, ok
}

// quotable reports whether unquote would take it.
func quotable(quoted []byte) bool { return pieces(quoted, func([]byte, rune) {}) }

// pieces calls f with what a JSON string consists of: runs of plain text, and the
// characters that are escaped; r is -1 with the former.
func pieces(quoted []byte, f func(plain []byte, r rune)) bool {
	if len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
		return false
	}
	b := quoted[1 : len(quoted)-1]
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c < 0x20 || c == '"':
			return false
		case c != '\\':
			start := i
			for i++; i < len(b) && b[i] >= 0x20 && b[i] != '\\' && b[i] != '"'; i++ {
			}
			f(b[start:i], -1)
			continue
		}
		if i+1 >= len(b) {
			return false
		}
		if b[i+1] == 'u' {
			r, n := unescapeRune(b[i:])
			if n == 0 {
				return false
			}
			f(nil, r)
			i += n
			continue
		}
		at := bytes.IndexByte([]byte(`"\/bfnrt`), b[i+1])
		if at < 0 {
			return false
		}
		f(nil, rune("\"\\/\b\f\n\r\t"[at]))
		i += 2
	}
	return true
}

// unescapeRune reads \uXXXX, or two of them that are a surrogate pair.
func unescapeRune(b []byte) (rune, int) {
	r, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := hex4(b[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
