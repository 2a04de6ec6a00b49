package wundertreosfake

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

// The bodies. Members stand in the order of the documented samples.

type errorBody struct {
	Error      string `json:"error"`
	Message    string `json:"message,omitempty"`
	RetryAfter *int   `json:"retry_after,omitempty"`
}

type dataBody struct {
	Data any `json:"data"`
}

type subscriptionRow struct {
	ID          string   `json:"id"`
	TargetURL   string   `json:"target_url"`
	EventTypes  []string `json:"event_types"`
	Secret      string   `json:"secret,omitempty"` // in the answer to a create only
	Enabled     bool     `json:"enabled"`
	Description *string  `json:"description"`
	CreatedAt   string   `json:"created_at"`
}

type identityBody struct {
	ID      string  `json:"id"`
	Email   *string `json:"email"`
	OrgID   string  `json:"org_id"`
	OrgName string  `json:"org_name"`
	OrgSlug *string `json:"org_slug"`
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func answerJSON(status int, body any) fakekit.Answer {
	return fakekit.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: fakekit.Compact(body)}
}

func invalid(format string, args ...any) fakekit.Answer {
	return answerJSON(http.StatusBadRequest, errorBody{Error: "invalid_request", Message: fmt.Sprintf(format, args...)})
}

func unauthorized() fakekit.Answer {
	return answerJSON(http.StatusUnauthorized, errorBody{Error: "unauthorized", Message: "Invalid or expired credentials"})
}

func forbidden(scope string) fakekit.Answer {
	return answerJSON(http.StatusForbidden, errorBody{Error: "forbidden", Message: fmt.Sprintf("Scope '%s' is required.", scope)})
}

func (a *API) notFound() fakekit.Answer {
	body := errorBody{Error: "not_found", Message: "Webhook subscription not found"}
	if a.o.BareNotFound {
		body.Message = ""
	}
	return answerJSON(http.StatusNotFound, body)
}

// noEndpoint is how a gateway in front of the API answers an unknown path: not
// in the API's own form.
func noEndpoint() fakekit.Answer {
	return answerJSON(http.StatusNotFound, map[string]string{"code": "NOT_FOUND", "message": "Requested function was not found"})
}

func wrongMethod() fakekit.Answer {
	return fakekit.Answer{Status: http.StatusMethodNotAllowed, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("Method Not Allowed")}
}

// tooMany is the answer of the rate limiter; wait is rounded up to a second.
func (a *API) tooMany(wait time.Duration) fakekit.Answer {
	seconds := int((wait + time.Second - 1) / time.Second)
	answer := answerJSON(http.StatusTooManyRequests, errorBody{
		Error: "rate_limit_exceeded",
		Message: fmt.Sprintf("Too many requests. Limit is %d requests per %d seconds.",
			a.o.RateLimit, int(a.o.RateWindow/time.Second)),
		RetryAfter: &seconds,
	})
	answer.Header.Set("Retry-After", strconv.Itoa(seconds))
	return answer
}

// timestamp is ISO 8601, UTC, without a fraction, as created_at is.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// timestampMilli is ISO 8601, UTC, with milliseconds, as in deliveries.
func timestampMilli(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
