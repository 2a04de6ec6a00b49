package diagnosis

import (
	"bytes"
	"encoding/binary"
	"html"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
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
			toLatin1, toWindows1252, fromLatin1, fromWindows1252, composed, decomposed,
		} {
			if out, ok := form(b); ok && !bytes.Equal(out, b) && !yield(out) {
				return
			}
		}
		for _, undo := range []func([]byte) ([]byte, bool){toLatin1, toWindows1252} {
			once, ok := undo(b)
			if !ok {
				continue
			}
			for _, again := range []func([]byte) ([]byte, bool){toLatin1, toWindows1252} {
				if out, ok := again(once); ok && !bytes.Equal(out, once) && !yield(out) {
					return
				}
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

// toLatin1 writes each character as one byte: it undoes text that was taken for
// Latin-1 and written as UTF-8.
func toLatin1(b []byte) ([]byte, bool) {
	return toBytes(b, func(r rune) (byte, bool) { return byte(r), r < 0x100 })
}

func toWindows1252(b []byte) ([]byte, bool) {
	return toBytes(b, func(r rune) (byte, bool) {
		for i, w := range windows1252 {
			if r == w {
				return byte(0x80 + i), true
			}
		}
		return byte(r), r < 0x100
	})
}

func toBytes(b []byte, one func(rune) (byte, bool)) ([]byte, bool) {
	if !utf8.Valid(b) {
		return nil, false
	}
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		c, ok := one(r)
		if !ok {
			return nil, false
		}
		out = append(out, c)
	}
	return out, true
}

// fromLatin1 takes each byte for a character.
func fromLatin1(b []byte) ([]byte, bool) {
	out := make([]byte, 0, len(b)+len(b)/4)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return out, true
}

func fromWindows1252(b []byte) ([]byte, bool) {
	out := make([]byte, 0, len(b)+len(b)/4)
	for _, c := range b {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = windows1252[c-0x80]
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

// composed and decomposed are Unicode's forms C and D for the letters of
// western and central European languages, which is where it is met.
func composed(b []byte) ([]byte, bool)   { return []byte(composer().Replace(string(b))), true }
func decomposed(b []byte) ([]byte, bool) { return []byte(decomposer().Replace(string(b))), true }

// accents are letters with an accent, each after the one without.
var accents = []struct{ mark, pairs string }{
	{"\u0300", "aàeèiìoòuùnǹAÀEÈIÌOÒUÙ"},
	{"\u0301", "aáeéiíoóuúyýcćnńsśzźrŕlĺAÁEÉIÍOÓUÚYÝCĆNŃSŚZŹ"},
	{"\u0302", "aâeêiîoôuûwŵyŷAÂEÊIÎOÔUÛ"},
	{"\u0303", "aãnñoõAÃNÑOÕ"},
	{"\u0304", "aāeēiīoōuūAĀEĒIĪOŌUŪ"},
	{"\u0306", "aăgğuŭAĂGĞ"},
	{"\u0307", "eėzżEĖZŻIİ"},
	{"\u0308", "aäeëiïoöuüyÿAÄEËIÏOÖUÜ"},
	{"\u030a", "aåuůAÅUŮ"},
	{"\u030b", "oőuűOŐUŰ"},
	{"\u030c", "cčdďeěnňrřsštťzžCČDĎEĚNŇRŘSŠTŤZŽ"},
	{"\u0327", "cçsşCÇSŞ"},
	{"\u0328", "aąeęAĄEĘ"},
}

// letterPairs is each letter with its accent, as one character and as two.
func letterPairs(one func(composed, decomposed string)) {
	for _, a := range accents {
		letters := []rune(a.pairs)
		for i := 0; i+1 < len(letters); i += 2 {
			one(string(letters[i+1]), string(letters[i])+a.mark)
		}
	}
}

func composer() *strings.Replacer {
	var pairs []string
	letterPairs(func(c, d string) { pairs = append(pairs, d, c) })
	return strings.NewReplacer(pairs...)
}

func decomposer() *strings.Replacer {
	var pairs []string
	letterPairs(func(c, d string) { pairs = append(pairs, c, d) })
	return strings.NewReplacer(pairs...)
}
