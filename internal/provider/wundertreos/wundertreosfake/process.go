package wundertreosfake

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

// maxRequest bounds the body of a request.
const maxRequest = 1 << 20

// subscription is a row of the fake's database.
type subscription struct {
	id          string
	org         string
	targetURL   string
	eventTypes  []string
	secret      string
	enabled     bool
	description *string
	createdAt   time.Time
}

// row is what list and get show; the secret is not among it.
func (s subscription) row() subscriptionRow {
	return subscriptionRow{
		ID:          s.id,
		TargetURL:   s.targetURL,
		EventTypes:  s.eventTypes,
		Enabled:     s.enabled,
		Description: s.description,
		CreatedAt:   timestamp(s.createdAt),
	}
}

// process answers a request: credential, rate limit, scope, then the endpoint.
func (a *API) process(r *http.Request) fakekit.Answer {
	// The escaped path: an id may hold an escaped slash.
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), a.o.BasePath)
	if !ok {
		return noEndpoint()
	}
	// Read before the lock is taken: a slow client must not hold up others.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err != nil || len(body) > maxRequest {
		body = nil // no JSON: refused where a body is needed
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	who, known := a.credential(r)
	limit, wait := a.admit(who.Org.ID)
	answer := a.tooMany(wait)
	switch {
	case wait > 0:
	case !known:
		answer = unauthorized()
	default:
		answer = a.endpoint(r.Method, path, body, who)
	}
	maps.Copy(answer.Header, limit)
	return answer
}

// credential finds who asks.
func (a *API) credential(r *http.Request) (Credential, bool) {
	keys, bearers := r.Header["X-Api-Key"], r.Header["Authorization"]
	if len(keys)+len(bearers) != 1 {
		return Credential{}, false
	}
	key, token := r.Header.Get("X-API-Key"), ""
	if key == "" {
		token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	for _, c := range a.auth {
		given, kept := key, c.Key
		if key == "" {
			given, kept = token, c.Token
		}
		if kept == "" || subtle.ConstantTimeCompare([]byte(given), []byte(kept)) != 1 {
			continue
		}
		if !c.Expires.IsZero() && !a.o.Now().Before(c.Expires) {
			return Credential{}, false
		}
		return c, true
	}
	return Credential{}, false
}

// admit counts a request against the organization's sliding window. It returns
// the headers that tell the budget and, for a request over it, how long to
// wait. Requests over the budget are not counted.
func (a *API) admit(org string) (http.Header, time.Duration) {
	if a.o.RateLimit < 0 {
		return nil, 0
	}
	now := a.o.Now()
	open := slices.DeleteFunc(a.requests[org], func(t time.Time) bool {
		return now.Sub(t) >= a.o.RateWindow
	})
	var wait time.Duration
	if len(open) < a.o.RateLimit {
		open = append(open, now)
	} else {
		wait = a.o.RateWindow - now.Sub(open[0])
	}
	a.requests[org] = open
	return http.Header{
		"X-Ratelimit-Limit":     {strconv.Itoa(a.o.RateLimit)},
		"X-Ratelimit-Remaining": {strconv.Itoa(a.o.RateLimit - len(open))},
		"X-Ratelimit-Reset":     {strconv.FormatInt(open[0].Add(a.o.RateWindow).Unix(), 10)},
	}, wait
}

func (a *API) endpoint(method, path string, body []byte, who Credential) fakekit.Answer {
	const collection = "/api-webhook-subscriptions"
	switch {
	case path == "/oauth-me":
		if method != http.MethodGet {
			return wrongMethod()
		}
		return answerJSON(http.StatusOK, identityBody{
			ID:      who.UserID,
			Email:   nullable(who.Email),
			OrgID:   who.Org.ID,
			OrgName: who.Org.Name,
			OrgSlug: nullable(who.Org.Slug),
		})
	case path != collection && !strings.HasPrefix(path, collection+"/"):
		return noEndpoint()
	case !slices.Contains(who.Scopes, ScopeRead):
		return forbidden(ScopeRead)
	case method != http.MethodGet && !slices.Contains(who.Scopes, ScopeWrite):
		return forbidden(ScopeWrite)
	case path == collection:
		switch method {
		case http.MethodGet:
			return a.list(who)
		case http.MethodPost:
			return a.create(body, who)
		}
		return wrongMethod()
	}
	id, err := url.PathUnescape(strings.TrimPrefix(path, collection+"/"))
	if err != nil {
		return a.notFound()
	}
	i := slices.IndexFunc(a.subscriptions, func(s subscription) bool { return s.id == id && s.org == who.Org.ID })
	if i < 0 {
		return a.notFound()
	}
	switch method {
	case http.MethodGet:
		return answerJSON(http.StatusOK, dataBody{a.subscriptions[i].row()})
	case http.MethodDelete:
		a.subscriptions = slices.Delete(a.subscriptions, i, i+1)
		return fakekit.Answer{Status: http.StatusNoContent, Header: http.Header{}}
	}
	return wrongMethod()
}

// list is all of the organization's rows, newest first.
func (a *API) list(who Credential) fakekit.Answer {
	rows := []subscriptionRow{}
	for _, s := range slices.Backward(a.subscriptions) {
		if s.org == who.Org.ID && a.o.Now().Sub(s.createdAt) >= a.o.ListLag {
			rows = append(rows, s.row())
		}
	}
	return answerJSON(http.StatusOK, dataBody{rows})
}

// create checks the body as documented and makes a subscription.
func (a *API) create(raw []byte, who Credential) fakekit.Answer {
	var body struct {
		TargetURL   *string  `json:"target_url"`
		EventTypes  []string `json:"event_types"`
		Description *string  `json:"description"`
	}
	if json.Unmarshal(raw, &body) != nil {
		return invalid("Malformed JSON body")
	}
	if body.TargetURL == nil {
		return invalid("target_url is required")
	}
	if u, err := url.Parse(*body.TargetURL); err != nil || u.Scheme == "" || u.Host == "" {
		return invalid("target_url must be a valid URL")
	}
	if len(body.EventTypes) == 0 {
		return invalid("event_types must be a non-empty array")
	}
	for _, e := range body.EventTypes {
		if !slices.ContainsFunc(events, func(known event) bool { return known.slug == e }) {
			return invalid("Unsupported event type: %s", e)
		}
	}
	s := subscription{
		id:          a.random.uuid(),
		org:         who.Org.ID,
		targetURL:   *body.TargetURL,
		eventTypes:  body.EventTypes,
		secret:      a.random.Hex(64),
		enabled:     true,
		description: body.Description,
		createdAt:   a.o.Now(),
	}
	a.subscriptions = append(a.subscriptions, s)
	row := s.row()
	row.Secret = s.secret
	return answerJSON(http.StatusCreated, dataBody{row})
}
