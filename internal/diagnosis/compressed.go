package diagnosis

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/hex"
	"io"
	"iter"
	"unicode/utf8"
)

// decompressed is what a compressed body holds, also if it is base64, digits or chunks of
// one, or if two programs compressed it.
func decompressed(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		const most = 4
		forms := [][]byte{b}
		if out, ok := decodeText(b); ok {
			forms = append(forms, out)
		}
		if out, err := hex.AppendDecode(nil, bytes.TrimSpace(b)); err == nil {
			forms = append(forms, out)
		}
		forms = append(forms, joinedChunks(b)...)
		for n := 0; n < len(forms); n++ {
			form := forms[n]
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
				if err == nil && len(forms) < most && looksCompressed(out) {
					forms = append(forms, out)
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
