package inspect

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/listen"
)

// Bounds of what is remembered. The requests of the last deliveries are in memory;
// older ones are read from --save, as long as their rows are remembered.
const (
	mostHeld     = 500
	mostBytes    = 32 << 20
	mostRows     = 10_000
	mostAttempts = 50 // of one delivery
)

// entry is one delivery. But for its attempts, and its request that is let go, it
// does not change.
type entry struct {
	n        int
	delivery listen.Delivery
	attempts []attempt
}

// attempt is one replay from the page.
type attempt struct {
	At       time.Time `json:"at"`
	Edited   bool      `json:"edited"`
	Signed   string    `json:"signed,omitempty"` // with whose secret
	Status   int       `json:"status,omitempty"`
	Error    string    `json:"error,omitempty"`
	MS       float64   `json:"ms"`
	Response string    `json:"response,omitempty"`
}

// ring holds the deliveries, and wakes whoever waits for more.
type ring struct {
	mu      sync.Mutex
	first   int // number of entries[0]
	entries []*entry
	held    int // the last so many have their request, where one came
	bytes   int
	state   State
	changes int // of state
	changed chan struct{}
}

func newRing() *ring { return &ring{first: 1, changed: make(chan struct{})} }

func (r *ring) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// weight is about how much memory a delivery takes that can be let go.
func weight(d *listen.Delivery) int {
	n := 0
	add := func(header map[string][]string, body []byte) {
		n += len(body)
		for name, values := range header {
			for _, v := range values {
				n += len(name) + len(v)
			}
		}
	}
	if d.Request != nil {
		add(d.Request.Header, d.Request.Body)
	}
	if d.Forward != nil {
		add(d.Forward.Header, d.Forward.Body)
	}
	return n
}

// lighten lets that go.
func lighten(d *listen.Delivery) {
	d.Request = nil
	if d.Forward != nil {
		f := *d.Forward // somebody else may be looking at it
		f.Header, f.Body = nil, nil
		d.Forward = &f
	}
}

func (r *ring) add(d listen.Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, &entry{n: r.first + len(r.entries), delivery: d})
	r.held++
	r.bytes += weight(&d)
	for r.held > 1 && (r.held > mostHeld || r.bytes > mostBytes) {
		e := r.entries[len(r.entries)-r.held]
		r.bytes -= weight(&e.delivery)
		lighten(&e.delivery)
		r.held--
	}
	if len(r.entries) > mostRows {
		r.entries[0] = nil
		r.entries = r.entries[1:]
		r.first++
	}
	r.wake()
}

func (r *ring) setState(change func(*State)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.state
	if change(&r.state); r.state != before {
		r.changes++
		r.wake()
	}
}

// find is a copy of the entry of that number.
func (r *ring) find(n int) (entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.first || n >= r.first+len(r.entries) {
		return entry{}, false
	}
	e := *r.entries[n-r.first]
	e.attempts = slices.Clone(e.attempts)
	return e, true
}

func (r *ring) attempted(n int, a attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.first {
		return // it is forgotten meanwhile
	}
	e := r.entries[n-r.first]
	if e.attempts = append(e.attempts, a); len(e.attempts) > mostAttempts {
		e.attempts = e.attempts[1:]
	}
	r.wake()
}

// each calls f with the entries, the newest first, until it returns false.
func (r *ring) each(f func(*entry) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range slices.Backward(r.entries) {
		if !f(e) {
			return
		}
	}
}

// news is what a page that knows of the deliveries up to last, and of so many
// changes, is told next.
type news struct {
	rows    []row
	last    int // that the page knows then
	missed  int // deliveries that are forgotten already
	state   *State
	changes int
	more    <-chan struct{} // closed once there is more
}

// mostAtOnce bounds the rows that are sent together.
const mostAtOnce = 500

// since collects the news. A last of -1 is a page that knows nothing: it is sent
// what is in memory.
func (r *ring) since(last, changes int) news {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := news{changes: r.changes, more: r.changed}
	if changes != r.changes {
		state := r.state
		out.state = &state
	}
	end := r.first + len(r.entries)
	if last < 0 || last >= end { // a number of another run says nothing
		last = end - 1 - r.held
	}
	if last < r.first-1 {
		out.missed, last = r.first-1-last, r.first-1
	}
	for _, e := range r.entries[last+1-r.first : min(last+1-r.first+mostAtOnce, len(r.entries))] {
		out.rows = append(out.rows, newRow(e))
	}
	if out.last = last + len(out.rows); len(out.rows) == mostAtOnce {
		closed := make(chan struct{})
		close(closed)
		out.more = closed
	}
	return out
}

// row is what the list shows of a delivery.
type row struct {
	N         int       `json:"n"`
	Time      time.Time `json:"time"`
	Verdict   string    `json:"verdict"`
	Event     string    `json:"event"`
	ID        string    `json:"id"`
	Answer    int       `json:"answer,omitempty"` // of the handler
	Failed    bool      `json:"failed,omitempty"` // it did not answer
	MS        float64   `json:"ms"`
	Bytes     int       `json:"bytes"`
	Duplicate bool      `json:"duplicate,omitempty"`
}

func newRow(e *entry) row {
	d := &e.delivery
	r := row{
		N: e.n, Time: d.ReceivedAt, Verdict: verdict(d), Event: d.EventType, ID: d.EventID,
		MS: milliseconds(d.Latency), Bytes: d.Size, Duplicate: d.Duplicate,
	}
	if f := d.Forward; f != nil {
		r.Answer, r.Failed, r.MS = f.Status, f.Err != nil, milliseconds(f.Took)
	}
	return r
}

func verdict(d *listen.Delivery) string {
	switch {
	case d.Reason == listen.Unverified:
		return "not verified"
	case d.Taken():
		return "valid"
	}
	return "invalid"
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// marshal is v as one line of JSON; what v holds can always be written.
func marshal(v any) json.RawMessage {
	b, err := jsontext.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}
