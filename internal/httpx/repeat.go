package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	maxTries  = 5
	maxBudget = 60 * time.Second
)

// dialWaits are short, and few: a port that refuses is seldom open a moment
// later, and a person is waiting.
var dialWaits = [...]time.Duration{200 * time.Millisecond, 500 * time.Millisecond}

// outcome is what one try came to: exactly one of resp and err is set.
type outcome struct {
	resp  *Response
	err   *Error
	final bool // sending it again would end the same way
}

// refused reports that the provider said 429, in an answer that may be cut:
// it did not process the request.
func (o outcome) refused() bool {
	if o.resp != nil {
		return o.resp.Status == http.StatusTooManyRequests
	}
	return o.err.Stage == Answered && o.err.Status == http.StatusTooManyRequests
}

// unprocessed reports that the request certainly had no effect.
func (o outcome) unprocessed() bool {
	return o.refused() || o.err != nil && o.err.Stage == NotSent
}

// Do sends r and reads the whole answer. Every status is a Response, redirects
// (never followed) included; an error is an *Error.
//
// A request is sent at most 5 times, with waits of 1, 2, 4 and 8 s, or as long
// as the provider asks for. A wait that would end after the time for repeats
// is not begun: the answer is returned as it is. A dial that failed is tried
// again at most twice, after 0.2 and 0.5 s; one that cannot succeed (unknown
// host, bad certificate) not at all.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	if c.canned != nil {
		return c.canned(r)
	}
	call, err := c.newCall(r)
	if err != nil {
		return nil, &Error{Stage: NotSent, Err: err}
	}
	p := pacer{repeat: r.Repeat, budget: min(maxBudget, 4*c.o.Timeout)}
	limit := c.o.Timeout
	for try := 1; ; try++ {
		start := now()
		out := c.once(ctx, call, limit, try)
		p.spent += now().Sub(start)
		if out.resp != nil {
			out.resp.Tries = try
		}
		wait, again := p.next(out, try)
		if !again || ctx.Err() != nil {
			if out.err != nil {
				if out.err.Hint == "" && IsRefused(out.err) {
					out.err.Hint = c.o.Refused
				}
				return nil, out.err
			}
			return out.resp, nil
		}
		if err := c.pause(ctx, call, out, wait); err != nil {
			return nil, err
		}
		p.spent += wait
		limit = min(c.o.Timeout, p.budget-p.spent)
	}
}

// pause waits, and prepares for the next try. Its error says how far the
// request had got before.
func (c *Client) pause(ctx context.Context, call *call, out outcome, wait time.Duration) error {
	why := reason(call.host, out)
	if wait > time.Second && c.o.Notify != nil {
		c.o.Notify(fmt.Sprintf("%s, trying again in %s", why, seconds(wait)))
	}
	call.trace.note("%s, trying again in %s", why, seconds(wait))
	failed := &Error{Stage: Sent}
	switch {
	case out.unprocessed():
		failed.Stage = NotSent
	case out.err != nil:
		failed.Stage, failed.Status = out.err.Stage, out.err.Status
	}
	if err := c.o.Sleep(ctx, wait); err != nil {
		failed.Timeout = errors.Is(err, context.DeadlineExceeded)
		failed.Err = fmt.Errorf("stopped while waiting to try again (%s): %w", why, err)
		return failed
	}
	if t, ok := c.tap.(interface{ Reset() error }); ok && out.unprocessed() {
		if err := t.Reset(); err != nil {
			failed.Err = fmt.Errorf("the request to %s will not be sent again: %w", call.host, err)
			return failed
		}
	}
	if call.onRetry != nil {
		if err := call.onRetry(); err != nil {
			failed.Err = fmt.Errorf("the request to %s will not be sent again: %w", call.host, err)
			return failed
		}
	}
	return nil
}

// reason says in a few words why a request is to be sent again.
func reason(host string, out outcome) string {
	switch {
	case out.refused():
		return "rate-limited by " + host
	case out.resp != nil:
		return fmt.Sprintf("%s answered %d", host, out.resp.Status)
	default:
		return out.err.Error()
	}
}

// seconds writes d as people say it: "12 s", "0.2 s".
func seconds(d time.Duration) string {
	return fmt.Sprintf("%.4g s", d.Round(100*time.Millisecond).Seconds())
}

// pacer decides whether a request is sent again, and when.
type pacer struct {
	repeat Repeat
	budget time.Duration
	spent  time.Duration // tries and waits so far; waits as asked for, so that an injected Sleep counts
	dials  int           // tries of which nothing was sent
}

// next looks at the outcome of a try, counted from 1.
func (p *pacer) next(out outcome, try int) (wait time.Duration, again bool) {
	if out.final || try >= maxTries {
		return 0, false
	}
	switch {
	case out.err != nil && out.err.Stage == NotSent:
		if p.dials >= len(dialWaits) {
			return 0, false
		}
		wait = dialWaits[p.dials]
		p.dials++
	case out.refused(), p.repeat == RepeatSafe && (out.err != nil || out.resp.Status >= 500):
		wait = time.Second << (try - 1)
		if out.resp != nil && out.resp.RetryAfter > 0 {
			wait = out.resp.RetryAfter
		}
	default:
		return 0, false
	}
	// Not beyond the budget, and some of it must be left for the try itself.
	return wait, wait < p.budget-p.spent
}
