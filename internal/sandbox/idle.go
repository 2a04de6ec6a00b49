package sandbox

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// MostIdle is how long a sandbox in the background lives without a request.
const MostIdle = 12 * time.Hour

// Idle knows when the last request came.
type Idle struct {
	now func() time.Time

	mu   sync.Mutex
	last time.Time
	busy int
}

// NewIdle counts from now on.
func NewIdle(now func() time.Time) *Idle { return &Idle{now: now, last: now()} }

// Watch notes the requests that come to h.
func (i *Idle) Watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.note(1)
		defer i.note(-1)
		h.ServeHTTP(w, r)
	})
}

func (i *Idle) note(more int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = i.now()
	i.busy += more
}

// left is what remains of limit: all of it while a request is under way.
func (i *Idle) left(limit time.Duration) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.busy > 0 {
		return limit
	}
	return limit - i.now().Sub(i.last)
}

// Wait returns nil when no request has come for limit, or the error of sleep.
func (i *Idle) Wait(ctx context.Context, limit time.Duration, sleep func(context.Context, time.Duration) error) error {
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
