package zyntro

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntroapi"
	"github.com/hookctl/hookctl/internal/term"
)

// The machine words of errors that callers tell apart.
const (
	codeNotFound    = "not-found"
	codeRateLimited = "rate-limited"
)

// title is what people call the provider.
const title = "Zyntro"

// helpHint is for what Zyntro says no to in words that are not documented, or
// that need none of ours.
const helpHint = "`hookctl help zyntro` shows the rules; --debug shows the request"

const listHint = "`hookctl list zyntro` shows all webhooks"

// translate gives an error of the client its kind and its hint. It is the only
// place that knows which of the API's codes means what. The client's error
// stays in the chain, for custody.
func translate(err error) error {
	var (
		refusal   *zyntroapi.Error
		nonsense  *zyntroapi.ProtocolError
		transport *httpx.Error
	)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return &fault.Error{Kind: fault.Interrupted, Err: err}
	case errors.As(err, &refusal):
		return translateRefusal(refusal, err)
	case errors.As(err, &nonsense):
		kind := fault.Unavailable
		if nonsense.CertainlyRefused() {
			kind = kindOfStatus(nonsense.HTTPStatus)
		}
		return &fault.Error{Kind: kind, Err: fmt.Errorf("the answer of %s cannot be used: %w", title, err), Hint: statusHint(nonsense.HTTPStatus)}
	case errors.As(err, &transport):
		return translateTransport(transport, err)
	case errors.Is(err, zyntroapi.ErrAuthData):
		return &fault.Error{Kind: fault.Usage, Err: err, Hint: fault.Hint{Text: "give --auth-data as a JSON object"}}
	default:
		return fault.Wrap(fault.Other, err)
	}
}

func translateTransport(transport *httpx.Error, err error) error {
	what := "Zyntro's answer is incomplete"
	if transport.Stage == httpx.NotSent {
		what = "Zyntro could not be reached"
	}
	hint := fault.Hint{Text: cmp.Or(transport.Hint, "check the network and the setting zyntro.base-url, then try again")}
	if transport.Timeout {
		hint.Text = "try again, or allow more time with --request-timeout"
	}
	return &fault.Error{Kind: fault.Unavailable, Err: fmt.Errorf("%s: %w", what, err), Hint: hint}
}

func translateRefusal(refusal *zyntroapi.Error, err error) error {
	e := &fault.Error{Kind: fault.Refused, Err: fmt.Errorf("%s refused the request: %w", title, err), ProviderMessage: refusal.Message}
	if refusal.Code == zyntroapi.RateLimited {
		e.Kind, e.Code, e.Hint.Text = fault.Unavailable, codeRateLimited, "wait a minute, then try again"
		e.Err = fmt.Errorf("the rate limit of %s is reached: %w", title, err)
		if refusal.RetryAfter > 0 {
			wait := refusal.RetryAfter.Round(time.Second)
			e.Err = fmt.Errorf("the rate limit of %s is reached for another %v: %w", title, wait, err)
			e.Hint.Text = fmt.Sprintf("try again in %v", wait)
		}
		return e
	}
	if refusal.HTTPStatus >= 500 || refusal.HTTPStatus == http.StatusRequestTimeout {
		e.Kind, e.Err, e.Hint.Text = fault.Unavailable, fmt.Errorf("%s failed: %w", title, err), "try again later"
		return e
	}
	switch refusal.Code {
	case zyntroapi.MissingAPIKey, zyntroapi.InvalidAPIKey:
		e.Kind, e.Hint = fault.Auth, login("")
	case zyntroapi.InactiveUser:
		e.Kind, e.Hint = fault.Auth, login("the user of this API key is not active at Zyntro; use another user's key: ")
	case zyntroapi.MissingOrg, zyntroapi.InvalidOrg:
		e.Kind, e.Hint = fault.Auth, login("the API key's user must belong to the organization: ")
	case zyntroapi.DeveloperSecret:
		e.Kind, e.Hint.Text = fault.Auth, "run `hookctl login zyntro`, or set HOOKCTL_ZYNTRO_DEVELOPER_SECRET; with the default path prefix it is not needed"
	case zyntroapi.InsertFailed:
		e.Kind, e.Hint.Text = fault.Unavailable, "Zyntro could not store it; try again later"
		e.Err = fmt.Errorf("%s failed: %w", title, err)
	case zyntroapi.NotFound:
		e.Code, e.Hint.Text = codeNotFound, listHint
	case zyntroapi.InvalidEvents:
		e.Hint.Text = "`hookctl list-events zyntro` shows all events; --live shows those in Zyntro's own help"
	case zyntroapi.InvalidURL:
		e.Hint.Text = "give a valid https URL that can be reached from the internet"
	default:
		if refusal.HTTPStatus >= 400 {
			e.Kind, e.Hint = kindOfStatus(refusal.HTTPStatus), statusHint(refusal.HTTPStatus)
		}
	}
	if e.Hint == (fault.Hint{}) {
		e.Hint.Text = helpHint
	}
	if refusal.Hint != "" {
		e.Hint.Text += " (Zyntro's hint: " + term.Clean(refusal.Hint) + ")"
	}
	return e
}

// kindOfStatus is what an HTTP status means where the body says nothing that
// we know. Zyntro documents 200 alone; other statuses come from what stands in
// front of it, and are read as HTTP means them.
func kindOfStatus(status int) fault.Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.Auth
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return fault.Unavailable
	case status >= 400 && status <= 499:
		return fault.Refused
	default:
		return fault.Unavailable
	}
}

func statusHint(status int) fault.Hint {
	switch kind := kindOfStatus(status); {
	case kind == fault.Auth:
		return login("")
	case kind == fault.Refused, status >= 300 && status <= 399:
		return fault.Hint{Text: "check the settings zyntro.base-url and zyntro.path-prefix"}
	case status >= 500:
		return fault.Hint{Text: "try again later"}
	default:
		return fault.Hint{Text: "check the setting zyntro.base-url, and whether a proxy answers instead of Zyntro; then try again"}
	}
}
