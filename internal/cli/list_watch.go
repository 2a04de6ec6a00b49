package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

// minWatch keeps a monitor well within the providers' rate limits.
const minWatch = 2 * time.Second

// watch lists again and again until it is interrupted.
func (o *listOptions) watch(ctx context.Context, a *app) error {
	if o.interval < minWatch {
		return fault.Usagef("--watch=%s: the shortest interval is %s", o.interval, minWatch)
	}
	show, err := o.monitor(a)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		l, err := o.look(ctx, a)
		if ctx.Err() != nil {
			return stopped()
		}
		if err == nil && l.asked == len(l.failed) && first {
			return a.report(l.failed) // what never worked is a mistake rather than an outage
		}
		switch {
		case err != nil && first:
			return err
		case err != nil:
			l.failed = append(l.failed, err)
		default:
			if err := show(l); err != nil {
				return err
			}
		}
		for _, err := range l.failed {
			a.warn("warning: " + err.Error())
		}
		if err := a.env.Sleep(ctx, o.interval); err != nil {
			return stopped()
		}
	}
}

// stopped ends a monitor in silence: the user knows.
func stopped() error {
	return &fault.Error{Kind: fault.Interrupted, Err: errors.New("interrupted"), Silent: true}
}

// monitor returns what shows one look after the other.
func (o *listOptions) monitor(a *app) (func(listing) error, error) {
	switch format := a.out.Format(); {
	case format == render.YAML, format == render.Name:
		return nil, fault.Usagef("--watch does not support the output format %s", format).WithHint("use table, json or ndjson")
	case format == render.Table && a.env.Streams.OutTTY:
		return func(l listing) error { return o.redraw(a, l) }, nil
	}
	out, err := a.printer(render.NDJSON)
	if err != nil {
		return nil, err
	}
	seen := view.Seen{}
	return func(l listing) error {
		changed := seen.Look(l.rows, len(l.failed) == 0)
		if len(changed) == 0 {
			return nil
		}
		return out.Print(view.Webhooks(changed))
	}, nil
}

// redraw puts the list in the place of the last one. The terminal may have
// another size by now.
func (o *listOptions) redraw(a *app, l listing) error {
	head := fmt.Sprintf("Every %s, last at %s; to stop, press Ctrl-C.\n\n", o.interval, a.env.Now().Format(time.TimeOnly))
	if a.env.Getenv("TERM") != "dumb" {
		head = "\x1b[H\x1b[2J" + head // to the top left, and clear
	}
	switch {
	case len(l.rows) > 0:
	case o.failing:
		head += "No webhook fails.\n"
	default:
		head += "There are no webhooks.\n"
	}
	if err := render.WriteAll(a.env.Streams.Out, []byte(head)); err != nil {
		return err
	}
	out, err := a.printer(render.Table)
	if err != nil {
		return err
	}
	return out.Print(view.Webhooks(l.rows))
}
