package wundertreosapi

import (
	"net/http"

	"github.com/hookctl/hookctl/internal/httpx"
)

// Raw makes a request with the client's credential. Body may be nil.
func (c *Client) Raw(method, url string, body []byte) httpx.Request {
	r := httpx.Request{Method: method, URL: url, Header: http.Header{"Accept": {"application/json"}}, Body: body, Cap: httpx.CapList}
	c.auth.set(r.Header)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions {
		r.Repeat = httpx.RepeatSafe
	}
	return r
}

// Judge returns the error that the answer to a raw request is: nil for 2xx.
func (c *Client) Judge(answer *httpx.Response) error {
	if answer.Status >= 200 && answer.Status <= 299 {
		return nil
	}
	return c.refusal(request{}, answer)
}
