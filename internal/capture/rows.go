package capture

import "fmt"

func newRows(in Input, yield func(Batch) bool) rows {
	return rows{name: in.Name, names: in.SignatureHeaders, yield: yield, carried: map[string]bool{}}
}

// row adds a delivery.
func (w *rows) row(r *Request, err error) {
	w.flush()
	if w.n++; w.n == 1 {
		r.Source = w.name
	} else {
		r.Source = fmt.Sprintf("%s#%d", w.name, w.n)
	}
	r.Notes, r.Inexact = append(r.Notes, w.notes...), r.Inexact || w.inexact
	w.held, w.heldErr = r, err
}

// flush yields the row that is held back.
func (w *rows) flush() {
	if w.held != nil && !w.done {
		w.done = !w.yield(one(w.held, w.heldErr))
	}
	w.held = nil
}

// tell yields a note on the input.
func (w *rows) tell(format string, args ...any) {
	if w.flush(); !w.done {
		w.done = !w.yield(Batch{Note: w.name + ": " + fmt.Sprintf(format, args...)})
	}
}

// carry remembers the signatures of a row, and notes where one stands in it
// that is not looked for.
func (w *rows) carry(r *Request, trailer []byte) {
	for _, f := range r.Header {
		name := f.Name[max(0, len(f.Name)-nearName):] // what is near enough
		signaturesIn([]byte(name+": "+f.Value), append(w.names[:len(w.names):len(w.names)], name), func(s seen) bool {
			w.carried[s.digest] = true
			return true
		})
	}
	if signed(r.Header, w.names) {
		return
	}
	if s, ok := w.unclaimed(trailer); ok {
		r.Elsewhere = fmt.Sprintf("a signature stands in the trailer after the last chunk, at byte %d of it: it is looked for among the headers alone", s.at+1)
	} else if s, ok := w.unclaimed(r.Body); ok {
		r.Elsewhere = fmt.Sprintf("a signature stands in the body, at byte %d of it: it is looked for among the headers alone", s.at+1)
	}
}

// unclaimed finds a signature that no row of the input has carriew.
func (w *rows) unclaimed(b []byte) (first seen, ok bool) {
	signaturesIn(b, w.names, func(s seen) bool {
		first, ok = s, !w.carried[s.digest]
		return !ok
	})
	return first, ok
}

// end yields the last row, and the counts of what was passed over.
func (w *rows) end(passed ...Passed) {
	w.flush()
	for _, p := range passed {
		if p.N > 0 && !w.done {
			w.done = !w.yield(Batch{Passed: p})
		}
	}
}

// remember looks for signatures in what is passed over: whether rows carry them
// is known at the end. At is where it begins.
func (w *rows) remember(b []byte, at int) {
	signaturesIn(b, w.names, func(s seen) bool {
		w.passed = append(w.passed, seen{at + s.at, s.digest})
		return true
	})
}

// reveal adds a row for each delivery that was passed over: for a signature that no
// row carries, or a request.
func (w *rows) reveal(how string) {
	for _, s := range unread(w.passed, w.carried) {
		what := "a signature stands"
		if s.digest == "" {
			what = "a request begins"
		}
		w.row(&Request{}, fmt.Errorf("%s at byte %d, %s", what, s.at+1, how))
	}
}

// rows are the deliveries of one input that is read as a whole.
type rows struct {
	name  string
	names []string // headers that are signatures
	yield func(Batch) bool
	done  bool // the consumer has had enough

	n       int
	held    *Request // the last row, not yet yielded: what follows may add to it
	heldErr error
	carried map[string]bool // signatures that rows carried
	notes   []string        // for each row
	inexact bool            // each row is
	passed  []seen          // signatures in what was passed over
}
