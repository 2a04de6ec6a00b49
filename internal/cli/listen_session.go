package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// listenSession is the webhook of `listen --create`: made for one run of the
// command, through custody like any other, and removed at its end.
type listenSession struct {
	app    *app
	driver *provider.Driver
	spec   provider.Spec

	client  *custody.Client
	ref     secret.Ref
	failure error // why it could not be removed
}

// sessionName begins the names of such webhooks.
const sessionName = "hookctl listen "

// plan checks what --create asks for; nil where it asks for nothing.
func (o *listenOptions) plan(a *app) (*listenSession, error) {
	if o.create == "" {
		return nil, nil
	}
	d, err := a.env.Drivers.Find(o.create)
	if err != nil {
		return nil, err
	}
	if o.provider != "" {
		if other, err := a.env.Drivers.Find(o.provider); err != nil || other != d {
			return nil, fault.Usagef("--create makes a webhook of %s, --provider says %s", d.Name, o.provider)
		}
	}
	events := o.events
	if len(events) == 0 {
		events = []string{"all"}
	}
	slugs, _, err := a.expandEvents(d, events, o.allowUnknown)
	if err != nil {
		return nil, err
	}
	s := &listenSession{app: a, driver: d, spec: provider.Spec{
		Name: sessionName + a.env.Now().UTC().Format(time.RFC3339), URL: o.publicURL, Events: slugs,
	}}
	if broken := d.Validate(s.spec); len(broken) > 0 {
		f := broken[0]
		if f.Field == "url" {
			return nil, fault.Usagef("--public-url: %s", f.Message)
		}
		return nil, fault.Usagef("--%s: %s", flagOf(f.Field), f.Message)
	}
	if warning := unreachable(o.publicURL); warning != "" {
		a.note("warning: %s", warning)
	}
	return s, nil
}

// start makes the webhook, and returns its secret.
func (s *listenSession) start(ctx context.Context) (verify.Candidate, error) {
	var err error
	if s.client, err = s.app.online(ctx, s.driver); err != nil {
		return verify.Candidate{}, err
	}
	if err := s.remind(ctx); err != nil {
		return verify.Candidate{}, err
	}
	made, err := s.client.Create(ctx, s.spec, nil)
	if err != nil {
		return verify.Candidate{}, err // it says what became of the webhook
	}
	s.ref = made.Record.Ref()
	s.app.noteElsewhere(s.driver)
	s.app.note("Made the webhook %s for this session.", term.ShellWord(s.ref.Provider+"/"+s.ref.ID))
	return verify.Candidate{Provider: s.ref.Provider, ID: s.ref.ID, Name: made.Record.Name, Secret: made.Record.Secret}, nil
}

// remind names the webhooks that earlier sessions have left: one that is killed
// cannot remove its own.
func (s *listenSession) remind(ctx context.Context) error {
	recs, _, err := s.app.store.List(ctx)
	if err != nil {
		return err
	}
	for _, r := range recs {
		if r.Provider != s.driver.Name || r.Profile != s.app.cfg.Profile() || !r.DeletedAt.IsZero() || !strings.HasPrefix(r.Name, sessionName) {
			continue
		}
		name := term.ShellWord(r.Provider + "/" + r.ID)
		s.app.note("The webhook %s is of another session. If that one was killed, remove it with: hookctl delete %s", name, name)
	}
	return nil
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
	name := term.ShellWord(s.ref.Provider + "/" + s.ref.ID)
	err := s.client.Delete(ctx, s.ref.ID)
	switch {
	case err != nil:
		s.failure = fault.WithHint(fmt.Errorf("the webhook of this session, %s, is still there: %w", name, err),
			fault.Run("hookctl delete %s", name).After("remove it with: "))
	case s.driver.Deletes:
		s.app.note("Deleted the webhook %s.", name)
	default:
		s.app.note("Disabled the webhook %s: %s has no delete, so it stays in the list.", name, s.driver.Title)
	}
}
