package walk

import (
	"bytes"
	"testing"
)

// TestPlainString: what tells a plain string eight bytes at a time finds each byte that
// one may not have, wherever it stands and whatever stands beside it.
func TestPlainString(t *testing.T) {
	t.Parallel()
	for length := range 20 {
		for at := range length {
			for _, around := range []byte{' ', '!', '[', ']', 'x', 0x7f, 0x80, 0xa0, 0xdc, 0xff} {
				text := bytes.Repeat([]byte{around}, length)
				for c := range 256 {
					text[at] = byte(c)
					want := len(text) + 2
					switch {
					case c < 0x20 || c == '\\':
						want = -1
					case c == '"':
						want = at + 2
					}
					quoted := append(append([]byte{'"'}, text...), '"')
					if got := PlainString(quoted, 0); got != want {
						t.Fatalf("%q: %d, want %d", quoted, got, want)
					}
				}
			}
		}
	}
}
