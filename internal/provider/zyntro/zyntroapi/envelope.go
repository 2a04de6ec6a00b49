package zyntroapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// envelope is a complete answer on its way to being understood.
type envelope struct {
	endpoint endpoint
	answer   *httpx.Response
	redact   func(string) string // takes credentials out of the API's words
}

// open returns what a successful answer holds, or the error that the answer
// is. See [Client.call].
func (e envelope) open() (success, error) {
	members, err := e.members()
	if err == nil && is2xx(e.answer.Status) && textOf(members["status"]) == "success" {
		return success{e.answer.Status, members["data"]}, nil
	}
	return success{}, e.failure(members, err)
}

// failure is the error that an answer is; membersErr says why it has no members.
func (e envelope) failure(members map[string]json.RawMessage, membersErr error) error {
	status, state := e.answer.Status, textOf(members["status"])
	switch {
	case e.endpoint.once && carriesSecret(e.answer.Body):
		if errors.Is(membersErr, jsontext.ErrDuplicateMember) {
			return e.nonsense(ErrAmbiguousSecret)
		}
		return e.nonsense(ErrStraySecret)
	case status >= 300 && status <= 399:
		return e.redirect()
	case status == http.StatusTooManyRequests, state == "error":
		return e.refusal(members)
	case state == "success":
		return e.nonsense(errors.New("the answer's body reports success, but its HTTP status does not"))
	case membersErr == nil && !is2xx(status):
		return e.refusal(members)
	case len(e.answer.Body) == 0:
		return e.nonsense(errors.New("the answer is empty"))
	case membersErr != nil:
		return e.nonsense(errors.New("the answer is not a JSON object"))
	default:
		return e.nonsense(errors.New(`the answer's "status" is neither "success" nor "error"`))
	}
}

func is2xx(status int) bool { return status >= 200 && status <= 299 }

// members splits the body: strictly where it may hold a secret.
func (e envelope) members() (map[string]json.RawMessage, error) {
	if e.endpoint.once {
		return jsontext.Object(e.answer.Body)
	}
	members := map[string]json.RawMessage{}
	if !json.Valid(e.answer.Body) || !split(e.answer.Body, members) {
		return nil, jsontext.ErrNotObject
	}
	return members, nil
}

// refusal reads either error shape: "message" (and "hint"), or "data" as a list
// of messages.
func (e envelope) refusal(members map[string]json.RawMessage) *Error {
	message := textOf(members["message"])
	if message == "" {
		message = strings.Join(textsOf(members["data"]), "; ")
	}
	if message == "" {
		message = textOf(members["error"])
	}
	if message == "" && e.quotable() {
		message = e.excerpt()
	}
	err := &Error{
		HTTPStatus: e.answer.Status,
		Code:       codeOf(message),
		Message:    e.redact(message),
		Hint:       e.redact(textOf(members["hint"])),
		RetryAfter: e.answer.RetryAfter,
	}
	if e.answer.Status == http.StatusTooManyRequests {
		err.Code = RateLimited
	}
	return err
}

func (e envelope) redirect() error {
	target, err := url.Parse(e.answer.Header.Get("Location"))
	if err != nil || target.Hostname() == "" {
		return &ProtocolError{HTTPStatus: e.answer.Status, Err: errors.New("the answer is a redirect, which is never followed")}
	}
	return &ProtocolError{HTTPStatus: e.answer.Status,
		Err: fmt.Errorf("the answer is a redirect to the host %q, which is never followed", shorten(e.redact(target.Host), 200))}
}

func (e envelope) nonsense(err error) *ProtocolError {
	p := &ProtocolError{HTTPStatus: e.answer.Status, Err: err}
	if e.quotable() {
		p.Excerpt = e.excerpt()
	}
	return p
}

// quotable reports whether an error may quote the body.
func (e envelope) quotable() bool {
	if !e.endpoint.once {
		return true
	}
	return e.answer.Status > 299 && !carriesSecret(e.answer.Body)
}

// excerpt is the beginning of the body. Credentials go first: cutting might
// leave a part of one.
func (e envelope) excerpt() string { return httpx.Excerpt([]byte(e.redact(string(e.answer.Body)))) }

// textOf is the text of a JSON string, "" for anything else.
func textOf(raw json.RawMessage) string {
	text, _ := stringOf(raw)
	return text
}

// textsOf are the texts in a JSON array; what is no text is passed over.
func textsOf(raw json.RawMessage) []string {
	var items []json.RawMessage
	if absent(raw) || json.Unmarshal(raw, &items) != nil {
		return nil
	}
	var texts []string
	for _, item := range items {
		if text := textOf(item); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}
