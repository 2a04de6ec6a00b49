package diagnosis

import (
	"bytes"
	"iter"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"
)

// The forms that text takes when a program decodes its bytes in one encoding
// and writes them in another.

// western are the encodings that text is taken for most, and codePages all of them:
// those of Windows, its console and older Macs too.
var (
	western   = []*charmap.Charmap{charmap.Windows1252, charmap.ISO8859_1}
	codePages = []*charmap.Charmap{charmap.Windows1252, charmap.ISO8859_1, charmap.CodePage437, charmap.CodePage850,
		charmap.Windows1250, charmap.Windows1251, charmap.Macintosh, charmap.CodePage852, charmap.CodePage866}
)

func charsets(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		text, wide := fromUTF16(b)
		if wide && (!yield(text) || !yield(append(bytes.Clone(utf8BOM), text...)) || !yield(bytes.TrimRight(text, "\r\n"))) {
			return
		}
		if isASCII(b) {
			// Plain ASCII is the same nearly everywhere.
			for _, order := range []unicode.Endianness{unicode.LittleEndian, unicode.BigEndian} {
				if out, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().Bytes(b); err == nil && !yield(out) {
					return
				}
			}
			return
		}
		try := func(out []byte, err error) bool { return err != nil || bytes.Equal(out, b) || yield(out) }
		if !wide {
			text = bytes.TrimPrefix(b, utf8BOM)
		}
		marked := wide || len(text) < len(b)
		// Text that was taken for another encoding, once or twice, and written as
		// UTF-8 or UTF-16; a shell ends it with a newline.
		for i, page := range codePages {
			once, err := page.NewEncoder().Bytes(text) // each character as one byte
			if !try(once, err) {
				return
			}
			if bare := bytes.TrimRight(once, "\r\n"); marked && len(bare) < len(once) && !yield(bare) {
				return
			}
			if err != nil || i >= len(western) {
				continue
			}
			for _, page := range western {
				if !try(page.NewEncoder().Bytes(once)) {
					return
				}
			}
		}
		if wide {
			return
		}
		// Text that was written in another encoding.
		for i, page := range codePages {
			if (i < len(western) || !utf8.Valid(b)) && !try(decoded(page, b), nil) {
				return
			}
		}
		if try(norm.NFC.Bytes(b), nil) {
			try(norm.NFD.Bytes(b), nil)
		}
	}
}

func isASCII(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf })
}

// fromUTF16 takes text with a byte order mark, or with a zero in every second
// byte.
func fromUTF16(b []byte) ([]byte, bool) {
	if len(b) < 4 || len(b)%2 != 0 || len(b) > maxJSON {
		return nil, false
	}
	order := unicode.LittleEndian
	switch {
	case b[0] == 0xff && b[1] == 0xfe, b[1] == 0 && b[3] == 0:
	case b[0] == 0xfe && b[1] == 0xff, b[0] == 0 && b[2] == 0:
		order = unicode.BigEndian
	default:
		return nil, false
	}
	text, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(b)
	return text, err == nil
}

// decoded takes each byte for a character of the page.
func decoded(page *charmap.Charmap, b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		out = utf8.AppendRune(out, page.DecodeByte(c))
	}
	return out
}
