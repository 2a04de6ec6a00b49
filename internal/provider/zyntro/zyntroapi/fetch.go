package zyntroapi

import (
	"context"
	"encoding/json"
	"errors"
)

// Webhook is a row of fetchWebhooks. A nil pointer or slice means that the
// member was absent, null, or not of the documented type.
type Webhook struct {
	ID            string
	Name          *string
	Events        []string
	Status        *string // active, paused or disabled
	Timeout       *int    // seconds
	Endpoint      *string
	AuthType      *string
	CreatedAt     *string // no time zone is documented: a text
	UpdatedAt     *string
	LastStatus    *string // success or failed
	LastTriggered *string
	RetryCount    *int
	RetryDelay    *int
	FailureCount  *int
}

// Row is a webhook, or what is wrong with it.
type Row struct {
	Webhook
	// Err says that the row is no object, or that its id, name, endpoint, events
	// or status is not of the documented type. What can be read is there all the
	// same.
	Err error
}

// FetchWebhooks returns all webhooks of the organisation, in the API's order.
// A malformed row does not hide the others.
func (c *Client) FetchWebhooks(ctx context.Context) ([]Row, error) {
	answer, err := c.call(ctx, fetchWebhooks, c.credentials())
	if err != nil {
		return nil, err
	}
	var data []json.RawMessage
	// An absent or null list is not an empty one: who looks for a webhook that
	// may have been created must not take it for "there is none".
	if err := json.Unmarshal(answer.data, &data); err != nil || data == nil {
		return nil, &ProtocolError{HTTPStatus: answer.httpStatus, Err: errors.New(`the answer has no list of webhooks in "data"`)}
	}
	rows := make([]Row, len(data))
	for i, raw := range data {
		rows[i] = decodeRow(raw)
	}
	return rows, nil
}

func decodeRow(raw json.RawMessage) Row {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return Row{Err: errors.New("not a JSON object")}
	}
	d := decoder{members: members}
	row := Row{Webhook: Webhook{
		ID:            d.id("wh_id"),
		Name:          d.text("wh_name"),
		Events:        d.texts("wh_events"),
		Status:        d.text("wh_status"),
		Timeout:       d.number("wh_timeout"),
		Endpoint:      d.text("wh_endpoint"),
		AuthType:      d.detail("wh_auth_type"),
		CreatedAt:     d.detail("wh_created_at"),
		UpdatedAt:     d.detail("wh_updated_at"),
		LastStatus:    d.detail("wh_last_status"),
		LastTriggered: d.detail("wh_last_triggered"),
		RetryCount:    d.number("wh_retry_count"),
		RetryDelay:    d.number("wh_retry_delay"),
		FailureCount:  d.number("wh_failure_count"),
	}}
	row.Err = d.err()
	return row
}
