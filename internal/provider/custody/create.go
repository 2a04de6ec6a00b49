// Package custody keeps the once-only secret of a new webhook from being lost
// silently. It is the only way to a provider: [Open] returns a [Client], whose
// Create has kept the secret before it returns.
package custody

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// listTimeout bounds the list call that settles a create of unknown outcome.
const listTimeout = 30 * time.Second

// Env is what custody needs of the outside world. All fields but the funcs are
// mandatory.
type Env struct {
	Store    secret.Store
	Journal  *secret.Journal
	Profile  string
	Now      func() time.Time
	Snapshot Snapshot
	// Notify is told, in one line, what the user should know while waiting.
	Notify func(line string)
	// Made gets each new secret before anything that came with it is shown: the
	// time to mask it in a log. May be nil.
	Made func(s secret.Value)
	// Abort is closed when the user interrupts a second time: the create stops
	// waiting, its journal entry stays. May be nil.
	Abort <-chan struct{}
	// LastResort shows a secret that neither store nor journal could keep, and
	// reports whether a person could see it. May be nil.
	LastResort func(ref secret.Ref, s secret.Value) bool
}

func (c Env) notify(format string, args ...any) {
	if c.Notify != nil {
		c.Notify(fmt.Sprintf(format, args...))
	}
}

// Open returns d's provider at a, in custody.
func Open(d *provider.Driver, a provider.Access, c Env) (*Client, error) {
	origin, err := httpx.Origin(a.BaseURL)
	if err != nil {
		return nil, err
	}
	return &Client{driver: d, access: a, custody: c, origin: origin, raw: d.Raw(raw.Key{}, a)}, nil
}

// Client is a provider in custody. Safe for concurrent use.
type Client struct {
	driver  *provider.Driver
	access  provider.Access
	custody Env
	origin  string
	raw     provider.Provider
}

// Driver describes the provider.
func (c *Client) Driver() *provider.Driver { return c.driver }

// Origin is the API's origin, as httpx.Origin gives it.
func (c *Client) Origin() string { return c.origin }

// List returns the webhooks of the account.
func (c *Client) List(ctx context.Context) ([]provider.Webhook, error) { return c.raw.List(ctx) }

// Get returns one webhook, by its exact id.
func (c *Client) Get(ctx context.Context, id string) (provider.Webhook, error) {
	return c.raw.Get(ctx, id)
}

// Update changes a webhook in place, and its record with it: name, URL and events,
// and of new authentication data a mark, see [secret.AuthMark]. One that another
// process was at work on, and has replaced or deleted, is an error of code
// "conflict". With a webhook that is returned an error is about the record alone.
func (c *Client) Update(ctx context.Context, old provider.Webhook, ch provider.Change) (provider.Webhook, error) {
	release, waited, err := c.lock(ctx, lockTimeout, idKey(old.ID), placeKey(deref(old.Name), deref(old.URL)),
		placeKey(deref(cmp.Or(ch.Name, old.Name)), deref(cmp.Or(ch.URL, old.URL))))
	switch {
	case err == nil:
		defer release()
		if waited {
			if err := cmp.Or(c.checkNotReplaced(ctx, old.ID), c.checkNotDeleted(ctx, old.ID)); err != nil {
				return provider.Webhook{}, err
			}
		}
	case fault.Code(err) != codeNotUsable: // else there is no store that others could share
		return provider.Webhook{}, err
	}
	got, err := c.raw.Update(ctx, old.ID, ch)
	if err != nil {
		return provider.Webhook{}, err
	}
	keep, ref := context.WithoutCancel(ctx), secret.Ref{Provider: c.driver.Name, ID: old.ID}
	if ch.AuthType != nil || !ch.AuthData.IsZero() {
		c.markAuth(keep, ref, cmp.Or(ch.AuthType, got.AuthType), ch.AuthData)
	}
	rec, err := c.custody.Store.Get(keep, ref)
	if err != nil {
		return got, nil // not kept here
	}
	was := rec
	rec.Name, rec.URL = *cmp.Or(got.Name, &rec.Name), *cmp.Or(got.URL, &rec.URL)
	if got.Events != nil {
		rec.Events = got.Events
	}
	if got.Status != nil && *got.Status != provider.Disabled {
		rec.DeletedAt = time.Time{} // it was disabled, and lives again
	}
	if rec.Name == was.Name && rec.URL == was.URL && slices.Equal(rec.Events, was.Events) && rec.DeletedAt.Equal(was.DeletedAt) {
		return got, nil
	}
	if err := c.custody.Store.Put(keep, rec); err != nil {
		return got, fmt.Errorf("the webhook is changed, but its record here could not be: %w", err)
	}
	return got, nil
}

// Help returns the provider's live documentation.
func (c *Client) Help(ctx context.Context) ([]byte, error) { return c.raw.Help(ctx) }

// LiveEvents returns the slugs that the live documentation seems to name.
func (c *Client) LiveEvents(ctx context.Context) ([]string, error) { return c.raw.LiveEvents(ctx) }

// WhoAmI says whose credentials these are.
func (c *Client) WhoAmI(ctx context.Context) (provider.Identity, error) { return c.raw.WhoAmI(ctx) }

// Call sends a raw request with the credentials and returns the answer as it
// came, whatever its status; where it is a refusal, or there is no whole
// answer, the error is what the provider's other calls would return for it.
// What would create a webhook is refused with an error of kind Usage before
// anything is sent: its answer holds a secret that custody would not see.
func (c *Client) Call(ctx context.Context, r provider.CallRequest) (*httpx.Response, error) {
	req, err := c.driver.Request(c.access, r)
	if err != nil {
		return nil, err
	}
	answer, err := c.access.HTTP.Do(ctx, req)
	return answer, c.driver.Judge(c.access, answer, err)
}

// Probe makes the raw request of [provider.Driver.Probe].
func (c *Client) Probe(ctx context.Context) (*httpx.Response, error) {
	return c.Call(ctx, c.driver.Probe)
}

// Delete deletes (or disables) a webhook and marks its record, whose secret
// stays: deliveries may still be retried. The record of one that the provider
// does not have (any more) is marked too. One that another process has replaced
// since this one began is an error of code "conflict".
func (c *Client) Delete(ctx context.Context, id string) error {
	release, _, err := c.lock(ctx, lockTimeout, idKey(id))
	switch {
	case err == nil:
		defer release()
		if err := c.checkNotReplaced(ctx, id); fault.Code(err) == "conflict" || fault.Code(err) == "unsettled" {
			return err
		}
	case fault.Code(err) != codeNotUsable: // else there is no store that others could share
		return err
	}
	err = c.raw.Delete(ctx, id)
	if err != nil && fault.Code(err) != "not-found" {
		return err
	}
	if merr := c.markDeleted(context.WithoutCancel(ctx), id); merr != nil {
		return merr
	}
	return err
}

// MarkGone marks the record of a webhook as deleted if the provider's list does
// not have it, and reports whether it did. A refusal of one webhook alone may be
// another server's.
func (c *Client) MarkGone(ctx context.Context, id string) (bool, error) {
	rows, err := c.raw.List(ctx)
	if err != nil {
		return false, err
	}
	for _, w := range rows {
		if w.ID == id || w.ID == "" { // one that cannot be read may be it
			return false, nil
		}
	}
	return true, c.markDeleted(context.WithoutCancel(ctx), id)
}

// markDeleted notes in the record of a webhook, if there is one, that it is gone
// at the provider.
func (c *Client) markDeleted(ctx context.Context, id string) error {
	ref := secret.Ref{Provider: c.driver.Name, ID: id}
	rec, err := c.custody.Store.Get(ctx, ref)
	switch {
	case errors.Is(err, secret.ErrNotFound), err == nil && !rec.DeletedAt.IsZero():
		return nil
	case errors.Is(err, secret.ErrLost):
		c.custody.notify("the record of %s/%s is not marked as deleted: %v", ref.Provider, id, err)
		return nil
	case err == nil:
		rec.DeletedAt = c.custody.Now().UTC()
		err = c.custody.Store.Put(ctx, rec)
	}
	if err != nil {
		return fmt.Errorf("%s is gone at the provider, but its record could not be marked: %w", id, err)
	}
	return nil
}

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

// Create makes a webhook and keeps its secret, in the order of architecture.md
// section 4. It returns nil only when the secret is in the store and in every
// sink. With an error of kind Custody the webhook exists or may; Created is
// filled as far as things are known.
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
	for _, to := range sinks {
		if err := to.Check(ctx, it); err != nil {
			return nil, Created{}, sinkNotReady(to.For(it), err)
		}
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
	if c.custody.Made != nil {
		c.custody.Made(value)
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
	made.Sinks = c.fill(context.WithoutCancel(ctx), made.Record, sinks)
	if !sameWebhook(in, made.Webhook) { // said when the sinks have masked the secret
		c.custody.notify("warning: %s made a webhook with another URL, name or events than were asked for; see: hookctl get %s",
			c.driver.Title, term.ShellWord(c.driver.Name+"/"+made.Webhook.ID))
	}
	err := SinkError(made.Record, made.Sinks)
	if err == nil {
		c.phase(entry, secret.Phase{Name: "sunk", ID: made.Record.ID})
	}
	return err
}

// send makes the one request, on a connection whose bytes go to the entry.
func (c *Client) send(ctx context.Context, entry *secret.Entry, s provider.Spec) (provider.Webhook, secret.Value, error) {
	send, stop := c.detach(ctx, "so that no secret is lost")
	defer stop()
	access := c.access
	access.HTTP = c.access.HTTP.OneShot(entry)
	return c.driver.Raw(raw.Key{}, access).Create(send, s)
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
		c.custody.notify("the secret is kept, but the journal entry %s could not be removed (%v); `hookctl recover` will", entry.Path(), err)
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

// detach returns a context that outlives ctx by interruptGrace, or until the user
// hurries. why is said to the one who interrupts.
func (c *Client) detach(ctx context.Context, why string) (context.Context, context.CancelFunc) {
	send, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		c.custody.notify("interrupted: waiting up to %s for %s to answer, %s (interrupt again to stop waiting)",
			interruptGrace, c.driver.Title, why)
		t := time.NewTimer(interruptGrace)
		defer t.Stop()
		select {
		case <-done:
		case <-t.C:
			cancel()
		case <-c.custody.Abort: // nil blocks for ever
			cancel()
		}
	}()
	return send, func() { close(done); cancel() }
}

// putRecord keeps value as the secret of the webhook id that in made.
func putRecord(ctx context.Context, store secret.Store, now func() time.Time, in secret.Intent, id string, value secret.Value) (secret.Record, error) {
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
	if err := store.Put(ctx, rec); err != nil {
		return rec, err
	}
	got, err := store.Get(ctx, rec.Ref())
	if err != nil {
		return rec, err
	}
	if !got.Secret.Equal(value) {
		return rec, errors.New("the store gives back another secret than it was given")
	}
	return got, nil
}

// notKept is the last resort: the answer came, the store failed.
func (c *Client) notKept(entry *secret.Entry, rec secret.Record, cause, synced error) error {
	where := entry.Path()
	if synced == nil && strings.Contains(string(entry.Answer()), rec.Secret.Reveal()) {
		return &fault.Error{
			Kind: fault.Custody, Code: "secret-not-stored",
			Err: fmt.Errorf("webhook %s was created at %s, but the store could not keep its secret: %w; the provider's answer with the secret is in %s",
				rec.ID, c.driver.Title, cause, where),
			Hint: fault.Run("hookctl recover").After("mend what the message names, then run: "),
		}
	}
	shown := c.custody.LastResort != nil && c.custody.LastResort(rec.Ref(), rec.Secret)
	say := "its secret could be kept nowhere; it is lost unless part of it reached " + where
	if shown {
		say = "its secret could be kept nowhere but was shown above, once: copy it now"
	}
	return &fault.Error{
		Kind: fault.Custody, Code: "secret-not-kept",
		Err:  fmt.Errorf("webhook %s was created at %s, but %s: %w", rec.ID, c.driver.Title, say, cause),
		Hint: fault.Run("hookctl secrets set %s/%s", c.driver.Name, rec.ID).After("keep it with: "),
	}
}

// statusReporter is what custody asks of a typed client's error.
type statusReporter interface {
	AnswerStatus() int      // the HTTP status that was seen
	CertainlyRefused() bool // the provider said no: nothing was made
}

// settleFailed finds out what became of a create that returned err, and says so.
func (c *Client) settleFailed(ctx context.Context, interrupted bool, entry *secret.Entry, in secret.Intent, err error) error {
	status, certain := outcome(err)
	if certain {
		if derr := entry.Remove(); derr != nil {
			c.custody.notify("the journal entry %s could not be removed: %v", entry.Path(), derr)
		}
		return fmt.Errorf("%w; nothing was created", err)
	}
	note := func(p secret.Phase) {
		p.Status = status
		c.phase(entry, p)
	}
	if status >= 200 && status < 300 && !reportsFailure(err) {
		note(secret.Phase{Name: "unusable"})
		return &fault.Error{
			Kind: fault.Custody, Code: "answer-unusable",
			Err: fmt.Errorf("%s answered HTTP %d, so the webhook probably exists, but the answer could not be used (%w); all that arrived, the secret too if it did, is in %s",
				c.driver.Title, status, cause(err), entry.Path()),
			Hint: fault.Run("hookctl recover"), ProviderMessage: fault.ProviderMessage(err),
		}
	}
	if interrupted {
		note(secret.Phase{Name: "unknown"})
		return &fault.Error{
			Kind: fault.Custody, Code: "outcome-unknown",
			Err:  fmt.Errorf("interrupted before %s answered: the webhook may or may not exist: %w", c.driver.Title, cause(err)),
			Hint: fault.Run("hookctl recover"),
		}
	}
	c.custody.notify("the outcome is unknown (%v); asking %s for its list", cause(err), c.driver.Title)
	look, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	kept, _, serr := c.custody.Store.List(ctx)
	if serr != nil {
		c.custody.notify("the store could not be listed: %v", serr)
	}
	rows, lerr := c.raw.List(look)
	found := candidates(in, rows, keptIDs(c.driver.Name, kept))
	if lerr == nil && len(found) == 0 {
		lerr = unreadableRow(rows, keptIDs(c.driver.Name, kept))
	}
	if lerr != nil {
		note(secret.Phase{Name: "unknown"})
		return &fault.Error{
			Kind: fault.Custody, Code: "outcome-unknown",
			Err:  fmt.Errorf("the webhook may or may not exist: %w; and the list of webhooks could not be read: %w", cause(err), lerr),
			Hint: fault.Run("hookctl recover").After("when the provider can be reached again, run: "), ProviderMessage: fault.ProviderMessage(err),
		}
	}
	if len(found) == 0 {
		note(secret.Phase{Name: "not-listed"})
		return &fault.Error{
			Kind: fault.Unavailable, Code: fault.Code(err),
			Err:  fmt.Errorf("%w; as far as the provider's list tells, nothing was created", err),
			Hint: fault.Run("hookctl recover").After("lists may lag: before you try again, run: "), ProviderMessage: fault.ProviderMessage(err),
		}
	}
	ids := make([]string, len(found))
	for i, w := range found {
		ids[i] = c.driver.Name + "/" + w.ID
	}
	note(secret.Phase{Name: "orphan", ID: found[0].ID})
	return &fault.Error{
		Kind: fault.Custody, Code: "orphan",
		Err:  fmt.Errorf("the webhook was created, but no usable answer with its secret arrived (%w); nobody has the secret of %s", cause(err), strings.Join(ids, ", ")),
		Hint: fault.Run("hookctl recover"), ProviderMessage: fault.ProviderMessage(err),
	}
}

// reportsFailure reports whether the provider's answer was read and says itself that
// the create failed, whatever its HTTP status: no secret is in it.
func reportsFailure(err error) bool {
	var a interface{ ReportsFailure() bool }
	return errors.As(err, &a) && a.ReportsFailure()
}

// cause is the failure of the connection within err, if that is what it was:
// what an adapter says around it speaks of a webhook that was not created.
func cause(err error) error {
	var h *httpx.Error
	if errors.As(err, &h) {
		return h
	}
	return err
}

// outcome reads from a create's error which HTTP status was seen (0: none) and
// whether it is certain that nothing was made.
func outcome(err error) (status int, certain bool) {
	var a statusReporter
	if errors.As(err, &a) {
		return a.AnswerStatus(), a.CertainlyRefused()
	}
	var h *httpx.Error
	if errors.As(err, &h) {
		if h.Stage == httpx.Answered {
			return h.Status, false
		}
		return 0, h.Stage == httpx.NotSent
	}
	return 0, false
}
