package capture

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// The exports of other tools are JSON: one item, an array of items, several of
// either one after the other (a line each, or not), or a document that holds
// them in an array somewhere inside. Only one item is in memory at a time.

// exported describes such an export.
type exported struct {
	// path leads to the array of items inside a document; nil where there is no
	// such document.
	path []string
	// item fills r from one item, given as text and taken apart. It may say as well
	// that the item is no delivery and what it is: those that carry no signature are
	// passed over, and counted.
	item func(v []byte, o walk.Object, r *Request) (other Passed, err error)
	// is recognises an item, which may be cut off.
	is func(item []byte) bool
	// contains recognises a document that holds items, which may be cut off.
	contains func(document []byte) bool
}

// sniff recognises a document, an item, or an array of items.
func (e exported) sniff(head []byte, _ bool, _ []string) bool {
	text := walk.FirstOf(message.TrimBOM(head))
	return walk.IsObject(text) && (e.is(text) || e.path != nil && e.contains(text))
}

func (e exported) read(ctx context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		r := bomless(in.R)
		x := itemReader{exported: e, ctx: ctx, name: in.Name, in: &prefixed{r: r}, names: in.SignatureHeaders, out: yield}
		if e.path != nil {
			head, _, err := peek(r, in.Size, func(head []byte) bool { return e.sniff(head, true, nil) })
			if err != nil {
				yield(recorded.Unreadable(in.Name, durable.WithoutPath(err)))
				return
			}
			x.inside = e.contains(head[jsontext.SkipSpace(head, 0):])
			x.in.head = head
		}
		x.decode()
		if !x.all() || !x.flush() {
			return
		}
		if releaseBlock(x.v.buf); x.passed.N > 0 {
			yield(Batch{Passed: x.passed})
		}
	}
}

// itemReader walks one input.
type itemReader struct {
	exported
	ctx    context.Context
	name   string
	in     *prefixed
	v      values
	inside bool // items are in an array inside of documents
	n      int
	passed Passed
	names  []string // of headers that are signatures
	out    func(Batch) bool
	rows   rowBatch // what was found since more was read

	carried map[uint64]bool // the beginnings of signatures that items carried
}

// decode begins to decode what is left of the input.
func (x *itemReader) decode() { x.v = values{r: x.in, reading: x.flush} }

// flush yields what was found, before more is read.
func (x *itemReader) flush() bool {
	if len(x.rows.rows) == 0 {
		return true
	}
	batch := x.rows.batch()
	x.rows = rowBatch{}
	return x.out(batch)
}

func (x *itemReader) yield(b Batch) bool { return x.flush() && x.out(b) }

// all yields every item. Something that is no JSON is one unreadable delivery.
// After it only a line that is an item by itself tells where to go on. It is
// false when the consumer has had enough.
func (x *itemReader) all() bool {
	for {
		more, err := x.one()
		if err == errEnough {
			return false
		}
		if err == io.EOF || err == nil && !more {
			return more
		}
		if err != nil {
			x.n++
			if !x.yield(recorded.Unreadable(x.source(), fmt.Errorf("not JSON: %w", err))) {
				return false
			}
			if !x.resume() {
				return true
			}
		}
	}
}

// resume looks for the next item on a line of its own, after the line that is
// no JSON, and reports whether there is one.
func (x *itemReader) resume() bool {
	if x.inside || x.v.listed {
		return false
	}
	x.in.head = append(bytes.TrimLeft(x.v.buf[x.v.at:], " \t\r\n"), x.in.head...)
	for torn := true; ; torn = false {
		end := x.in.line(MaxDelivery)
		if end == 0 {
			return false
		}
		line := bytes.TrimSpace(x.in.head[:end])
		if !torn && walk.IsObject(line) && jsontext.SkipValue(line, 0) == len(line) && x.is(line) {
			x.decode()
			return true
		}
		x.in.head = x.in.head[end:]
	}
}

// one reads a document and yields its items; more is false when the consumer
// has had enough.
func (x *itemReader) one() (more bool, err error) {
	v := &x.v
	v.left = MaxDelivery
	if x.inside {
		if err := x.descend(); err != nil {
			return true, err
		}
	}
	for {
		v.left = MaxDelivery
		take := v.item
		if x.inside {
			if more, err := v.more(']'); err != nil {
				return true, err
			} else if !more {
				break
			}
			take = v.value
		}
		raw, err := take()
		if err != nil {
			return true, err
		}
		if !x.give(raw) {
			return false, nil
		}
	}
	for i := len(x.path) - 1; i >= 0; i-- { // the ends of the objects around it
		v.left = MaxDelivery
		if twice, err := x.find(x.path[i]); err != nil {
			return true, err
		} else if twice {
			return true, fmt.Errorf("%q appears twice: the rest was not read", x.path[i])
		}
	}
	return true, nil
}

// descend goes down the path to the first item.
func (x *itemReader) descend() error {
	for i, name := range x.path {
		if object, err := x.v.open('{'); i == 0 && err == io.EOF {
			return err
		} else if !object {
			return cmp.Or(endInside(err), fmt.Errorf("%q is not in an object", name))
		}
		if found, err := x.find(name); !found {
			return cmp.Or(err, fmt.Errorf("there is no %q", name))
		}
	}
	if list, err := x.v.open('['); !list {
		return cmp.Or(endInside(err), fmt.Errorf("%q is not an array", x.path[len(x.path)-1]))
	}
	return nil
}

// find takes members up to the name of the one that is asked for, or to the end of the
// object, and reports whether it is there.
func (x *itemReader) find(name string) (bool, error) {
	for {
		if more, err := x.v.more('}'); !more {
			return false, err
		}
		if is, err := x.v.name(); err != nil || is == name {
			return err == nil, err
		}
		if _, err := x.v.value(); err != nil {
			return false, err
		}
	}
}

// give yields one item, unless it is no delivery. What is yielded refers to raw
// only while a large batch is decoded.
func (x *itemReader) give(raw []byte) bool {
	x.n++
	r := &Request{Source: x.source()}
	o := walk.ObjectOf(raw)
	if o == nil {
		return x.yield(recorded.Unreadable(r.Source, errors.New("it is not a JSON object")))
	}
	twice := walk.Repeated(raw, 0)
	other, err := x.item(raw, o, r) // a large body is written over it
	r.Header = walk.Canonical(r.Header, x.names)
	switch {
	case err != nil && len(raw) < recorded.LargeBody && walk.CountIn(raw, x.names).Found > 0: // it is not what it looked like
		x.n--
		walk.DeliveriesIn(raw, x.names, func(path string, r *Request, err error) bool {
			x.n++
			r.Source = sourceOf(x.source(), path)
			x.rows.add(r, err)
			return true
		})
		return true
	case err != nil:
		return x.yield(recorded.Unreadable(r.Source, err))
	case other.N > 0 && !recorded.Signed(r.Header, x.names):
		other.N += x.passed.N
		x.passed = other
		return x.beside(raw, r)
	}
	if twice != "" && r.Ambiguous == "" {
		r.Ambiguous = twice
	}
	if len(raw) < recorded.LargeBody {
		x.rows.add(r, nil)
		return x.beside(raw, r)
	}
	batch := recorded.Single(r, nil)
	batch.Size = len(raw) // the body is a part of it
	return recorded.Alone(x.ctx, batch, x.yield)
}

// beside yields what stands in an item beside the request r, for each signature that
// neither it nor one before it carries: in an answer that is told, elsewhere it is a delivery which was not
// read. In a large item none is looked for.
func (x *itemReader) beside(raw []byte, r *Request) (more bool) {
	more = true
	if len(raw) >= recorded.LargeBody {
		return more
	}
	if x.carried == nil || len(x.carried) > mostCarried {
		x.carried = map[uint64]bool{}
	}
	recorded.SignaturesOf(r.Header, x.names, func(s recorded.Seen) { x.carried[s.Key()] = true })
	recorded.SignaturesIn(r.Body, x.names, func(s recorded.Seen) bool { x.carried[s.Key()] = true; return true })
	recorded.SignaturesIn(raw, x.names, func(s recorded.Seen) bool {
		if x.carried[s.Key()] {
			return true
		}
		x.carried[s.Key()] = true
		way := walk.WayTo(raw, s.At)
		batch := recorded.Unreadable(x.source(), &UnknownLayout{Where: walk.PathOf(way), Assumed: recorded.JSON})
		if slices.ContainsFunc(way, func(step walk.Step) bool { return walk.Is(step.Name, "response") }) {
			batch = Batch{Note: fmt.Sprintf("%s: there is a signature in an answer, at %s, that no request has", x.source(), walk.PathOf(way))}
		}
		more = x.yield(batch)
		return more
	})
	return more
}

func (x *itemReader) source() string { return fmt.Sprintf("%s#%d", x.name, x.n) }

// joinURL puts a query behind a path.
func joinURL(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + strings.TrimPrefix(query, "?")
}
