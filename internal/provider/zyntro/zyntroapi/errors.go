package zyntroapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/term"
)

// Code is the label that Zyntro's documentation gives an error. No answer
// carries one: it is derived from the message, whose wording may change.
type Code string

// The codes. Those without a label in the documentation of webhooks or its
// sibling pages are marked ours.
const (
	MissingAPIKey   Code = "MISSING_API_KEY"
	InvalidAPIKey   Code = "INVALID_API_KEY"
	MissingFields   Code = "MISSING_FIELDS"
	InvalidURL      Code = "INVALID_URL"
	InvalidEvents   Code = "INVALID_EVENTS"
	InvalidOrg      Code = "INVALID_ORG"
	InsertFailed    Code = "INSERT_FAILED"
	InactiveUser    Code = "INACTIVE_USER"
	MissingOrg      Code = "MISSING_ORG"
	DeveloperSecret Code = "DEVELOPER_SECRET" // ours: missing or refused
	NotFound        Code = "NOT_FOUND"        // ours
	RateLimited     Code = "RATE_LIMITED"     // ours: HTTP 429
	Unknown         Code = "UNKNOWN"          // ours: a message that is none of those
)

// wordings are what the messages begin with, or contain, in lower case.
var wordings = []struct {
	text string
	code Code
}{
	{"missing api key", MissingAPIKey},
	{"missing service instance", MissingAPIKey},
	{"api_key is required", MissingAPIKey},
	{"invalid api key", InvalidAPIKey},
	{"invalid event", InvalidEvents},
	{"invalid endpoint url", InvalidURL},
	{"invalid url", InvalidURL},
	{"invalid organization", InvalidOrg},
	{"organization not found", InvalidOrg},
	{"missing org", MissingOrg},
	{"org_id is required", MissingOrg},
	{"user is not active", InactiveUser},
	{"missing developer secret", DeveloperSecret},
	{"invalid developer secret", DeveloperSecret},
	{"developer_secret", DeveloperSecret},
	{"failed to create webhook", InsertFailed},
	{"webhook not found", NotFound},
	{"is required", MissingFields},
}

// codeOf derives a code. Beginnings go first: a message may quote an event
// name of the user's, and that may be any text.
func codeOf(message string) Code {
	message = strings.ToLower(strings.TrimSpace(message))
	for _, matches := range []func(s, part string) bool{strings.HasPrefix, strings.Contains} {
		for _, w := range wordings {
			if matches(message, w.text) {
				return w.code
			}
		}
	}
	return Unknown
}

// Error is the API's no. Its texts are the API's own words, unsanitised but
// free of this client's credentials.
type Error struct {
	HTTPStatus int // 200 as documented
	Code       Code
	Message    string
	Hint       string
	RetryAfter time.Duration // with RATE_LIMITED; 0 if the API does not say
}

// Error is one line, safe to show: a second one could pass for another message,
// or in a log for a command to whoever reads it.
func (e *Error) Error() string {
	message := shorten(term.Clean(e.Message), 1000)
	if message == "" {
		message = "no reason given"
	}
	if e.HTTPStatus == http.StatusOK {
		return message
	}
	return fmt.Sprintf("%s (HTTP %d)", message, e.HTTPStatus)
}

// AnswerStatus is the HTTP status of the answer.
func (e *Error) AnswerStatus() int { return e.HTTPStatus }

// CertainlyRefused reports whether the request certainly changed nothing. A
// 5xx, a 408 and a failed write of the API's database leave that open.
func (e *Error) CertainlyRefused() bool {
	return e.Code != InsertFailed && e.HTTPStatus < 500 && e.HTTPStatus != http.StatusRequestTimeout
}

// ReportsFailure is true: the answer was read, and is a no in the API's own words
// even where its HTTP status is 200.
func (e *Error) ReportsFailure() bool { return true }

// ProtocolError is an answer that makes no sense: not JSON, a redirect, a
// status that is neither success nor error, a create answer without a usable
// secret.
type ProtocolError struct {
	HTTPStatus int
	Err        error
	Excerpt    string // the beginning of the body; "" where it could hold a secret
}

func (e *ProtocolError) Error() string {
	text := fmt.Sprintf("HTTP %d: %v", e.HTTPStatus, e.Err)
	if e.Excerpt != "" {
		text += fmt.Sprintf("; it begins %q", e.Excerpt)
	}
	return text
}

func (e *ProtocolError) Unwrap() error { return e.Err }

// AnswerStatus is the HTTP status of the answer.
func (e *ProtocolError) AnswerStatus() int { return e.HTTPStatus }

// CertainlyRefused reports whether the request certainly changed nothing: only
// a 4xx says that, and not one that carries a secret all the same.
func (e *ProtocolError) CertainlyRefused() bool {
	return e.HTTPStatus >= 400 && e.HTTPStatus <= 499 && e.HTTPStatus != http.StatusRequestTimeout &&
		!errors.Is(e.Err, ErrStraySecret) && !errors.Is(e.Err, ErrAmbiguousSecret)
}
