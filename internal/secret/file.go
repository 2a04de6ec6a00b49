package secret

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// This file writes secrets to files outside the store, where a person wants
// them. Such a file ends with mode 0600 whatever it had before, keeps its
// owner, and is replaced in one durable step. A nil sys is the system's own calls.

// updateWait bounds how long UpdateFile waits for another process that is
// changing a file of the same directory.
const updateWait = 10 * time.Second

// WriteFile makes data the whole content of path, durably and with mode 0600.
// The directory must exist. A symbolic link, or anything but a regular file,
// in the place of path is refused. Errors are faults that name the path.
func WriteFile(sys *durable.Calls, path string, data []byte) error {
	return newDisk(sys, nil).writeTarget(path, data)
}

// UpdateFile replaces the content of path by what edit makes of it, as
// WriteFile does. Edit gets nil where there is no file; its error is returned
// as it is and nothing is changed. Two processes do not lose each other's
// updates, on file systems where a directory can be locked.
func UpdateFile(ctx context.Context, sys *durable.Calls, path string, edit func(old []byte) ([]byte, error)) (err error) {
	return newDisk(sys, nil).updateTarget(ctx, path, edit)
}

func (d *disk) updateTarget(ctx context.Context, path string, edit func(old []byte) ([]byte, error)) (err error) {
	unlock, err := lockDir(ctx, filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	old, _, err := readFile(path, maxFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskFault(path, err)
	}
	data, err := edit(old)
	if err != nil {
		return err
	}
	return d.writeTarget(path, data)
}

// CheckFile finds what would make WriteFile or UpdateFile of path fail now: it
// makes and removes a file in the same directory.
func CheckFile(sys *durable.Calls, path string) error {
	old, err := targetInfo(path)
	if err != nil {
		return err
	}
	d := newDisk(sys, nil)
	tmp, err := d.writeTemp(filepath.Dir(path), ownerOf(old), []byte("probe\n"))
	if err == nil {
		err = d.sys.Remove(tmp)
	}
	return diskFault(filepath.Dir(path), err)
}

// ReadFile reads a regular file of at most 4 MiB. It does not follow a symbolic
// link in the last part of path and never waits. Errors are faults; an absent
// file is [fs.ErrNotExist] too.
func ReadFile(path string) ([]byte, error) {
	data, _, err := readFile(path, maxFile)
	return data, diskFault(path, err)
}

func (d *disk) writeTarget(path string, data []byte) error {
	if len(data) > maxFile {
		return fault.Errorf(fault.Other, "%s: %d bytes are more than the %d that are written", path, len(data), maxFile)
	}
	old, err := targetInfo(path)
	if err != nil {
		return err
	}
	d.sweep(filepath.Dir(path))
	err = d.replaceOwned(path, data, ownerOf(old))
	if err == nil {
		err = sameBytes(path, data)
	}
	return diskFault(path, err)
}

// ownerOf prepares a file that will replace old, which is nil for nothing.
func ownerOf(old fs.FileInfo) func(*os.File) error {
	if old == nil {
		return nil
	}
	return func(f *os.File) error { return keepOwner(f, old) }
}

// targetInfo is what stands at path, nil for nothing.
func targetInfo(path string) (fs.FileInfo, error) {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = regular(fi)
	}
	return fi, diskFault(path, err)
}

// lockDir holds the directory, not a file in it: the file is replaced while it
// is held, and a lock file would stay behind in the user's directory. Where
// directories cannot be locked, see dirLock.
func lockDir(ctx context.Context, dir string) (unlock func() error, err error) {
	wait, cancel := context.WithTimeout(ctx, updateWait)
	defer cancel()
	fl := dirLock(dir)
	ok, err := fl.TryLockContext(wait, lockRetry)
	switch {
	case ok:
		return fl.Unlock, nil
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), fl.Close())
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errors.Join(fault.Errorf(fault.Other, "%s: another process is changing a file there", dir).
			WithHint("wait until it has ended, then try again"), fl.Close())
	}
	// Some network file systems cannot lock a directory. The update
	// is worth more than the protection of one that runs at the same time; what
	// is wrong with the directory itself shows in the next step.
	return fl.Close, nil
}
