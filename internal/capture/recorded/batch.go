package recorded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
)

// With Options.KeepLines a batch tells of lines too, in place of an error.
var (
	// ErrEndOfLine says that the deliveries since the last one, none or several, are
	// all that Request.Line holds: a line, or several that one goes on over.
	ErrEndOfLine = errors.New("end of line")
	// ErrLinePart says that Request.Line goes on with the line before it, which was
	// too long to be read.
	ErrLinePart = errors.New("part of a line")
)

// Batch is a run of consecutive deliveries of one input, not yet decoded.
type Batch struct {
	// Note tells of something that was passed over and is no delivery: a
	// special file, a symlink loop. Such a batch yields nothing.
	Note string
	// Passed counts what an input held beside deliveries. Such a batch yields
	// nothing.
	Passed Passed
	// Size is about how many bytes the batch holds in memory.
	Size int
	// Format is the name of the format that the deliveries were read in; empty
	// where an input was not read at all.
	Format string
	// Ended says that the input was read to its end before this batch was yielded.
	Ended bool
	// Err, where set, ends the run: the call is wrong for this input. Such a batch
	// yields nothing.
	Err error

	Decode func(yield func(*Request, error) bool)
	// Counted is in place of Passed, and known when the batch is decoded.
	Counted *Tally
}

// PassedOver counts what the batch held beside deliveries. It is complete when
// Each has come to its end.
func (b Batch) PassedOver() Tally {
	if b.Counted != nil {
		return *b.Counted
	}
	if b.Passed.N == 0 {
		return nil
	}
	return Tally{b.Passed}
}

// Passed is how many things of a kind were passed over, with the name of one
// and of many.
type Passed struct {
	N         int
	One, Many string
}

func (p Passed) String() string {
	if p.N == 1 {
		return "1 " + p.One
	}
	return fmt.Sprintf("%d %s", p.N, p.Many)
}

// Tally counts what was passed over, by kind.
type Tally []Passed

// Add counts more.
func (t *Tally) Add(more ...Passed) {
	for _, p := range more {
		i := slices.IndexFunc(*t, func(have Passed) bool { return have.One == p.One })
		switch {
		case p.N == 0:
		case i >= 0:
			(*t)[i].N += p.N
		default:
			*t = append(*t, p)
		}
	}
}

// Lines is n lines that were passed over, and those among them that repeat the
// signature of a delivery: whatever else stands in these was not verified.
func Lines(n, repeats int, of string) Tally {
	return Tally{
		{n - repeats, "line " + of, "lines " + of},
		{repeats, "line that repeats the signature of a delivery", "lines that repeat the signature of a delivery"},
	}
}

func (t Tally) String() string {
	var parts []string
	for _, p := range t {
		parts = append(parts, p.String())
	}
	return strings.Join(parts, ", ")
}

// Probes is n requests that are no deliveries, see [Request.Probe].
func Probes(n int) Passed {
	return Passed{n, "GET, HEAD or OPTIONS request without body and signature", "GET, HEAD or OPTIONS requests without body and signature"}
}

// Each decodes the batch, in order. It may be ranged over once, in any
// goroutine; it may wait for batches before it, so that none is left out. An error means that there is a delivery that cannot be read: the
// request then holds its Source only. A request, with everything that it
// refers to but its strings, is valid until the next one is asked for.
func (b Batch) Each() iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		if b.Decode != nil {
			b.Decode(func(r *Request, err error) bool { return yield(r, plain(err)) })
		}
	}
}

// plain is err, in the words of people where a decoder's say that the input ends too
// early.
func plain(err error) error {
	if err == nil {
		return nil
	}
	for _, words := range []string{io.ErrUnexpectedEOF.Error(), "unexpected end of JSON input"} {
		if text, ok := strings.CutSuffix(err.Error(), words); ok {
			return fault.Reword(text+"it is cut off", err)
		}
	}
	return err
}

// Alone yields a batch that holds much memory and returns when it was decoded,
// or ctx has ended: nothing is read meanwhile, and what the batch referred to may
// be used again.
func Alone(ctx context.Context, b Batch, yield func(Batch) bool) bool {
	done := make(chan struct{})
	if !yield(b.Then(func() { close(done) })) {
		return false
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// Then is the batch, with done called when it was decoded: what its requests refer to
// is nobody's any more.
func (b Batch) Then(done func()) Batch {
	each := b.Decode
	b.Decode = func(yield func(*Request, error) bool) {
		defer done()
		each(yield)
	}
	return b
}

// Single is a batch of a single request or error.
func Single(r *Request, err error) Batch {
	return Batch{Size: len(r.Body), Decode: func(yield func(*Request, error) bool) { yield(r, err) }}
}

// Unreadable is a batch of a single delivery that cannot be read.
func Unreadable(source string, err error) Batch { return Single(&Request{Source: source}, err) }

var ErrTooLarge = fmt.Errorf("larger than %d MiB", MaxDelivery>>20)
