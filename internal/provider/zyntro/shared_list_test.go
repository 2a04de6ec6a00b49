package zyntro

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/hookctl/hookctl/internal/provider"
)

// lists gives one list after the other, each when it is let go.
type lists struct {
	begun int
	gate  chan error
}

func (l *lists) list(ctx context.Context) ([]provider.Webhook, error) {
	l.begun++
	n := l.begun
	select {
	case err := <-l.gate:
		return make([]provider.Webhook, n), err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestSharedList asks for many lists while one is under way: they share the next one,
// not that one.
func TestSharedList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lists{gate: make(chan error)}
		f := newSharedList(l.list)
		got := make(chan int, 100)
		ask := func() {
			list, err := f.get(t.Context())
			if err != nil {
				t.Error(err)
			}
			got <- len(list)
		}
		go ask()
		synctest.Wait()
		for range 10 {
			go ask()
		}
		synctest.Wait()
		l.gate <- nil
		if n := <-got; n != 1 {
			t.Errorf("the first gets list %d", n)
		}
		synctest.Wait()
		go ask() // too late for the second
		synctest.Wait()
		l.gate <- nil
		for range 10 {
			if n := <-got; n != 2 {
				t.Errorf("list %d", n)
			}
		}
		l.gate <- nil
		if n := <-got; n != 3 || l.begun != 3 {
			t.Errorf("list %d of %d", n, l.begun)
		}
	})
}

// TestSharedListAfterFailure lets nobody fail for another's error.
func TestSharedListAfterFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lists{gate: make(chan error)}
		f := newSharedList(l.list)
		interrupted, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		go func() {
			_, err := f.get(t.Context())
			errs <- err
		}()
		synctest.Wait()
		go func() { // the first of the second list
			_, err := f.get(interrupted)
			errs <- err
		}()
		synctest.Wait()
		done := make(chan int)
		go func() { // that waits for it
			list, err := f.get(t.Context())
			if err != nil {
				t.Error(err)
			}
			done <- len(list)
		}()
		synctest.Wait()
		l.gate <- nil
		if err := <-errs; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		cancel()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		l.gate <- nil
		if n := <-done; n != 3 {
			t.Errorf("list %d", n)
		}
	})
}
