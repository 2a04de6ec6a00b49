// Package capture reads recorded webhook deliveries, byte for byte, from the
// formats that tools write them in.
//
// [Read] walks inputs and yields [Batch]es; a batch yields [Request]s. The two
// steps are apart because the second is the costly one: whoever has a core to
// spare can decode a batch while the next one is being read. Memory does not
// grow with the input: a delivery is held in memory up to [MaxDelivery], a
// larger raw body is streamed.
//
// Nothing is ever trimmed from a payload. Where a format cannot hold the exact
// bytes, the request says so.
package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// MaxDelivery is how many bytes one recorded delivery may take in a structured
// format: a line of NDJSON, a JSON document, a request dump. A larger one is
// unreadable; what follows it is read all the same where the format allows.
const MaxDelivery = 64 << 20

// Request is one recorded delivery.
type Request struct {
	// Source says where it was found: the input's name, with ":LINE" in NDJSON
	// and "#N" for the nth of several in another format.
	Source     string
	ReceivedAt string // as recorded; may be empty
	Method     string // may be empty
	URL        string // may be empty
	Header     Header
	// Body is the exact payload. It is nil where Stream is set.
	Body []byte
	// Stream is a body too large to hold, to be read once, before the next
	// request is asked for.
	Stream io.Reader
	// Size is how long the streamed body is; 0 where that is not known.
	Size int64
	// Again opens the streamed body once more, from its beginning; nil where the
	// input cannot be read twice. The caller closes it.
	Again func() (io.ReadCloser, error)
	// Inexact says that the format re-encodes bodies, so that Body may differ
	// from what was signed although nobody tampered with it.
	Inexact bool
	// Notes are remarks for people on how the body was found.
	Notes []string
	// Framed is the body by its own framing, where that is not believed: something
	// has changed the body, or what is said of its length.
	Framed []byte
	// Others are the bodies that other members of the same object hold, where they
	// are not the same: a diagnosis tries them, a verdict never rests on one.
	Others [][]byte
	// Ambiguous is a remark for people that names such a member, and the one that Body
	// is from: whoever reads the capture may take the other. It is empty where there is
	// none.
	Ambiguous string
	// Passed counts what the value that the delivery stands in holds beside
	// deliveries; it is set on the first delivery of the value.
	Passed Passed
	// Elsewhere says where a signature stands that is not among the headers. It is
	// of interest where none is.
	Elsewhere string
	// Line is the input line that [ErrEndOfLine] or [ErrLinePart] tells of, byte for byte,
	// with its line end. It is never written over.
	Line []byte
	// Answered is the handler's answer as a record has it: JSON, see Answer.
	Answered []byte
}

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

	each func(yield func(*Request, error) bool)
	// counted is in place of Passed, and known when the batch is decoded.
	counted *Passed
}

// PassedOver counts what the batch held beside deliveries. It is complete when
// Each has come to its end.
func (b Batch) PassedOver() Passed {
	if b.counted != nil {
		return *b.counted
	}
	return b.Passed
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
func (t *Tally) Add(p Passed) {
	if p.N == 0 {
		return
	}
	for i := range *t {
		if (*t)[i].One == p.One {
			(*t)[i].N += p.N
			return
		}
	}
	*t = append(*t, p)
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
		if b.each != nil {
			b.each(yield)
		}
	}
}

// largeBody is from where on a body is decoded in the memory that its text was
// read into, and alone: see [alone].
const largeBody = 1 << 20

// alone yields a batch that holds much memory and returns when it was decoded,
// or ctx has ended: nothing is read meanwhile, and what the batch referred to may
// be used again.
func alone(ctx context.Context, b Batch, yield func(Batch) bool) bool {
	done := make(chan struct{})
	each := b.each
	b.each = func(yield func(*Request, error) bool) {
		defer close(done)
		each(yield)
	}
	if !yield(b) {
		return false
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// one is a batch of a single request or error.
func one(r *Request, err error) Batch {
	return Batch{Size: len(r.Body), each: func(yield func(*Request, error) bool) { yield(r, err) }}
}

// unreadable is a batch of a single delivery that cannot be read.
func unreadable(source string, err error) Batch { return one(&Request{Source: source}, err) }

// Field is one header line.
type Field struct{ Name, Value string }

// Header is the header lines of a request in their recorded order, names as
// they were written.
type Header []Field

// Values returns the values of all lines of that name, in any case, in order.
func (h Header) Values(name string) []string {
	var values []string
	for i := range h {
		if SameName(h[i].Name, name) {
			values = append(values, h[i].Value)
		}
	}
	return values
}

// Get is the first of Values, or "".
func (h Header) Get(name string) string {
	for i := range h {
		if SameName(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// Has reports whether there is a line of that name.
func (h Header) Has(name string) bool {
	return slices.ContainsFunc(h, func(f Field) bool { return SameName(f.Name, name) })
}

// SameName reports whether a and b are the same header name. It folds ASCII alone:
// header names are that, and Unicode folding would find names that no HTTP
// implementation takes for the same.
func SameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}

// foldName is the same text for all names that are the same.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r |= 0x20
		}
		return r
	}, name)
}

// ParseField splits "Name: value", as a command line or a dump writes a header
// line. White space around the value is not part of it.
func ParseField(line string) (Field, bool) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !token(name) {
		return Field{}, false
	}
	return Field{Name: name, Value: strings.Trim(value, " \t\r")}, true
}

// token reports whether s can be a header name or a method (RFC 9110, 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
