package durable

import (
	"errors"
	"syscall"
	"time"
)

// What Windows answers while another program, such as a virus scanner, has the
// file open without sharing it, or has removed it and not let go of it yet.
const (
	errAccessDenied     = syscall.ERROR_ACCESS_DENIED
	errSharingViolation = syscall.Errno(32)
	errDeletePending    = syscall.Errno(303)
)

// Retry calls f again while another program stands in its way, for 2 s at most,
// as the go command does; a permission that is missing for good costs as long.
func Retry(f func() error) error {
	err := f()
	for wait, spent := time.Millisecond, time.Duration(0); busy(err) && spent < 2*time.Second; wait = min(2*wait, 100*time.Millisecond) {
		time.Sleep(wait)
		spent += wait
		err = f()
	}
	return err
}

func busy(err error) bool {
	return errors.Is(err, errAccessDenied) || errors.Is(err, errSharingViolation) || errors.Is(err, errDeletePending)
}
