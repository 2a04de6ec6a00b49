// Package listen receives deliveries on a local address. Each one is verified
// before anything else is done with it; a valid one is kept durably, if asked
// for, then forwarded, if asked for, and only then answered. What became of it
// is reported, in one place and in one order.
//
// What a sender can do is bounded: the size of head and body, the time that
// they may take, the number of connections, the lines that invalid deliveries
// leave in a log. Nothing that a sender is told depends on the digest that
// would have been right.
package listen

import (
	"strconv"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// Bounds of what a sender can ask for.
const (
	// DefaultMaxBody is the default limit of a body, in bytes.
	DefaultMaxBody = 1 << 20
	// MostMaxBody is the largest limit: a record of such a body can still be
	// read back, see capture.MaxDelivery.
	MostMaxBody = 32 << 20
	// DefaultForwardTimeout bounds one forwarded delivery, connecting included.
	DefaultForwardTimeout = 30 * time.Second

	maxHeader      = 64 << 10
	maxConnections = 256
	headerTimeout  = 10 * time.Second
	bodyTimeout    = 30 * time.Second // from the first byte of the head to the last of the body
	idleTimeout    = 2 * time.Minute
	answerTimeout  = 10 * time.Second // for writing an answer
)

// Unverified is the reason of deliveries that were taken without a look at
// their signature.
const Unverified signature.Reason = "not-verified"

// Options configure a [Server].
type Options struct {
	// Providers, Candidates and Others are those of [verify.Options]: whose
	// deliveries these may be, the secrets that make them valid, and those that
	// only explain a failure.
	Providers  []verify.Provider
	Candidates []verify.Candidate
	Others     func() []verify.Candidate
	// NoVerify takes every delivery as it comes. There must be no candidates then.
	NoVerify bool
	// Later says that there may be no candidates yet: [Server.Change] brings them.
	Later bool

	MaxBody int64 // bytes; 0 is DefaultMaxBody
	// Kept, if set, keeps the deliveries that are taken, Rejected the invalid
	// ones. Their owner closes them after Run.
	Kept     *Archive
	Rejected *Archive
	// Forward, if set, gets the deliveries that are taken.
	Forward *Forwarder

	// Count, if positive, ends Run after so many deliveries that were taken,
	// answered with a 2xx and no duplicates. With Events, only those whose type
	// is one of them count.
	Count  int
	Events []string
	// Timeout, if positive, ends Run after that time. It is an error of kind
	// Negative where Count was not reached.
	Timeout time.Duration

	Now func() time.Time
	// Report is told of each delivery, one after the other. Its error ends Run.
	Report func(Delivery) error
	// Flush, if set, is called by the same goroutine when there is nothing to
	// report for the moment: what Report has held back is to be shown now.
	Flush func() error
	// Requests asks for Delivery.Request.
	Requests bool
	// Notify is told, in one line, of what is no delivery. It may be called
	// from several goroutines.
	Notify func(line string)
	// Leave, if set, is called once when Run is about to end, while deliveries
	// are still answered.
	Leave func()
	// Hurry, when closed, ends Run without waiting for deliveries in flight.
	Hurry <-chan struct{}
}

// Delivery is one request and what became of it. Texts are as they came; those
// of an invalid one are cut where they are very long.
type Delivery struct {
	ReceivedAt time.Time
	Method     string
	URL        string // the request's target
	Size       int    // bytes of the body

	// Reason is OK, why the delivery is invalid, or Unverified; Unreadable for
	// what could not be taken as a delivery at all.
	Reason    signature.Reason
	Provider  string
	WebhookID string // whose secret matched
	Webhook   string // its name
	EventID   string
	EventType string
	// Duplicate says that a delivery of the same event was answered with a 2xx
	// before, or is being handled. It is kept, but not forwarded.
	Duplicate bool
	Saved     bool
	SavedAt   int64 // where in its file the record begins
	// Request is what came, where Options.Requests asks for it; its body is nil where
	// none was taken. It is left out while too much of what came waits to be reported.
	Request *capture.Record
	// Forward is nil where nothing was sent on.
	Forward *Forwarded
	// Status is the HTTP status of the answer.
	Status  int
	Latency time.Duration // from the end of the head to the answer

	Diagnosis []verify.Finding
	Notes     []string
}

// Taken reports whether the delivery was let in: it is valid, or signatures
// are not looked at.
func (d *Delivery) Taken() bool { return d.Reason == signature.OK || d.Reason == Unverified }

// cut bounds the texts of a delivery that is not taken: as many as there are
// lines, they would fill a log all the same.
func (d *Delivery) cut() {
	if d.Taken() {
		return
	}
	for _, text := range []*string{&d.Method, &d.URL, &d.EventID, &d.EventType} {
		*text = term.Clip(*text, mostShown)
	}
}

// Forwarded is what the target of a forward said.
type Forwarded struct {
	Status int   // the target's; 0 if it did not answer
	Err    error // why it did not
	Took   time.Duration

	// What a report has only together with Delivery.Request:
	Header map[string][]string // of the answer, without what belongs to one connection
	Body   []byte              // its first 64 KiB
	Cut    bool                // there is more, or it broke off
}

// Answer is the target's answer as a record has it; Err must be nil.
func (f *Forwarded) Answer() *capture.Answer {
	ms := strconv.FormatFloat(float64(f.Took.Microseconds())/1000, 'f', -1, 64)
	return &capture.Answer{Status: f.Status, Header: recorded.HeaderOf(f.Header), Body: f.Body, Cut: f.Cut, Milliseconds: ms}
}

// Check finds what [New] would refuse, but for a missing Report and, where there
// are no candidates yet, for missing secrets.
func (o Options) Check() error {
	switch {
	case o.MaxBody < 0 || o.MaxBody > MostMaxBody:
		return fault.Usagef("the limit of %d bytes for a body is not between 1 and %d", o.MaxBody, MostMaxBody)
	case o.Now == nil:
		return fault.Errorf(fault.Other, "the listener has no clock")
	case o.NoVerify && len(o.Candidates) > 0:
		return fault.Usagef("there is a secret to verify with, and signatures are not to be verified")
	}
	for _, p := range o.Providers {
		if err := p.Scheme.Check(); err != nil {
			return err
		}
	}
	if len(o.Candidates) == 0 {
		return nil
	}
	_, err := newEngine(o)
	return err
}

// record is the delivery as it is kept.
func (d *Delivery) record(header map[string][]string, body []byte) capture.Record {
	return capture.Record{ReceivedAt: d.ReceivedAt, Method: d.Method, URL: d.URL, Header: header, Body: body}
}
