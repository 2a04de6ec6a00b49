package jsontext

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
)

// DecodeBase64 takes either alphabet, padded or not, with line ends or without. It
// decodes s over itself.
func DecodeBase64(s []byte) ([]byte, error) {
	s = bytes.TrimRight(s, "=\r\n")
	if bytes.IndexByte(s, '\n') >= 0 || bytes.IndexByte(s, '\r') >= 0 {
		s = slices.DeleteFunc(s, func(c byte) bool { return c == '\n' || c == '\r' })
	}
	enc := base64.RawStdEncoding
	if bytes.IndexByte(s, '-') >= 0 || bytes.IndexByte(s, '_') >= 0 {
		enc = base64.RawURLEncoding
	}
	// Piece by piece: a decoder does not promise to take the memory that it
	// reads for its output.
	var out [3 << 10]byte
	n := 0
	for at := 0; at < len(s); {
		piece := s[at:min(at+len(out)/3*4, len(s))]
		got, err := enc.Decode(out[:], piece)
		if err != nil {
			var corrupt base64.CorruptInputError
			if errors.As(err, &corrupt) {
				err = corrupt + base64.CorruptInputError(at)
			}
			return nil, err
		}
		n += copy(s[n:], out[:got])
		at += len(piece)
	}
	return s[:n:n], nil
}
