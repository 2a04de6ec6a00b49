package capture

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// What the reader gives arrives whole and in order, however small its pieces
// are, and so does its own error: that of a compressed file that is cut off is
// io.ErrUnexpectedEOF, and no end.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	want := bytes.Repeat([]byte("0123456789abcdef"), 3*streamChunk/16+5)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":             func(r io.Reader) io.Reader { return r },
		"halves":            iotest.HalfReader,
		"the end with data": iotest.DataErrReader,
		"cut off":           func(r io.Reader) io.Reader { return io.MultiReader(r, iotest.ErrReader(io.ErrUnexpectedEOF)) },
		"cut off, with bytes": func(r io.Reader) io.Reader {
			return iotest.DataErrReader(io.MultiReader(r, iotest.ErrReader(io.ErrUnexpectedEOF)))
		},
	} {
		var got []byte
		err := ReadAhead(t.Context(), wrap(bytes.NewReader(want)), func(b []byte) error {
			got = append(got, b...)
			return nil
		})
		if cut := errors.Is(err, io.ErrUnexpectedEOF); cut != (name[:3] == "cut") || !cut && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes arrived, want %d", name, len(got), len(want))
		}
	}
}
