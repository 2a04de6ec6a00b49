//go:build unix

package listen

import (
	"errors"
	"os"
	"syscall"
)

// openSafely are the flags with which no open follows a symbolic link in the
// last part of the path or waits for the other end of a pipe.
const openSafely = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// hasModes says that files have the permission bits of Unix.
const hasModes = true

// syncDir makes the names in dir durable. File systems that cannot are put up
// with: what is in the file is safe all the same.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// removed reports whether no name leads to f any more.
func removed(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}
