package capture

import (
	"bytes"

	"github.com/hookctl/hookctl/internal/capture/walk"
)

// openValue is a JSON value that goes on over lines, each of which may have
// before it what a log collector writes.
type openValue struct {
	scan   walk.Scanner
	prefix []byte // what is before the value on its first line
	from   int    // where it begins in that

	// Of an input that is cut into blocks:
	active bool
	line   int   // where the line is in the buffer that the value begins in
	before tally // of the lines before that one
	at     int   // up to where lines were looked at
	seen   tally // of those
}

// tally is what is known of lines.
type tally struct {
	ends int  // of lines
	odd  bool // there is a line that is no JSON object, as far as its ends tell; the last one may be cut off
}

func (t *tally) add(line []byte) {
	ended := line[len(line)-1] == '\n'
	if ended {
		t.ends++
	}
	line = bytes.TrimSpace(line)
	t.odd = t.odd || len(line) > 0 && (line[0] != '{' || ended && line[len(line)-1] != '}')
}

// tallied is the tally of a block at the start of the buffer, of which no more is
// looked at than was not yet. Without an open value it is that of any lines.
func (o *openValue) tallied(block []byte) (t tally) {
	at := 0
	if o != nil {
		if len(block) < o.at {
			return o.before
		}
		t, at = o.seen, o.at
	}
	for at < len(block) {
		line, _ := cutAfterLine(block[at:])
		t.add(line)
		at += len(line)
	}
	return t
}

// begin looks for a value in line that is open at the end of it, as printers lay
// one out: behind a bracket.
func (o *openValue) begin(line []byte) bool {
	text := bytes.TrimRight(line, " \t\r\n")
	if len(text) == 0 || text[len(text)-1] != '{' && text[len(text)-1] != '[' {
		return false
	}
	for at := 0; ; {
		i := bytes.IndexAny(text[at:], "{[")
		if i < 0 {
			return false
		}
		start := at + i
		o.scan.Begin()
		end, result := o.scan.Scan(text[start:])
		if result == walk.ScanOpen {
			o.from, o.prefix = start, append(o.prefix[:0], text[:start]...)
			return true
		}
		at = start + max(end, 1)
	}
}

// next goes on with a line, without what strip takes off it.
func (o *openValue) next(line []byte) (end int, result walk.ScanResult) {
	if end, result = o.scan.Scan(line); result == walk.ScanTorn {
		result = walk.ScanBad // a string does not go on over lines
	}
	return end, result
}

// strip takes off a line what it has before it as the first one has: the same
// text, with other numbers in the same places.
func (o *openValue) strip(line []byte) []byte {
	at := 0
	for i := 0; i < len(o.prefix) && at < len(line); {
		switch {
		case isDigit(o.prefix[i]) && isDigit(line[at]):
			for i < len(o.prefix) && isDigit(o.prefix[i]) {
				i++
			}
			for at < len(line) && isDigit(line[at]) {
				at++
			}
			continue
		case o.prefix[i] != line[at]:
			return line[at:]
		}
		i++
		at++
	}
	return line[at:]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// hold returns how much of buf, which is whole lines, can be decoded: up to the
// line that a value begins in which is open at the end.
func (o *openValue) hold(buf []byte) int {
	for o.at < len(buf) {
		line, _ := cutAfterLine(buf[o.at:])
		start, before := o.at, o.seen
		o.at += len(line)
		o.seen.add(line)
		if o.active {
			_, result := o.next(o.strip(bytes.TrimRight(line, "\r\n")))
			if o.active = result == walk.ScanOpen; o.active || result == walk.ScanDone {
				continue
			}
		}
		if o.active = o.begin(line); o.active {
			o.line, o.before = start, before
		}
	}
	if o.active {
		return o.line
	}
	return len(buf)
}

// given says that so many bytes of the buffer are no longer in it.
func (o *openValue) given(n int) {
	if n < o.at {
		o.seen.ends -= o.before.ends
	} else {
		o.seen = tally{}
	}
	o.at = max(0, o.at-n)
	if o.line -= n; o.line < 0 {
		o.active = false // it was given up
	}
}

// cutAfterLine cuts behind the first line end.
func cutAfterLine(b []byte) (line, rest []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i+1], b[i+1:]
	}
	return b, nil
}
