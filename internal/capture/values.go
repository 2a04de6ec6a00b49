package capture

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// values reads the values in JSON text, as a json.Decoder does and with the same
// errors. It scans each byte once, and returns slices of its buffer.
type values struct {
	r    io.Reader
	size int64  // of all that r has; 0 where that is not known
	buf  []byte // what was read; what is before at was taken
	at   int
	err  error // the reader's, after buf
	left int   // how much may still be read; the caller sets it for each item
	// reading, if set, is called before more is read, which may overwrite what was taken.
	// It reports whether to go on.
	reading func() bool
	scan    walk.Scanner
	first   bool // nothing was taken yet of the list or object that was opened last
	listed  bool // item is inside a list
}

// errEnough is the error after reading returned false.
var errEnough = errors.New("no more is needed")

// fill reads more, after what was read.
func (v *values) fill() error {
	if v.err == nil && v.reading != nil && !v.reading() {
		v.err = errEnough
	}
	if v.err == nil && v.left <= 0 {
		v.err = recorded.ErrTooLarge
	}
	if v.err != nil {
		return v.err
	}
	if v.at > 0 {
		v.buf, v.at = append(v.buf[:0], v.buf[v.at:]...), 0
	}
	if len(v.buf) == cap(v.buf) {
		v.buf = append(make([]byte, 0, room(cap(v.buf), v.size)), v.buf...)
	}
	n, err := v.r.Read(v.buf[len(v.buf):min(cap(v.buf), len(v.buf)+min(blockSize, v.left))])
	v.buf, v.left, v.err = v.buf[:len(v.buf)+n], v.left-n, err
	if n > 0 {
		return nil
	}
	return err
}

// next returns the first byte after white space, without taking it.
func (v *values) next() (byte, error) {
	for {
		if v.at = jsontext.SkipSpace(v.buf, v.at); v.at < len(v.buf) {
			return v.buf[v.at], nil
		}
		if err := v.fill(); err != nil {
			return 0, err
		}
	}
}

// wrong is the error of encoding/json for next, after the text before.
func (v *values) wrong(before string, next []byte) error {
	if before != "" {
		next = append([]byte(before), next...)
	}
	return cmp.Or(json.Unmarshal(next, new(any)), io.ErrUnexpectedEOF)
}

// item takes the next value, stepping into and out of one level of lists. At the end
// of the input it returns io.EOF.
func (v *values) item() ([]byte, error) {
	for {
		if v.listed {
			more, err := v.more(']')
			if err != nil {
				return nil, err
			}
			if more {
				return v.value()
			}
			v.listed = false
		}
		c, err := v.next()
		if err != nil {
			return nil, err
		}
		if c != '[' {
			return v.value()
		}
		v.at, v.first, v.listed = v.at+1, true, true
	}
}

// open takes a bracket, and reports whether it was there. A scalar in its place is
// checked.
func (v *values) open(bracket byte) (bool, error) {
	c, err := v.next()
	switch {
	case err != nil:
	case c == bracket:
		v.at, v.first = v.at+1, true
		return true, nil
	case c != '{' && c != '[':
		_, err = v.value()
	}
	return false, err
}

// more goes on to the next element of a list, or the next member of an object, and
// reports whether there is one. If not, the closing bracket is taken.
func (v *values) more(end byte) (bool, error) {
	c, err := v.next()
	switch {
	case err != nil:
		return false, endInside(err)
	case c == end:
		v.at, v.first = v.at+1, false
		return false, nil
	case v.first:
		return true, nil
	case c == ',':
		v.at++
		return true, nil
	case end == ']':
		return false, v.wrong(`[0 `, []byte{c})
	}
	return false, v.wrong(`{"":0 `, []byte{c})
}

// name takes the name of a member and the colon.
func (v *values) name() (string, error) {
	c, err := v.next()
	switch {
	case err != nil:
		return "", endInside(err)
	case c != '"':
		return "", v.wrong(`{"":0,`, []byte{c})
	}
	quoted, err := v.value()
	if err != nil {
		return "", err
	}
	name, _ := jsontext.Unquote(nil, quoted)
	switch c, err = v.next(); {
	case err != nil:
		return "", endInside(err)
	case c != ':':
		return "", v.wrong(`{""`, []byte{c})
	}
	v.at++
	return string(name), nil
}

// value takes a value. The slice is valid until more is read.
func (v *values) value() ([]byte, error) {
	if _, err := v.next(); err != nil {
		return nil, endInside(err)
	}
	v.scan.Begin()
	for n, last := 0, false; ; {
		scan := v.scan.ScanPart
		if last {
			scan = v.scan.Scan // a number may end with the input
		}
		end, result := scan(v.buf[v.at+n:])
		switch n += end; {
		case result == walk.ScanBad:
			return nil, v.wrong("", v.buf[v.at:])
		case result == walk.ScanDone:
			v.at, v.first = v.at+n, false
			return v.buf[v.at-n : v.at : v.at], nil
		case last:
			return nil, io.ErrUnexpectedEOF
		}
		for ended := false; !ended && !last; {
			seen := len(v.buf) - v.at
			if err := v.fill(); err == io.EOF {
				last = true
			} else if err != nil {
				return nil, err
			}
			// A number or a word is scanned again only when its end was read.
			ended = result != walk.ScanTorn || bytes.ContainsAny(v.buf[v.at+seen:], " \t\r\n,:{}[]\"")
		}
	}
}

// endInside keeps an end of the input inside an array from looking like one
// between documents.
func endInside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
