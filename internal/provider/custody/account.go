package custody

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// account is a short fingerprint of those credentials that tell accounts apart
// (see [provider.Field.Account]): the first 8 hex digits of a SHA-256. It is "" where
// none of them is given.
func account(d *provider.Driver, given map[string]secret.Value) string {
	fields := slices.SortedFunc(slices.Values(d.Credentials), func(a, b provider.Field) int { return cmp.Compare(a.Name, b.Name) })
	h := sha256.New()
	found := false
	for _, f := range fields {
		if v := given[f.Name]; f.Account && !v.IsZero() {
			fmt.Fprintf(h, "%s %d %s\n", f.Name, len(v.Reveal()), v.Reveal())
			found = true
		}
	}
	if !found {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))[:8]
}

// Account is the fingerprint of the account that the client's credentials are
// of, as far as they tell; it may be "".
func (c *Client) Account() string { return account(c.driver, c.access.Credentials) }

// open is Open, but it refuses a client of another account than that of the
// operation: the list of another account would show that nothing was made.
// Entries of older versions do not say whose they are.
func (r Recovery) open(ctx context.Context, in secret.Intent) (*Client, error) {
	client, err := r.Open(ctx, in)
	if err != nil || r.SameAccount || in.Account == "" || client.Account() == in.Account {
		return client, err
	}
	return nil, fault.Errorf(fault.Auth, "it was started with the credentials of another %s account", client.driver.Title).
		WithCode("other-account").
		WithHint("use that account's credentials, by environment or login; if the current ones are new credentials of the same account: hookctl recover --same-account")
}
