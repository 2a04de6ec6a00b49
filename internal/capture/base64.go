package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"sync"
)

// Decoding base64 costs more than the HMAC of what comes out, and the standard
// library goes character by character. The table below takes two characters at
// a time, which is about twice as fast (BenchmarkBase64).

// pairTable is the 12 bits of two characters of the standard alphabet, by their
// bytes as a little-endian number; notPair for all others.
type pairTable [1 << 16]uint16

const notPair = 1 << 15

// pairs is made when it is first needed: most runs never do.
var pairs = sync.OnceValue(func() *pairTable {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	t := new(pairTable)
	for i := range t {
		t[i] = notPair
	}
	for i := range alphabet {
		for j := range alphabet {
			t[int(alphabet[i])|int(alphabet[j])<<8] = uint16(i<<6 | j)
		}
	}
	return t
})

// inPlace decodes padded standard base64 over itself. It is false for anything
// else, which is then as it was.
func (t *pairTable) inPlace(text []byte) ([]byte, bool) {
	tail := max(len(text)-8, 0) &^ 7
	for rest := text[:tail]; len(rest) > 0; rest = rest[8:] {
		w := binary.LittleEndian.Uint64(rest)
		if (t[uint16(w)]|t[uint16(w>>16)]|t[uint16(w>>32)]|t[w>>48])&notPair != 0 {
			return nil, false
		}
	}
	var end [12]byte
	if _, ok := t.decode(end[:], text[tail:]); !ok {
		return nil, false
	}
	// What is written for eight characters ends where the next eight begin.
	n, ok := t.decode(text, text)
	return text[:n:n], ok
}

// decode decodes padded standard base64 into dst, which must have room for
// [base64.Encoding.DecodedLen]. It is false for anything else, line ends
// included.
func (t *pairTable) decode(dst, src []byte) (int, bool) {
	room := len(dst)
	// Eight characters are six bytes, written as eight: the last ones, and the
	// padding, are left to the library.
	for len(src) > 8 && len(dst) >= 8 {
		w := binary.LittleEndian.Uint64(src)
		a, b, c, d := t[uint16(w)], t[uint16(w>>16)], t[uint16(w>>32)], t[uint16(w>>48)]
		if (a|b|c|d)&notPair != 0 {
			return 0, false
		}
		binary.BigEndian.PutUint64(dst, uint64(a)<<52|uint64(b)<<40|uint64(c)<<28|uint64(d)<<16)
		dst, src = dst[6:], src[8:]
	}
	rest, err := base64.StdEncoding.Decode(dst, src)
	// Go's decoder passes over line ends, which cannot be in a JSON string.
	return room - len(dst) + rest, err == nil && !bytes.ContainsAny(src, "\r\n")
}
