package custody

import (
	"context"
	"errors"

	"github.com/hookctl/hookctl/internal/secret"
)

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
		c.custody.notify("the record of %s/%s could not be brought up to date: %v", ref.Provider, ref.ID, err)
		return nil
	}
	return rec.Auth
}
