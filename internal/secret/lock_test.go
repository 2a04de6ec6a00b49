package secret

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
)

func TestNamedLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	ctx := context.Background()
	alone := func() { t.Error("it waits for nobody") }
	release, err := OpenFileStore("", FileStoreOptions{}).OpenJournal(dir).Lock(ctx, "apply", alone)
	if err != nil {
		t.Fatal(err)
	}
	// Another name is another lock, and nobody takes the lock for an entry's.
	other, err := OpenFileStore("", FileStoreOptions{}).OpenJournal(dir).Lock(ctx, "other", alone)
	if err != nil {
		t.Fatal(err)
	}
	if err := other(); err != nil {
		t.Error(err)
	}
	if pending, problems, err := OpenFileStore("", FileStoreOptions{}).OpenJournal(dir).List(ctx); len(pending)+len(problems) > 0 || err != nil {
		t.Errorf("listed: %v, %v, %v", pending, problems, err)
	}

	impatient, cancel := context.WithCancel(ctx)
	if _, err := OpenFileStore("", FileStoreOptions{}).OpenJournal(dir).Lock(impatient, "apply", cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	waiting := make(chan struct{})
	got := make(chan error)
	go func() {
		next, err := OpenFileStore("", FileStoreOptions{}).OpenJournal(dir).Lock(ctx, "apply", func() { close(waiting) })
		if err == nil {
			err = next()
		}
		got <- err
	}()
	<-waiting
	select {
	case err := <-got:
		t.Fatalf("two have the lock: %v", err)
	default:
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// TestNamedLockFiles: a lock leaves no file behind, and one that a killed process left
// is swept, unless it is in use.
func TestNamedLockFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	j := OpenFileStore("", FileStoreOptions{}).OpenJournal(dir)
	ctx := context.Background()
	there := func(name string) bool {
		_, err := os.Lstat(j.lockPath(name))
		return err == nil
	}
	take := func(name string) func() error {
		release, err := j.Lock(ctx, name, func() { t.Error("it waits for nobody") })
		if err != nil {
			t.Fatal(err)
		}
		return release
	}
	for range 3 {
		release := take(LockPrefix + "a")
		if !there(LockPrefix + "a") {
			t.Error("no file")
		}
		if err := release(); err != nil {
			t.Error(err)
		}
		if durable.HasModes && there(LockPrefix+"a") {
			t.Error("the file is left")
		}
	}
	inUse := take(LockPrefix + "used")
	old := time.Now().Add(-2 * staleLock)
	for name, age := range map[string]time.Time{"old": old, "young": time.Now(), "used": old} {
		path := j.lockPath(LockPrefix + name)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err == nil {
			err = errors.Join(f.Close(), os.Chtimes(path, age, age))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := begin(t, j, fullIntent(), 1).Remove(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"old": false, "young": true, "used": true} {
		if there(LockPrefix+name) != want {
			t.Errorf("%s: there is %v", name, !want)
		}
	}
	if err := inUse(); err != nil {
		t.Error(err)
	}
	take(LockPrefix + "young")
}

// TestNamedLocksAtOnce: many that want one lock get it one after the other, although
// its file comes and goes.
func TestNamedLocksAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	var inside, most, done atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				release, err := OpenFileStore("", FileStoreOptions{}).OpenJournal(dir).Lock(context.Background(), LockPrefix+"x", func() {})
				if err != nil {
					t.Error(err)
					return
				}
				most.Store(max(most.Load(), inside.Add(1)))
				runtime.Gosched()
				inside.Add(-1)
				done.Add(1)
				if err := release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 || done.Load() != 160 {
		t.Errorf("%d at once, %d locks", most.Load(), done.Load())
	}
}
