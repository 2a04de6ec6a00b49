package durable

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"
)

// TestLockOnARemovedFile: the holder removes the lock file between the moment at
// which another opens that and the one at which it gets the lock. Such a lock
// keeps nobody out.
func TestLockOnARemovedFile(t *testing.T) {
	t.Parallel()
	if !HasModes {
		t.Skip("files that are open cannot be removed here")
	}
	ctx := context.Background()
	path, tries := filepath.Join(t.TempDir(), "lock"), 0
	lock, err := System().lock(ctx, path, nil, func(fl *flock.Flock) (bool, error) {
		ok, err := fl.TryLock()
		if tries++; tries == 1 {
			err = errors.Join(err, os.Remove(path))
		}
		return ok, err
	})
	if err != nil || tries != 2 || !sameFile(lock.fl, path) {
		t.Fatalf("the lock of try %d is on a file that is gone: %v", tries, err)
	}
	if _, err := System().Lock(ctx, path, nil); !errors.Is(err, ErrHeld) {
		t.Errorf("two have the lock: %v", err)
	}
	if err := lock.Remove(); err != nil {
		t.Error(err)
	}
}
