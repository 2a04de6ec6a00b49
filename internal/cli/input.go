package cli

import (
	"context"
	"io"
	"os"

	"github.com/hookctl/hookctl/internal/fault"
)

// readInput reads a file that a flag names, or standard input for "-", up to
// limit bytes. An interrupt ends the wait for it.
func (a *app) readInput(flag, name string, limit int64) (data []byte, err error) {
	in := a.env.Streams.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fault.Usagef("%s: %w", flag, err)
		}
		defer f.Close()
		in = f
	}
	data, err = io.ReadAll(io.LimitReader(&interruptible{ctx: a.ctx, from: in}, limit+1))
	switch {
	case err != nil && a.ctx.Err() != nil:
		return nil, interrupted()
	case err != nil:
		return nil, fault.Usagef("%s: %w", flag, err)
	case int64(len(data)) > limit:
		return nil, fault.Usagef("%s: more than %d bytes", flag, limit)
	}
	return data, nil
}

// interruptible reads from a pipe or a terminal that may never say anything
// more: the wait ends with ctx, in an error of kind Interrupted. What is read
// after that is nobody's.
type interruptible struct {
	ctx  context.Context
	from io.Reader
	buf  []byte // of the read under way
}

// Read implements io.Reader.
func (r *interruptible) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, interrupted()
	}
	if len(r.buf) < len(p) {
		r.buf = make([]byte, len(p))
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := r.from.Read(r.buf[:len(p)])
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return copy(p, r.buf[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, interrupted()
	}
}
