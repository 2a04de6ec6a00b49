package verify

import (
	"context"
	"sync"
)

// budget bounds how many bytes are under way. Any goroutine acquires and
// releases: each release wakes one that waits, and a single one always fits when
// nothing else is under way.
type budget struct {
	mu    sync.Mutex
	used  int
	limit int
	freed chan struct{}
}

func newBudget(limit int) *budget {
	return &budget{limit: limit, freed: make(chan struct{}, 1)}
}

// acquire waits until n fits, or nothing else is under way. It is false when
// ctx ended first.
func (b *budget) acquire(ctx context.Context, n int) bool {
	for waited := false; ; waited = true {
		b.mu.Lock()
		fits := b.used == 0 || b.used+n <= b.limit
		if fits {
			b.used += n
		}
		b.mu.Unlock()
		if fits {
			if waited {
				b.wake() // there may be room for another one
			}
			return true
		}
		select {
		case <-b.freed:
		case <-ctx.Done():
			return false
		}
	}
}

func (b *budget) release(n int) {
	b.mu.Lock()
	b.used -= n
	b.mu.Unlock()
	b.wake()
}

func (b *budget) wake() {
	select {
	case b.freed <- struct{}{}:
	default:
	}
}
