//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package listen

import (
	"errors"
	"os"
	"syscall"

	"github.com/hookctl/hookctl/internal/fault"
)

// lock takes f for this process; the kernel gives it up when the process ends,
// however it ends. File systems without locks are put up with.
func lock(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var lerr error
	if err := raw.Control(func(fd uintptr) {
		lerr = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
	}); err != nil {
		return err
	}
	switch {
	case errors.Is(lerr, syscall.EWOULDBLOCK):
		return fault.Errorf(fault.Other, "another process keeps deliveries in %s", f.Name()).
			WithHint("end it, or choose another directory with --save")
	case errors.Is(lerr, syscall.ENOSYS), errors.Is(lerr, syscall.ENOTSUP), errors.Is(lerr, syscall.ENOLCK):
		return nil
	}
	return lerr
}
