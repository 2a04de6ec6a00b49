package diagnosis

import (
	"bytes"
	"encoding/binary"
	"html"
	"iter"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The forms that text takes when a program decodes its bytes in one encoding
// and writes them in another.

func charsets(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if out, ok := fromUTF16(b); ok && (!yield(out) || !yield(append(bytes.Clone(utf8BOM), out...)) || !yield(bytes.TrimRight(out, "\r\n"))) {
			return
		}
		if text := html.UnescapeString(string(b)); text != string(b) && !yield([]byte(text)) {
			return
		}
		if !bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }) {
			// Plain ASCII is the same nearly everywhere.
			for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
				if !yield(toUTF16(order, b)) {
					return
				}
			}
			return
		}
		for _, form := range []func([]byte) ([]byte, bool){
			toWindows1252, fromLatin1, fromWindows1252, normal(norm.NFC), normal(norm.NFD),
		} {
			if out, ok := form(b); ok && !bytes.Equal(out, b) && !yield(out) {
				return
			}
		}
		if once, ok := toWindows1252(b); ok {
			if twice, ok := toWindows1252(once); ok && !bytes.Equal(twice, once) {
				yield(twice)
			}
		}
	}
}

// fromUTF16 takes text with a byte order mark, or with a zero in every second
// byte.
func fromUTF16(b []byte) ([]byte, bool) {
	if len(b) < 4 || len(b)%2 != 0 || len(b) > maxJSON {
		return nil, false
	}
	var order binary.ByteOrder
	switch {
	case b[0] == 0xff && b[1] == 0xfe, b[1] == 0 && b[3] == 0:
		order = binary.LittleEndian
	case b[0] == 0xfe && b[1] == 0xff, b[0] == 0 && b[2] == 0:
		order = binary.BigEndian
	default:
		return nil, false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	if units[0] == 0xfeff {
		units = units[1:]
	}
	return []byte(string(utf16.Decode(units))), true
}

func toUTF16(order binary.AppendByteOrder, b []byte) []byte {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = order.AppendUint16(out, uint16(c))
	}
	return out
}

// toWindows1252 writes each character as one byte: it undoes text that was taken
// for Windows-1252, or for Latin-1, and written as UTF-8.
func toWindows1252(b []byte) ([]byte, bool) {
	if !utf8.Valid(b) {
		return nil, false
	}
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		switch i := slices.Index(windows1252[:], r); {
		case i >= 0:
			out = append(out, byte(0x80+i))
		case r < 0x100:
			out = append(out, byte(r))
		default:
			return nil, false
		}
	}
	return out, true
}

// fromLatin1 takes each byte for a character.
func fromLatin1(b []byte) ([]byte, bool) {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return out, true
}

func fromWindows1252(b []byte) ([]byte, bool) {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = windows1252[c%32]
		}
		out = utf8.AppendRune(out, r)
	}
	return out, true
}

// windows1252 is the characters of bytes 0x80 to 0x9f; those that have none
// stand for themselves.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// normal writes text in one of Unicode's normal forms.
func normal(form norm.Form) func([]byte) ([]byte, bool) {
	return func(b []byte) ([]byte, bool) { return form.Bytes(b), true }
}
