package zyntroapi

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/secret"
)

// ErrAuthData reports wh_auth_data that is not a JSON object. Nothing was sent.
var ErrAuthData = errors.New("wh_auth_data is not a JSON object")

// CreateRequest is the body of createWebhook. What is nil, empty or zero is not
// sent; the required fields always are.
type CreateRequest struct {
	Name     string       // wh_name, required, at most 100 characters
	Endpoint string       // wh_endpoint, required, https
	Events   []string     // wh_events, required
	AuthType string       // wh_auth_type: none, bearer, basic, api_key, custom_header
	AuthData secret.Value // wh_auth_data: the text of a JSON object
	Timeout  *int         // wh_timeout: seconds, 5 to 120
}

// Created is the answer of createWebhook.
type Created struct {
	ID     string       // wh_id: opaque, not a UUID in Zyntro's own sample
	Secret secret.Value // secret_key: said here and never again; kept verbatim
}

// CreateWebhook makes a webhook. The request is never repeated once it may
// have been processed. Errors of an answer that may hold the secret have a
// CertainlyRefused method that says false, and quote nothing of it.
func (c *Client) CreateWebhook(ctx context.Context, r CreateRequest) (Created, error) {
	authData, err := rawObject(r.AuthData)
	if err != nil {
		return Created{}, err
	}
	events := r.Events
	if events == nil {
		events = []string{} // the field is required: null would be a type error
	}
	answer, err := c.call(ctx, createWebhook, struct {
		credentials
		Name     string          `json:"wh_name"`
		Endpoint string          `json:"wh_endpoint"`
		Events   []string        `json:"wh_events"`
		AuthType string          `json:"wh_auth_type,omitempty"`
		AuthData json.RawMessage `json:"wh_auth_data,omitempty"`
		Timeout  *int            `json:"wh_timeout,omitempty"`
	}{c.credentials(), r.Name, r.Endpoint, events, r.AuthType, authData, r.Timeout}, r.AuthData)
	if err != nil {
		return Created{}, err
	}
	return decodeCreated(answer)
}

// rawObject returns the text of v for embedding, or nil for a zero v.
func rawObject(v secret.Value) (json.RawMessage, error) {
	if v.IsZero() {
		return nil, nil
	}
	raw := json.RawMessage(v.Reveal())
	if _, err := jsontext.Object(raw); err != nil {
		return nil, ErrAuthData
	}
	return raw, nil
}
