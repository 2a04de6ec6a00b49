package prompt

import (
	"context"
	"os"

	"golang.org/x/sys/windows"
)

// fullScreen says whether lists may be moved through with the arrow keys. The
// library reads the console itself here, past the checks in keyboard, so lists
// are numbered.
const fullScreen = false

// reader reads from the console until ctx ends.
type reader struct {
	ctx context.Context
	f   *os.File
}

// Read leaves a read behind when ctx ends: the console has no way to give it
// up. The program ends then.
func (r reader) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	buffer := make([]byte, len(p))
	go func() {
		n, err := r.f.Read(buffer)
		done <- result{n, err}
	}()
	select {
	case <-r.ctx.Done():
		return 0, interrupted(r.ctx.Err())
	case got := <-done:
		return copy(p, buffer[:got.n]), got.err
	}
}

func (r reader) more() bool { return false }

// echoOff makes the console keep what is typed to itself.
func echoOff(f *os.File) (restore func() error, err error) {
	console := windows.Handle(f.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(console, &mode); err != nil {
		return func() error { return nil }, nil // no console: nothing echoes
	}
	silent := mode&^windows.ENABLE_ECHO_INPUT | windows.ENABLE_PROCESSED_INPUT | windows.ENABLE_LINE_INPUT
	if err := windows.SetConsoleMode(console, silent); err != nil {
		return nil, err
	}
	return func() error { return windows.SetConsoleMode(console, mode) }, nil
}
