package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// jsonFormat is a record, an array of records, or several of either one after
// the other, laid out in any way.
var jsonFormat = Format{
	Name:  "json",
	About: `a JSON document {"headers", "body" or "body_base64"}, or an array of them`,
	Sniff: func(head []byte, _ bool) bool {
		text := trimBOM(head)
		i := skipSpace(text, 0)
		if i < len(text) && text[i] == '[' {
			i = skipSpace(text, i+1)
		}
		return isRecord(text[i:], skipValue(text, i) < 0)
	},
	Read: readJSON,
}

func readJSON(_ context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		limit := &perItem{r: &bomless{r: in.R}, left: MaxDelivery}
		d := json.NewDecoder(limit)
		depth, n := 0, 0
		for {
			limit.left = MaxDelivery
			next, err := nextItem(d, &depth)
			if err == io.EOF {
				return
			}
			n++
			source := in.Name
			if depth > 0 || n > 1 {
				source = fmt.Sprintf("%s#%d", in.Name, n)
			}
			if err != nil {
				// There is no telling where the next item would begin.
				yield(unreadable(source, fmt.Errorf("not JSON: %w", err)))
				return
			}
			if !yield(recordBatch(source, next)) {
				return
			}
		}
	}
}

func recordBatch(source string, text []byte) Batch {
	return Batch{Size: 2 * len(text), each: func(yield func(*Request, error) bool) {
		r := Request{Source: source}
		if err := decodeRecord(text, &r); err != nil {
			yield(&Request{Source: source}, err)
			return
		}
		yield(&r, nil)
	}}
}

// nextItem returns the next object, stepping into and out of one level of
// arrays. At the end of the input it returns io.EOF.
func nextItem(d *json.Decoder, depth *int) (json.RawMessage, error) {
	for {
		if *depth > 0 && !d.More() {
			if _, err := d.Token(); err != nil {
				return nil, endInside(err)
			}
			*depth--
			continue
		}
		var item json.RawMessage
		if *depth == 0 {
			c, err := firstByte(d)
			if err != nil {
				return nil, err
			}
			if c == '[' {
				if _, err := d.Token(); err != nil {
					return nil, endInside(err)
				}
				*depth++
				continue
			}
		}
		if err := d.Decode(&item); err != nil {
			return nil, endInside(err)
		}
		return item, nil
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

// firstByte looks at the next document without consuming it.
func firstByte(d *json.Decoder) (byte, error) {
	d.More() // skips white space before something and fills the decoder's buffer
	var c [1]byte
	if n, err := d.Buffered().Read(c[:]); n == 1 && err == nil && skipSpace(c[:], 0) == 0 {
		return c[0], nil
	}
	// Nothing there: the end, or a failing reader; Token tells which.
	_, err := d.Token()
	return 0, err
}

var errTooLarge = fmt.Errorf("larger than %d MiB", MaxDelivery>>20)

// perItem fails once more than left bytes were read; the count is set anew for
// each item.
type perItem struct {
	r    io.Reader
	left int
}

func (p *perItem) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, errTooLarge
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

// bomless drops one byte order mark at the beginning.
type bomless struct {
	r    io.Reader
	past bool
}

func (b *bomless) Read(p []byte) (int, error) {
	if b.past {
		return b.r.Read(p)
	}
	b.past = true
	var head [3]byte
	n, err := io.ReadFull(b.r, head[:])
	if err != nil && err != io.ErrUnexpectedEOF {
		return 0, err
	}
	b.r = io.MultiReader(bytes.NewReader(trimBOM(head[:n])), b.r)
	return b.r.Read(p)
}
