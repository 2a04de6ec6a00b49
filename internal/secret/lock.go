package secret

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// Locks are flocks on a file beside the entry, never on the entry itself:
// Windows would keep others from reading it. The kernel drops a flock when its
// process dies, however it dies, so that no lock outlives its holder.

// claimWait bounds how long Claim tries: a process that only looks whether an
// entry is live holds a shared lock for a moment.
const claimWait = 500 * time.Millisecond

const lockRetry = 5 * time.Millisecond

// waitForLock waits until it has the lock, or ctx is done.
func waitForLock(ctx context.Context, fl *flock.Flock) (bool, error) {
	return fl.TryLockContext(ctx, lockRetry)
}

// fileLock is a lock that is held.
type fileLock struct{ fl *flock.Flock }

func (l *fileLock) release() error { return l.fl.Unlock() }

func (j *Journal) lockPath(id string) string { return filepath.Join(j.dir, id+lockSuffix) }

// takeNew makes the lock file of an entry to be and locks it. On an error there
// is no such file, unless there was one before.
func (j *Journal) takeNew(id string) (*fileLock, error) {
	path := j.lockPath(id)
	f, err := j.disk.sys.Create(path)
	if err != nil {
		return nil, err
	}
	if err := j.disk.sys.Close(f); err != nil {
		_ = f.Close() // it may be open still; closing it twice does no harm
		return nil, errors.Join(err, j.disk.sys.Remove(path))
	}
	fl := flock.New(path, flock.SetFlag(os.O_RDWR|durable.OpenSafely))
	ok, err := fl.TryLock()
	if err == nil && !ok {
		err = ErrLive
	}
	if err != nil {
		return nil, errors.Join(err, fl.Close(), j.disk.sys.Remove(path))
	}
	return &fileLock{fl}, nil
}

// take locks an entry that exists, or returns ErrLive. The lock file is made
// where it is missing.
func (j *Journal) take(ctx context.Context, id string) (*fileLock, error) {
	path := j.lockPath(id)
	wait, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	for {
		fl := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|durable.OpenSafely), flock.SetPermissions(0o600))
		ok, err := j.lock(wait, fl)
		if ok && !sameFile(fl, path) {
			// Its holder has settled the entry and removed the file that was locked.
			if err = fl.Close(); err == nil && wait.Err() == nil {
				continue
			}
			ok = false
		}
		switch {
		case ok:
			return &fileLock{fl}, nil
		case ctx.Err() != nil:
			return nil, errors.Join(ctx.Err(), fl.Close())
		case err == nil, errors.Is(err, context.DeadlineExceeded):
			return nil, errors.Join(fault.Errorf(fault.Other, "%s: %w", j.entryPath(id), ErrLive).
				WithHint("wait until it has ended, then try again"), fl.Close())
		default:
			return nil, errors.Join(diskFault(path, err), fl.Close())
		}
	}
}

func sameFile(fl *flock.Flock, path string) bool {
	held, err := fl.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(held, there)
}

// live reports whether a process holds the entry. Where that cannot be found
// out, it counts as live: taking a living process for dead does more harm. The
// lock asked for is shared, so that two that look do not see each other.
func (j *Journal) live(id string) bool {
	path := j.lockPath(id)
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil || !fi.Mode().IsRegular() {
		return true
	}
	fl := flock.New(path, flock.SetFlag(os.O_RDWR|durable.OpenSafely))
	ok, err := fl.TryRLock()
	if cerr := fl.Close(); cerr != nil || err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return !ok
}

// namedLockRetry is how often one that waits for such a lock asks.
const namedLockRetry = 100 * time.Millisecond

// LockPrefix begins the names of the locks of which there are many: their files
// are swept.
const LockPrefix = "turn-"

// Lock waits until no other process holds the lock of this name, which must be no
// entry's id, and takes it: until release is called, or the process dies. waiting
// is called once if it has to wait.
func (j *Journal) Lock(ctx context.Context, name string, waiting func()) (release func() error, err error) {
	if err := j.disk.makeStoreDir(j.dir); err != nil {
		return nil, journalFault(err)
	}
	path := j.lockPath(name)
	for told := false; ; {
		fl := openLock(path)
		ok, err := fl.TryLock()
		if err == nil && !ok {
			if !told {
				told = true
				waiting()
			}
			ok, err = fl.TryLockContext(ctx, namedLockRetry)
		}
		if ok && sameFile(fl, path) {
			return func() error { return j.unlock(fl, path) }, nil
		}
		cerr := fl.Close()
		switch {
		case ok && cerr == nil: // whoever had it has removed the file that was locked
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			return nil, journalFault(diskFault(path, errors.Join(err, cerr)))
		}
	}
}

func openLock(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|durable.OpenSafely), flock.SetPermissions(0o600))
}

// unlock removes the file of a lock while nobody else can hold it: one that waits
// for it sees that it is gone. Where files that are open cannot be removed it
// stays, for sweep.
func (j *Journal) unlock(fl *flock.Flock, path string) error {
	if durable.HasModes {
		_ = j.disk.sys.Remove(path)
	}
	return fl.Close()
}

// sweepLock removes the file of a lock that nobody holds.
func (j *Journal) sweepLock(path string) {
	fl := openLock(path)
	if ok, err := fl.TryLock(); err != nil || !ok || !sameFile(fl, path) {
		_ = fl.Close()
		return
	}
	if _ = j.unlock(fl, path); !durable.HasModes {
		_ = j.disk.sys.Remove(path) // it fails if somebody has opened it meanwhile
	}
}
