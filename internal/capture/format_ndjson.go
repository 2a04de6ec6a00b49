package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"strconv"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// ndjsonFormat is one record a line. It is the format for large batches: the
// reader only looks for newlines, and whole blocks of lines are decoded by
// whoever has a core to spare.
var ndjsonFormat = Format{
	Name:  "ndjson",
	About: `one JSON object {"headers", "body_base64" or "body"} a line, as listen writes it`,
	Sniff: sniffNDJSON,
	Lines: true,
	Read:  readNDJSON,
}

const (
	// blockSize is how much is read at a time, and how much a batch holds
	// unless a single line is longer.
	blockSize = 1 << 20
	// longLine is from where on nothing is read while a line is decoded.
	longLine = 8 << 20
)

// sniffNDJSON looks for one line that is a record among those that begin within
// the first headStep bytes: what a program prints as it starts, or a torn line,
// does not hide what the rest is. The last line may be cut off.
func sniffNDJSON(head []byte, _ bool) bool {
	text := trimBOM(head)
	if laidOut(text) {
		return false
	}
	for rest, ended := text, true; ended && len(text)-len(rest) < headStep; {
		var line []byte
		line, rest, ended = bytes.Cut(rest, []byte("\n"))
		line = bytes.TrimSpace(line)
		if whole := jsontext.SkipValue(line, 0) == len(line); (whole || !ended) && isRecord(line, !whole) {
			return true
		}
	}
	return false
}

// laidOut reports whether text is one JSON document of several lines, or begins
// with a list of records: what has a line of its own in those is a part of them.
func laidOut(text []byte) bool {
	text = text[jsontext.SkipSpace(text, 0):]
	item := firstItem(text)
	end := jsontext.SkipValue(text, 0)
	switch {
	case !isObject(text) && !isObject(item):
		return false
	case end == -1:
		return isObject(item)
	case jsontext.SkipSpace(text, end) < len(text):
		return isRecord(item, false)
	}
	return bytes.Contains(text[:end], []byte("\n")) && json.Valid(text[:end])
}

func readNDJSON(ctx context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		l := lines{ctx: ctx, in: in, yield: yield, next: 1}
		for ctx.Err() == nil && l.read() {
		}
	}
}

// lines cuts an input into blocks of whole lines.
type lines struct {
	ctx     context.Context
	in      Input
	yield   func(Batch) bool
	buf     []byte // what was read and not yet yielded; no newline in it
	next    int    // number of the first line in buf
	scanned int    // of buf, without a newline
	skip    bool   // inside a line that is too long
}

// read takes one read's worth of input and reports whether to go on.
func (l *lines) read() bool {
	if len(l.buf) == cap(l.buf) {
		l.buf = append(make([]byte, 0, room(cap(l.buf))), l.buf...)
	}
	n, err := l.in.R.Read(l.buf[len(l.buf):min(cap(l.buf), len(l.buf)+blockSize)])
	l.buf = l.buf[:len(l.buf)+n]
	if more := l.cut(); err == nil || !more {
		return more
	}
	if err == io.EOF {
		if len(l.buf) > 0 && !l.skip {
			// The last line has no newline: complete, or torn and then unreadable.
			l.yield(l.batch(l.buf))
		}
		return false
	}
	if len(l.buf) > 0 && !l.skip {
		l.next++
	}
	l.yield(l.unreadable(l.next, l.buf, durable.WithoutPath(err)))
	return false
}

// room is the next size of a buffer that is full: twice as much, and from 16 MiB
// on what the longest line takes. Pages that are not filled cost nothing, where
// each doubling would leave the one before it for the collector.
func room(size int) int {
	if size >= 16*blockSize {
		return MaxDelivery + blockSize
	}
	return max(blockSize, 2*size)
}

// cut yields the whole lines of buf: a copy of them, so that the buffer can be
// filled on, or a long line as it is, whose memory is used again when it was
// decoded.
func (l *lines) cut() bool {
	end := bytes.LastIndexByte(l.buf[l.scanned:], '\n') + 1
	if end == 0 {
		return l.tooLong()
	}
	block, rest := l.buf[:l.scanned+end], l.buf[l.scanned+end:]
	more := true
	if l.skip {
		end := bytes.IndexByte(block, '\n') + 1
		more = l.part(block[:end])
		block, l.skip = block[end:], false
	}
	switch {
	case !more:
	case len(block) > longLine:
		more = alone(l.ctx, l.batch(block), l.yield)
	case len(block) > 0:
		more = l.yield(l.batch(bytes.Clone(block)))
	}
	if more {
		l.buf = append(l.buf[:0], rest...)
		l.scanned = len(l.buf)
	}
	return more
}

// tooLong gives up on a line over the limit: it is reported once, and its
// bytes are dropped up to the next newline, unless lines are kept.
func (l *lines) tooLong() bool {
	l.scanned = len(l.buf)
	if !l.skip && len(l.buf) <= MaxDelivery {
		return true
	}
	text, skipped := l.buf, l.skip
	l.buf, l.scanned, l.skip = l.buf[:0], 0, true
	if skipped {
		return l.part(text)
	}
	if l.in.KeepLines {
		l.buf = nil // it is given away
	}
	l.next++
	return l.yield(l.unreadable(l.next-1, text, errTooLarge))
}

// unreadable is a line that cannot be read.
func (l *lines) unreadable(n int, text []byte, err error) Batch {
	source := l.source(n)
	if !l.in.KeepLines || len(text) == 0 {
		return unreadable(source, err)
	}
	return Batch{Size: len(text), each: func(yield func(*Request, error) bool) {
		_ = yield(&Request{Source: source}, err) && yield(&Request{Line: text}, EndOfLine)
	}}
}

// part yields more of a line that is too long, if lines are kept.
func (l *lines) part(text []byte) bool {
	if !l.in.KeepLines || len(text) == 0 {
		return true
	}
	b := one(&Request{Line: bytes.Clone(text)}, LinePart)
	b.Size = len(text)
	return l.yield(b)
}

func (l *lines) source(n int) string { return l.in.Name + ":" + strconv.Itoa(n) }

// batch makes a batch of whole lines; the numbers go on from there.
func (l *lines) batch(block []byte) Batch {
	name, n, keep, names := l.in.Name, l.next, l.in.KeepLines, l.in.SignatureHeaders
	l.next += bytes.Count(block, []byte("\n"))
	return Batch{Size: len(block), each: func(yield func(*Request, error) bool) {
		f := fastDecoder{names: names}
		for line := range bytes.Lines(block) {
			kept := line
			if keep && len(line) >= largeBody {
				kept = bytes.Clone(line) // a large body is written over it
			}
			if line = bytes.TrimSuffix(line, []byte("\n")); n == 1 {
				line = trimBOM(line)
			}
			if len(bytes.TrimSpace(line)) > 0 && !yield(f.decode(name, n, line)) {
				return
			}
			if keep && !yield(&Request{Source: l.source(n), Line: kept}, EndOfLine) {
				return
			}
			n++
		}
	}}
}
