package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// jsonFormat is a record, an array of records, or several of either one after
// the other, laid out in any way.
var jsonFormat = Format{
	Name:  "json",
	About: `a JSON document {"headers", "body" or "body_base64"}, or an array of them`,
	Sniff: func(head []byte, _ bool, _ []string) bool {
		text := firstOf(trimBOM(head))
		return isRecord(text, jsontext.SkipValue(text, 0) < 0)
	},
	Read: readJSON,
}

func readJSON(ctx context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		limit := &perItem{r: bomless(in.R), left: MaxDelivery}
		d := json.NewDecoder(limit)
		depth, n := 0, 0
		for {
			limit.left = MaxDelivery
			source := func() string {
				if n++; depth > 0 || n > 1 {
					return fmt.Sprintf("%s#%d", in.Name, n)
				}
				return in.Name
			}
			more := true
			err := nextItem(d, &depth, func(text []byte) {
				if len(text) < largeBody {
					more = yield(recordBatch(in.SignatureHeaders, source(), bytes.Clone(text)))
				} else {
					more = alone(ctx, recordBatch(in.SignatureHeaders, source(), text), yield)
				}
			})
			if err == io.EOF || !more {
				return
			}
			if err != nil {
				// There is no telling where the next item would begin.
				yield(unreadable(source(), fmt.Errorf("not JSON: %w", err)))
				return
			}
		}
	}
}

func recordBatch(names []string, source string, text []byte) Batch {
	return Batch{Size: len(text), each: func(yield func(*Request, error) bool) {
		r := Request{Source: source}
		if err := decodeRecord(text, names, &r); err != nil {
			yield(&Request{Source: source}, err)
			return
		}
		yield(&r, nil)
	}}
}

// inBuffer is a value where it stands in the decoder's buffer, which a copy would
// double.
type inBuffer struct{ use func(text []byte) }

// UnmarshalJSON implements [json.Unmarshaler]. The text is gone when use returns.
func (i *inBuffer) UnmarshalJSON(text []byte) error {
	i.use(text)
	return nil
}

// nextItem has the next object used, stepping into and out of one level of
// arrays. At the end of the input it returns io.EOF.
func nextItem(d *json.Decoder, depth *int, use func(text []byte)) error {
	for {
		if *depth > 0 && !d.More() {
			if _, err := d.Token(); err != nil {
				return endInside(err)
			}
			*depth--
			continue
		}
		if *depth == 0 {
			c, err := firstByte(d)
			if err != nil {
				return err
			}
			if c == '[' {
				if _, err := d.Token(); err != nil {
					return endInside(err)
				}
				*depth++
				continue
			}
		}
		if err := d.Decode(&inBuffer{use}); err != nil {
			return endInside(err)
		}
		return nil
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
	if n, err := d.Buffered().Read(c[:]); n == 1 && err == nil && jsontext.SkipSpace(c[:], 0) == 0 {
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
func bomless(r io.Reader) io.Reader {
	head := make([]byte, len(bom))
	n, _ := io.ReadFull(r, head) // an error is that of the next read as well
	return &prefixed{head: trimBOM(head[:n]), r: r}
}
