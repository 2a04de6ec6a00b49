package message

import (
	"fmt"

	"github.com/hookctl/hookctl/internal/capture/recorded"
)

func NewRows(in recorded.Input, yield func(recorded.Batch) bool) Rows {
	return Rows{Name: in.Name, Names: in.SignatureHeaders, Yield: yield, Carried: map[string]bool{}}
}

// Row adds a delivery.
func (w *Rows) Row(r *recorded.Request, err error) {
	w.Flush()
	if w.N++; w.N == 1 {
		r.Source = w.Name
	} else {
		r.Source = fmt.Sprintf("%s#%d", w.Name, w.N)
	}
	r.Notes, r.Inexact = append(r.Notes, w.Notes...), r.Inexact || w.Inexact
	w.Held, w.HeldErr = r, err
}

// Flush yields the row that is held back.
func (w *Rows) Flush() {
	if w.Held != nil && !w.Done {
		w.Done = !w.Yield(recorded.Single(w.Held, w.HeldErr))
	}
	w.Held = nil
}

// Tell yields a note on the input.
func (w *Rows) Tell(format string, args ...any) {
	if w.Flush(); !w.Done {
		w.Done = !w.Yield(recorded.Batch{Note: w.Name + ": " + fmt.Sprintf(format, args...)})
	}
}

// Carry remembers the signatures of a row, and notes where one stands in it
// that is not looked for.
func (w *Rows) Carry(r *recorded.Request, trailer []byte) {
	recorded.SignaturesOf(r.Header, w.Names, func(s recorded.Seen) { w.Carried[s.Digest] = true })
	if recorded.Signed(r.Header, w.Names) {
		return
	}
	if s, ok := w.Unclaimed(trailer); ok {
		r.Elsewhere = fmt.Sprintf("there is a signature in the trailer after the last chunk, at its byte %d: a signature counts only in the headers", s.At+1)
	} else if s, ok := w.Unclaimed(r.Body); ok {
		r.Elsewhere = fmt.Sprintf("there is a signature in the body, at its byte %d: a signature counts only in the headers", s.At+1)
	}
}

// Unclaimed finds a signature that no row of the input has carriew.
func (w *Rows) Unclaimed(b []byte) (first recorded.Seen, ok bool) {
	recorded.SignaturesIn(b, w.Names, func(s recorded.Seen) bool {
		first, ok = s, !w.Carried[s.Digest]
		return !ok
	})
	return first, ok
}

// End yields the last row, and the counts of what was passed over.
func (w *Rows) End(passed ...recorded.Passed) {
	w.Flush()
	for _, p := range passed {
		if p.N > 0 && !w.Done {
			w.Done = !w.Yield(recorded.Batch{Passed: p})
		}
	}
}

// Remember looks for signatures in what is passed over: whether rows carry them
// is known at the end. At is where it begins.
func (w *Rows) Remember(b []byte, at int) {
	recorded.SignaturesIn(b, w.Names, func(s recorded.Seen) bool {
		w.Passed = append(w.Passed, recorded.Seen{At: at + s.At, Digest: s.Digest})
		return true
	})
}

// Reveal adds a row for each delivery that was passed over: for a signature that no
// Row carries, or a request.
func (w *Rows) Reveal(how string) {
	for _, s := range Unread(w.Passed, w.Carried) {
		what := "there is a signature"
		if s.Digest == "" {
			what = "a request begins"
		}
		w.Row(&recorded.Request{}, fmt.Errorf("%s at byte %d, %s", what, s.At+1, how))
	}
}

// Rows are the deliveries of one input that is read as a whole.
type Rows struct {
	Name  string
	Names []string // headers that are signatures
	Yield func(recorded.Batch) bool
	Done  bool // the consumer has had enough

	N       int
	Held    *recorded.Request // the last row, not yet yielded: what follows may add to it
	HeldErr error
	Carried map[string]bool // signatures that rows carried
	Notes   []string        // for each row
	Inexact bool            // each row is
	Passed  []recorded.Seen // signatures in what was passed over
}
