package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/verify"
)

// listenSession is the webhook of `listen --create`: made for one run of the
// command, through custody like any other, and removed at its end.
type listenSession struct {
	app    *app
	driver *provider.Driver
	spec   provider.Spec
	sinks  []sink.Sink

	client  *custody.Client
	mark    *listenMark
	made    custody.Created
	old     *provider.Webhook // that made should have replaced, and has not
	there   []secret.Ref      // those of its webhooks that are not removed
	failure error             // why one could not be removed
}

// open finds the account, and offers to remove what sessions that were killed have
// left there.
func (s *listenSession) open(ctx context.Context) (err error) {
	if s.client, err = s.app.online(ctx, s.driver); err != nil {
		return err
	}
	if s.app.dir == "" {
		return durable.NoPlace()
	}
	if err := s.app.offerLeft(ctx, s.client); err != nil {
		return err
	}
	s.mark, err = s.app.markListening(ctx, strings.TrimPrefix(s.spec.Name, sessionName))
	return err
}

// start makes the webhook.
func (s *listenSession) start(ctx context.Context, url string) ([]verify.Candidate, error) {
	s.spec.URL = url
	made, err := s.client.Create(ctx, s.spec, s.sinks)
	if !made.Kept {
		return nil, err // it says what became of the webhook
	}
	s.made = made
	s.there = append(s.there, made.Record.Ref())
	s.app.noteElsewhere(s.driver)
	s.app.note("Created the webhook %s for this session.", made.Record.Ref().Word())
	return s.candidates(), err
}

// move makes the webhook lead to another URL. Where that takes a new webhook, and
// so a new secret, it returns the candidates for that.
func (s *listenSession) move(ctx context.Context, url string) ([]verify.Candidate, error) {
	old, was := s.made.Record.Ref(), s.made.Webhook
	if s.driver.Updates {
		w, err := s.client.Update(ctx, s.made.Webhook, provider.Change{URL: &url})
		if w.ID != "" {
			s.made.Webhook, s.spec.URL = w, url
		}
		if err == nil {
			s.app.note("The webhook %s now delivers to %s.", old.Word(), url)
		}
		return nil, err
	}
	s.spec.URL = url
	made, err := s.client.Replace(ctx, custody.OpReplace, s.made.Webhook, s.spec, s.sinks, false)
	if !made.Kept {
		return nil, err
	}
	s.made, s.old = made, &was
	if made.OldGone {
		s.old, s.there = nil, nil
	}
	s.there = append(s.there, made.Record.Ref())
	if err == nil {
		s.app.note("Created the webhook %s to replace %s: it has a new secret.", made.Record.Ref().Word(), old.Word())
	}
	return s.candidates(), err
}

// candidates are those that its webhook makes valid.
func (s *listenSession) candidates() []verify.Candidate {
	if s == nil {
		return nil
	}
	r := s.made.Record
	return []verify.Candidate{{Provider: r.Provider, ID: r.ID, Name: r.Name, Secret: r.Secret}}
}

// end removes the webhook, although ctx has ended, unless the user interrupts
// a second time.
func (s *listenSession) end(ctx context.Context) {
	if ctx.Err() != nil && len(s.there) > 0 {
		s.app.warn("Removing the webhook " + s.made.Record.Ref().Word() + " (to keep it, press Ctrl-C again)")
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	go func() {
		select {
		case <-s.app.env.Hurry: // nil blocks for ever
			cancel()
		case <-ctx.Done():
		}
	}()
	var left []secret.Ref
	for _, ref := range s.there {
		if err := s.remove(ctx, ref); err != nil {
			left = append(left, ref)
			if s.failure != nil {
				s.app.warnOf(s.failure)
			}
			s.failure = err
		}
	}
	s.there = left
	if err := s.mark.remove(); err != nil {
		s.failure = fault.Worst(s.failure, err)
	}
}

// remove removes one of its webhooks. That of a replacement which did not come to its
// end is what that has left to do.
func (s *listenSession) remove(ctx context.Context, ref secret.Ref) error {
	return s.app.removeSession(s.driver, ref, "of this session", func() error {
		if s.old != nil && s.old.ID == ref.ID {
			return s.client.Undo(ctx, *s.old, &s.made)
		}
		return s.client.Delete(ctx, ref.ID)
	})
}

// outcome is err, with which the session has ended, once its webhooks are removed as
// far as they can be. What could not be is the error, or is said beside it.
func (s *listenSession) outcome(err error) error {
	if rec := s.made.Record; fault.Code(err) == "sink-failed" {
		if !slices.Contains(s.there, rec.Ref()) {
			rec.DeletedAt = s.app.env.Now()
		}
		err = custody.SinkError(rec, s.made.Sinks)
	}
	worst := fault.Worst(err, s.failure)
	if err != nil && s.failure != nil {
		other := err
		if worst == err {
			other = s.failure
		}
		s.app.warnOf(other)
	}
	return worst
}
