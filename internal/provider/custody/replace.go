package custody

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
)

// The operations that put a new webhook in the place of an old one.
const (
	OpRotate  = "rotate"  // the same settings, a new secret
	OpReplace = "replace" // other settings, where the API cannot change a webhook in place
)

// Replace makes a webhook with the settings s, keeps its secret and fills the
// sinks, and only then removes old, of which s was made. Events may arrive twice
// in between; none is lost. With overlap, old stays for the caller to remove
// later. Where old is paused, the new one is paused too.
//
// Where the provider's webhooks can be changed in place, old is looked at again
// before it is removed, and before anything is sent if another process was at
// work on it: what somebody else has changed since stays, and is an error of code
// "conflict".
//
// One that another process of this store has replaced or deleted since this one
// began is an error of code "conflict", which names what took its place: nothing
// is sent.
//
// The operation is one entry of the journal: wherever it ends, recover names
// what is left to do. With an error, Created.Kept says whether the new
// webhook is made and its secret kept, Created.OldGone whether old is gone.
func (c *Client) Replace(ctx context.Context, operation string, old provider.Webhook, s provider.Spec, sinks []sink.Sink, overlap bool) (Created, error) {
	release, waited, err := c.lock(ctx, lockTimeout, idKey(old.ID), placeKey(provider.Text(old.Name), provider.Text(old.URL)), placeKey(s.Name, s.URL))
	if err != nil {
		return Created{}, err
	}
	err = cmp.Or(c.checkNotReplaced(ctx, old.ID), c.checkNotDeleted(ctx, old.ID))
	if err == nil && waited && c.driver.Updates {
		err = c.changed(ctx, old)
	}
	if err != nil {
		release()
		return Created{}, err
	}
	ref := &secret.Ref{Provider: c.driver.Name, ID: old.ID}
	in := c.intent(operation, s, ref)
	in.Overlap = overlap
	entry, made, err := c.make(ctx, in, s, sinks)
	release() // whoever comes now finds in the store what has taken the place of old
	if entry == nil {
		return made, err
	}
	err = c.handOn(ctx, entry, in, &made, sinks)
	made.operation, made.begun = entry.ID(), in.StartedAt
	send, stop := c.detachRequest(ctx, untilRemoved)
	defer stop()
	err = errors.Join(err, c.pauseLike(send, old, &made.Webhook))
	if overlap {
		c.done(entry) // what a sink did not get the record says
		return made, err
	}
	if err != nil {
		return made, c.leave(entry, stillThere(c.driver, old.ID, err))
	}
	if err = c.removeOld(send, entry, old, &made); err != nil && !made.OldGone {
		err = stillThere(c.driver, old.ID, err)
	}
	return made, err
}

// untilRemoved is why an interrupt does not end a replacement at once.
const untilRemoved = "so that it is known which webhook is left"

// ReplaceOn goes on with a Replace of which made came with an error of code
// "rate-limited": the old webhook is still to be removed.
func (c *Client) ReplaceOn(ctx context.Context, old provider.Webhook, made *Created) error {
	err := c.Undo(ctx, old, made)
	if err != nil && !made.OldGone {
		err = stillThere(c.driver, old.ID, err)
	}
	return err
}

// Undo removes the old webhook of a Replace that came with an error, for a caller that
// removes the new one too.
func (c *Client) Undo(ctx context.Context, old provider.Webhook, made *Created) error {
	entry, _, err := c.custody.Journal.Claim(ctx, made.operation)
	if err != nil {
		return err
	}
	send, stop := c.detachRequest(ctx, untilRemoved)
	defer stop()
	return c.removeOld(send, entry, old, made)
}

// removeOld removes what made has taken the place of, and ends the operation.
func (c *Client) removeOld(ctx context.Context, entry *secret.Entry, old provider.Webhook, made *Created) error {
	err := c.unchanged(ctx, old)
	if err == nil {
		err = c.raw.Delete(ctx, old.ID)
	}
	gone := fault.Code(err) == "not-found"
	if err != nil && !gone {
		return c.leave(entry, err)
	}
	made.OldGone = true
	if err := c.markDeleted(context.WithoutCancel(ctx), old.ID); err != nil {
		return c.leave(entry, err)
	}
	c.done(entry)
	if gone || !c.driver.Deletes && c.alsoReplaced(ctx, old.ID, made) {
		return c.conflictingReplacements(ctx, old, made.Webhook)
	}
	return nil
}

// alsoReplaced reports whether another process has made a webhook in the place of
// old meanwhile. Where webhooks are disabled, both may have done so without an
// error.
func (c *Client) alsoReplaced(ctx context.Context, old string, made *Created) bool {
	ref := secret.Ref{Provider: c.driver.Name, ID: old}
	recs, _, err := c.custody.Store.List(context.WithoutCancel(ctx))
	return err == nil && slices.ContainsFunc(recs, func(r secret.Record) bool {
		return r.Replaces != nil && *r.Replaces == ref &&
			r.ID != made.Webhook.ID && !r.CreatedAt.Before(made.begun)
	})
}

// conflictingReplacements is for a webhook that was made in the place of old, which somebody else
// has removed and perhaps replaced too: webhooks that look as if they took its
// place are an error of code "conflict".
func (c *Client) conflictingReplacements(ctx context.Context, old, made provider.Webhook) error {
	ref := func(id string) string { return secret.Ref{Provider: c.driver.Name, ID: id}.Word() }
	rows, err := c.raw.List(ctx)
	if err != nil {
		return fmt.Errorf("%s was already deleted, and it is not known whether another webhook than %s replaces it: %w", ref(old.ID), ref(made.ID), err)
	}
	var others []string
	for _, w := range rows {
		if (w.SamePlace(old) || w.SamePlace(made)) && w.ID != old.ID && w.ID != made.ID && !w.Is(provider.Disabled) {
			others = append(others, ref(w.ID))
		}
	}
	if len(others) == 0 {
		c.custody.notify("%s was already deleted, by somebody else", ref(old.ID))
		return nil
	}
	return fault.Errorf(fault.Refused, "%s was already deleted, and besides the new webhook, %s (its secret is kept), there is %s: somebody else seems to have replaced it too",
		ref(old.ID), ref(made.ID), strings.Join(others, ", ")).
		WithCode("conflict").WithHint("keep one of them; to delete the new one: hookctl delete %s", ref(made.ID))
}

// pauseLike pauses a new webhook where the one that it replaces is paused:
// providers make active ones.
func (c *Client) pauseLike(ctx context.Context, old provider.Webhook, made *provider.Webhook) error {
	if !c.driver.Updates || !old.Is(provider.Paused) {
		return nil
	}
	w, err := c.raw.Update(ctx, made.ID, provider.Change{Status: old.Status})
	if err != nil {
		return fmt.Errorf("the old webhook is paused, but the new one could not be paused: %w", err)
	}
	*made = w
	return nil
}

// unchanged is an error if old is not any more as it was: of code "not-found" if
// it is gone, or disabled where that is how webhooks are deleted.
func (c *Client) unchanged(ctx context.Context, old provider.Webhook) error {
	if !c.driver.Updates {
		return nil
	}
	now, err := c.raw.Get(ctx, old.ID)
	if err != nil {
		return err
	}
	if !c.driver.Deletes && now.Is(provider.Disabled) {
		return fault.Errorf(fault.Refused, "%s is already disabled", old.ID).WithCode("not-found")
	}
	if what := old.Changed(now); len(what) > 0 {
		return fault.Errorf(fault.Refused, "somebody else has just changed it (%s)", strings.Join(what, ", ")).
			WithCode("conflict").WithHint("make the same change to the new webhook, or delete the new one and start again")
	}
	return nil
}

// changed is an error of code "conflict" if old, which is to be replaced, is not
// any more as it was.
func (c *Client) changed(ctx context.Context, old provider.Webhook) error {
	now, err := c.raw.Get(ctx, old.ID)
	if err != nil {
		return err
	}
	if what := old.Changed(now); len(what) > 0 {
		ref := term.ShellWord(c.driver.Name + "/" + old.ID)
		return fault.Errorf(fault.Refused, "somebody else has just changed %s (%s): nothing was sent", ref, strings.Join(what, ", ")).
			WithCode("conflict").WithHint("check it, then try again: hookctl get %s", ref)
	}
	return nil
}

// stillThere adds to err that the old webhook was not removed.
func stillThere(d *provider.Driver, old string, err error) error {
	ref := term.ShellWord(d.Name + "/" + old)
	hint := fault.HintOf(err).String()
	if hint != "" {
		hint += "\n"
	}
	return fault.WithHint(fmt.Errorf("the new webhook was created and its secret is kept; the old one, %s, still exists: %w", ref, err),
		fault.Run("hookctl recover --delete %s", ref).After(hint+"then remove the old one: "))
}

// settleOld settles a replacement whose new webhook is kept: is the old one
// gone?
func (r Recovery) settleOld(ctx context.Context, u *unsettled) ([]Finding, error) {
	old := u.Intent.Replaces
	if rec, err := r.Store.Get(ctx, *old); u.Intent.Overlap || err == nil && !rec.DeletedAt.IsZero() {
		return nil, u.remove()
	}
	f := u.finding(StateUnknown, old.ID)
	client, err := r.open(ctx, u.Intent)
	var w provider.Webhook
	if err == nil {
		w, err = client.Get(ctx, old.ID)
		if fault.Code(err) == "not-found" || err == nil && !client.driver.Deletes && w.Is(provider.Disabled) {
			if u.dry {
				return nil, nil
			}
			if err := client.markDeleted(ctx, old.ID); err != nil {
				return nil, err
			}
			return nil, u.remove()
		}
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
	if err != nil {
		f.Detail = fmt.Sprintf("a new webhook replaces it; it is not known whether the old one still exists: %v", err)
		if hint := fault.HintOf(err).String(); hint != "" {
			f.Detail += " (" + u.typed(hint) + ")"
		}
		f.Next = u.after(err)
		return []Finding{f}, nil
	}
	f.State = StateOrphan
	if _, err := r.Store.Get(ctx, *old); err == nil {
		f.State = StateKept
	}
	made := keptPhase(u.Phases)
	f.Detail = "a new webhook replaces it, but the old one still exists"
	if rec, err := r.Store.Get(ctx, secret.Ref{Provider: old.Provider, ID: made}); err == nil && !rec.DeletedAt.IsZero() {
		f.Detail = "the webhook that should replace it was removed, and this one still exists"
	} else if made != "" && w.Is(provider.Paused) {
		f.Detail += "; it is paused, and the new one may be active: " + u.typed("hookctl pause "+term.ShellWord(old.Provider+"/"+made))
	}
	f.Deletable, f.Next = true, u.again+" --delete "+term.ShellWord(old.Provider+"/"+old.ID)
	return []Finding{f}, nil
}
