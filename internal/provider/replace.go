package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// The operations that put a new webhook in the place of an old one.
const (
	OpRotate  = "rotate"  // the same settings, a new secret
	OpReplace = "replace" // other settings, where the API cannot change a webhook in place
)

// Replace makes a webhook with the settings s, keeps its secret and fills the
// sinks, and only then removes old. Events may arrive twice in between; none is
// lost. With overlap, old stays for the caller to remove later.
//
// The operation is one entry of the journal: wherever it ends, recover names
// what is left to do. An error of which Created has a record means that the new
// webhook is made and kept, and old is still there.
func (c *Client) Replace(ctx context.Context, operation, old string, s Spec, sinks []sink.Sink, overlap bool) (Created, error) {
	ref := &secret.Ref{Provider: c.driver.Name, ID: old}
	entry, made, err := c.make(ctx, c.intent(operation, s, ref), s, sinks)
	if entry == nil {
		return made, err
	}
	if err != nil {
		return made, c.leave(entry, stillThere(c.driver, old, err))
	}
	if overlap {
		c.done(entry)
		return made, nil
	}
	if err := c.Delete(context.WithoutCancel(ctx), old); err != nil && fault.Code(err) != "not-found" {
		return made, c.leave(entry, stillThere(c.driver, old, err))
	}
	c.done(entry)
	return made, nil
}

// stillThere adds to err that the old webhook was not removed.
func stillThere(d *Driver, old string, err error) error {
	ref := ShellQuote(d.Name + "/" + old)
	hint := fault.Hint(err)
	if hint != "" {
		hint += "\n"
	}
	return &fault.Error{
		Kind: fault.KindOf(err), Code: fault.Code(err), ProviderMessage: fault.ProviderMessage(err),
		Err:  fmt.Errorf("the new webhook is made and its secret kept; the old one, %s, is still there: %w", ref, err),
		Hint: hint + "then remove the old one: hookctl recover --delete " + ref,
	}
}

// settleOld settles a replacement whose new webhook is kept: is the old one
// gone?
func (r Recovery) settleOld(ctx context.Context, u *unsettled) (*Finding, error) {
	old := u.Intent.Replaces
	if rec, err := r.Store.Get(ctx, *old); err == nil && !rec.DeletedAt.IsZero() {
		return nil, u.entry.Done()
	}
	f := u.finding(StateUnknown, old.ID)
	client, err := r.open(ctx, u.Intent)
	if err == nil {
		var w Webhook
		w, err = client.Get(ctx, old.ID)
		if fault.Code(err) == "not-found" || err == nil && w.Status != nil && *w.Status == Disabled {
			return nil, u.entry.Done()
		}
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
	if err != nil {
		f.Detail = fmt.Sprintf("a new webhook has taken its place; whether the old one is still there cannot be told now: %v", err)
		if hint := fault.Hint(err); hint != "" {
			f.Detail += " (" + hint + ")"
		}
		f.Next = "hookctl recover"
		return &f, nil
	}
	f.State = StateOrphan
	if _, err := r.Store.Get(ctx, *old); err == nil {
		f.State = StateKept
	}
	f.Detail = "a new webhook has taken its place, but the old one is still there"
	f.Deletable, f.Next = true, "hookctl recover --delete "+ShellQuote(old.Provider+"/"+old.ID)
	return &f, nil
}
