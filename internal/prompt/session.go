package prompt

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	xterm "golang.org/x/term"

	"github.com/hookctl/hookctl/internal/fault"
)

// session runs one question and leaves the terminal as it was found, also when
// the process is told to end meanwhile: the signal ends the question instead,
// which gives the caller an error of kind Interrupted to end by.
func (p *prompter) session(ctx context.Context, question func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return interrupted(err)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	fd := int(p.o.In.Fd())
	state, stateErr := xterm.GetState(fd) // fails on what is no terminal: then nothing changes it either

	err := question(ctx)

	if stateErr == nil {
		// A terminal that has gone needs no restoring.
		if rerr := xterm.Restore(fd, state); rerr != nil && err == nil && xterm.IsTerminal(fd) {
			err = fault.Errorf(fault.Other, "the terminal's settings cannot be restored: %w", rerr)
		}
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && fault.KindOf(err) != fault.Interrupted:
		err = interrupted(errors.Join(ctx.Err(), err))
	}
	p.say("\n") // off the question's line
	return err
}
