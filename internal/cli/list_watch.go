package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

// minWatch keeps a monitor well within the providers' rate limits.
const minWatch = 2 * time.Second

// runWatch lists again and again until it is interrupted.
func runWatch(ctx context.Context, a *app, o *listOptions) error {
	if o.interval < minWatch {
		return fault.Usagef("--watch=%s: the least interval is %s", o.interval, minWatch)
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
		return nil, fault.Usagef("--watch has no output format %s", format).WithHint("use table, json or ndjson")
	case format == render.Table && a.env.Streams.OutTTY:
		return func(l listing) error { return o.redraw(a, l) }, nil
	}
	out, err := a.printer(render.NDJSON)
	if err != nil {
		return nil, err
	}
	return (&changeStream{out: out, last: map[string]string{}}).show, nil
}

// redraw puts the list in the place of the last one. The terminal may have
// another size by now.
func (o *listOptions) redraw(a *app, l listing) error {
	head := fmt.Sprintf("Every %s, last at %s; Ctrl-C ends it.\n\n", o.interval, a.env.Now().Format(time.TimeOnly))
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

// changeStream prints a line for each webhook that is new, changed or gone.
type changeStream struct {
	out  *render.Printer
	last map[string]string // what was printed, by provider/id
	rows []view.Webhook    // of the last look
}

func (s *changeStream) show(l listing) error {
	changed := []view.Webhook{}
	now := map[string]string{}
	for _, w := range l.rows {
		row, err := json.Marshal(w)
		if err != nil {
			return err
		}
		now[keyOf(w)] = string(row)
		if s.last[keyOf(w)] != string(row) {
			changed = append(changed, w)
		}
	}
	if len(l.failed) > 0 {
		// Who could not be asked has not lost anything.
		for _, w := range s.rows {
			if _, listed := now[keyOf(w)]; !listed {
				now[keyOf(w)] = s.last[keyOf(w)]
				l.rows = append(l.rows, w)
			}
		}
	}
	gone := true
	for _, w := range s.rows {
		if _, listed := now[keyOf(w)]; !listed {
			w.Gone = &gone
			changed = append(changed, w)
		}
	}
	s.last, s.rows = now, l.rows
	if len(changed) == 0 {
		return nil
	}
	return s.out.Print(view.Webhooks(changed))
}

// keyOf tells webhooks apart; one without a readable id is known by what could
// not be read.
func keyOf(w view.Webhook) string {
	if w.ID == "" {
		return w.Provider + "/ " + text(w.Error) + text(w.Name) + text(w.URL)
	}
	return w.Ref()
}
