package capture

import (
	"bytes"

	"github.com/segmentio/asm/base64"
)

// decodeBase64 decodes padded standard base64 into dst, which must have room for
// [base64.Encoding.DecodedLen]. It is false for anything else, line ends
// included.
func decodeBase64(dst, text []byte) (int, bool) {
	n, err := base64.StdEncoding.Decode(dst, text)
	padding := len(text) - len(bytes.TrimRight(text, "="))
	// A decoder passes over line ends, which cannot be in a JSON string: less comes
	// out then.
	return n, err == nil && len(text)%4 == 0 && n == len(text)/4*3-padding
}

// decodeInPlace is decodeBase64 over the text itself. If it is false, the text is as
// it was.
func decodeInPlace(text []byte) ([]byte, bool) {
	var out [3 << 10]byte
	to := 0
	for _, write := range []bool{false, true} {
		for rest := text; len(rest) > 0; {
			piece := rest[:min(len(rest), len(out)/3*4)]
			rest = rest[len(piece):]
			n, ok := decodeBase64(out[:], piece)
			if !ok || len(rest) > 0 && n < len(out) { // padding is at the end only
				return nil, false
			}
			if write {
				to += copy(text[to:], out[:n])
			}
		}
	}
	return text[:to:to], true
}
