package capture

import (
	"bytes"
	"context"
	"io"
	"iter"
	"strconv"
	"sync"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// ndjsonFormat is one record a line. It is the format for large batches: the
// reader only looks for newlines, and whole blocks of lines are decoded by
// whoever has a core to spare.
var ndjsonFormat = Format{
	Name:  recorded.NDJSON,
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

// sniffNDJSON looks for a delivery among lines that are JSON objects.
func sniffNDJSON(head []byte, _ bool, names []string) bool {
	found, objects := sniffLines(head, names)
	return found && objects
}

// laidOut reports whether text, which may be cut off, is a JSON document that is no
// line: one of several lines, a list, or one of those with more behind it. What
// has a line of its own in those is a part of them.
func laidOut(text []byte, names []string) bool {
	text = text[jsontext.SkipSpace(text, 0):]
	if !walk.IsObject(text) && !walk.IsObject(walk.FirstItem(text)) {
		return false
	}
	var s walk.Scanner
	end, result := s.Scan(text)
	if !walk.IsList(text) && bytes.IndexByte(text[:end], '\n') < 0 {
		return false
	}
	switch {
	case result == walk.ScanBad:
		return false
	case result != walk.ScanDone, jsontext.SkipSpace(text, end) == len(text):
		return true
	}
	// A program may print JSON as it starts.
	return walk.IsRecord(walk.FirstOf(text), false) || walk.DeliveriesIn(bytes.Clone(text[:end]), names, func(string, *Request, error) bool { return false }) > 0
}

func readNDJSON(ctx context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		if in.Detected {
			readLines(ctx, in, recorded.NDJSON, yield)
			return
		}
		l := lines{ctx: ctx, in: in, yield: yield, next: 1}
		l.decode = l.records
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
	// decode makes a batch of whole lines, of which the first has the number n. Odd
	// says that one of them is no JSON object.
	decode func(block []byte, n int, odd bool) Batch
	// open, where set, is the value that goes on over the lines at the end of buf,
	// which are kept together.
	open *openValue
}

// read takes one read's worth of input and reports whether to go on.
func (l *lines) read() bool {
	if len(l.buf) == cap(l.buf) {
		l.buf = append(make([]byte, 0, room(cap(l.buf), l.in.Size)), l.buf...)
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
	if !l.give(bytes.LastIndexByte(l.buf, '\n') + 1) {
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
// each doubling would leave the one before it for the collector. The first are small,
// and no larger than a whole input whose size is known: blocks for one delivery would
// bring a collection with them.
func room(size int, whole int64) int {
	switch {
	case size >= 16*blockSize:
		return MaxDelivery + blockSize
	case size > 0:
		return 2 * size
	case whole > 0:
		return int(min(whole+1, blockSize/16))
	}
	return blockSize / 16
}

// blocks is the memory of blocks that were decoded, for the next ones.
var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

func newBlock() []byte { return blocks.Get().(*[blockSize]byte)[:0] }

// cutBlock cuts a buffer after n bytes into two that share no memory. It copies the
// shorter part, if the buffer is a block, and the rest of one that is not full grown.
func cutBlock(buf []byte, n int) (block, rest []byte) {
	if cap(buf) < blockSize {
		return buf[:n], append(make([]byte, 0, room(cap(buf), 0)), buf[n:]...)
	}
	free := newBlock()
	if cap(buf) == blockSize && n > blockSize/2 {
		return buf[:n], append(free, buf[n:]...)
	}
	block = append(free, buf[:n]...)
	return block, append(buf[:0], buf[n:]...)
}

// releaseBlock makes the memory of a block available again: nothing may refer to it.
func releaseBlock(block []byte) {
	if cap(block) == blockSize {
		blocks.Put((*[blockSize]byte)(block[:blockSize]))
	}
}

// cut yields the whole lines of buf, which then belong to whoever decodes them, or a
// long line alone, whose memory is used again when it was decoded.
func (l *lines) cut() bool {
	end := bytes.LastIndexByte(l.buf[l.scanned:], '\n') + 1
	if end == 0 {
		return l.tooLong()
	}
	end += l.scanned
	if l.skip {
		n := bytes.IndexByte(l.buf, '\n') + 1
		if !l.part(l.buf[:n]) {
			return false
		}
		l.buf, l.skip = append(l.buf[:0], l.buf[n:]...), false
		end -= n
	}
	l.scanned = len(l.buf)
	if l.open != nil {
		if ready := l.open.hold(l.buf[:end]); len(l.buf)-ready <= MaxDelivery {
			end = ready
		}
	}
	return l.give(end)
}

// give yields the first n bytes of buf, which are whole lines.
func (l *lines) give(n int) (more bool) {
	block, rest := l.buf[:n], l.buf[n:]
	switch {
	case n == 0:
		return true
	case n > longLine:
		if more = recorded.Alone(l.ctx, l.batch(block), l.yield); more {
			l.buf = append(l.buf[:0], rest...)
		}
	case l.in.KeepLines: // for longer: a few lines take no whole block
		block = bytes.Clone(block)
		l.buf = append(l.buf[:0], rest...)
		more = l.yield(l.batch(block))
	default:
		block, l.buf = cutBlock(l.buf, n)
		more = l.yield(l.batch(block).Then(func() { releaseBlock(block) }))
	}
	if more {
		l.scanned = len(l.buf)
		if l.open != nil {
			l.open.given(n)
		}
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
	if n := bytes.LastIndexByte(l.buf, '\n') + 1; n > 0 {
		return l.give(n) // a value that goes on over too many lines
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
	return l.yield(l.unreadable(l.next-1, text, recorded.ErrTooLarge))
}

// unreadable is a line that cannot be read.
func (l *lines) unreadable(n int, text []byte, err error) Batch {
	source := l.source(n)
	if !l.in.KeepLines || len(text) == 0 {
		return recorded.Unreadable(source, err)
	}
	return Batch{Size: len(text), Decode: func(yield func(*Request, error) bool) {
		_ = yield(&Request{Source: source}, err) && yield(&Request{Line: text}, recorded.ErrEndOfLine)
	}}
}

// part yields more of a line that is too long, if lines are kept.
func (l *lines) part(text []byte) bool {
	if !l.in.KeepLines || len(text) == 0 {
		return true
	}
	b := recorded.Single(&Request{Line: bytes.Clone(text)}, recorded.ErrLinePart)
	b.Size = len(text)
	return l.yield(b)
}

func (l *lines) source(n int) string { return l.in.Name + ":" + strconv.Itoa(n) }

// batch makes a batch of whole lines; the numbers go on from there.
func (l *lines) batch(block []byte) Batch {
	n, t := l.next, l.open.tallied(block)
	l.next += t.ends
	return l.decode(block, n, t.odd)
}

// records decodes lines each of which is a record.
func (l *lines) records(block []byte, n int, _ bool) Batch {
	name, keep, names := l.in.Name, l.in.KeepLines, l.in.SignatureHeaders
	return Batch{Size: len(block), Decode: func(yield func(*Request, error) bool) {
		f := fastDecoder{names: names}
		for line := range bytes.Lines(block) {
			kept := line
			if keep && len(line) >= recorded.LargeBody {
				kept = bytes.Clone(line) // a large body is written over it
			}
			if line = bytes.TrimSuffix(line, []byte("\n")); n == 1 {
				line = message.TrimBOM(line)
			}
			if len(bytes.TrimSpace(line)) > 0 && !f.all(name, n, line, yield) {
				return
			}
			if keep && !yield(&Request{Source: l.source(n), Line: kept}, recorded.ErrEndOfLine) {
				return
			}
			n++
		}
	}}
}
