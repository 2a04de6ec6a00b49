package sandbox

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// mostIdle is how long a sandbox in the background lives without a request.
const mostIdle = 12 * time.Hour

// idle knows when the last request came.
type idle struct {
	now func() time.Time

	mu   sync.Mutex
	last time.Time
	busy int
}

// newIdle counts from now on.
func newIdle(now func() time.Time) *idle { return &idle{now: now, last: now()} }

// watch notes the requests that come to h.
func (i *idle) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.note(1)
		defer i.note(-1)
		h.ServeHTTP(w, r)
	})
}

func (i *idle) note(more int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = i.now()
	i.busy += more
}

// left is what remains of limit: all of it while a request is under way.
func (i *idle) left(limit time.Duration) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.busy > 0 {
		return limit
	}
	return limit - i.now().Sub(i.last)
}

// wait returns nil when no request has come for limit, or the error of sleep.
func (i *idle) wait(ctx context.Context, limit time.Duration, sleep func(context.Context, time.Duration) error) error {
	for {
		left := i.left(limit)
		if left <= 0 {
			return nil
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}
