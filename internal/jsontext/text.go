package jsontext

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Unquote appends the text of a JSON string, given with its quotes. As in
// encoding/json a lone surrogate becomes U+FFFD; unlike there, bytes that are
// not UTF-8 stay as they are, since they may be the payload's own. Control
// characters and unknown escapes are errors.
//
// The text is never longer than what it was read from up to there, so that it
// may be written over the string itself.
func Unquote(to, quoted []byte) ([]byte, bool) {
	to = slices.Grow(to, max(0, len(quoted)-len(`""`)))
	ok := pieces(quoted, func(plain []byte, r rune) {
		if to = append(to, plain...); r >= 0 {
			to = utf8.AppendRune(to, r)
		}
	})
	return to, ok
}

// String is what [Unquote] appends.
func String(quoted []byte) (string, bool) { return (*Slab)(nil).String(quoted) }

// Text is the text of a JSON string, given with its quotes, if it can be told: it has
// no half of a UTF-16 pair and no bytes that are not UTF-8, for which encoding/json
// would put U+FFFD.
func Text(quoted []byte) (string, bool) {
	var out []byte
	whole := utf8.Valid(quoted)
	ok := pieces(quoted, func(plain []byte, r rune) {
		if out = append(out, plain...); r >= 0 {
			out = utf8.AppendRune(out, r)
			whole = whole && !utf16.IsSurrogate(r)
		}
	})
	return string(out), ok && whole
}

// Quotable reports whether Unquote would take it.
func Quotable(quoted []byte) bool { return pieces(quoted, func([]byte, rune) {}) }

// pieces calls f with what a JSON string consists of: runs of plain text, which may be
// empty, each with the character behind it that is escaped; r is -1 where there is none.
func pieces(quoted []byte, f func(plain []byte, r rune)) bool {
	if len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
		return false
	}
	b := quoted[1 : len(quoted)-1]
	for {
		i := SkipPlain(b, 0)
		r, n := rune(-1), 0
		if i+1 < len(b) && b[i] == '\\' {
			r, n = unescape(b[i:])
		}
		if f(b[:i], r); n == 0 {
			return i == len(b)
		}
		b = b[i+n:]
	}
}

// unescape reads the escape that b begins with, and returns how long it is: 0 where it
// is none.
func unescape(b []byte) (rune, int) {
	if b[1] == 'u' {
		return unescapeRune(b)
	}
	at := bytes.IndexByte([]byte(`"\/bfnrt`), b[1])
	if at < 0 {
		return -1, 0
	}
	return rune("\"\\/\b\f\n\r\t"[at]), 2
}

// unescapeRune reads \uXXXX, or two of them that are a surrogate pair; half of one is
// returned as it is.
func unescapeRune(b []byte) (rune, int) {
	r, ok := hex4(b)
	if !ok {
		return -1, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := hex4(b[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return r, 6
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	r, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(r), err == nil
}

// Quote is a text as JSON, with no more escapes than JSON needs.
func Quote(text string) []byte {
	b, err := Marshal(text)
	if err != nil { // impossible for a text
		return []byte(`""`)
	}
	return b
}

// Marshal is json.Marshal without the escapes for HTML pages.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
