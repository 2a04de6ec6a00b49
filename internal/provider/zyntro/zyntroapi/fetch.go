package zyntroapi

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/hookctl/hookctl/internal/jsontext"
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
	// An absent or null list is not an empty one: who looks for a webhook that
	// may have been created must not take it for "there is none".
	rows, ok := decodeRows(answer.data)
	if !ok {
		return nil, &ProtocolError{HTTPStatus: answer.httpStatus, Err: errors.New(`the answer has no list of webhooks in "data"`)}
	}
	return rows, nil
}

// decodeRows reads a list of webhooks, which is valid JSON.
func decodeRows(data json.RawMessage) ([]Row, bool) {
	if len(data) == 0 || data[0] != '[' {
		return nil, false
	}
	rows := []Row{}
	d := decoder{members: map[string]json.RawMessage{}} // of one row after the other
	ok := jsontext.Each(data, func(_ []byte, from, to int) bool {
		clear(d.members)
		d.odd = nil
		rows = append(rows, d.row(data[from:to]))
		return true
	})
	return rows, ok
}

func (d *decoder) row(raw json.RawMessage) Row {
	if !split(raw, d.members) {
		return Row{Err: errors.New("not a JSON object")}
	}
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
