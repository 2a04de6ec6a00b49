package sandbox

import (
	"context"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
)

// retrier makes the deliveries of sandboxes: the first attempt at once, others
// on the provider's schedule as long as none is answered with a 2xx. It
// records what it does. It is safe for concurrent use.
type retrier struct {
	now   func() time.Time // the sandbox's clock
	sleep func(ctx context.Context, d time.Duration) error
	allow func(rawURL string) error // says why nothing must be sent to a webhook's URL

	ctx context.Context // of the attempts after the first
	end context.CancelFunc

	retries sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	waiting int // deliveries that are tried again later
	log     []LogEntry
}

// LogEntry is one attempt to deliver, or why none was made.
type LogEntry struct {
	// What was sent, or would have been, and the answer. The log leaves out
	// header and body.
	provider.Attempt
	Time     time.Time
	Provider string
	Number   int       // 1 is the first; 0: nothing was sent, and Err says why
	Of       int       // how many there are at most
	Next     time.Time // of the next attempt; zero: there is none
}

// Delivered reports whether the receiver took the delivery.
func (e LogEntry) Delivered() bool { return e.Status >= 200 && e.Status <= 299 }

// maxLog is how many entries are kept, the latest. maxWaiting is how many
// deliveries may wait for their next attempt: one that fails while so many do is
// not tried again.
const (
	maxLog     = 10_000
	maxWaiting = 10_000
)

// start lets the retries end with ctx, or with close.
func (r *retrier) start(ctx context.Context) *retrier {
	r.ctx, r.end = context.WithCancel(ctx)
	return r
}

// close stops the retries and waits until they have.
func (r *retrier) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.end()
	r.retries.Wait()
}

// entries are what was recorded so far, in the order in which it happened.
func (r *retrier) entries() []LogEntry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]LogEntry{}, r.log...)
}

// emit makes a sample event of the sandbox and its first attempts, one after
// another, and returns them. Those that fail are repeated behind its back.
// Where no webhook asked for the event there are none. Errors are those of
// [provider.Sandbox.Prepare], and ctx's.
func (r *retrier) emit(ctx context.Context, d *provider.Driver, box provider.Sandbox, event string, edit func([]byte) ([]byte, error)) ([]LogEntry, error) {
	list, err := box.Prepare(event, edit)
	if err != nil {
		return nil, err
	}
	entries := []LogEntry{}
	for _, delivery := range list {
		if err := ctx.Err(); err != nil {
			return entries, err
		}
		entries = append(entries, r.begin(d, delivery, r.attempt(ctx, d, delivery, 1)))
	}
	return entries, nil
}

// attempt makes the nth attempt.
func (r *retrier) attempt(ctx context.Context, d *provider.Driver, delivery provider.Delivery, n int) LogEntry {
	e := LogEntry{Provider: d.Name, Attempt: delivery.Signed(), Of: len(delivery.Waits)}
	if err := r.allow(e.URL); err != nil {
		e.Time, e.Err = r.now(), "not delivered: "+err.Error()
		return e
	}
	a, sent := delivery.Try(ctx)
	e.Time = r.now()
	if !sent {
		e.Err = "not delivered: the webhook does not accept deliveries any more"
		return e
	}
	e.Attempt, e.Number = a, n
	if !e.Delivered() && n < e.Of {
		e.Next = e.Time.Add(delivery.Waits[n])
	}
	return e
}

// begin records a first attempt and, where there is a next one, starts what
// makes it. Both under one lock: the log is in order.
func (r *retrier) begin(d *provider.Driver, delivery provider.Delivery, e LogEntry) LogEntry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.waiting >= maxWaiting {
		e.Next = time.Time{}
	}
	if !e.Next.IsZero() {
		r.waiting++
		r.retries.Go(func() { r.retry(d, delivery) })
	}
	r.record(e)
	return e
}

// retry makes the attempts after the first.
func (r *retrier) retry(d *provider.Driver, delivery provider.Delivery) {
	again := true
	for n := 1; again && r.sleep(r.ctx, delivery.Waits[n]) == nil; n++ {
		e := r.attempt(r.ctx, d, delivery, n+1)
		again = !e.Next.IsZero()
		r.mu.Lock()
		r.record(e)
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting--
}

// record is for the holder of mu.
func (r *retrier) record(e LogEntry) {
	e.Header, e.Body = nil, nil // so many would be large
	r.log = append(r.log, e)
	r.log = r.log[max(0, len(r.log)-maxLog):]
}
