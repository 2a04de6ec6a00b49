package wundertreos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
	"github.com/hookctl/hookctl/internal/term"
)

// translate gives an error of the typed client its kind, code and hint. It is
// the one place that knows which answer means which. What failed is said
// first; err stays in the chain.
func translate(err error, failed string) error {
	out := &fault.Error{Kind: fault.Unavailable, Err: fmt.Errorf("%s: %w", failed, err)}
	var known *fault.Error
	var refused *wundertreosapi.Error
	var odd *wundertreosapi.ProtocolError
	var transport *httpx.Error
	switch {
	case errors.Is(err, context.Canceled):
		out.Kind = fault.Interrupted
	case errors.As(err, &known):
		out.Kind, out.Code, out.Hint = known.Kind, known.Code, fault.HintOf(err)
	case errors.Is(err, wundertreosapi.ErrEmptyID):
		out.Kind, out.Code, out.Hint.Text = fault.Refused, "not-found", listHint
	case errors.As(err, &refused):
		out.ProviderMessage = refused.Message
		answered(out, failed, refused)
	case errors.As(err, &odd):
		out.Code = "protocol"
		out.Err = fmt.Errorf("%s: the answer of %s is not one of its API: %w", failed, title, err)
		out.Hint.Text = "check the base URL: hookctl config list"
	case errors.As(err, &transport):
		what := "the answer of " + title + " is incomplete"
		if transport.Stage == httpx.NotSent {
			what = title + " could not be reached"
		}
		out.Err = fmt.Errorf("%s: %s: %w", failed, what, err)
		out.Hint.Text = cmp.Or(transport.Hint, "check the network and the base URL (hookctl config list), then try again")
		if transport.Timeout {
			out.Code, out.Hint.Text = "timeout", "try again, or allow more time with --request-timeout"
		}
	}
	return out
}

const refusedHint = "check the URL and the events (hookctl list-events wundertreos); hookctl help wundertreos shows the rules, --debug the request"

const listHint = "to see all webhooks, run: hookctl list wundertreos"

// answered fills out for an answer of status 4xx or 5xx.
func answered(out *fault.Error, failed string, e *wundertreosapi.Error) {
	say := func(format string, args ...any) {
		out.Err = fmt.Errorf("%s: %s: %w", failed, fmt.Sprintf(format, args...), e)
	}
	switch {
	case e.HTTPStatus == http.StatusUnauthorized:
		out.Kind, out.Hint = fault.Auth, login()
		say("%s does not accept the credential", title)
	case e.HTTPStatus == http.StatusForbidden:
		out.Kind, out.Hint.Text = fault.Auth, scopeHint
		say("the credential %s", lacks(e.Message))
	case e.HTTPStatus == http.StatusNotFound:
		out.Kind, out.Code, out.Hint.Text = fault.Refused, "not-found", listHint
		if e.Code == wundertreosapi.CodeNotFound {
			say("%s has no such webhook", title)
		} else { // a gateway in front of the API, or another server
			say("%s has nothing at this address", title)
			out.Hint.Text = "check the base URL (hookctl config list); " + listHint
		}
	case e.HTTPStatus == http.StatusTooManyRequests:
		out.Code = "rate-limited"
		out.Hint.Text = "wait a minute, then try again: the limit is 60 requests in 60 seconds for the whole organization"
		say("too many requests")
		if e.RetryAfter > 0 {
			out.Hint.Text = fmt.Sprintf("try again in %s", e.RetryAfter.Round(time.Second))
		}
	case e.HTTPStatus == http.StatusMethodNotAllowed: // of a raw request, or of another server
		out.Kind, out.Hint.Text = fault.Refused, "see what the API can do: hookctl help wundertreos; if it should have this, check the base URL (hookctl config list)"
		say("%s does not accept this method here", title)
	case e.CertainlyRefused():
		out.Kind, out.Hint.Text = fault.Refused, refusedHint
		say("%s refused the request", title)
	default:
		out.Hint.Text = "try again later"
		say("%s failed", title)
	}
}

// lacks says which scope a message of a 403 asks for ("Scope 'x' is required.").
func lacks(message string) string {
	if _, rest, ok := strings.Cut(message, "Scope '"); ok {
		if scope, _, ok := strings.Cut(rest, "'"); ok && scope != "" && len(scope) <= 100 {
			return "lacks the scope " + term.Clean(scope)
		}
	}
	return "is not allowed to do this"
}
