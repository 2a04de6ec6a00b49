package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"strconv"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// ndjsonFormat is one record a line. It is the format for large batches: the
// reader only looks for newlines, and whole blocks of lines are decoded by
// whoever has a core to spare.
var ndjsonFormat = Format{
	Name:  "ndjson",
	About: `one JSON object {"headers", "body_base64" or "body"} a line, as listen writes it`,
	Sniff: sniffNDJSON,
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
	for begin := 0; begin < min(len(text), headStep); {
		end := len(text)
		ended := false
		if i := bytes.IndexByte(text[begin:], '\n'); i >= 0 {
			end, ended = begin+i, true
		}
		line := bytes.TrimSpace(text[begin:end])
		if isObject(line) {
			whole := jsontext.SkipValue(line, 0) == len(line)
			if isRecord(line, !whole) && (whole || !ended) {
				return true
			}
		}
		begin = end + 1
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
	case end < 0:
		return isObject(item)
	case jsontext.SkipSpace(text, end) < len(text):
		return isRecord(item, false)
	}
	return bytes.IndexByte(text[:end], '\n') >= 0 && json.Valid(text[:end])
}

func readNDJSON(ctx context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		l := lines{ctx: ctx, in: Input{Name: in.Name, R: &bomless{r: in.R}}, yield: yield, next: 1}
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
	if cap(l.buf)-len(l.buf) < blockSize/2 {
		grown := make([]byte, len(l.buf), room(cap(l.buf)))
		copy(grown, l.buf)
		l.buf = grown
	}
	n, err := l.in.R.Read(l.buf[len(l.buf):min(cap(l.buf), len(l.buf)+blockSize)])
	l.buf = l.buf[:len(l.buf)+n]
	full := len(l.buf) == cap(l.buf)
	if err == nil {
		return l.cut(full)
	}
	if !l.cut(false) {
		return false
	}
	if len(l.buf) > 0 && !l.skip {
		if err == io.EOF {
			// The last line has no newline: complete, or torn and then unreadable.
			l.yield(l.batch(l.buf))
			return false
		}
		l.next++
	}
	if err != io.EOF {
		l.yield(unreadable(l.source(l.next), cause(err)))
	}
	return false
}

// room is the next size of a buffer that is full: twice as much, and from 16 MiB
// on what the longest line takes. Pages that are not filled cost nothing, where
// each doubling would leave the one before it for the collector.
func room(size int) int {
	if size >= 16*blockSize {
		return max(MaxDelivery+blockSize, size+blockSize)
	}
	return max(blockSize, 2*size)
}

// cut yields the whole lines of buf. A block that is far from full is copied,
// so that the buffer can be filled on; a full one is handed over.
func (l *lines) cut(full bool) bool {
	end := bytes.LastIndexByte(l.buf[l.scanned:], '\n') + 1
	if end == 0 {
		return l.tooLong()
	}
	end += l.scanned
	block, rest := l.buf[:end], l.buf[end:]
	if l.skip {
		// The end of the line that was too long.
		first := bytes.IndexByte(block, '\n') + 1
		block, l.skip = block[first:], false
	}
	more := true
	switch {
	case len(block) == 0:
		l.buf = append(l.buf[:0], rest...)
	case len(block) > longLine:
		// The buffer is used again when the line was decoded.
		if more = alone(l.ctx, l.batch(block), l.yield); more {
			l.buf = append(l.buf[:0], rest...)
		}
	case (full || len(block) >= blockSize/2) && cap(l.buf) <= longLine:
		batch := l.batch(block)
		l.buf = append(make([]byte, 0, blockSize+2*len(rest)), rest...)
		more = l.yield(batch)
	default:
		batch := l.batch(bytes.Clone(block))
		l.buf = append(l.buf[:0], rest...)
		more = l.yield(batch)
	}
	l.scanned = len(l.buf)
	return more
}

// tooLong gives up on a line over the limit: it is reported once, and its
// bytes are dropped up to the next newline.
func (l *lines) tooLong() bool {
	l.scanned = len(l.buf)
	if l.skip {
		l.buf, l.scanned = l.buf[:0], 0
		return true
	}
	if len(l.buf) <= MaxDelivery {
		return true
	}
	source := l.source(l.next)
	l.buf, l.scanned, l.skip = nil, 0, true
	l.next++
	return l.yield(unreadable(source, errTooLarge))
}

func (l *lines) source(n int) string { return l.in.Name + ":" + strconv.Itoa(n) }

// batch makes a batch of whole lines; the numbers go on from there.
func (l *lines) batch(block []byte) Batch {
	d := lineDecoder{name: l.in.Name, line: l.next, block: block}
	l.next += bytes.Count(block, []byte("\n"))
	return Batch{Size: len(block), each: d.each}
}

// lineDecoder decodes a block of lines.
type lineDecoder struct {
	name  string
	line  int
	block []byte
}

func (d *lineDecoder) each(yield func(*Request, error) bool) {
	var f fastDecoder
	for rest := d.block; len(rest) > 0; d.line++ {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r, err := f.decode(d.name, d.line, line)
		if !yield(r, err) {
			return
		}
	}
}
