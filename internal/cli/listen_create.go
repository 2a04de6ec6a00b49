package cli

import (
	"context"
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
	there   []secret.Ref // those of its webhooks that are not removed
	failure error        // why one could not be removed
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
	s.app.note("Made the webhook %s for this session.", refWord(made.Record.Ref()))
	return s.candidates(), err
}

// move makes the webhook lead to another URL. Where that takes a new webhook, and
// so a new secret, it returns the candidates for that.
func (s *listenSession) move(ctx context.Context, url string) ([]verify.Candidate, error) {
	old := s.made.Record.Ref()
	if s.driver.Updates {
		w, err := s.client.Update(ctx, s.made.Webhook, provider.Change{URL: &url})
		if w.ID != "" {
			s.made.Webhook, s.spec.URL = w, url
		}
		if err == nil {
			s.app.note("The webhook %s leads to %s now.", refWord(old), url)
		}
		return nil, err
	}
	s.spec.URL = url
	made, err := s.client.Replace(ctx, custody.OpReplace, s.made.Webhook, s.spec, s.sinks, false)
	if !made.Kept {
		return nil, err
	}
	s.made = made
	if made.OldGone {
		s.there = nil
	}
	s.there = append(s.there, made.Record.Ref())
	if err == nil {
		s.app.note("Made the webhook %s in the place of %s: it has a new secret.", refWord(made.Record.Ref()), refWord(old))
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
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	go func() {
		select {
		case <-s.app.env.Hurry: // nil blocks for ever
			cancel()
		case <-ctx.Done():
		}
	}()
	for _, ref := range s.there {
		s.failure = fault.Worst(s.failure, s.app.removeSession(ctx, s.client, ref, "of this session"))
	}
	s.there = nil
	s.failure = fault.Worst(s.failure, s.mark.remove())
}
