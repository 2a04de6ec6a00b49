package diagnosis

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"iter"
)

// none is a sequence of nothing.
func none(func([]byte) bool) {}

// made makes a sequence of forms, one at a time, leaving out those equal to the
// original.
func made(original []byte, forms ...func() []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, form := range forms {
			if t := form(); !bytes.Equal(t, original) && !yield(t) {
				return
			}
		}
	}
}

func withoutNewline(b []byte) iter.Seq[[]byte] {
	all := bytes.TrimRight(b, "\r\n")
	one := bytes.TrimSuffix(b, []byte("\n"))
	return made(b, parts(one), parts(bytes.TrimSuffix(one, []byte("\r"))), parts(all))
}

// parts is the form that consists of them: the only one itself, or a copy of all.
// A body that is too large to be copied stays alone, and so is no form.
func parts(all ...[]byte) func() []byte {
	return func() []byte {
		if len(all) == 1 {
			return all[0]
		}
		for _, part := range all {
			if len(part) > wholeBody {
				return part
			}
		}
		return bytes.Join(all, nil)
	}
}

func withNewline(b []byte) iter.Seq[[]byte] {
	return made(b, parts(b, []byte("\n")), parts(b, []byte("\r\n")), parts(b, []byte("\n\n")))
}

func lineEnds(b []byte) iter.Seq[[]byte] {
	if !bytes.ContainsAny(b, "\r\n") {
		return none
	}
	replaced := func(text []byte, from, to string) []byte {
		return bytes.ReplaceAll(text, []byte(from), []byte(to))
	}
	lf := func() []byte { return replaced(b, "\r\n", "\n") }
	crlf := func() []byte { return replaced(lf(), "\n", "\r\n") }
	return made(b, lf, crlf,
		func() []byte { return bytes.TrimRight(lf(), "\n") },
		func() []byte { return append(crlf(), '\r', '\n') },
		func() []byte { return replaced(b, "\r", "\n") },
		func() []byte { return replaced(b, "\r\r\n", "\r\n") })
}

var utf8BOM = []byte("\xef\xbb\xbf")

func byteOrderMark(b []byte) iter.Seq[[]byte] {
	bare := bytes.TrimPrefix(b, utf8BOM)
	return made(b, parts(bare), parts(utf8BOM, b), parts(bytes.TrimRight(bare, "\r\n")))
}

func trimmed(b []byte) iter.Seq[[]byte] {
	return made(b, parts(bytes.TrimSpace(b)), parts(bytes.TrimLeft(b, " \t\r\n")), parts(bytes.TrimRight(b, " \t\r\n")),
		parts(bytes.Trim(b, " \t\r\n\x00")),
		parts(bytes.TrimFunc(b, func(r rune) bool { return invisible(r) && r != '\ufeff' })), parts(b, []byte(" ")), parts([]byte("\n"), b), parts([]byte(" "), b))
}

func base64Body(b []byte) iter.Seq[[]byte] {
	text := bytes.Trim(bytes.TrimSpace(b), `"`)
	if _, data, ok := bytes.Cut(text, []byte(";base64,")); ok && bytes.HasPrefix(text, []byte("data:")) {
		text = data
	}
	return func(yield func([]byte) bool) {
		digits := bytes.TrimPrefix(bytes.TrimPrefix(text, []byte(`\x`)), []byte("0x")) // as databases write bytes
		if inner, ok := bytes.CutPrefix(digits, []byte("<Buffer ")); ok {
			digits = bytes.TrimSuffix(inner, []byte(">"))
		}
		if len(bytes.Trim(digits, "0123456789abcdefABCDEF \r\n")) == 0 {
			digits = bytes.Join(bytes.Fields(digits), nil)
			if out, err := hex.AppendDecode(nil, digits); err == nil && len(out) > 0 && !yield(out) {
				return
			}
		}
		for range 2 { // twice, by two programs that did not know of each other
			out, ok := decodeText(text)
			if !ok {
				break
			}
			if !yield(out) || !yield(bytes.TrimRight(out, "\r\n")) {
				return
			}
			text = out
		}
		if len(b) > wholeBody {
			return
		}
		yield(base64.StdEncoding.AppendEncode(nil, b))
	}
}
