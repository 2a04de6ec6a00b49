package cli

import (
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

// sentWriter prints deliveries as they are sent: a single one as a whole, of
// several a line each.
type sentWriter struct {
	app    *app
	stream *render.Stream // nil: a single one
	row    func(view.Sent) ([]string, string)
	shown  int // whole ones
}

// newSentWriter prints what a send does.
func newSentWriter(a *app, dryRun, single bool) *sentWriter {
	w := &sentWriter{app: a, row: view.SentRow}
	switch {
	case single || dryRun && a.out.Format() == render.Table:
	case dryRun:
		w.stream = a.out.Stream(view.OutgoingColumns())
	default:
		w.stream = a.out.Stream(view.SentColumns())
	}
	return w
}

// newReplayWriter prints what a replay does.
func newReplayWriter(a *app, dryRun bool) *sentWriter {
	w := &sentWriter{app: a, row: view.ReplayRow}
	if dryRun {
		w.stream = a.out.Stream(view.OutgoingColumns())
	} else {
		w.stream = a.out.Stream(view.ReplayColumns())
	}
	return w
}

func (w *sentWriter) sent(s view.Sent) error {
	if w.stream == nil {
		return w.app.out.Print(s.Render())
	}
	row, name := w.row(s)
	return w.stream.Item(s, row, name)
}

func (w *sentWriter) outgoing(o view.Outgoing) error {
	if w.stream == nil {
		v := o.Render()
		if w.shown++; w.shown > 1 {
			v.Text = "\n" + v.Text
		}
		return w.app.out.Print(v)
	}
	row, name := view.OutgoingRow(o)
	return w.stream.Item(o, row, name)
}

func (w *sentWriter) close() error {
	if w.stream == nil {
		return nil
	}
	return w.stream.Close()
}
