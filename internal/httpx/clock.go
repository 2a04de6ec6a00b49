package httpx

import (
	"context"
	"time"
)

// now is the package's only look at the clock: for deadlines, and for an
// HTTP date in Retry-After.
func now() time.Time { return time.Now() }

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
