package zyntroapi

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/hookctl/hookctl/internal/httpx"
)

// Action is an action that documents itself.
type Action string

// The actions.
const (
	CreateWebhook Action = "createWebhook" // usage, events, best practices
	FetchWebhooks Action = "fetchWebhooks" // usage, a sample answer
	UpdateWebhook Action = "updateWebhook" // usage, events
)

// Help asks an action for its documentation and returns it as it came: its
// shape is not documented, it may not even be JSON. The body is {"help": true}
// and nothing else: no credentials.
func (c *Client) Help(ctx context.Context, a Action) ([]byte, error) {
	e := endpoint{action: string(a), repeat: httpx.RepeatSafe, cap: httpx.CapGet}
	answer, err := c.post(ctx, e, map[string]bool{"help": true}, nil)
	if err != nil {
		return nil, err
	}
	env := envelope{endpoint: e, answer: answer, redact: c.redactor(nil)}
	var members map[string]json.RawMessage
	notObject := json.Unmarshal(answer.Body, &members)
	switch {
	case !is2xx(answer.Status) || textOf(members["status"]) == "error":
		return nil, env.failure(members, notObject)
	case len(answer.Body) == 0:
		return nil, env.nonsense(errors.New("the answer is empty"))
	default:
		return answer.Body, nil
	}
}
