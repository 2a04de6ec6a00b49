package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	background "github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/term"
)

// newSandboxBackgroundCmd is what `sandbox start` becomes in the background. It
// is not for people.
func newSandboxBackgroundCmd(g *globals) *cobra.Command {
	o := &sandboxOptions{}
	var name, root string
	c := &cobra.Command{
		Use:    "background",
		Short:  "The process that sandbox start begins",
		Hidden: true,
		Args:   noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := o.open(g, cmd)
			starter := background.StartedBy(g.env.Streams.In, term.Raw(g.env.Streams.Out))
			if starter == nil && err == nil {
				err = fault.Usagef("this command is what `hookctl sandbox start` runs").WithHint("see: hookctl sandbox start --help")
			}
			if starter == nil {
				return err
			}
			place, perr := background.At(root, name)
			if err == nil {
				err = perr
			}
			if err != nil {
				return errors.Join(err, refuseStart(starter, err))
			}
			return runSandboxBackground(cmd.Context(), o, place, starter, name)
		},
	}
	o.addFlags(g, c)
	c.Flags().StringVar(&name, "name", "", "name of the sandbox")
	c.Flags().StringVar(&root, "root", "", "where the state of all sandboxes lies")
	return c
}

func refuseStart(starter *background.Starter, err error) error {
	return errors.Join(starter.Report(background.Report{Kind: fault.KindOf(err), Err: err.Error(), Hint: fault.HintOf(err).String()}), starter.Close())
}

// runSandboxBackground serves until it is told to stop, interrupted, or idle for
// too long. Who stops it removes its files; else it does so itself.
func runSandboxBackground(ctx context.Context, o *sandboxOptions, place *background.Place, starter *background.Starter, name string) (err error) {
	a := o.app
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // documented never to fail
	o.id = hex.EncodeToString(raw[:])
	stopped := make(chan struct{}, 1)
	o.ended = func() {
		select {
		case stopped <- struct{}{}:
		default: // it was told already
		}
	}
	idle := background.NewIdle(a.env.Now)
	o.watch = idle.Watch
	s, err := o.start(ctx)
	if err != nil {
		return errors.Join(err, refuseStart(starter, err))
	}
	defer func() { err = errors.Join(err, s.close()) }()
	a.logLine("serving the sandbox %s", name)
	if err := starter.Report(background.Report{ID: o.id, Set: sandboxSet(s.environ, name, place.ConfigDir())}); err != nil {
		return errors.Join(err, starter.Close())
	}
	if err := starter.Proceed(); err != nil {
		return fault.Errorf(fault.Other, "the start was given up: %w", err)
	}
	why := o.untilEnd(ctx, s, idle, stopped)
	a.logLine("%s", why)
	if why == endStopped {
		return nil
	}
	return place.ForgetOwn(context.WithoutCancel(ctx), o.id)
}

// Why a sandbox of the background ends.
const (
	endStopped     = "stopped by hookctl sandbox stop"
	endInterrupted = "ended by a signal"
)

func (o *sandboxOptions) untilEnd(ctx context.Context, s *sandbox, idle *background.Idle, stopped <-chan struct{}) string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unused := make(chan error, 1)
	go func() { unused <- idle.Wait(ctx, background.MostIdle, o.app.env.Sleep) }()
	select {
	case <-stopped:
		return endStopped
	case err := <-s.failed:
		return "ended: " + err.Error()
	case err := <-unused:
		if err == nil {
			return fmt.Sprintf("ended: no request for %s", background.MostIdle)
		}
	case <-ctx.Done():
	}
	return endInterrupted
}

// logLine writes to the log of a sandbox in the background.
func (a *app) logLine(format string, args ...any) {
	a.warn(a.env.Now().UTC().Format("2006-01-02T15:04:05Z") + " " + fmt.Sprintf(format, args...))
}
