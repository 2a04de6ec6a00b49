package cli

import (
	"context"

	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

// sentWriter prints deliveries as they are sent: a single one as a whole, of
// several a line each.
type sentWriter struct {
	app    *app
	post   *deliver.Poster
	dryRun bool
	masked []string       // headers that hold a signature
	stream *render.Stream // nil: a single one
	row    func(view.Sent) ([]string, string)
	judge  func(deliver.Sent) (view.Sent, error)
	shown  int // whole ones
}

// streamed makes w print a line for each.
func (w *sentWriter) streamed(columns []render.Column, widths []int) {
	if w.dryRun {
		columns, widths = view.OutgoingColumns()
	}
	w.stream = w.app.out.Stream(columns, widths)
	w.stream.Align(1) // a capture's name may be of any length
}

// deliver posts a delivery and prints how it was answered, or prints what would
// be posted.
func (w *sentWriter) deliver(ctx context.Context, d deliver.Delivery) error {
	if w.dryRun {
		if err := d.Check(); err != nil {
			return err
		}
		return w.outgoing(view.NewOutgoing(d, w.masked))
	}
	s, err := w.post.Post(ctx, d)
	if err != nil {
		return err
	}
	return w.sent(s)
}

func (w *sentWriter) sent(sent deliver.Sent) error {
	s := view.NewSent(sent)
	if w.judge != nil {
		var err error
		if s, err = w.judge(sent); err != nil {
			return err
		}
	}
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
