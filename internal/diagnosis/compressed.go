package diagnosis

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"iter"
	"unicode/utf8"
)

// decompressed is what a compressed body holds, also if it is base64 of one.
func decompressed(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		forms := [][]byte{b}
		if out, ok := decodeText(b); ok {
			forms = append(forms, out)
		}
		for _, form := range forms {
			if !looksCompressed(form) {
				continue
			}
			for _, open := range []func(io.Reader) (io.Reader, error){
				func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
				func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
				func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil },
			} {
				r, err := open(bytes.NewReader(form))
				if err != nil {
					continue
				}
				out, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
				if err == nil && (!yield(out) || !yield(bytes.TrimRight(out, "\r\n"))) {
					return
				}
			}
		}
	}
}

// looksCompressed reports whether b begins as zlib does, or not as text.
func looksCompressed(b []byte) bool {
	switch {
	case len(b) < 4:
		return false
	case b[0]&0x0f == 8 && (int(b[0])<<8|int(b[1]))%31 == 0:
		return true
	}
	const telling = 64 // bytes of compressed data are hardly ever text by chance
	head := b[:min(len(b), telling)]
	if bytes.ContainsFunc(head, func(r rune) bool { return r < 0x20 && r != '\t' && r != '\n' && r != '\r' }) {
		return true
	}
	for n := range utf8.UTFMax { // the last character may be cut
		if utf8.Valid(head[:len(head)-n]) {
			return false
		}
	}
	return true
}
