package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"iter"
	"strings"
)

// each makes a sequence of the given texts, leaving out those equal to the
// original.
func each(original []byte, texts ...[]byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, t := range texts {
			if !bytes.Equal(t, original) && !yield(t) {
				return
			}
		}
	}
}

func withoutNewline(b []byte) iter.Seq[[]byte] {
	all := bytes.TrimRight(b, "\r\n")
	one := bytes.TrimSuffix(b, []byte("\n"))
	return each(b, one, bytes.TrimSuffix(one, []byte("\r")), all)
}

func withNewline(b []byte) iter.Seq[[]byte] {
	return each(b, append(bytes.Clone(b), '\n'), append(bytes.Clone(b), '\r', '\n'), append(bytes.Clone(b), '\n', '\n'))
}

func lineEnds(b []byte) iter.Seq[[]byte] {
	if bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return each(b)
	}
	lf := bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	crlf := bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n"))
	return each(b, lf, crlf, bytes.TrimRight(lf, "\n"), append(bytes.Clone(crlf), '\r', '\n'),
		bytes.ReplaceAll(b, []byte("\r"), []byte("\n")), bytes.ReplaceAll(b, []byte("\r\r\n"), []byte("\r\n")))
}

var utf8BOM = []byte("\xef\xbb\xbf")

func byteOrderMark(b []byte) iter.Seq[[]byte] {
	bare := bytes.TrimPrefix(b, utf8BOM)
	return each(b, bare, append(bytes.Clone(utf8BOM), b...), bytes.TrimRight(bare, "\r\n"))
}

func trimmed(b []byte) iter.Seq[[]byte] {
	return each(b, bytes.TrimSpace(b), bytes.TrimLeft(b, " \t\r\n"), bytes.TrimRight(b, " \t\r\n"),
		bytes.Trim(b, " \t\r\n\x00"), append(bytes.Clone(b), ' '), append([]byte{'\n'}, b...), append([]byte{' '}, b...))
}

func base64Body(b []byte) iter.Seq[[]byte] {
	text := strings.Trim(strings.TrimSpace(string(b)), `"`)
	if _, data, ok := strings.Cut(text, ";base64,"); ok && strings.HasPrefix(text, "data:") {
		text = data
	}
	return func(yield func([]byte) bool) {
		if out, err := hex.DecodeString(text); err == nil && len(out) > 0 && !yield(out) {
			return
		}
		for range 2 { // twice, by two programs that did not know of each other
			out, ok := decodeText(text)
			if !ok {
				break
			}
			if !yield(out) || !yield(bytes.TrimRight(out, "\r\n")) {
				return
			}
			text = string(out)
		}
		yield(base64.StdEncoding.AppendEncode(nil, b))
	}
}
