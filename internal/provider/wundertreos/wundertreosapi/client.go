// Package wundertreosapi is a typed client of the WundertreOS webhook API, in
// the API's own words.
//
// Ids are opaque: they are compared and sent byte for byte. Answers are read
// leniently (unknown members are ignored, null is absent, one bad row hides no
// other), with one exception: the answer to a create holds the once-only
// signing secret and is read strictly.
package wundertreosapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/secret"
)

const (
	subscriptionsPath = "/api-webhook-subscriptions"
	identityPath      = "/oauth-me"
)

// Auth is one credential. Only [APIKey] and [Token] make one, so a request can
// never carry both kinds: which of them the API would prefer is not documented.
// The zero Auth sends no credential.
type Auth struct {
	header string
	scheme string // what stands before the value in the header
	value  secret.Value
}

// APIKey authenticates with an X-API-Key header.
func APIKey(v secret.Value) Auth { return Auth{header: "X-API-Key", value: v} }

// Token authenticates with an OAuth 2.0 access token.
func Token(v secret.Value) Auth { return Auth{header: "Authorization", scheme: "Bearer ", value: v} }

func (a Auth) set(h http.Header) {
	if a.header != "" {
		h.Set(a.header, a.scheme+a.value.Reveal())
	}
}

// redact takes the credential out of text that came from the provider.
func (a Auth) redact(text string) string { return httpx.Mask(a.value.Reveal())(text) }

// Client calls the API. It is safe for concurrent use.
type Client struct {
	base string
	auth Auth
	http *httpx.Client

	mu    sync.Mutex
	limit RateLimit
}

// New returns a client of the API at baseURL, which includes /functions/v1;
// slashes at its end do not count.
func New(baseURL string, auth Auth, h *httpx.Client) *Client {
	return &Client{base: strings.TrimRight(baseURL, "/"), auth: auth, http: h}
}

// RateLimit is what the last answer said of the organization's budget.
func (c *Client) RateLimit() RateLimit {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limit
}

// request is one call, relative to the base URL.
type request struct {
	method string
	path   string // escaped
	body   any    // nil: none
	cap    int64
	repeat httpx.Repeat
}

// call sends r and returns the answer if its status is 2xx. It is the one place
// that turns any other answer into an error.
func (c *Client) call(ctx context.Context, r request) (*httpx.Response, error) {
	header := http.Header{"Accept": {"application/json"}}
	c.auth.set(header)
	var body []byte
	if r.body != nil {
		var err error
		if body, err = jsontext.Marshal(r.body); err != nil {
			return nil, &httpx.Error{Stage: httpx.NotSent, Err: err}
		}
		header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(ctx, httpx.Request{
		Method: r.method,
		URL:    c.base + r.path,
		Header: header,
		Body:   body,
		Cap:    r.cap,
		Repeat: r.repeat,
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.limit = rateLimit(answer.Header)
	c.mu.Unlock()
	if answer.Status >= 200 && answer.Status <= 299 {
		return answer, nil
	}
	return nil, c.refusal(r, answer)
}

// subscriptionPath is the path of one subscription. url.PathEscape leaves dots
// alone, but a segment of one or two of them is a step in the path to whatever
// stands between here and the API.
func subscriptionPath(id string) string {
	segment := url.PathEscape(id)
	if id == "." || id == ".." {
		segment = strings.ReplaceAll(id, ".", "%2E")
	}
	return subscriptionsPath + "/" + segment
}
