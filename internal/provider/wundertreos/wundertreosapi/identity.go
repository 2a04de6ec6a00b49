package wundertreosapi

import (
	"context"
	"net/http"

	"github.com/hookctl/hookctl/internal/httpx"
)

// Identity is whose credential this is. A nil pointer means that the API did
// not say.
type Identity struct {
	ID      string // of the user; of an API key's creator, and then perhaps empty
	Email   *string
	OrgID   string
	OrgName *string
	OrgSlug *string
}

// Me tells the identity behind the credential. It needs no scope, so it is the
// call to find out whether a credential is valid.
func (c *Client) Me(ctx context.Context) (Identity, error) {
	answer, err := c.call(ctx, request{
		method: http.MethodGet,
		path:   identityPath,
		cap:    httpx.CapGet,
		repeat: httpx.RepeatSafe,
	})
	if err != nil {
		return Identity{}, err
	}
	m, err := object(answer.Body)
	if err != nil {
		return Identity{}, unusable(answer, err)
	}
	id := Identity{ID: loose(m["id"], numberText), OrgID: loose(m["org_id"], numberText)}
	id.Email = loose(m["email"], optional[string])
	id.OrgName = loose(m["org_name"], optional[string])
	id.OrgSlug = loose(m["org_slug"], optional[string])
	return id, nil
}
