package httpx

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// safeCause returns the part of err that may be wrapped: causes whose text
// cannot quote an answer or a URL. nil for all others.
func safeCause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return nil
}

// plainCause is the innermost text of a network error, without addresses.
func plainCause(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
}

// IsRefused reports that nothing listens there.
func IsRefused(err error) bool { return errors.Is(err, errRefused) }

// isReset reports a connection that the peer broke off.
func isReset(err error) bool {
	return errors.Is(err, errReset) || errors.Is(err, errAborted) || errors.Is(err, errPipe)
}
