package capture

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// jsonFormat is JSON of any layout in which requests stand: documents, one after the
// other, and the elements of arrays, one at a time. What the walker does not find
// anything in has to be a record.
var jsonFormat = Format{
	Name:  recorded.JSON,
	About: "JSON that contains headers and bodies of requests at any depth: documents, and arrays of them",
	Sniff: sniffJSON,
	Read:  readJSON,
}

func sniffJSON(head []byte, _ bool, names []string) bool {
	text := message.TrimBOM(head)
	item := walk.FirstOf(text)
	return walk.IsRecord(item, jsontext.SkipValue(item, 0) < 0) || walk.MayHold(text, names)
}

func readJSON(ctx context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		j := jsonItems{in: in, ctx: ctx, yield: yield, usual: fastDecoder{names: in.SignatureHeaders}}
		j.v = values{r: bomless(in.R), size: in.Size, reading: j.flush}
		for {
			j.v.left = MaxDelivery
			text, err := j.v.item()
			if err == nil && j.give(text, j.v.listed) {
				continue
			}
			if err == nil || err == errEnough || !j.flush() {
				return
			}
			// There is no telling where the next item would begin.
			if err == io.EOF || j.know(false) && j.torn(j.v.listed, err) {
				j.end()
			}
			releaseBlock(j.v.buf)
			return
		}
	}
}

// jsonItems yields what the items of one input hold.
type jsonItems struct {
	in    Input
	ctx   context.Context
	yield func(Batch) bool
	v     values
	n     int // of the last request
	// run is the records of the usual shape that were taken last, as places in the buffer.
	// They become one batch. Each is certain to be one request, so that what follows has
	// its number before they are decoded.
	run   []span
	alone bool        // the first of them is no element of a list
	usual fastDecoder // tells them from other items
	// What is no request among the elements of a list is unreadable in a list of
	// records, and passed over where requests stand deeper in the elements, as in a log:
	// which of them it is tells the first one that holds a request.
	deeper bool
	known  bool
	odd    []error
	passed int
}

// mostOdd bounds how many errors are held until it is known what they are.
const mostOdd = 10_000

// source names the request that was found last. What is the only document, and a
// request itself, is named as the input is.
func (j *jsonItems) source(listed bool, path string) string {
	if path == "" && !listed && j.n == 1 {
		return j.in.Name
	}
	return sourceOf(fmt.Sprintf("%s#%d", j.in.Name, j.n), path)
}

// sourceOf adds the path within it to the name of an item or line.
func sourceOf(name, path string) string {
	if path == "" {
		return name
	}
	return name + " (" + path + ")"
}

// give yields the requests of one item. It reports whether to go on.
func (j *jsonItems) give(text []byte, listed bool) bool {
	if len(text) < recorded.LargeBody && j.usual.record(text) {
		if !j.know(false) {
			return false
		}
		if len(j.run) == 0 {
			j.alone = !listed
		}
		j.run = append(j.run, span{j.v.at - len(text), j.v.at})
		j.n++
		return true
	}
	// Reads are no larger than a large item, so that there is no run in the buffer with it.
	large := len(text) >= recorded.LargeBody && len(j.run) == 0
	if !large {
		text = bytes.Clone(text)
	}
	if !j.flush() {
		return false
	}
	c := walk.CountIn(text, j.in.SignatureHeaders)
	if listed && c.Rows == 0 && walk.IsObject(text) {
		s := walk.ShapeOf(text)
		if err := s.Lacks(); err != nil && !walk.Sees(text, j.in.SignatureHeaders) {
			return j.no(err)
		}
	}
	if !j.know(c.Rows > 0 && !c.Top) {
		return false
	}
	if c.Rows > 1 || c.Rows == 1 && !c.Top {
		return j.several(c, text, listed)
	}
	j.n++
	source := j.source(listed, "")
	batch := Batch{Size: len(text), Decode: func(yield func(*Request, error) bool) {
		c.Records(text, func(_ string, r *Request, err error) bool {
			r.Source = source
			var layout *UnknownLayout
			if errors.As(err, &layout) && !listed {
				if s, ok := recorded.FirstSeen(text, c.Names); ok {
					layout.Suggestion = cmp.Or(suggestJQ(j.in, text, walk.WayTo(text, s.At)), layout.Suggestion)
				}
			}
			return yield(r, err)
		})
	}}
	if large {
		return recorded.Alone(j.ctx, batch, j.yield)
	}
	return j.yield(batch)
}

// flush yields the run, which may then be overwritten.
func (j *jsonItems) flush() bool {
	if len(j.run) == 0 {
		return true
	}
	run, n, name, names := j.run, j.n-len(j.run), j.in.Name, j.in.SignatureHeaders
	alone := j.alone && n == 0
	var block []byte
	block, j.v.buf = cutBlock(j.v.buf, j.v.at)
	j.v.at, j.run = 0, make([]span, 0, len(run))
	return j.yield(Batch{Size: len(block), Decode: func(yield func(*Request, error) bool) {
		f := fastDecoder{names: names}
		for i, at := range run {
			r, _ := f.try(name, '#', n+i+1, block[at.from:at.to])
			if alone && i == 0 {
				r.Source = name
			}
			if !yield(r, nil) {
				return
			}
		}
	}}.Then(func() { releaseBlock(block) }))
}

// several yields the requests that stand in one item, a batch of them at a time.
func (j *jsonItems) several(c *walk.Walk, text []byte, listed bool) bool {
	more, hinted := true, false
	var rows rowBatch
	flush := func() {
		if batch := rows.batch(); batch.Size >= recorded.LargeBody {
			more = recorded.Alone(j.ctx, batch, j.yield) // a body may be a part of the text
		} else {
			more = j.yield(batch)
		}
		rows = rowBatch{}
	}
	c.Requests(text, func(path string, r *Request, err error) bool {
		j.n++
		r.Source = j.source(listed, path)
		if layout := (*UnknownLayout)(nil); !hinted && !listed && errors.As(err, &layout) && layout.Way != nil && len(text) < recorded.LargeBody {
			hinted = true // once: it costs as much as the document is long
			layout.Suggestion = cmp.Or(suggestJQ(j.in, text, layout.Way), layout.Suggestion)
		}
		if rows.add(r, err); rows.size >= recorded.LargeBody || len(rows.rows) >= 256 {
			flush()
		}
		return more
	})
	if more && len(rows.rows) > 0 {
		flush()
	}
	return more
}

// rowBatch gathers requests that are decoded already.
type rowBatch struct {
	rows []decodedRow
	size int
}

type decodedRow struct {
	r   *Request
	err error
}

func (b *rowBatch) add(r *Request, err error) {
	b.rows = append(b.rows, decodedRow{r, err})
	b.size += len(r.Body)
}

func (b *rowBatch) batch() Batch {
	rows := b.rows
	return Batch{Size: b.size, Decode: func(yield func(*Request, error) bool) {
		for _, row := range rows {
			if !yield(row.r, row.err) {
				return
			}
		}
	}}
}

// no takes an element of a list that is no request.
func (j *jsonItems) no(err error) bool {
	switch {
	case j.known && j.deeper:
		j.passed++
	case !j.known && len(j.odd) < mostOdd:
		j.odd = append(j.odd, err)
	default:
		return j.know(false) && j.unreadable(err)
	}
	return true
}

// know settles what the elements before are that are no requests.
func (j *jsonItems) know(deeper bool) bool {
	if j.known {
		return true
	}
	odd := j.odd
	if j.known, j.deeper, j.odd = true, deeper, nil; deeper {
		j.passed += len(odd)
		return true
	}
	for _, err := range odd {
		if !j.unreadable(err) {
			return false
		}
	}
	return true
}

func (j *jsonItems) unreadable(err error) bool {
	j.n++
	return j.yield(recorded.Unreadable(j.source(true, ""), err))
}

// torn is what cannot be read as JSON.
func (j *jsonItems) torn(listed bool, err error) bool {
	j.n++
	return j.yield(recorded.Unreadable(j.source(listed, ""), fmt.Errorf("not JSON: %w", err)))
}

// end yields what was passed over.
func (j *jsonItems) end() {
	if j.know(false) && j.passed > 0 {
		j.yield(Batch{Passed: Passed{N: j.passed, One: walk.EntryWithout, Many: walk.EntriesWithout}})
	}
}

// bomless drops one byte order mark at the beginning.
func bomless(r io.Reader) io.Reader {
	head := make([]byte, len(message.Bom))
	n, _ := io.ReadFull(r, head) // an error is that of the next read as well
	return &prefixed{head: message.TrimBOM(head[:n]), r: r}
}
