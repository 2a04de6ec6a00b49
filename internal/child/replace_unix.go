//go:build unix

package child

import (
	"errors"
	"os"
	"syscall"
)

// Replace runs c in place of this process, and returns only where that fails: with
// errors.ErrUnsupported where the system cannot do it, or the streams of c are not
// this process's own.
func Replace(c Command) error {
	for fd, stream := range []any{c.In, c.Out, c.Err} {
		if f, ok := stream.(*os.File); !ok || f.Fd() != uintptr(fd) {
			return errors.ErrUnsupported
		}
	}
	return syscall.Exec(c.Path, c.Args, c.Env)
}
