package listen

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/signature"
)

// Bounds of what invalid deliveries can cause, so that a flood of them fills
// neither a log nor a core.
var (
	lineLimit    = limit{burst: 100, every: time.Second / 20}
	explainLimit = limit{burst: 20, every: time.Second / 2}
)

// limit allows so many at once, and then one every so often.
type limit struct {
	burst int
	every time.Duration
}

// limiter is a limit in use. Time comes from its callers.
type limiter struct {
	limit
	mu   sync.Mutex
	debt time.Duration // what was allowed and is not paid back yet
	last time.Time
}

func (l *limiter) allow(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if past := now.Sub(l.last); past > 0 {
		l.debt = max(0, l.debt-past)
		l.last = now
	}
	if l.debt+l.every > time.Duration(l.burst)*l.every {
		return false
	}
	l.debt += l.every
	return true
}

// Summary counts what a run has seen.
type Summary struct {
	Total      int
	Taken      int // valid, or not verified
	Duplicates int // of Taken
	Invalid    map[signature.Reason]int
	Saved      int // taken and kept durably
	NotSaved   int // taken, but could not be kept: answered 503
	Rejected   int // invalid and kept
	Forwarded  int // answered with a 2xx by the target
	Refused    int // answered otherwise by the target, or not at all
	Events     map[string]int
	Assumed    []string // providers met whose scheme is not documented
	Counted    int      // see Options.Count
	Hidden     int      // invalid deliveries that were not reported one by one
}

// maxEvents bounds the event types that are counted one by one; others are
// under "".
const maxEvents = 256

// report is a delivery on its way to the user.
type report struct {
	delivery Delivery
	failed   *capture.Request // that is to be explained; else nil
}

// reporter tells of deliveries, one after the other, in the order in which they
// were answered. It is also where failures are explained: after the answer, so
// that nobody waits for it.
type reporter struct {
	s       *Server
	queue   chan report
	failure chan error    // of capacity 1
	stopped chan struct{} // closed when nothing is reported any more
	finish  chan struct{} // closed by Run
	held    atomic.Int64  // bytes of bodies that wait
}

// mostHeld bounds the memory of what waits to be reported.
const mostHeld = 64 << 20

// hold gives d its request, where that is asked for and there is room; buf no
// longer owns the body then. Else the target's answer goes too, but for its status.
func (r *reporter) hold(d *Delivery, header map[string][]string, buf *buffer) {
	if !r.s.o.Requests || r.held.Load()+d.weight() > mostHeld {
		if f := d.Forward; f != nil {
			d.Forward = &Forwarded{Status: f.Status, Err: f.Err, Took: f.Took}
		}
		return
	}
	r.held.Add(d.weight())
	request := d.record(header, nil)
	if d.Reason != signature.Unreadable {
		request.Body, buf.body = buf.body, nil
	}
	d.Request = &request
}

// weight is how many bytes of bodies a delivery has.
func (d *Delivery) weight() int64 {
	n := int64(d.Size)
	if d.Forward != nil {
		n += int64(len(d.Forward.Body))
	}
	return n
}

// queued is how many reports wait for a slow reader before deliveries do.
const queued = 1024

func newReporter(s *Server) *reporter {
	return &reporter{
		s: s, queue: make(chan report, queued), failure: make(chan error, 1),
		stopped: make(chan struct{}), finish: make(chan struct{}),
	}
}

// offer hands over a report if that is possible at once.
func (r *reporter) offer(rep report) bool {
	select {
	case r.queue <- rep:
		return true
	default:
		return false
	}
}

// add hands over a report. It waits for a reader that is slow, but not for one
// that is gone, nor when the run is aborted.
func (r *reporter) add(rep report) {
	select {
	case r.queue <- rep:
	case <-r.stopped:
	case <-r.s.work.Done():
	}
}

// run reports until it is told to finish, and then what is left.
func (r *reporter) run(ctx context.Context) {
	defer close(r.stopped)
	hidden := time.NewTicker(time.Second)
	defer hidden.Stop()
	for {
		select {
		case rep := <-r.queue:
			if !r.tell(ctx, rep) {
				return
			}
		case <-hidden.C:
			r.tellHidden()
		case <-r.finish:
			for {
				select {
				case rep := <-r.queue:
					if !r.tell(ctx, rep) {
						return
					}
				default:
					r.tellHidden()
					return
				}
			}
		}
	}
}

func (r *reporter) tell(ctx context.Context, rep report) bool {
	d := rep.delivery
	if d.Request != nil {
		defer r.held.Add(-d.weight())
	}
	if rep.failed != nil {
		d.explain(ctx, r.s.judgeWith(), rep.failed)
		d.cut()
	}
	err := r.s.o.Report(d)
	if err == nil && len(r.queue) == 0 && r.s.o.Flush != nil {
		err = r.s.o.Flush()
	}
	if err != nil {
		r.failure <- err
		return false
	}
	return true
}

// tellHidden says how many invalid deliveries were only counted since it was
// called last.
func (r *reporter) tellHidden() {
	r.s.mu.Lock()
	n := r.s.hidden
	r.s.hidden = 0
	r.s.mu.Unlock()
	if n > 0 {
		r.s.o.Notify(fmt.Sprintf("%d more invalid deliveries were answered, but not shown", n))
	}
}
