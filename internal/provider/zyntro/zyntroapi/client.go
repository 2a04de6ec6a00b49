// Package zyntroapi is a typed client of Zyntro's webhook API, in the API's own
// words: its field names, its actions, its errors. "Reference" in comments means
// Zyntro's "Create Webhook", "Fetch Webhooks" and "Update Webhook" pages.
//
// Three facts shape it. Every call is a POST whose JSON body carries the
// credentials. HTTP 200 may be an error: the body's "status" decides, and the
// method [Client.call] is the only one that opens it. The signing secret of a
// webhook is said once, in the answer to createWebhook, which is therefore
// read strictly, and quoted in no error.
package zyntroapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/secret"
)

// Client calls the API. Its fields are not changed after the first call; then
// it is safe for concurrent use.
type Client struct {
	BaseURL string // absolute; may have a path of its own
	Prefix  string // between base URL and action: "/public/account"

	APIKey          secret.Value
	OrgID           secret.Value
	DeveloperSecret secret.Value // zero: not sent; the /apis/v2 paths are said to demand it

	HTTP *httpx.Client
}

// endpoint is one action and how it may be called.
type endpoint struct {
	action string
	repeat httpx.Repeat
	cap    int64
	// once marks an answer that says a secret once: it is read strictly and
	// never quoted after a 2xx.
	once bool
}

var (
	createWebhook = endpoint{action: "createWebhook", repeat: httpx.RepeatRefused, cap: httpx.CapCreate, once: true}
	fetchWebhooks = endpoint{action: "fetchWebhooks", repeat: httpx.RepeatSafe, cap: httpx.CapList}
	updateWebhook = endpoint{action: "updateWebhook", repeat: httpx.RepeatRefused, cap: httpx.CapGet}
)

// credentials are the members that every body but help's begins with.
type credentials struct {
	APIKey          string `json:"api_key"`
	OrgID           string `json:"org_id"`
	DeveloperSecret string `json:"developer_secret,omitempty"`
}

func (c *Client) credentials() credentials {
	return credentials{c.APIKey.Reveal(), c.OrgID.Reveal(), c.DeveloperSecret.Reveal()}
}

// success is an opened envelope that says so.
type success struct {
	httpStatus int
	data       json.RawMessage // nil where there is none
}

// call posts body and opens the envelope of the answer. It returns no error
// only if the answer is a success: 2xx, one JSON object, and "status" exactly
// "success". All else is an error: [*httpx.Error] where no
// complete answer came, [*Error] where the API refused, [*ProtocolError] where
// the answer makes no sense. Texts inside the private JSON objects are kept out
// of errors, as the credentials are.
func (c *Client) call(ctx context.Context, e endpoint, body any, private ...secret.Value) (success, error) {
	texts := textsIn(private)
	answer, err := c.post(ctx, e, body, texts)
	if err != nil {
		return success{}, err
	}
	return envelope{endpoint: e, answer: answer, redact: c.redactor(texts)}.open()
}

// post sends body as JSON, unopened. Only call and Help use it.
func (c *Client) post(ctx context.Context, e endpoint, body any, private []string) (*httpx.Response, error) {
	text, err := jsontext.Marshal(body)
	if err != nil {
		return nil, err
	}
	return c.HTTP.Do(ctx, httpx.Request{
		Method:  http.MethodPost,
		URL:     c.url(e.action),
		Header:  http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Body:    text,
		Cap:     e.cap,
		Repeat:  e.repeat,
		Private: private,
	})
}

func (c *Client) url(action string) string {
	parts := []string{strings.TrimRight(c.BaseURL, "/")}
	if prefix := strings.Trim(c.Prefix, "/"); prefix != "" {
		parts = append(parts, prefix)
	}
	return strings.Join(append(parts, action), "/")
}
