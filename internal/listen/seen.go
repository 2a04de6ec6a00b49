package listen

import (
	"context"
	"hash/maphash"
	"sync"
)

// maxSeen is how many events are remembered; beyond it the oldest is forgotten,
// so that memory does not grow with the run.
const maxSeen = 1 << 16

// seen knows the events of this run. The first delivery of an event claims it,
// and settles the claim when it is answered: with a success the event counts as
// seen, else it is forgotten, since the provider will send it again.
type seen struct {
	seed maphash.Seed

	mu    sync.Mutex
	known map[uint64]*claim
	order []uint64 // ring of the keys that are known for good
	next  int      // of order: the oldest, once the ring is full
	most  int
}

// claim is one event that is being handled, or was.
type claim struct {
	key     uint64
	settled chan struct{} // closed once ok is known
	ok      bool
}

func newSeen(most int) *seen {
	return &seen{seed: maphash.MakeSeed(), known: map[uint64]*claim{}, most: most}
}

// claim is called for each delivery. The second answer says that the caller is
// the first and must call settle; else the claim is another delivery's. One
// without an id is nobody's: the claim is nil.
func (s *seen) claim(provider, id string) (*claim, bool) {
	if id == "" {
		return nil, true
	}
	key := maphash.Comparable(s.seed, [2]string{provider, id})
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.known[key]; c != nil {
		return c, false
	}
	c := &claim{key: key, settled: make(chan struct{})}
	s.known[key] = c
	return c, true
}

// settle ends a claim of one's own.
func (s *seen) settle(c *claim, ok bool) {
	if c == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.ok = ok
	close(c.settled)
	switch {
	case !ok:
		delete(s.known, c.key)
	case len(s.order) < s.most:
		s.order = append(s.order, c.key)
	default:
		delete(s.known, s.order[s.next])
		s.order[s.next] = c.key
		s.next = (s.next + 1) % len(s.order)
	}
}

// wait waits until somebody else's claim is settled, and reports how.
func (c *claim) wait(ctx context.Context) (bool, error) {
	select {
	case <-c.settled:
		return c.ok, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
