//go:build unix

package durable

import (
	"errors"
	"os"
	"syscall"
)

// OpenSafely are the flags with which no open follows a symbolic link in the
// last part of the path or waits for the other end of a pipe.
const OpenSafely = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// HasModes says that files have the permission bits of Unix.
const HasModes = true

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// CannotSync reports that a file system has no sync for directories.
func CannotSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP)
}
