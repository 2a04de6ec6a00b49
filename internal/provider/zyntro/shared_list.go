package zyntro

import (
	"context"
	"sync"

	"github.com/hookctl/hookctl/internal/provider"
)

// sharedList shares lists among those who ask at the same time: the API has no call for
// one webhook, and whoever changes many looks at each before and after. Everybody
// gets a list that was begun after he asked; nobody may change it.
type sharedList struct {
	list func(context.Context) ([]provider.Webhook, error)
	turn chan struct{} // of capacity 1: full while a list is under way

	mu   sync.Mutex
	next *listCall // not begun yet; nil: nobody waits for one
}

// listCall is one list. Its fields are set when done is closed.
type listCall struct {
	done chan struct{}
	list []provider.Webhook
	err  error
}

func newSharedList(list func(context.Context) ([]provider.Webhook, error)) *sharedList {
	return &sharedList{list: list, turn: make(chan struct{}, 1)}
}

func (f *sharedList) get(ctx context.Context) ([]provider.Webhook, error) {
	f.mu.Lock()
	r := f.next
	first := r == nil
	if first {
		r = &listCall{done: make(chan struct{})}
		f.next = r
	}
	f.mu.Unlock()
	if first {
		f.turn <- struct{}{}
		f.mu.Lock()
		f.next = nil
		f.mu.Unlock()
		r.list, r.err = f.list(ctx)
		<-f.turn
		close(r.done)
		return r.list, r.err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil || r.err != nil {
		return f.list(ctx) // for an error of its own
	}
	return r.list, nil
}
