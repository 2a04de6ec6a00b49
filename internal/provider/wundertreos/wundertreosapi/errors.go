package wundertreosapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/term"
)

// ErrEmptyID refuses a call for an empty id before anything is sent: its path
// would be that of all subscriptions.
var ErrEmptyID = errors.New("the webhook id is empty")

// The documented error codes.
const (
	CodeInvalidRequest = "invalid_request"
	CodeUnauthorized   = "unauthorized"
	CodeForbidden      = "forbidden"
	CodeNotFound       = "not_found"
	CodeRateLimited    = "rate_limit_exceeded"
)

// Error is an answer of status 4xx or 5xx.
type Error struct {
	HTTPStatus int
	// Code is the API's word, e.g. "invalid_request"; "" where the body is not
	// one of the API's error objects, as from a gateway in front of it.
	Code string
	// Message is the API's text for people, or else a short excerpt of the
	// body. It may be empty. The client's own credential is masked in it.
	Message string
	// RetryAfter is how long the API asks to wait; 0 if it does not say.
	RetryAfter time.Duration
	// Tries is how often the request was sent.
	Tries int
	// TellsSecret says that the answer refuses and seems to tell a secret all
	// the same.
	TellsSecret bool
}

// Error is one line, safe to show: a second one could pass for another message,
// or in a log for a command to whoever reads it.
func (e *Error) Error() string {
	text := fmt.Sprintf("HTTP status %d", e.HTTPStatus)
	if e.Code != "" {
		text += " " + term.Clean(e.Code)
	}
	if e.Message != "" {
		text += ": " + term.Clean(e.Message)
	}
	return text
}

// AnswerStatus is the HTTP status of the answer.
func (e *Error) AnswerStatus() int { return e.HTTPStatus }

// CertainlyRefused reports whether the answer proves that nothing was changed:
// true of 4xx, but for a 408, which a gateway may send while the API goes on,
// and for an answer that tells a secret. After a 5xx a subscription may exist.
func (e *Error) CertainlyRefused() bool {
	return e.HTTPStatus >= 400 && e.HTTPStatus <= 499 && e.HTTPStatus != http.StatusRequestTimeout && !e.TellsSecret
}

// ProtocolError is an answer that the API does not give: a redirect, a 2xx
// that is not JSON, or JSON of another shape. Its text quotes nothing of a 2xx
// answer, which may hold a secret.
type ProtocolError struct {
	HTTPStatus int
	Reason     string
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("HTTP status %d: %s", e.HTTPStatus, e.Reason)
}

// AnswerStatus is the HTTP status of the answer.
func (e *ProtocolError) AnswerStatus() int { return e.HTTPStatus }

// CertainlyRefused is false: who answered, and after doing what, is not known.
func (e *ProtocolError) CertainlyRefused() bool { return false }

// refusal turns an answer that is not 2xx into an error.
func (c *Client) refusal(r request, answer *httpx.Response) error {
	if answer.Status < 400 || answer.Status > 599 {
		reason := "this API does not use that status"
		if target := redirectHost(c.base+r.path, answer.Header); target != "" {
			reason = "a redirect to " + target + ", which is not followed"
		}
		return &ProtocolError{HTTPStatus: answer.Status, Reason: reason}
	}
	e := &Error{HTTPStatus: answer.Status, RetryAfter: answer.RetryAfter, Tries: answer.Tries, TellsSecret: tellsSecret(answer.Body)}
	m, err := members(answer.Body)
	if err == nil {
		e.Code = clip(c.auth.redact(loose(m["error"], text)), 100)
		e.Message = clip(c.auth.redact(loose(m["message"], text)), 2000)
	}
	// A server that fails half-way through a create may have put the secret
	// into its answer all the same.
	if e.Code == "" && e.Message == "" && !bytes.Contains(bytes.ToLower(answer.Body), []byte("secret")) {
		e.Message = httpx.Excerpt([]byte(c.auth.redact(string(answer.Body))))
	}
	return e
}

// tellsSecret reports whether body has, or seems to have where it is no JSON, a
// secret where the answer to a create has it.
func tellsSecret(body []byte) bool {
	m, err := members(body)
	if err != nil {
		return bytes.Contains(body, []byte(`"secret"`))
	}
	data, err := members(m["data"])
	return err == nil && !absent(data["secret"])
}

// redirectHost is where a Location header leads, or "".
func redirectHost(from string, h http.Header) string {
	location := h.Get("Location")
	if location == "" {
		return ""
	}
	base, err := url.Parse(from)
	if err != nil {
		return "an unreadable address"
	}
	target, err := base.Parse(location)
	if err != nil || target.Host == "" {
		return "an unreadable address"
	}
	return httpx.Excerpt([]byte(target.Scheme + "://" + target.Host))
}

// loose reads an optional member, as the zero value if it has another type.
func loose[T any](raw json.RawMessage, read func(json.RawMessage) (T, error)) T {
	v, err := read(raw)
	if err != nil {
		var zero T
		return zero
	}
	return v
}

// clip cuts s to n runes and says so.
func clip(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n]) + "…"
}
