package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/inspect"
	"github.com/hookctl/hookctl/internal/listen"
)

// targetWatch says whether the target of --forward-to is there: before anything is
// forwarded, when it does not answer a delivery, and when it comes back.
type targetWatch struct {
	app  *app
	to   *listen.Forwarder
	page *inspector // nil: there is none

	missing bool      // that was said
	patient time.Time // until when it may not be there yet: a command starts

	unanswered chan struct{} // of capacity 1: a delivery was not answered
	stop       context.CancelFunc
	done       chan struct{}
}

const (
	// lookAgain is how long it waits before it looks again for a target that is not
	// there. One that is there is left alone until it does not answer a delivery.
	lookAgain = 2 * time.Second
	// startTime is how long a command after -- may take until it is missed.
	startTime = 10 * time.Second
)

// watchTarget begins with a first look; nil where there is no target.
func (a *app) watchTarget(ctx context.Context, to *listen.Forwarder, page *inspector, command bool) *targetWatch {
	if to == nil {
		return nil
	}
	w := &targetWatch{app: a, to: to, page: page, unanswered: make(chan struct{}, 1), done: make(chan struct{})}
	if command {
		w.patient = a.env.Now().Add(startTime)
	}
	ctx, w.stop = context.WithCancel(ctx)
	there := !command && w.look(ctx)
	go func() {
		defer close(w.done)
		w.watch(ctx, there || command && w.look(ctx))
	}()
	return w
}

func (w *targetWatch) watch(ctx context.Context, there bool) {
	for {
		if there {
			select {
			case <-w.unanswered:
			case <-ctx.Done():
			}
		} else {
			_ = w.app.env.Sleep(ctx, lookAgain)
		}
		if ctx.Err() != nil {
			return
		}
		there = w.look(ctx)
	}
}

func (w *targetWatch) look(ctx context.Context) bool {
	err := w.to.Reach(ctx)
	if ctx.Err() != nil {
		return false
	}
	text := w.to.URL() + " accepts connections"
	if err != nil {
		text = fmt.Sprintf("cannot reach %s: %v", w.to.URL(), err)
		if httpx.IsRefused(err) {
			text = w.to.URL() + " refuses connections"
		}
	}
	if w.page != nil {
		w.page.server.Tell(func(s *inspect.State) { s.Healthy, s.Health = err == nil, text })
	}
	switch {
	case err == nil:
		if w.missing {
			w.app.note("%s again.", text)
		}
		w.missing, w.patient = false, time.Time{}
	case !w.missing && !w.app.env.Now().Before(w.patient):
		w.missing = true
		w.app.warn("warning: " + text + ". Until your handler runs, the provider does not get a 2xx for deliveries.")
	}
	return err == nil
}

// shown is report that looks again for a target which did not answer.
func (w *targetWatch) shown(report func(listen.Delivery) error) func(listen.Delivery) error {
	if w == nil {
		return report
	}
	return func(d listen.Delivery) error {
		if d.Forward != nil && d.Forward.Err != nil {
			select {
			case w.unanswered <- struct{}{}:
			default:
			}
		}
		return report(d)
	}
}

func (w *targetWatch) close() {
	if w != nil {
		w.stop()
		<-w.done
	}
}
