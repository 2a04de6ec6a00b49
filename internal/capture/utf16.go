package capture

import (
	"io"

	"golang.org/x/text/encoding/unicode"
)

// Text in UTF-16 is what PowerShell's ">" writes. It is read as UTF-8, unless it
// turns out to be a payload, whose bytes are its own.

const noteUTF16 = "body may not be byte-exact: the capture is UTF-16, so the program that wrote it treated the body as text"

// fromUTF16 reads text that begins with a byte order mark.
func fromUTF16(r io.Reader) io.Reader {
	return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(r)
}

// marked adds notes to what was read of a text that something was around.
func marked(b Batch, inexact bool, notes ...string) Batch {
	if each := b.Decode; each != nil && len(notes) > 0 {
		b.Decode = func(yield func(*Request, error) bool) {
			each(func(r *Request, err error) bool {
				if err == nil {
					r.Inexact, r.Notes = r.Inexact || inexact, append(r.Notes[:len(r.Notes):len(r.Notes)], notes...)
				}
				return yield(r, err)
			})
		}
	}
	return b
}

// recorder keeps what is read through it while it is on.
type recorder struct {
	r    io.Reader
	on   bool
	kept []byte
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if r.on {
		r.kept = append(r.kept, p[:n]...)
	}
	return n, err
}

// stop ends the recording and returns what was read; nil is no recorder.
func (r *recorder) stop() (kept []byte) {
	if r == nil {
		return nil
	}
	kept, r.kept, r.on = r.kept, nil, false
	return kept
}
