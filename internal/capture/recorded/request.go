// Package recorded is what a recorded delivery is: [Request] and its [Header], the
// [Batch]es that readers yield, what a [Format] has to do, and where signatures
// stand in bytes. It knows no format, and decides nothing.
package recorded

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

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
	// Answered is the handler's answer as a record has it: JSON, see AnswerOf.
	Answered []byte
}

// Clone copies a request, to outlive the batch it comes from. A body that is not in
// memory stays where it is, and a line, which is nobody else's.
func (r *Request) Clone() *Request {
	c := *r
	c.Header, c.Notes = slices.Clone(r.Header), slices.Clone(r.Notes)
	c.Body, c.Framed, c.Answered = bytes.Clone(r.Body), bytes.Clone(r.Framed), bytes.Clone(r.Answered)
	c.Others = slices.Clone(r.Others)
	for i := range c.Others {
		c.Others[i] = bytes.Clone(c.Others[i])
	}
	return &c
}

// MaxDelivery is how many bytes one recorded delivery may take in a structured
// format: a line of NDJSON, a JSON document, a request dump. A larger one is
// unreadable; what follows it is read all the same where the format allows.
const MaxDelivery = 64 << 20

// LargeBody is from where on a body is decoded in the memory that its text was
// read into, and alone: see [alone].
const LargeBody = 1 << 20

// Field is one header line.
type Field struct{ Name, Value string }

// Header is the header lines of a request in their recorded order, names as
// they were written.
type Header []Field

// HeaderOf is the lines of a header as Go has it, by name.
func HeaderOf(header map[string][]string) Header {
	out := make(Header, 0, len(header)+4)
	for name, values := range header {
		for _, v := range values {
			out = append(out, Field{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(out, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Values returns the values of all lines of that name, in any case, in order.
func (h Header) Values(name string) []string { return h.AppendValues(nil, name) }

// AppendValues appends Values to a list.
func (h Header) AppendValues(to []string, name string) []string {
	for i := range h {
		if SameName(h[i].Name, name) {
			to = append(to, h[i].Value)
		}
	}
	return to
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

// FoldName is the same text for all names that are the same.
func FoldName(name string) string {
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
	if !ok || !IsToken(name) {
		return Field{}, false
	}
	return Field{Name: name, Value: strings.Trim(value, " \t\r")}, true
}

// IsToken reports whether s can be a header name or a method (RFC 9110, 5.6.2).
func IsToken(s string) bool {
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

// MayBeProbe reports whether a request with that method needs no body.
func MayBeProbe(method string) bool {
	return method == "GET" || method == "HEAD" || method == "OPTIONS"
}

// Probe reports whether r is no delivery: a request to see whether somebody is
// there, or what is allowed. Names are the headers that are signatures.
func (r *Request) Probe(names []string) bool {
	return MayBeProbe(r.Method) && len(r.Body) == 0 && r.Stream == nil && !Signed(r.Header, names)
}

// Signed reports whether one of the headers is a signature, or holds what looks
// like one under another name.
func Signed(h Header, names []string) bool {
	found := false
	for _, f := range h {
		for _, name := range names {
			found = found || SameName(f.Name, name) && strings.TrimSpace(f.Value) != ""
		}
		SignaturesIn([]byte(f.Name+": "+f.Value), names, func(Seen) bool { found = true; return false })
	}
	return found
}

// Batch is a batch of r alone, or of the error of a delivery that cannot be read,
// for those who take batches.
func (r *Request) Batch(format string, err error) Batch {
	b := Single(r, err)
	b.Format = format
	return b
}

// Whole is the body, read if it is not in memory. One that is larger than a
// delivery may be is refused: by its size, where that is known.
func (r *Request) Whole() ([]byte, error) {
	const step = 1 << 20
	if r.Stream == nil {
		return r.Body, nil
	}
	tooLarge := fmt.Errorf("the body is larger than %d MiB", MaxDelivery>>20)
	if r.Size > MaxDelivery {
		return nil, tooLarge
	}
	body := make([]byte, 0, MaxDelivery+1)
	for len(body) < cap(body) {
		n, err := r.Stream.Read(body[len(body):min(len(body)+step, cap(body))])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, tooLarge
}
