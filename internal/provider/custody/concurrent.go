package custody

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
)

// Processes of one store that replace, remove, change or, if it is absent, make
// the same webhook exclude each other by a lock: of those that begin at the same
// time one does it, and the others find it done. The lock ends when the secret is
// kept: then the store says what has taken the place of what, and sinks may take
// their time, or use hookctl themselves. Other webhooks wait for nothing.

// Snapshot is what there was when a command looked: what another process has
// replaced since is not replaced again. To the zero Snapshot nothing is new.
type Snapshot struct {
	At       time.Time
	Underway []secret.Intent // of replacements by processes that lived
}

// TakeSnapshot is what there is now.
func TakeSnapshot(ctx context.Context, now time.Time, journal *secret.Journal) (Snapshot, error) {
	s := Snapshot{At: now}
	pending, _, err := journal.List(ctx)
	for _, p := range pending {
		if p.Live && p.Intent.Replaces != nil {
			s.Underway = append(s.Underway, p.Intent)
		}
	}
	return s, err
}

// isNew reports whether r was made after the snapshot, or by an operation that was
// under way then.
func (s Snapshot) isNew(r secret.Record) bool {
	return !s.At.IsZero() && r.CreatedAt.After(s.At) || r.Replaces != nil && slices.ContainsFunc(s.Underway, func(in secret.Intent) bool {
		return *in.Replaces == *r.Replaces && !r.CreatedAt.Before(in.StartedAt)
	})
}

// NewSuccessor reports whether r is of a webhook that has taken another one's place
// since.
func (s Snapshot) NewSuccessor(r secret.Record) bool { return r.Replaces != nil && s.isNew(r) }

// isNewIntent reports whether an operation was begun after the snapshot, or was
// under way then.
func (s Snapshot) isNewIntent(in secret.Intent) bool {
	return !s.At.IsZero() && in.StartedAt.After(s.At) || slices.ContainsFunc(s.Underway, func(u secret.Intent) bool { return u.ID == in.ID })
}

// lockTimeout is how long one waits for a lock: longer than the retries of some
// requests and a sink that takes its time.
const lockTimeout = 5 * time.Minute

// idKey and placeKey are what can be locked: a webhook, and the name and URL
// that one has or is to have.
func idKey(id string) string           { return "id\x00" + id }
func placeKey(name, url string) string { return "place\x00" + name + "\x00" + provider.URLKey(url) }

// lock waits until no other process works on what the keys name, for at most
// wait. waited says that one did. What ends with an error has sent nothing.
func (c *Client) lock(ctx context.Context, wait time.Duration, keys ...string) (release func(), waited bool, err error) {
	slices.Sort(keys) // always in one order: no deadlock
	var unlocks []func() error
	release = func() {
		for _, unlock := range unlocks {
			if err := unlock(); err != nil {
				c.custody.notify("a lock could not be released: %v", err)
			}
		}
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for _, key := range slices.Compact(keys) {
		sum := sha256.Sum256([]byte(c.driver.Name + "\x00" + c.origin + "\x00" + key))
		unlock, err := c.custody.Journal.Lock(limited, secret.LockPrefix+hex.EncodeToString(sum[:16]), func() {
			waited = true
			c.custody.notify("Another process is working on this webhook. Waiting until it ends.")
		})
		if err != nil {
			release()
			if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
				return nil, true, fault.Errorf(fault.Other, "another process has been working on this webhook for %s: nothing was sent", wait).
					WithCode("busy").WithHint("wait until it ends, or stop it; then try again")
			}
			return nil, waited, notUsable("the journal", err)
		}
		unlocks = append(unlocks, unlock)
	}
	return release, waited, nil
}

// CreateUnless is Create for a webhook that must not be there yet: exists looks,
// while no other process of this store can make or replace one of that name and
// URL. Where it reports that there is one, nothing is made.
func (c *Client) CreateUnless(ctx context.Context, s provider.Spec, sinks []sink.Sink, exists func() (bool, error)) (Created, error) {
	release, _, err := c.lock(ctx, lockTimeout, placeKey(s.Name, s.URL))
	if err != nil {
		return Created{}, err
	}
	if found, err := exists(); found || err != nil {
		release()
		return Created{}, err
	}
	return c.create(ctx, s, sinks, release)
}

// MadeSince is the record of a webhook of that name and URL that another process
// of this store has made since this one began, if there is one. The provider's
// list may lag.
func (c *Client) MadeSince(ctx context.Context, name, url string) (secret.Record, bool, error) {
	recs, err := c.since(ctx)
	i := slices.IndexFunc(recs, func(r secret.Record) bool {
		return r.Name == name && provider.SameURL(r.URL, url) && r.DeletedAt.IsZero()
	})
	if err != nil || i < 0 {
		return secret.Record{}, false, err
	}
	return recs[i], true, nil
}

// since are the records of the account's webhooks that were made since this
// process began.
func (c *Client) since(ctx context.Context) ([]secret.Record, error) {
	recs, _, err := c.custody.Store.List(ctx)
	return slices.DeleteFunc(recs, func(r secret.Record) bool {
		return r.Provider != c.driver.Name || r.Origin != c.origin || !c.custody.Snapshot.isNew(r)
	}), err
}

// CheckNotSuccessor is an error of code "conflict" if another process has put the webhook
// id in the place of another one since this process began: who has named that one
// does not mean this.
func (c *Client) CheckNotSuccessor(ctx context.Context, id string) error {
	recs, err := c.since(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(recs, func(r secret.Record) bool { return r.Replaces != nil && r.ID == id }); i >= 0 {
		return Replaced(*recs[i].Replaces, id)
	}
	return nil
}

// checkNotReplaced is an error of code "conflict" if another process has put a webhook in
// the place of id since this one began, and of code "unsettled" if it has left that
// undone.
func (c *Client) checkNotReplaced(ctx context.Context, id string) error {
	recs, err := c.since(ctx)
	if err != nil {
		return err
	}
	old := secret.Ref{Provider: c.driver.Name, ID: id}
	if successor := Successor(recs, old); successor != id {
		return Replaced(old, successor)
	}
	pending, _, err := c.custody.Journal.List(ctx)
	if err != nil {
		return err
	}
	for _, p := range pending {
		in := p.Intent
		if in.Replaces != nil && *in.Replaces == old && in.Origin == c.origin && c.custody.Snapshot.isNewIntent(in) {
			return fault.Errorf(fault.Custody, "another process started to replace %s and did not finish: nothing was sent", term.ShellWord(old.Provider+"/"+id)).
				WithCode("unsettled").WithCommand("hookctl recover")
		}
	}
	return nil
}

// checkNotDeleted is an error if another process has deleted the webhook id since this
// one began.
func (c *Client) checkNotDeleted(ctx context.Context, id string) error {
	recs, _, err := c.custody.Store.List(ctx)
	if err != nil {
		return err
	}
	at := c.custody.Snapshot.At
	for _, r := range recs {
		if r.Ref() == (secret.Ref{Provider: c.driver.Name, ID: id}) && !at.IsZero() && r.DeletedAt.After(at) {
			return fault.Errorf(fault.Refused, "another process has just deleted %s: nothing was sent", term.ShellWord(r.Provider+"/"+id)).
				WithCode("conflict").WithHint("to create a new one: hookctl create %s", r.Provider)
		}
	}
	return nil
}

// Successor is the id of the webhook that has taken the place of old, by way of others
// perhaps; that of old where none has.
func Successor(recs []secret.Record, old secret.Ref) string {
	for range recs { // files that were edited may lead in a circle
		i := slices.IndexFunc(recs, func(r secret.Record) bool { return r.Replaces != nil && *r.Replaces == old })
		if i < 0 {
			break
		}
		old.ID = recs[i].ID
	}
	return old.ID
}

// Replaced is the error for a webhook in whose place another process has put the
// one with the id successor.
func Replaced(old secret.Ref, successor string) error {
	now := term.ShellWord(old.Provider + "/" + successor)
	return fault.Errorf(fault.Refused, "another process has just replaced %s with %s: nothing was done", term.ShellWord(old.Provider+"/"+old.ID), now).
		WithCode("conflict").WithHint("see the new one: hookctl get %s", now)
}
