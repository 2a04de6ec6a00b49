package durable

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRemoveOfALockInUse: what others have open is tried as often as the table of
// calls does by itself, and what another one holds is for that one to remove.
func TestRemoveOfALockInUse(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path, tries := filepath.Join(t.TempDir(), "lock"), 0
	sys := System()
	sys.Remove = func(path string) error {
		tries++
		return &fs.PathError{Op: "remove", Path: path, Err: syscall.Errno(32)}
	}
	lock, err := sys.Lock(ctx, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Remove(); err != nil || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
	if lock, err = sys.Lock(ctx, path, nil); err != nil {
		t.Fatal(err)
	}
	if err := lock.fl.Close(); err != nil { // as Remove does before it removes
		t.Fatal(err)
	}
	next, err := System().Lock(ctx, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Remove(); err != nil || tries != 1 || !Held(path) {
		t.Errorf("%d tries, %v", tries, err)
	}
	if err := next.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
