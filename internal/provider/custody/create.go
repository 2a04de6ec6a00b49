package custody

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/internal/raw"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
)

// answerRoom is what the journal reserves for the answer of a create: head and
// body at their caps, so that running out of space happens before the request.
const answerRoom = httpx.CapHead + httpx.CapCreate

// interruptGrace is how long an interrupted create goes on waiting for its answer.
const interruptGrace = 10 * time.Second

// Created is what a create or a replacement made.
type Created struct {
	Webhook provider.Webhook
	Kept    bool          // the store has the secret; else Record is empty
	Record  secret.Record // with the secret
	Sinks   []sink.Result
	OldGone bool // the webhook that it replaces is not there any more

	operation string // that made it, where it replaces another
	begun     time.Time
}

// Create makes a webhook and keeps its secret, in this order: sinks and store are
// checked; the intent is journalled; one request is sent, whose answer goes to the
// journal as it arrives; the record is written and read back; the sinks are filled;
// the journal's entry is removed. It returns nil only when the secret is in the
// store and in every sink. With an error of kind Custody the webhook exists or may;
// Created is filled as far as things are known.
//
// Once the request is on its way a cancelled ctx no longer stops it: Create
// waits for the answer for a few seconds more, so that nothing is lost.
func (c *Client) Create(ctx context.Context, s provider.Spec, sinks []sink.Sink) (Created, error) {
	return c.create(ctx, s, sinks, func() {})
}

// create is Create; kept is called when it is known whether the secret is.
func (c *Client) create(ctx context.Context, s provider.Spec, sinks []sink.Sink, kept func()) (Created, error) {
	in := c.intent("create", s, nil)
	entry, made, err := c.make(ctx, in, s, sinks)
	kept()
	if entry == nil {
		return made, err
	}
	err = c.handOn(ctx, entry, in, &made, sinks)
	c.done(entry)
	return made, err
}

// make creates a webhook for the operation in and keeps its secret. The entry it
// returns is nil if that is not kept; else the caller hands it on, and ends the
// entry with done, once the rest of the operation is settled.
func (c *Client) make(ctx context.Context, in secret.Intent, s provider.Spec, sinks []sink.Sink) (*secret.Entry, Created, error) {
	it := sink.Item{Provider: in.Provider, Name: in.Name}
	if err := CheckSinks(ctx, sinks, it); err != nil {
		return nil, Created{}, err
	}
	for _, to := range sinks {
		in.Sinks = append(in.Sinks, to.For(it))
	}
	if err := c.custody.Store.Check(ctx); err != nil {
		return nil, Created{}, notUsable("the store", err)
	}
	entry, err := c.custody.Journal.Begin(ctx, in, answerRoom)
	if err != nil {
		return nil, Created{}, notUsable("the journal", err)
	}
	if ctx.Err() != nil {
		return nil, Created{}, notUsable("", errors.Join(ctx.Err(), entry.Remove()))
	}
	wh, value, err := c.send(ctx, entry, s)
	synced := entry.Sync()
	keep := context.WithoutCancel(ctx)
	if err != nil {
		err = c.settleFailed(keep, ctx.Err() != nil, entry, in, err)
		return nil, Created{Webhook: wh}, c.leave(entry, err)
	}
	if c.custody.Mask != nil {
		c.custody.Mask(value)
	}
	rec, err := putRecord(keep, c.custody.Store, c.custody.Now, in, wh.ID, value)
	if err != nil {
		return nil, Created{Webhook: wh}, c.leave(entry, c.notKept(entry, rec, err, synced))
	}
	c.phase(entry, secret.Phase{Name: "kept", ID: wh.ID})
	if !s.AuthData.IsZero() {
		rec.Auth = c.markAuth(keep, rec.Ref(), &s.AuthType, s.AuthData)
	}
	return entry, Created{Webhook: wh, Kept: true, Record: rec}, nil
}

// handOn fills the sinks with the secret that in made.
func (c *Client) handOn(ctx context.Context, entry *secret.Entry, in secret.Intent, made *Created, sinks []sink.Sink) error {
	wait, stop := context.WithoutCancel(ctx), context.CancelFunc(func() {})
	if len(sinks) > 0 { // each has a limit of its own
		wait, stop = c.detach(ctx, 0, "waiting until every sink has the secret")
	}
	var err error
	if made.Sinks, err = Fill(wait, c.custody.Store, made.Record, sinks); err != nil {
		c.custody.notify("%v", err)
	}
	stop()
	if !sameWebhook(in, made.Webhook) { // not before the sinks have masked the secret
		c.custody.notify("warning: %s created the webhook with a different URL, name or events; see: hookctl get %s",
			c.driver.Title, term.ShellWord(c.driver.Name+"/"+made.Webhook.ID))
	}
	if err = SinkError(made.Record, made.Sinks); err == nil {
		c.phase(entry, secret.Phase{Name: "sunk", ID: made.Record.ID})
	}
	return err
}

// send makes the one request, on a connection whose bytes go to the entry.
func (c *Client) send(ctx context.Context, entry *secret.Entry, s provider.Spec) (provider.Webhook, secret.Value, error) {
	send, stop := c.detachRequest(ctx, "so that no secret is lost")
	defer stop()
	access := c.access
	access.HTTP = c.access.HTTP.OneShot(entry)
	return provider.Raw(raw.Key{}, c.driver, access).Create(send, s)
}

// leave releases the entry, which recover will find if it still exists.
func (c *Client) leave(entry *secret.Entry, err error) error {
	if lerr := entry.Release(); lerr != nil {
		c.custody.notify("the journal entry %s could not be released: %v", entry.Path(), lerr)
	}
	return err
}

// done removes the entry of an operation that is over.
func (c *Client) done(entry *secret.Entry) {
	if err := entry.Remove(); err != nil {
		c.custody.notify("the secret is kept, but the journal entry %s could not be removed (%v); `hookctl recover` removes it", entry.Path(), err)
	}
}

// phase notes a step. The note helps recover; what counts is the store.
func (c *Client) phase(entry *secret.Entry, p secret.Phase) {
	p.At = c.custody.Now().UTC()
	if err := entry.Phase(p); err != nil {
		c.custody.notify("the journal entry %s could not be updated: %v", entry.Path(), err)
	}
}

const codeNotUsable = "store-not-usable"

func notUsable(what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return fault.Errorf(fault.Interrupted, "interrupted before anything was sent")
	}
	return &fault.Error{
		Kind: fault.Other, Code: codeNotUsable,
		Err:  fmt.Errorf("nothing was sent: %s cannot keep a secret now: %w", what, err),
		Hint: fault.HintOf(err),
	}
}

// intent says what the operation is about to do.
func (c *Client) intent(operation string, s provider.Spec, replaces *secret.Ref) secret.Intent {
	return secret.Intent{
		Operation: operation, Provider: c.driver.Name, Profile: c.custody.Profile, Origin: c.origin, Account: c.Account(),
		Name: s.Name, URL: s.URL, Events: s.Events, Replaces: replaces, StartedAt: c.custody.Now().UTC(),
	}
}

// detachRequest is detach for a request, by interruptGrace.
func (c *Client) detachRequest(ctx context.Context, why string) (context.Context, context.CancelFunc) {
	return c.detach(ctx, interruptGrace, fmt.Sprintf("waiting up to %s for %s to answer, %s", interruptGrace, c.driver.Title, why))
}

// detach returns a context that outlives ctx by grace, if that is not 0, or until
// [Env.Abort]. The user is told what for.
func (c *Client) detach(ctx context.Context, grace time.Duration, what string) (context.Context, context.CancelFunc) {
	send, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		c.custody.notify("interrupted: %s (interrupt again to stop waiting)", what)
		var late <-chan time.Time // nil blocks for ever
		if grace > 0 {
			t := time.NewTimer(grace)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-done:
		case <-late:
			cancel()
		case <-c.custody.Abort:
			cancel()
		}
	}()
	return send, func() { close(done); cancel() }
}

// putRecord keeps value as the secret of the webhook id that in made.
func putRecord(ctx context.Context, store secret.Store, now func() time.Time, in secret.Intent, id string, value secret.Value) (secret.Record, error) {
	rec := recordOf(ctx, store, now, in, id, value)
	if err := store.Put(ctx, rec); err != nil {
		return rec, err
	}
	got, err := store.Get(ctx, rec.Ref())
	if err != nil {
		return rec, err
	}
	if !got.Secret.Equal(value) {
		return rec, errors.New("the store returned another secret than the one written to it")
	}
	return got, nil
}

// recordOf is the record that putRecord puts.
func recordOf(ctx context.Context, store secret.Store, now func() time.Time, in secret.Intent, id string, value secret.Value) secret.Record {
	rec := secret.Record{
		Provider: in.Provider, ID: id, Profile: in.Profile, Origin: in.Origin,
		Name: in.Name, URL: in.URL, Events: in.Events, Replaces: in.Replaces,
	}
	for _, s := range in.Sinks {
		rec.Unfilled = append(rec.Unfilled, sink.SpecFor(s, sink.Item{Provider: rec.Provider, ID: rec.ID, Name: rec.Name}))
	}
	if in.Replaces != nil { // what apply made stays its own
		if old, err := store.Get(ctx, *in.Replaces); err == nil {
			rec.Managed = old.Managed
		}
	}
	// An id that was given out before: its secret is not dropped.
	if old, err := store.Get(ctx, rec.Ref()); err == nil {
		rec.Secret, rec.CreatedAt, rec.Older = old.Secret, old.CreatedAt, old.Older
	}
	rec.Supersede(value, now())
	return rec
}
