package zyntroapi

import (
	"context"
	"encoding/json"

	"github.com/hookctl/hookctl/internal/secret"
)

// UpdateRequest is the body of updateWebhook. Only what is set is sent: the API
// leaves the rest as it is.
type UpdateRequest struct {
	ID       string // wh_id, required
	Name     *string
	Endpoint *string
	Events   []string // replaces the whole list; nil: not sent
	AuthType *string
	AuthData secret.Value // the text of a JSON object
	Timeout  *int
	Status   *string // active, paused or disabled
}

// UpdateWebhook changes a webhook. The answer's shape is not documented beyond
// its status, so nothing of it is returned.
func (c *Client) UpdateWebhook(ctx context.Context, r UpdateRequest) error {
	authData, err := rawObject(r.AuthData)
	if err != nil {
		return err
	}
	var events *[]string // omitempty would drop an empty list that was asked for
	if r.Events != nil {
		events = &r.Events
	}
	_, err = c.call(ctx, updateWebhook, struct {
		credentials
		ID       string          `json:"wh_id"`
		Name     *string         `json:"wh_name,omitempty"`
		Endpoint *string         `json:"wh_endpoint,omitempty"`
		Events   *[]string       `json:"wh_events,omitempty"`
		AuthType *string         `json:"wh_auth_type,omitempty"`
		AuthData json.RawMessage `json:"wh_auth_data,omitempty"`
		Timeout  *int            `json:"wh_timeout,omitempty"`
		Status   *string         `json:"wh_status,omitempty"`
	}{c.credentials(), r.ID, r.Name, r.Endpoint, events, r.AuthType, authData, r.Timeout, r.Status}, r.AuthData)
	return err
}
