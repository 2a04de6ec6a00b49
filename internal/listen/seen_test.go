package listen

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestSeen(t *testing.T) {
	t.Parallel()
	s := newSeen(3)
	if c, first := s.claim("p", ""); c != nil || !first {
		t.Error("an event without an id is somebody's")
	}
	s.settle(nil, true)
	// A failure is forgotten, so that the next attempt is a first one again.
	for range 2 {
		c, first := s.claim("p", "a")
		if !first {
			t.Fatal("a failed delivery counts as seen")
		}
		s.settle(c, false)
	}
	for i := range 5 {
		c, first := s.claim("p", fmt.Sprint(i))
		if !first {
			t.Fatalf("%d is known before it came", i)
		}
		if _, again := s.claim("p", fmt.Sprint(i)); again {
			t.Fatalf("%d is claimed twice", i)
		}
		s.settle(c, true)
	}
	for i := range 5 {
		known := i >= 2 // the last three
		if c, first := s.claim("p", fmt.Sprint(i)); first == known {
			t.Errorf("%d: known is %v", i, !first)
		} else if first {
			s.settle(c, false)
		}
	}
	if _, first := s.claim("q", "4"); !first {
		t.Error("events of two providers are one")
	}
	if len(s.known) != 4 || len(s.order) != 3 {
		t.Errorf("%d known, %d in order", len(s.known), len(s.order))
	}
}

func TestClaimWait(t *testing.T) {
	t.Parallel()
	s := newSeen(3)
	c, _ := s.claim("p", "a")
	other, _ := s.claim("p", "a")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := other.wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("waited on: %v", err)
	}
	time.AfterFunc(time.Millisecond, func() { s.settle(c, true) })
	if ok, err := other.wait(context.Background()); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}
