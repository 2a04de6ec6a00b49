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
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/internal/raw"
	"github.com/hookctl/hookctl/internal/secret"
)

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
	// Mask is given each new secret before anything that came with it is shown, to
	// mask it in a log. May be nil.
	Mask func(s secret.Value)
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
	return &Client{driver: d, access: a, custody: c, origin: origin, raw: provider.Raw(raw.Key{}, d, a)}, nil
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
	release, waited, err := c.lock(ctx, lockTimeout, idKey(old.ID), placeKey(provider.Text(old.Name), provider.Text(old.URL)),
		placeKey(provider.Text(cmp.Or(ch.Name, old.Name)), provider.Text(cmp.Or(ch.URL, old.URL))))
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
	if ch.Edit != nil {
		now, err := c.raw.Get(ctx, old.ID)
		if err == nil && now.Events != nil && !provider.SameEvents(now.Events, old.Events) {
			ch.Events, err = ch.Edit(now.Events)
		}
		if err != nil {
			return provider.Webhook{}, err
		}
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
		return got, fmt.Errorf("the webhook was changed, but its record here was not: %w", err)
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

// CodeNotMarked is the code of an error after which the webhook is gone all the same.
const CodeNotMarked = "record-not-marked"

// markDeleted notes in the record of a webhook, if there is one, that it is gone
// at the provider; else the error has [CodeNotMarked].
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
		return fault.Errorf(fault.KindOf(err), "%s was removed at the provider, but its record could not be marked as deleted: %w", id, err).WithCode(CodeNotMarked)
	}
	return nil
}

// markAuth notes in the webhook's record, if there is one, which authentication
// data the provider has now: it never tells that again. Where the type is not
// known (nil), or there is no data, the mark is removed, since a wrong one
// would hide a difference. A record that cannot be written is only notified:
// the worst that follows is that the same data is sent again.
func (c *Client) markAuth(ctx context.Context, ref secret.Ref, kind *string, data secret.Value) *secret.AuthMark {
	rec, err := c.custody.Store.Get(ctx, ref)
	if errors.Is(err, secret.ErrNotFound) {
		return nil
	}
	if err == nil {
		rec.Auth = nil
		if kind != nil && !data.IsZero() {
			rec.Auth = secret.NewAuthMark(*kind, data)
		}
		err = c.custody.Store.Put(ctx, rec)
	}
	if err != nil {
		c.custody.notify("the record of %s/%s could not be updated: %v", ref.Provider, ref.ID, err)
		return nil
	}
	return rec.Auth
}
