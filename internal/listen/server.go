package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// How a run ends: connections get a moment to send what they have begun, then
// those without a whole request are closed; those with one get their answer.
const (
	lingerTime = 300 * time.Millisecond
	dropAfter  = 2 * time.Second
)

// Server receives deliveries. It is run once.
type Server struct {
	o        Options
	trust    sync.RWMutex   // of engine and o.Candidates
	engine   *verify.Engine // nil where nothing is verified, or there is no secret yet
	seen     *seen
	reporter *reporter
	lines    limiter
	explains limiter
	buffers  sync.Pool // of *buffer
	draining atomic.Bool
	work     context.Context // of forwards: outlives a sender that hangs up
	enough   chan struct{}   // closed when Options.Count is reached

	mu       sync.Mutex
	summary  Summary
	last     time.Time                // when a delivery was last taken
	nonces   map[string]chan struct{} // of probes that are expected
	hidden   int                      // invalid deliveries not shown since that was last said
	inFlight int                      // deliveries that are being handled
	ended    bool
	idle     chan struct{} // closed when it has ended and nothing is in flight
}

// New checks the options. Where deliveries are verified, no secret to do it
// with is an error of kind Usage.
func New(o Options) (*Server, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Report == nil {
		return nil, fault.Errorf(fault.Other, "the listener has nobody to report to")
	}
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	s := &Server{
		o: o, seen: newSeen(maxSeen), work: context.Background(), enough: make(chan struct{}), idle: make(chan struct{}),
		lines: limiter{limit: lineLimit}, explains: limiter{limit: explainLimit},
		summary: Summary{Invalid: map[signature.Reason]int{}, Events: map[string]int{}},
	}
	s.buffers.New = func() any { return new(buffer) }
	s.reporter = newReporter(s)
	if o.Kept != nil && o.Forward != nil {
		if err := o.Kept.holdUnanswered(); err != nil {
			return nil, err
		}
	}
	if o.NoVerify || o.Later && len(o.Candidates) == 0 {
		return s, nil
	}
	var err error
	s.engine, err = newEngine(o)
	return s, err
}

// ErrAborted says that Hurry ended a run before everything was reported. Report
// may still be running then.
var ErrAborted = errors.New("interrupted before everything was reported")

// Run answers deliveries that arrive at l, which it closes, until ctx ends, the
// time is over, or enough have come; then it answers those that it has
// accepted. It returns the summary in any case. That ctx ended is no error.
func (s *Server) Run(ctx context.Context, l net.Listener) (Summary, error) {
	work, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	s.work = work
	g := newGate(l, maxConnections)
	srv := s.httpServer()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(g) }()
	go s.reporter.run(work)

	cause := s.wait(ctx, served)
	s.draining.Store(true)
	go func() {
		select {
		case <-s.o.Hurry: // nil blocks for ever
			abort()
		case <-work.Done():
		}
	}()
	left := make(chan struct{})
	go func() {
		defer close(left)
		if s.o.Leave != nil {
			s.o.Leave()
		}
	}()
	select {
	case <-left:
	case <-work.Done():
	}
	cause = errors.Join(cause, s.stop(g, srv))
	<-left
	s.end()
	close(s.reporter.finish)
	select {
	case <-s.reporter.stopped:
	case <-work.Done():
		select {
		case <-s.reporter.stopped:
		case <-time.After(lingerTime):
			cause = errors.Join(cause, fault.Wrap(fault.Interrupted, ErrAborted))
		}
	}
	select {
	case err := <-s.reporter.failure:
		cause = errors.Join(cause, err)
	default:
	}
	return s.sum(), cause
}

func (s *Server) httpServer() *http.Server {
	forward := time.Duration(0)
	if s.o.Forward != nil {
		forward = 2 * s.o.Forward.timeout // a second delivery of an event waits for the first
	}
	return &http.Server{
		Handler: s, MaxHeaderBytes: maxHeader, DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
		WriteTimeout: bodyTimeout + forward + answerTimeout,
		ConnContext:  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ConnState:    connState,
		ErrorLog:     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // of senders' mistakes
	}
}

// wait waits for the end of the run, and says what is wrong with it.
func (s *Server) wait(ctx context.Context, served <-chan error) error {
	var over <-chan time.Time
	if s.o.Timeout > 0 {
		t := time.NewTimer(s.o.Timeout)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-ctx.Done():
	case <-s.enough:
	case err := <-s.reporter.failure:
		return err
	case err := <-served:
		return fault.Errorf(fault.Other, "no more connections are accepted: %w", err)
	case <-over:
		if s.o.Count > 0 {
			return s.missed()
		}
	}
	return nil
}

// missed is the error of a run that was to see deliveries and did not.
func (s *Server) missed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.summary.Counted >= s.o.Count {
		return nil
	}
	return fault.Errorf(fault.Negative, "%s counted within %s, but %d expected; %s in all",
		term.Plural(s.summary.Counted, "delivery", "deliveries"), s.o.Timeout, s.o.Count, term.Plural(s.summary.Total, "delivery", "deliveries")).
		WithCode("timeout").WithHint("a delivery counts if it is valid and answered with a 2xx; each event counts once")
}

// stop ends the connections.
func (s *Server) stop(g *gate, srv *http.Server) error {
	done := make(chan error, 1)
	go func() {
		err := g.Close()
		g.settle(lingerTime)
		done <- errors.Join(err, srv.Shutdown(context.Background()))
	}()
	drop := time.NewTimer(dropAfter)
	defer drop.Stop()
	aborted := s.work.Done()
	for {
		select {
		case err := <-done:
			return err
		case <-drop.C:
			g.drop()
		case <-aborted:
			_ = srv.Close() // done reports what is wrong
			aborted = nil
		}
	}
}

// enter begins a delivery; false says that the run has ended.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.inFlight++
	}
	return !s.ended
}

func (s *Server) exit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight--; s.ended && s.inFlight == 0 {
		close(s.idle)
	}
}

// end lets no further delivery in, and waits for those that are being handled.
func (s *Server) end() {
	s.mu.Lock()
	s.ended = true
	if s.inFlight == 0 {
		close(s.idle)
	}
	s.mu.Unlock()
	<-s.idle
}

// sum is a copy of the summary.
func (s *Server) sum() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.summary
	out.Invalid, out.Events, out.Assumed = maps.Clone(out.Invalid), maps.Clone(out.Events), slices.Clone(out.Assumed)
	return out
}

// count adds a delivery to the summary, and ends the run once enough have come.
// It reports whether the delivery is to be shown.
func (s *Server) count(d *Delivery) bool {
	shown := d.Taken() || s.lines.allow(d.ReceivedAt)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.summary
	c.Total++
	s.assumed(d.Provider)
	if !d.Taken() {
		c.Invalid[d.Reason]++
		if d.Saved {
			c.Rejected++
		}
		if !shown {
			s.hidden++
			c.Hidden++
		}
		return shown
	}
	c.Taken++
	s.last = d.ReceivedAt
	if d.Duplicate {
		c.Duplicates++
	}
	switch {
	case d.Saved:
		c.Saved++
	case s.o.Kept != nil:
		c.NotSaved++
	}
	if f := d.Forward; f != nil && f.Err == nil && f.Status < 300 {
		c.Forwarded++
	} else if f != nil {
		c.Refused++
	}
	event := term.Clip(d.EventType, mostQuoted)
	if _, known := c.Events[event]; !known && len(c.Events) >= maxEvents {
		event = ""
	}
	c.Events[event]++
	if d.Status < 300 && !d.Duplicate && (len(s.o.Events) == 0 || slices.Contains(s.o.Events, d.EventType)) {
		c.Counted++
		if c.Counted == s.o.Count {
			close(s.enough)
		}
	}
	return true
}

// assumed notes a provider whose scheme is a guess; s.mu is held.
func (s *Server) assumed(provider string) {
	if provider == "" || slices.Contains(s.summary.Assumed, provider) {
		return
	}
	for _, p := range s.o.Providers {
		if p.Name == provider && len(p.Scheme.Assumed) > 0 {
			s.summary.Assumed = append(s.summary.Assumed, provider)
		}
	}
}

// notKept is what the user is told of a delivery that could not be kept.
func notKept(err error) string { return fmt.Sprintf("it could not be saved: %v", err) }
