package zyntroapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// ErrRawBody reports a body of a raw request that credentials cannot be put
// into. It quotes nothing of it.
var ErrRawBody = errors.New("the body is not a JSON object")

// Raw makes a request with the client's credentials as the first members of
// body, which is a JSON object or empty. Those that body has itself are left as
// they are, and so is every other byte of it.
func (c *Client) Raw(method, url string, body []byte) (httpx.Request, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		body = []byte("{}")
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(body, &given) != nil || given == nil {
		return httpx.Request{}, ErrRawBody
	}
	var members [][]byte
	for _, m := range []struct{ name, value string }{
		{"api_key", c.APIKey.Reveal()}, {"org_id", c.OrgID.Reveal()}, {"developer_secret", c.DeveloperSecret.Reveal()},
	} {
		if _, has := given[m.name]; has || m.value == "" {
			continue
		}
		value, err := jsontext.Marshal(m.value)
		if err != nil {
			return httpx.Request{}, err
		}
		members = append(members, append([]byte(`"`+m.name+`":`), value...))
	}
	if rest := bytes.TrimSpace(body[1:]); len(given) > 0 {
		members = append(members, rest[:len(rest)-1])
	}
	return httpx.Request{
		Method: method,
		URL:    url,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Body:   append(append([]byte("{"), bytes.Join(members, []byte(","))...), '}'),
		Cap:    httpx.CapList,
	}, nil
}

// Judge returns the error that the answer to a raw request is, or nil. A 2xx
// is one only if it says so itself.
func (c *Client) Judge(answer *httpx.Response) error {
	var members map[string]json.RawMessage
	notObject := json.Unmarshal(answer.Body, &members)
	if is2xx(answer.Status) && textOf(members["status"]) != "error" {
		return nil
	}
	return envelope{endpoint: endpoint{cap: httpx.CapList}, answer: answer, redact: c.redactor(nil)}.failure(members, notObject)
}
