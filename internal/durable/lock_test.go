package durable_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// TestLock: a lock that was given up can be taken again, one that is held is seen,
// and what stands in its way is said.
func TestLock(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	sys := durable.System()
	if durable.Held(path) {
		t.Error("nobody holds what is not there")
	}
	for range 2 {
		lock, err := sys.Lock(ctx, path, func() { t.Error("it waits for nobody") })
		if err != nil {
			t.Fatal(err)
		}
		if fi, err := os.Stat(path); err != nil || durable.HasModes && fi.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", fi, err)
		}
		if !durable.Held(path) {
			t.Error("it is held")
		}
		limited, cancel := context.WithTimeout(ctx, time.Millisecond)
		if _, err := sys.Lock(limited, path, func() {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		cancel()
		if err := lock.Release(); err != nil {
			t.Error(err)
		}
		if durable.Held(path) {
			t.Error("it was given up")
		}
	}
	if durable.HasModes {
		if err := os.Chmod(path, 0o400); err != nil {
			t.Fatal(err)
		}
	}
	if durable.Held(path) {
		t.Error("nobody holds what cannot be written")
	}
	for _, bad := range []string{dir, filepath.Join(dir, "none", "lock")} {
		if _, err := sys.Lock(ctx, bad, nil); fault.KindOf(err) != fault.Other || errors.Is(err, durable.ErrHeld) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if !durable.Held(dir) {
		t.Error("what is no lock may be held")
	}
}

// TestLockFile: a file that is written to can be the lock itself.
func TestLockFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	unlock, err := durable.LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := durable.LockFile(path); !errors.Is(err, durable.ErrHeld) {
		t.Errorf("two hold it: %v", err)
	}
	if err := os.WriteFile(path, []byte("more"), 0o600); err != nil {
		t.Error(err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if unlock, err = durable.LockFile(path); err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if _, err := durable.LockFile(path + "x"); durable.HasModes && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing is there: %v", err)
	}
}
