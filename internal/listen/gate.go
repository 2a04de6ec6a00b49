package listen

import (
	"container/list"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// gate bounds the connections of a listener without letting slow senders lock
// out the others: when all places are taken, or the process may open no more
// files, the connection that has waited longest without a whole request is
// closed for the new one. Those whose request is being worked on are never
// closed.
type gate struct {
	net.Listener
	most int

	mu      sync.Mutex
	freed   *sync.Cond
	open    int
	waiting *list.List // of *guarded, the longest waiting first
	closed  bool
}

func newGate(l net.Listener, most int) *gate {
	g := &gate{Listener: l, most: most, waiting: list.New()}
	g.freed = sync.NewCond(&g.mu)
	return g
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	g.mu.Lock()
	for errors.Is(err, syscall.EMFILE) && g.evict() {
		g.mu.Unlock()
		c, err = g.Listener.Accept()
		g.mu.Lock()
	}
	if err != nil {
		g.mu.Unlock()
		return nil, err
	}
	for g.open >= g.most && !g.closed {
		if !g.evict() {
			g.freed.Wait()
		}
	}
	if g.closed {
		g.mu.Unlock()
		_ = c.Close()
		return nil, net.ErrClosed
	}
	gc := &guarded{Conn: c, gate: g, counted: true}
	g.open++
	gc.place = g.waiting.PushBack(gc)
	g.mu.Unlock()
	return gc, nil
}

// evict closes the connection that has waited longest; false: none is waiting.
// g.mu is held, but for the closing.
func (g *gate) evict() bool {
	oldest := g.waiting.Front()
	if oldest == nil {
		return false
	}
	victim := oldest.Value.(*guarded)
	g.release(victim)
	g.mu.Unlock()
	_ = victim.Conn.Close() // its sender gets no answer in any case
	g.mu.Lock()
	return true
}

// Close implements net.Listener: no connection is accepted any more.
func (g *gate) Close() error {
	g.mu.Lock()
	again := g.closed
	g.closed = true
	g.freed.Broadcast()
	g.mu.Unlock()
	if again {
		return nil
	}
	return g.Listener.Close()
}

// release takes a connection out of the count; g.mu is held.
func (g *gate) release(c *guarded) {
	if !c.counted {
		return
	}
	c.counted = false
	g.open--
	if c.place != nil {
		g.waiting.Remove(c.place)
		c.place = nil
	}
	g.freed.Signal()
}

// settle waits until no connection has been waiting for a request for a while,
// but no longer than most. One moment would not do: an answer that was begun
// before the end does not say that it is the last on its connection, which then
// waits once more.
func (g *gate) settle(most time.Duration) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(most)
	defer end.Stop()
	for quiet := 0; quiet < 10; {
		g.mu.Lock()
		n := g.waiting.Len()
		g.mu.Unlock()
		quiet++
		if n > 0 {
			quiet = 0
		}
		select {
		case <-tick.C:
		case <-end.C:
			return
		}
	}
}

// drop closes the connections that are waiting for a request.
func (g *gate) drop() {
	g.mu.Lock()
	var all []*guarded
	for e := g.waiting.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*guarded))
	}
	g.mu.Unlock()
	for _, c := range all {
		_ = c.Close() // its sender gets no answer in any case
	}
}

// guarded is a connection that a gate counts.
type guarded struct {
	net.Conn
	gate *gate
	// Of gate.mu:
	counted bool
	place   *list.Element // in gate.waiting; nil while a request is worked on
}

// Close implements net.Conn.
func (c *guarded) Close() error {
	c.gate.mu.Lock()
	c.gate.release(c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets net/http end an answer while the sender is still sending, so
// that the answer arrives.
func (c *guarded) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// busy says that a whole request has arrived.
func (c *guarded) busy() {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	if c.place != nil {
		c.gate.waiting.Remove(c.place)
		c.place = nil
	}
}

// rest says that the request was answered.
func (c *guarded) rest() {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	if c.counted && c.place == nil {
		c.place = c.gate.waiting.PushBack(c)
	}
}

// connKey leads from a request's context to its connection.
type connKey struct{}

// connState tells a gate of an http.Server's connections.
func connState(c net.Conn, state http.ConnState) {
	if g, ok := c.(*guarded); ok && state == http.StateIdle {
		g.rest()
	}
}

// busy marks the connection that ctx belongs to.
func busy(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*guarded); ok {
		c.busy()
	}
}
