package wundertreosapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
)

// NewSubscription is the body of a create: the documented fields and no others.
type NewSubscription struct {
	TargetURL   string   `json:"target_url"`
	EventTypes  []string `json:"event_types"`
	Description string   `json:"description,omitempty"`
}

// Subscription is one webhook subscription. A nil pointer or slice means that
// the API did not say.
type Subscription struct {
	ID          string
	TargetURL   *string
	EventTypes  []string
	Enabled     *bool
	Description *string
	CreatedAt   *string // ISO 8601, UTC; verbatim
	Unreadable  string  // what of this row could not be read; ID may be empty then
}

// Created is a new subscription with its secret, which the API never says again.
type Created struct {
	Subscription
	Secret secret.Value // verbatim; as text it is the signing key
}

// Create makes a subscription with one request, which is repeated only if it
// certainly was not processed. It needs the scopes webhooks:read and
// webhooks:write. Any 2xx answer with an id and a usable secret is a success,
// whatever else is odd about it; any other 2xx is a [*ProtocolError].
func (c *Client) Create(ctx context.Context, n NewSubscription) (Created, error) {
	if n.EventTypes == nil {
		n.EventTypes = []string{} // an array in JSON too
	}
	answer, err := c.call(ctx, request{
		method: http.MethodPost,
		path:   subscriptionsPath,
		body:   n,
		cap:    httpx.CapCreate,
		repeat: httpx.RepeatRefused,
	})
	if err != nil {
		return Created{}, err
	}
	made, err := created(answer.Body)
	if err != nil {
		return Created{}, unusable(answer, err)
	}
	return made, nil
}

// List returns all subscriptions of the organization in the API's order. Rows
// that cannot be read are among them, marked.
func (c *Client) List(ctx context.Context) ([]Subscription, error) {
	answer, err := c.call(ctx, request{
		method: http.MethodGet,
		path:   subscriptionsPath,
		cap:    httpx.CapList,
		repeat: httpx.RepeatSafe,
	})
	if err != nil {
		return nil, err
	}
	list, err := rows(answer.Body)
	if err != nil {
		return nil, unusable(answer, err)
	}
	subscriptions := make([]Subscription, len(list))
	for i, row := range list {
		m, err := members(row)
		if err != nil {
			subscriptions[i] = Subscription{Unreadable: err.Error()}
			continue
		}
		subscriptions[i] = subscription(m)
	}
	return subscriptions, nil
}

// Get returns one subscription. An unknown id is an [*Error] of status 404.
func (c *Client) Get(ctx context.Context, id string) (Subscription, error) {
	if id == "" {
		return Subscription{}, ErrEmptyID
	}
	answer, err := c.call(ctx, request{
		method: http.MethodGet,
		path:   subscriptionPath(id),
		cap:    httpx.CapGet,
		repeat: httpx.RepeatSafe,
	})
	if err != nil {
		return Subscription{}, err
	}
	m, err := object(answer.Body)
	if err != nil {
		return Subscription{}, unusable(answer, err)
	}
	s := subscription(m)
	if s.Unreadable != "" {
		return Subscription{}, &ProtocolError{HTTPStatus: answer.Status, Reason: s.Unreadable}
	}
	return s, nil
}

// Delete removes one subscription for good. An unknown id, and so a second
// delete, is an [*Error] of status 404; but where the request had to be
// repeated, 404 counts as success, since an earlier try may have done it. It
// needs webhooks:read and webhooks:write.
func (c *Client) Delete(ctx context.Context, id string) error {
	if id == "" {
		return ErrEmptyID
	}
	_, err := c.call(ctx, request{
		method: http.MethodDelete,
		path:   subscriptionPath(id),
		cap:    httpx.CapGet,
		repeat: httpx.RepeatSafe,
	})
	var refused *Error
	if errors.As(err, &refused) && refused.HTTPStatus == http.StatusNotFound && refused.Tries > 1 {
		return nil
	}
	return err
}

// unusable is the error for a 2xx answer that cannot be read.
func unusable(answer *httpx.Response, err error) error {
	return &ProtocolError{HTTPStatus: answer.Status, Reason: "an unusable answer: " + err.Error()}
}
