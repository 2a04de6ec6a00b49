package provider

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// OutboxOptions configure an [Outbox].
type OutboxOptions struct {
	// Now is the sandbox's clock, and Sleep waits for a time on it.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	// Allow says why nothing must be sent to a webhook's URL; nil: all are allowed.
	Allow func(rawURL string) error
}

// Outbox makes the deliveries of sandboxes: the first attempt at once, others
// on the provider's schedule as long as none is answered with a 2xx. It
// records what it does. It is safe for concurrent use.
type Outbox struct {
	o   OutboxOptions
	ctx context.Context // of the attempts after the first
	end context.CancelFunc

	retries sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	waiting int // deliveries that are tried again later
	log     []LogEntry
}

// LogEntry is one attempt that an [Outbox] made, or why it made none.
type LogEntry struct {
	Time      time.Time
	Provider  string
	WebhookID string
	EventID   string
	EventType string
	URL       string
	Attempt   int       // 1 is the first; 0: nothing was sent, and Err says why
	Attempts  int       // how many there are at most
	Status    int       // of the receiver's answer; 0 if there was none
	Err       string    // why there was none
	Next      time.Time // of the next attempt; zero: there is none

	// What was sent, or would have been. [Outbox.Log] leaves it out.
	Header http.Header
	Body   []byte
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

// NewOutbox returns an outbox whose retries end with ctx, or with
// [Outbox.Close].
func NewOutbox(ctx context.Context, o OutboxOptions) *Outbox {
	b := &Outbox{o: o}
	b.ctx, b.end = context.WithCancel(ctx)
	return b
}

// Close stops the retries and waits until they have.
func (b *Outbox) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.end()
	b.retries.Wait()
}

// Log is what was recorded so far, in the order in which it happened.
func (b *Outbox) Log() []LogEntry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]LogEntry(nil), b.log...)
}

// Emit makes a sample event of the sandbox and its first attempts, one after
// another, and returns them. Those that fail are repeated behind its back.
// Where no webhook asked for the event there are none. Errors are those of
// [Sandbox.Prepare], and ctx's.
func (b *Outbox) Emit(ctx context.Context, d *Driver, box Sandbox, event string, edit func([]byte) ([]byte, error)) ([]LogEntry, error) {
	list, err := box.Prepare(event, edit)
	if err != nil {
		return nil, err
	}
	var entries []LogEntry
	for _, delivery := range list {
		if err := ctx.Err(); err != nil {
			return entries, err
		}
		entries = append(entries, b.begin(d, delivery, b.attempt(ctx, d, delivery, 1)))
	}
	return entries, nil
}

// attempt makes the nth attempt.
func (b *Outbox) attempt(ctx context.Context, d *Driver, delivery Delivery, n int) LogEntry {
	e := LogEntry{
		Provider: d.Name, WebhookID: delivery.WebhookID, EventID: delivery.EventID, EventType: delivery.EventType, URL: delivery.URL,
		Attempts: len(delivery.Waits),
	}
	if b.o.Allow != nil {
		if err := b.o.Allow(delivery.URL); err != nil {
			e.Time, e.Err = b.o.Now(), "not delivered: "+err.Error()
			if delivery.Signed != nil {
				unsent := delivery.Signed()
				e.Header, e.Body = unsent.Header, unsent.Body
			}
			return e
		}
	}
	a, sent := delivery.Try(ctx)
	e.Time = b.o.Now()
	if !sent {
		e.Err = "not delivered: the webhook takes no deliveries any more"
		return e
	}
	e.Attempt, e.Status, e.Err = n, a.Status, a.Err
	e.Header, e.Body = a.Header, a.Body
	if !e.Delivered() && n < e.Attempts {
		e.Next = e.Time.Add(delivery.Waits[n])
	}
	return e
}

// begin records a first attempt and, where there is a next one, starts what
// makes it. Both under one lock: the log is in order.
func (b *Outbox) begin(d *Driver, delivery Delivery, e LogEntry) LogEntry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.waiting >= maxWaiting {
		e.Next = time.Time{}
	}
	if !e.Next.IsZero() {
		b.waiting++
		b.retries.Go(func() { b.retry(d, delivery) })
	}
	b.record(e)
	return e
}

// retry makes the attempts after the first.
func (b *Outbox) retry(d *Driver, delivery Delivery) {
	again := true
	for n := 1; again && b.o.Sleep(b.ctx, delivery.Waits[n]) == nil; n++ {
		e := b.attempt(b.ctx, d, delivery, n+1)
		again = !e.Next.IsZero()
		b.mu.Lock()
		b.record(e)
		b.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting--
}

// record is for the holder of mu.
func (b *Outbox) record(e LogEntry) {
	e.Header, e.Body = nil, nil // so many would be large
	b.log = append(b.log, e)
	b.log = b.log[max(0, len(b.log)-maxLog):]
}
