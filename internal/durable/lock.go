package durable

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/hookctl/hookctl/internal/fault"
)

// ErrHeld reports a lock that somebody holds.
var ErrHeld = errors.New("another process holds the lock")

const (
	lockRetry = 5 * time.Millisecond
	// updateWait bounds how long LockDir waits for another process that is
	// changing a file of the same directory.
	updateWait = 10 * time.Second
)

// Lock is a flock on a file that holds nothing. The kernel drops it when its
// process dies, however it dies, so that no lock outlives its holder.
type Lock struct {
	fl *flock.Flock
	c  *Calls
}

// Lock takes the lock of the file at path, which is made where it is missing.
// While another one holds it Lock calls waiting, once, and waits until ctx is
// done; without waiting it returns [ErrHeld] at once. Other errors are faults
// that name the path.
func (c *Calls) Lock(ctx context.Context, path string, waiting func()) (*Lock, error) {
	return c.lock(ctx, path, waiting, (*flock.Flock).TryLock)
}

func (c *Calls) lock(ctx context.Context, path string, waiting func(), try func(*flock.Flock) (bool, error)) (*Lock, error) {
	told := false
	for {
		fl := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|openSafely), flock.SetPermissions(0o600))
		var ok bool
		err := Retry(func() (err error) { // Windows refuses to open what is being removed
			if err = c.make(path, func(*os.File) error { return nil }); err == nil || errors.Is(err, fs.ErrExist) {
				ok, err = try(fl)
			}
			return err
		})
		if ok && sameFile(fl, path) {
			return &Lock{fl, c}, nil
		}
		switch err := errors.Join(err, fl.Close()); {
		case err != nil:
			return nil, Fault(path, err)
		case ok: // who held it has removed the file that was locked
			continue
		case waiting == nil:
			return nil, ErrHeld
		case !told:
			told = true
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockRetry):
		}
	}
}

func sameFile(fl *flock.Flock, path string) bool {
	held, err := fl.Stat()
	there, lerr := os.Lstat(path)
	return err == nil && lerr == nil && os.SameFile(held, there)
}

// Release gives up the lock; its file stays.
func (l *Lock) Release() error { return l.fl.Unlock() }

// Remove gives up the lock and removes its file while nobody else can hold it:
// one that waits for it sees that it is gone. Where files that are open cannot be
// removed, it is left to who has taken the lock since, and stays if somebody else
// does not let go of it.
func (l *Lock) Remove() error {
	path := l.fl.Path()
	if HasModes {
		_ = l.c.Remove(path)
		return l.fl.Close()
	}
	err := l.fl.Close()
	if !Held(path) {
		_ = l.c.Remove(path)
	}
	return err
}

// Held reports whether a process holds the lock of the file at path. Where that
// cannot be found out it counts as held: taking a living process for dead does
// more harm. The lock asked for is shared, so that two that look do not see each
// other, and a file system that is read-only will do.
func Held(path string) bool {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil || !fi.Mode().IsRegular() {
		return true
	}
	fl := flock.New(path, flock.SetFlag(os.O_RDONLY|openSafely))
	ok, err := fl.TryRLock()
	if cerr := fl.Close(); cerr != nil || err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return !ok
}

// LockFile holds the file at path itself, unless somebody does: that is [ErrHeld].
// Where the file system has no locks, nothing is held.
func LockFile(path string) (unlock func() error, err error) {
	fl := lockOf(path)
	switch ok, err := fl.TryLock(); {
	case err == nil && !ok:
		return nil, errors.Join(ErrHeld, fl.Close())
	case err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.ENOLCK):
		return nil, errors.Join(Fault(path, err), fl.Close())
	}
	return fl.Close, nil
}

// LockDir holds the directory, not a file in it: the file is replaced while it
// is held, and a lock file would stay behind in the user's directory. Where
// directories cannot be locked, see lockOf.
func LockDir(ctx context.Context, dir string) (unlock func() error, err error) {
	wait, cancel := context.WithTimeout(ctx, updateWait)
	defer cancel()
	fl := lockOf(dir)
	ok, err := fl.TryLockContext(wait, lockRetry)
	switch {
	case ok:
		return fl.Unlock, nil
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), fl.Close())
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errors.Join(fault.Errorf(fault.Other, "%s: another process is changing a file there", dir).
			WithHint("wait until it ends, then try again"), fl.Close())
	}
	// Some network file systems cannot lock a directory. The update
	// is worth more than the protection of one that runs at the same time; what
	// is wrong with the directory itself shows in the next step.
	return fl.Close, nil
}
