package zyntrofake

import (
	"encoding/json"
	"net/http"
	"time"
)

// Injection is what goes wrong with the next requests. The zero Injection is
// nothing; several things may go wrong at once.
type Injection struct {
	Action string // only for this action; "": for any
	Skip   int    // how many of those requests go well before
	Times  int    // how many then go wrong; 0: one; negative: all

	DelayBefore time.Duration // before the request is processed
	ResetBefore bool          // the connection is reset, nothing was processed
	Unprocessed bool          // nothing is done; the answer is Status and Body
	InsertFails bool          // createWebhook: the database fails
	DelayAfter  time.Duration // after it was processed, before the answer
	ResetAfter  bool          // the connection is reset instead of an answer

	Status     int               // instead of 200
	Header     http.Header       // added to the answer, e.g. Retry-After
	Body       *string           // instead of the answer's body, e.g. no JSON
	TruncateAt *int              // the connection ends after so many bytes of the body
	ExtraRows  []json.RawMessage // fetchWebhooks: put before the other rows, e.g. malformed ones
}

// Inject adds an injection. Where several apply to a request, the one added
// first does.
func (f *Fake) Inject(injected Injection) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if injected.Times == 0 {
		injected.Times = 1
	}
	f.injections = append(f.injections, injected)
}

// Heal removes all injections.
func (f *Fake) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.injections = nil
}

// take returns the injection for a request of the action, and counts it.
func (f *Fake) take(action string) Injection {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.injections {
		injected := &f.injections[i]
		switch {
		case injected.Action != "" && injected.Action != action, injected.Times == 0:
			continue
		case injected.Skip > 0:
			injected.Skip--
			continue
		}
		if injected.Times > 0 {
			injected.Times--
		}
		return *injected
	}
	return Injection{}
}
