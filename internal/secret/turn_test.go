package secret

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

func TestTurn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	ctx := context.Background()
	alone := func() { t.Error("it waits for nobody") }
	release, err := OpenJournal(dir).Turn(ctx, "apply", alone)
	if err != nil {
		t.Fatal(err)
	}
	// Another name is another turn, and nobody takes the lock for an entry's.
	other, err := OpenJournal(dir).Turn(ctx, "other", alone)
	if err != nil {
		t.Fatal(err)
	}
	if err := other(); err != nil {
		t.Error(err)
	}
	if pending, problems, err := OpenJournal(dir).List(ctx); len(pending)+len(problems) > 0 || err != nil {
		t.Errorf("listed: %v, %v, %v", pending, problems, err)
	}

	impatient, cancel := context.WithCancel(ctx)
	if _, err := OpenJournal(dir).Turn(impatient, "apply", cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	waiting := make(chan struct{})
	got := make(chan error)
	go func() {
		next, err := OpenJournal(dir).Turn(ctx, "apply", func() { close(waiting) })
		if err == nil {
			err = next()
		}
		got <- err
	}()
	<-waiting
	select {
	case err := <-got:
		t.Fatalf("two have the turn: %v", err)
	default:
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}
