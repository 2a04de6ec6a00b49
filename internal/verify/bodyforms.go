package verify

import (
	"bytes"
	"encoding/base64"
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
	return each(b, append(bytes.Clone(b), '\n'), append(bytes.Clone(b), '\r', '\n'))
}

func lineEnds(b []byte) iter.Seq[[]byte] {
	if bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return each(b)
	}
	lf := bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return each(b, lf, bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")),
		bytes.TrimRight(lf, "\n"), bytes.ReplaceAll(b, []byte("\r"), []byte("\n")))
}

var utf8BOM = []byte("\xef\xbb\xbf")

func byteOrderMark(b []byte) iter.Seq[[]byte] {
	bare := bytes.TrimPrefix(b, utf8BOM)
	return each(b, bare, append(bytes.Clone(utf8BOM), b...), bytes.TrimRight(bare, "\r\n"))
}

func trimmed(b []byte) iter.Seq[[]byte] {
	return each(b, bytes.TrimSpace(b), bytes.TrimLeft(b, " \t\r\n"), bytes.TrimRight(b, " \t\r\n"),
		bytes.Trim(b, " \t\r\n\x00"))
}

func base64Body(b []byte) iter.Seq[[]byte] {
	text := bytes.TrimSpace(b)
	text = bytes.Trim(text, `"`)
	bare := strings.TrimRight(string(text), "=")
	return func(yield func([]byte) bool) {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if out, err := enc.DecodeString(bare); err == nil && len(out) > 0 {
				if !yield(out) {
					return
				}
				break
			}
		}
		yield(base64.StdEncoding.AppendEncode(nil, b))
	}
}
