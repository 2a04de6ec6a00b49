package httpx

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// bodyError is a body that arrived but cannot be accepted. Its text is safe to
// show and fits behind "the answer of HOST ".
type bodyError string

func (e bodyError) Error() string { return string(e) }

const errCompressed bodyError = "is damaged: its body cannot be decompressed"

// maxEncodings bounds Content-Encoding lists: each costs a decoder.
const maxEncodings = 2

// readBody reads a whole body of at most limit bytes, before as well as after
// decoding. What no one asked to be compressed is decoded all the same. With an
// error the body is as much as could be read.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	encodings, err := encodingsOf(resp.Header)
	if err != nil {
		return nil, err
	}
	if len(encodings) == 0 {
		return io.ReadAll(newCapped(resp.Body, limit, 0))
	}
	// What does not compress grows by a little.
	raw := newCapped(resp.Body, limit, limit/64+1<<10)
	packed := bufio.NewReader(raw)
	if _, err := packed.Peek(1); errors.Is(err, io.EOF) {
		return nil, nil // nothing at all, as with 204
	}
	var r io.Reader = packed
	// The encoding applied last is listed last, and undone first.
	for i := len(encodings) - 1; i >= 0; i-- {
		if r, err = decoder(encodings[i], r); err != nil {
			return nil, unpackError(err, raw)
		}
		r = newCapped(r, limit, 0)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return body, unpackError(err, raw)
	}
	// A decoder may stop before the end, and the end may be cut.
	_, err = io.Copy(io.Discard, packed)
	return body, err
}

// readAsIs reads a body without unpacking it, and one byte more than limit where it
// goes on.
func readAsIs(resp *http.Response, limit int64) ([]byte, error) {
	return io.ReadAll(io.LimitReader(resp.Body, limit+1))
}

// Unpack decodes the body of an answer with these headers. With an error the body is
// as much as could be decoded.
func Unpack(header http.Header, body []byte) ([]byte, error) {
	return readBody(&http.Response{Header: header, Body: io.NopCloser(bytes.NewReader(body))}, CapGet)
}

// unpackError tells a damaged body from one that was cut or is too large.
func unpackError(err error, raw *capped) error {
	var known bodyError
	switch {
	case raw.err != nil && !errors.Is(raw.err, io.EOF):
		return raw.err
	case errors.As(err, &known):
		return known
	default:
		return errCompressed
	}
}

func encodingsOf(h http.Header) ([]string, error) {
	var list []string
	for _, name := range strings.Split(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "", "identity":
		case "gzip", "x-gzip", "deflate":
			list = append(list, name)
		default:
			return nil, bodyError("uses a compression that was not requested")
		}
	}
	if len(list) > maxEncodings {
		return nil, bodyError("is compressed too many times")
	}
	return list, nil
}

func decoder(name string, r io.Reader) (io.Reader, error) {
	if name != "deflate" {
		return gzip.NewReader(r)
	}
	// The standard means zlib; some servers send the bare stream.
	br := bufio.NewReader(r)
	head, err := br.Peek(2)
	if err == nil && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(br)
	}
	return flate.NewReader(br), nil
}

// capped fails once more than limit bytes come, unlike io.LimitReader, which
// would make a large body look like a whole one.
type capped struct {
	r     io.Reader
	limit int64 // as said in the error
	left  int64
	err   error // of the last Read
}

func newCapped(r io.Reader, limit, slack int64) *capped {
	return &capped{r: r, limit: limit, left: limit + slack}
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if len(p) == 0 || c.err != nil {
		return 0, c.err
	}
	// One more than is left shows that there is more.
	n, err := c.r.Read(p[:min(int64(len(p)), c.left+1)])
	if int64(n) > c.left {
		c.err = bodyError("is larger than " + size(c.limit))
		return int(c.left), c.err
	}
	c.left -= int64(n)
	c.err = err
	return n, err
}

// size writes a number of bytes as people do.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}
