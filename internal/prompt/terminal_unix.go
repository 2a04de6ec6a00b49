//go:build unix

package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fullScreen says whether lists may be moved through with the arrow keys.
const fullScreen = true

// poll is how long a question takes to notice that it is to end.
const poll = 50 * time.Millisecond

// reader reads from the terminal until ctx ends. It waits with select rather
// than in read: a read that is left behind would take the next answer.
type reader struct {
	ctx context.Context
	f   *os.File
}

func (r reader) Read(p []byte) (int, error) {
	for {
		if err := r.ctx.Err(); err != nil {
			return 0, interrupted(err)
		}
		ready, err := r.ready(poll)
		if err != nil {
			return 0, fmt.Errorf("waiting for the answer: %w", err)
		}
		if !ready {
			continue
		}
		n, err := r.f.Read(p)
		if errors.Is(err, syscall.EIO) { // the terminal has gone
			err = io.EOF
		}
		return n, err
	}
}

// more reports whether there is more input, or will be in a moment.
func (r reader) more() bool {
	ready, err := r.ready(poll)
	return err == nil && ready
}

func (r reader) ready(wait time.Duration) (bool, error) {
	fd := int(r.f.Fd())
	var set unix.FdSet
	if fd >= unix.FD_SETSIZE { // select cannot: read, and wait there
		return true, nil
	}
	set.Set(fd)
	timeout := unix.NsecToTimeval(wait.Nanoseconds())
	n, err := unix.Select(fd+1, &set, nil, nil, &timeout)
	if errors.Is(err, unix.EINTR) {
		return false, nil
	}
	return n > 0, err
}

// echoOff makes the terminal keep what is typed to itself. It stays in line
// mode, where the terminal's own editing keys work.
func echoOff(f *os.File) (restore func() error, err error) {
	fd := int(f.Fd())
	state, err := unix.IoctlGetTermios(fd, ioctlGet)
	if errors.Is(err, unix.ENOTTY) { // nothing echoes there
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	silent := *state
	silent.Lflag &^= unix.ECHO | unix.ECHONL
	silent.Lflag |= unix.ICANON | unix.ISIG
	silent.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, ioctlSet, &silent); err != nil {
		return nil, err
	}
	return func() error {
		err := unix.IoctlSetTermios(fd, ioctlSet, state)
		if errors.Is(err, unix.EIO) { // the terminal has gone
			return nil
		}
		return err
	}, nil
}
