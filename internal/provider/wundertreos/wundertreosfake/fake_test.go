package wundertreosfake_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider/fakekit"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	fake "github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
)

const collection = "/functions/v1/api-webhook-subscriptions"

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func serve(t *testing.T, o fake.Options) (*fake.API, string) {
	t.Helper()
	if o.Seed == 0 {
		o.Seed = 1
	}
	api := fake.New(o)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return api, server.URL
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends one raw request with an API key; "" for none.
func ask(t *testing.T, method, url, key, body string) (answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("X-API-Key", key)
	}
	return send(t, r)
}

func send(t *testing.T, r *http.Request) (answer, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(got.Body)
	if closeErr := got.Body.Close(); closeErr != nil {
		t.Error(closeErr)
	}
	return answer{got.StatusCode, got.Header, string(text)}, err
}

func must(t *testing.T, method, url, key, body string) answer {
	t.Helper()
	a, err := ask(t, method, url, key, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const good = `{"target_url":"https://example.com/hook","event_types":["contact.created","contact.tag_added"],"description":"Leads"}`

func create(t *testing.T, base, key, body string) (id, secret string) {
	t.Helper()
	a := must(t, "POST", base+collection, key, body)
	if a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var got struct {
		Data struct{ ID, Secret string }
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	return got.Data.ID, got.Data.Secret
}

func TestRoundTripBytes(t *testing.T) {
	t.Parallel()
	api, base := serve(t, fake.Options{})
	id, secret := create(t, base, fake.Key, good)
	row := `{"id":"` + id + `","target_url":"https://example.com/hook","event_types":["contact.created","contact.tag_added"],` +
		`"enabled":true,"description":"Leads","created_at":"2026-05-17T14:30:00Z"}`
	id2, _ := create(t, base, fake.Key, `{"target_url":"http://h.test?a&b","event_types":["deal.created"],"unknown":1}`)
	row2 := `{"id":"` + id2 + `","target_url":"http://h.test?a&b","event_types":["deal.created"],` +
		`"enabled":true,"description":null,"created_at":"2026-05-17T14:30:00Z"}`
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(secret) || !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("id %q, secret %q", id, secret)
	}
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "", 200, `{"data":[` + row2 + "," + row + `]}`},
		{"GET", "/" + id, 200, `{"data":` + row + `}`},
		{"DELETE", "/" + id, 204, ""},
		{"DELETE", "/" + id, 404, `{"error":"not_found","message":"Webhook subscription not found"}`},
		{"GET", "/" + id, 404, `{"error":"not_found","message":"Webhook subscription not found"}`},
		{"GET", "", 200, `{"data":[` + row2 + `]}`},
		{"DELETE", "/" + id2, 204, ""},
		{"GET", "", 200, `{"data":[]}`},
	} {
		a := must(t, tt.method, base+collection+tt.path, fake.Key, "")
		if a.status != tt.status || a.body != tt.body {
			t.Errorf("%s %s: %d %s\nwant %d %s", tt.method, tt.path, a.status, a.body, tt.status, tt.body)
		}
	}
	if n := api.Webhooks(); n != 0 {
		t.Errorf("%d webhooks", n)
	}
}

func TestDocumentedErrors(t *testing.T) {
	t.Parallel()
	_, base := serve(t, fake.Options{RateLimit: -1})
	id, _ := create(t, base, fake.Key, good)
	read := `{"error":"forbidden","message":"Scope 'webhooks:read' is required."}`
	write := `{"error":"forbidden","message":"Scope 'webhooks:write' is required."}`
	auth := `{"error":"unauthorized","message":"Invalid or expired credentials"}`
	bad := func(message string) string { return `{"error":"invalid_request","message":"` + message + `"}` }
	for _, tt := range []struct {
		name, method, path, key, body string
		status                        int
		want                          string
	}{
		{"no credential", "GET", collection, "", "", 401, auth},
		{"wrong credential", "POST", collection, "x", good, 401, auth},
		{"an access token as a key", "GET", collection, fake.Token, "", 401, auth},
		{"identity without a credential", "GET", "/functions/v1/oauth-me", "", "", 401, auth},
		{"read key creates", "POST", collection, fake.ReadKey, good, 403, write},
		{"read key deletes", "DELETE", collection + "/" + id, fake.ReadKey, "", 403, write},
		{"read key deletes nothing", "DELETE", collection + "/x", fake.ReadKey, "", 403, write},
		{"read key reads", "GET", collection + "/x", fake.ReadKey, "", 404, `{"error":"not_found","message":"Webhook subscription not found"}`},
		{"write key creates", "POST", collection, fake.WriteKey, good, 403, read},
		{"write key lists", "GET", collection, fake.WriteKey, "", 403, read},
		{"write key gets", "GET", collection + "/" + id, fake.WriteKey, "", 403, read},
		{"no URL", "POST", collection, fake.Key, `{"event_types":["deal.created"]}`, 400, bad("target_url is required")},
		{"not a URL", "POST", collection, fake.Key, `{"target_url":"x","event_types":["deal.created"]}`, 400, bad("target_url must be a valid URL")},
		{"URL of a type", "POST", collection, fake.Key, `{"target_url":1,"event_types":["deal.created"]}`, 400, bad("Malformed JSON body")},
		{"no events", "POST", collection, fake.Key, `{"target_url":"https://h.test","event_types":[]}`, 400, bad("event_types must be a non-empty array")},
		{"events absent", "POST", collection, fake.Key, `{"target_url":"https://h.test"}`, 400, bad("event_types must be a non-empty array")},
		{"unknown event", "POST", collection, fake.Key, `{"target_url":"https://h.test","event_types":["deal.created","contact.deal_added"]}`, 400, bad("Unsupported event type: contact.deal_added")},
		{"malformed", "POST", collection, fake.Key, `{"target_url":`, 400, bad("Malformed JSON body")},
		{"huge", "POST", collection, fake.Key, `"` + strings.Repeat("x", 2<<20) + `"`, 400, bad("Malformed JSON body")},
		{"empty id", "GET", collection + "/", fake.Key, "", 404, `{"error":"not_found","message":"Webhook subscription not found"}`},
		{"other endpoint", "GET", "/functions/v1/nothing", fake.Key, "", 404, `{"code":"NOT_FOUND","message":"Requested function was not found"}`},
		{"without the base path", "GET", "/api-webhook-subscriptions", fake.Key, "", 404, `{"code":"NOT_FOUND","message":"Requested function was not found"}`},
		{"update", "PATCH", collection + "/" + id, fake.Key, "{}", 405, "Method Not Allowed"},
		{"put", "PUT", collection, fake.Key, "{}", 405, "Method Not Allowed"},
		{"post identity", "POST", "/functions/v1/oauth-me", fake.Key, "{}", 405, "Method Not Allowed"},
	} {
		a := must(t, tt.method, base+tt.path, tt.key, tt.body)
		if a.status != tt.status || a.body != tt.want {
			t.Errorf("%s: %d %s\nwant %d %s", tt.name, a.status, a.body, tt.status, tt.want)
		}
		if a.header.Get("X-RateLimit-Limit") != "" {
			t.Errorf("%s: rate limit headers without a rate limit", tt.name)
		}
	}
	if a := must(t, "GET", base+collection, fake.ReadKey, ""); a.status != 200 {
		t.Errorf("a read key lists: %d", a.status)
	}
}

func TestOnlyOneCredential(t *testing.T) {
	t.Parallel()
	_, base := serve(t, fake.Options{})
	for _, tt := range []struct {
		key, auth string
		status    int
	}{
		{fake.Key, "", 200},
		{"", "Bearer " + fake.Token, 200},
		{fake.Key, "Bearer " + fake.Token, 401},
		{"", fake.Token + "x", 401},
		{"", "Bearer " + fake.Key, 401},
		{"", "Bearer ", 401},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", base+collection, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.key != "" {
			r.Header.Set("X-API-Key", tt.key)
		}
		if tt.auth != "" {
			r.Header.Set("Authorization", tt.auth)
		}
		if a, err := send(t, r); err != nil || a.status != tt.status {
			t.Errorf("key %q, authorization %q: %d, want %d, %v", tt.key, tt.auth, a.status, tt.status, err)
		}
	}
}

func TestExpiryAndOrganizations(t *testing.T) {
	t.Parallel()
	now := &clock{now: fake.Epoch}
	both := []string{fake.ScopeRead, fake.ScopeWrite}
	_, base := serve(t, fake.Options{Now: now.Now, BareNotFound: true, Credentials: []fake.Credential{
		{Key: "one", Scopes: both, Org: fake.Org{ID: "o1", Name: "One"}},
		{Key: "two", Scopes: both, Org: fake.Org{ID: "o2", Name: "Two", Slug: "two"}, UserID: "u", Email: "u@two.test", Expires: fake.Epoch.Add(time.Hour)},
	}})
	id, _ := create(t, base, "one", good)
	if a := must(t, "GET", base+collection, "two", ""); a.body != `{"data":[]}` {
		t.Errorf("the other organization sees %s", a.body)
	}
	if a := must(t, "DELETE", base+collection+"/"+id, "two", ""); a.status != 404 || a.body != `{"error":"not_found"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := must(t, "GET", base+"/functions/v1/oauth-me", "one", ""); a.body != `{"id":"","email":null,"org_id":"o1","org_name":"One","org_slug":null}` {
		t.Error(a.body)
	}
	if a := must(t, "GET", base+"/functions/v1/oauth-me", "two", ""); a.body != `{"id":"u","email":"u@two.test","org_id":"o2","org_name":"Two","org_slug":"two"}` {
		t.Error(a.body)
	}
	now.add(time.Hour)
	if a := must(t, "GET", base+collection, "two", ""); a.status != 401 {
		t.Errorf("expired: %d", a.status)
	}
}

func TestRateLimitSlides(t *testing.T) {
	t.Parallel()
	now := &clock{now: fake.Epoch}
	_, base := serve(t, fake.Options{Now: now.Now})
	limit := func(a answer) []string {
		return []string{a.header.Get("X-RateLimit-Limit"), a.header.Get("X-RateLimit-Remaining"), a.header.Get("X-RateLimit-Reset")}
	}
	reset := func(d time.Duration) string {
		raw, err := json.Marshal(fake.Epoch.Add(d).Unix())
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for i := range 60 {
		key := []string{fake.Key, fake.ReadKey}[i%2] // one budget for all keys
		a := must(t, "GET", base+collection, key, "")
		want := []string{"60", []string{"59", "58"}[min(i, 1)], reset(time.Minute)}
		if a.status != 200 || i < 2 && !slices.Equal(limit(a), want) {
			t.Fatalf("%d: %d %q, want %q", i, a.status, limit(a), want)
		}
		if i == 29 {
			now.add(47*time.Second + 500*time.Millisecond)
		}
	}
	a := must(t, "POST", base+collection, fake.Key, good)
	if a.status != 429 || a.header.Get("Retry-After") != "13" || !slices.Equal(limit(a), []string{"60", "0", reset(time.Minute)}) ||
		a.body != `{"error":"rate_limit_exceeded","message":"Too many requests. Limit is 60 requests per 60 seconds.","retry_after":13}` {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a := must(t, "GET", base+collection, "stranger", ""); a.status != 401 {
		t.Errorf("a stranger counts against the organization: %d", a.status)
	}
	now.add(12500 * time.Millisecond) // the first 30 leave the window
	if a := must(t, "GET", base+collection, fake.Key, ""); a.status != 200 || limit(a)[1] != "29" || a.body != `{"data":[]}` {
		t.Errorf("%d %q %s", a.status, limit(a), a.body)
	}
}

func TestListLag(t *testing.T) {
	t.Parallel()
	now := &clock{now: fake.Epoch}
	_, base := serve(t, fake.Options{Now: now.Now, ListLag: 3 * time.Second})
	id, _ := create(t, base, fake.Key, good)
	if a := must(t, "GET", base+collection, fake.Key, ""); a.body != `{"data":[]}` {
		t.Error(a.body)
	}
	if a := must(t, "GET", base+collection+"/"+id, fake.Key, ""); a.status != 200 {
		t.Error(a.status)
	}
	now.add(3 * time.Second)
	if a := must(t, "GET", base+collection, fake.Key, ""); !strings.Contains(a.body, id) {
		t.Error(a.body)
	}
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	made := func(seed int64) string {
		server := httptest.NewServer(fake.New(fake.Options{Seed: seed}))
		t.Cleanup(server.Close)
		id, secret := create(t, server.URL, fake.Key, good)
		return id + secret
	}
	first, again := made(7), made(7)
	random, other := made(0), made(0)
	if first != again || first == made(8) || random == other {
		t.Error("a seed must repeat, no seed must not")
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	api, base := serve(t, fake.Options{})
	id, _ := create(t, base, fake.Key, good)
	url := base + collection
	do := func(f fake.Injection, method, url, body string) (answer, error) {
		t.Helper()
		api.Inject(func(*http.Request) fake.Injection { return f })
		defer api.Inject(nil)
		return ask(t, method, url, fake.Key, body)
	}
	count := func(want int) {
		t.Helper()
		if n := api.Webhooks(); n != want {
			t.Fatalf("%d webhooks, want %d", n, want)
		}
	}
	if _, err := do(fake.Injection{ResetBefore: true}, "POST", url, good); err == nil {
		t.Error("no reset")
	}
	count(1)
	if _, err := do(fake.Injection{ResetAfter: true}, "POST", url, good); err == nil {
		t.Error("no reset")
	}
	count(2)
	busy := &fakekit.Answer{Status: 503, Header: http.Header{"Retry-After": {"3"}}, Body: []byte("<html>")}
	for after, webhooks := range map[bool]int{false: 0, true: 1} {
		before := api.Webhooks()
		a, err := do(fake.Injection{Answer: busy, AnswerAfter: after}, "POST", url, good)
		if err != nil || a.status != 503 || a.body != "<html>" || a.header.Get("Retry-After") != "3" {
			t.Errorf("%+v %v", a, err)
		}
		count(before + webhooks)
	}
	zero, ten, all := 0, 10, 1<<20
	for _, tt := range []struct {
		n    *int
		want int
		ok   bool
	}{{&zero, 0, false}, {&ten, 10, false}, {&all, len(must(t, "GET", url+"/"+id, fake.Key, "").body), true}} {
		a, err := do(fake.Injection{Truncate: tt.n}, "GET", url+"/"+id, "")
		if a.status != 200 || len(a.body) != tt.want || (err == nil) != tt.ok {
			t.Errorf("cut at %d: %+v %v", *tt.n, a, err)
		}
	}
	if a, err := do(fake.Injection{BadRow: `"oops"`}, "GET", url, ""); err != nil || !strings.HasPrefix(a.body, `{"data":["oops",{"id":`) {
		t.Errorf("%+v %v", a, err)
	}
	if a, err := do(fake.Injection{BadRow: `"oops"`}, "GET", url+"/"+id, ""); err != nil || strings.Contains(a.body, "oops") {
		t.Errorf("%+v %v", a, err)
	}
	start := time.Now()
	if a, err := do(fake.Injection{Delay: 30 * time.Millisecond}, "GET", url, ""); err != nil || a.status != 200 || time.Since(start) < 30*time.Millisecond {
		t.Errorf("%+v %v", a, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	api.Inject(func(*http.Request) fake.Injection { return fake.Injection{Delay: time.Hour} })
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := send(t, r); err == nil {
		t.Error("an answer after an hour's delay")
	}
}

func TestBadRowInEmptyList(t *testing.T) {
	t.Parallel()
	_, base := serve(t, fake.Options{Inject: func(*http.Request) fake.Injection { return fake.Injection{BadRow: "7"} }})
	if a := must(t, "GET", base+collection, fake.Key, ""); a.body != `{"data":[7]}` {
		t.Error(a.body)
	}
}

// TestFaultsWithoutAConnection: a handler that cannot reset says so.
func TestFaultsWithoutAConnection(t *testing.T) {
	t.Parallel()
	api := fake.New(fake.Options{Inject: func(*http.Request) fake.Injection { return fake.Injection{ResetBefore: true} }})
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", collection, nil))
	if w.Code != http.StatusBadGateway {
		t.Error(w.Code)
	}
}

func TestBasePath(t *testing.T) {
	t.Parallel()
	api, base := serve(t, fake.Options{BasePath: "/elsewhere/"})
	if api.BasePath() != "/elsewhere" || must(t, "GET", base+"/elsewhere/oauth-me", fake.Key, "").status != 200 {
		t.Error(api.BasePath())
	}
}

// emitter is a fake with a receiver for its deliveries.
type emitter struct {
	*fake.API
	base     string
	receiver string
	mu       sync.Mutex
	got      []*http.Request
	bodies   []string
}

func emit(t *testing.T) *emitter {
	t.Helper()
	return emitAt(t, nil)
}

// emitAt is emit with a clock.
func emitAt(t *testing.T, now func() time.Time) *emitter {
	t.Helper()
	e := &emitter{}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		e.got, e.bodies = append(e.got, r), append(e.bodies, string(body))
		e.mu.Unlock()
	}))
	t.Cleanup(receiver.Close)
	e.API, e.base = serve(t, fake.Options{Now: now, Deliver: providertest.Deliverer(receiver.Client())})
	e.receiver = receiver.URL
	return e
}

func (e *emitter) subscribe(t *testing.T, events ...string) (id, secret string) {
	t.Helper()
	list, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	return create(t, e.base, fake.Key, `{"target_url":"`+e.receiver+`/hook","event_types":`+string(list)+`}`)
}

func TestEmitEnvelope(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("testdata", "w13_delivery.json"))
	if err != nil {
		t.Fatal(err)
	}
	e := emit(t)
	id, secret := e.subscribe(t, "contact.tag_added")
	attempts, err := providertest.Emit(t.Context(), e, "contact.tag_added")
	if err != nil || len(attempts) != 1 || attempts[0].Status != 200 || attempts[0].WebhookID != id {
		t.Fatalf("%+v, %v", attempts, err)
	}
	body, header := e.bodies[0], e.got[0].Header
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	sum := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	var got, want map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"Content-Type": "application/json", "X-Wunder-Signature": sum, "X-Hook-Signature": sum,
		"X-Wunder-Event": "contact.tag_added", "X-Wunder-Delivery": got["id"],
	} {
		if header.Get(name) != want {
			t.Errorf("%s: %s, want %s", name, header.Get(name), want)
		}
	}
	if strings.ContainsAny(body, "\n\t") || strings.Contains(body, `": `) {
		t.Error("the body is not compact")
	}
	covers(t, "", want, got)
	data := got["data"].(map[string]any)
	if data["id"] != data["contact"].(map[string]any)["id"] || data["id"] == got["id"] {
		t.Error("data.id must be the contact's, not the event's")
	}
}

// covers checks that got has every member of want, of the same type.
func covers(t *testing.T, path string, want, got map[string]any) {
	t.Helper()
	for name, w := range want {
		g, ok := got[name]
		if !ok || reflect.TypeOf(g) != reflect.TypeOf(w) {
			t.Errorf("%s.%s is %T, want %T", path, name, g, w)
			continue
		}
		if w, ok := w.(map[string]any); ok {
			covers(t, path+"."+name, w, g.(map[string]any))
		}
	}
}

func TestEmitCompanions(t *testing.T) {
	t.Parallel()
	for event, companion := range map[string]bool{
		"contact.created": false, "contact.updated": false, "contact.tag_added": true, "contact.enriched": true,
		"contact.note_added": false, "deal.created": false, "deal.updated": false,
	} {
		e := emit(t)
		e.subscribe(t, event)
		if event != "contact.updated" {
			e.subscribe(t, "contact.updated")
		}
		attempts, err := providertest.Emit(t.Context(), e, event)
		if err != nil {
			t.Fatal(err)
		}
		types := []string{event}
		if companion {
			types = append(types, "contact.updated")
		}
		var got []string
		rows := map[any]bool{}
		for i, a := range attempts {
			got = append(got, a.EventType)
			var body struct {
				ID        string
				EventType string `json:"event_type"`
				Data      struct {
					ID        string
					EventType string `json:"event_type"`
					Contact   json.RawMessage
					Deal      json.RawMessage
					Activity  json.RawMessage
				}
			}
			if err := json.Unmarshal([]byte(e.bodies[i]), &body); err != nil {
				t.Fatal(err)
			}
			if body.ID != a.EventID || body.EventType != a.EventType || body.Data.EventType != a.EventType {
				t.Errorf("%s: %+v", event, body)
			}
			deal, note := strings.HasPrefix(event, "deal."), event == "contact.note_added"
			if (body.Data.Deal != nil) != deal || (body.Data.Activity != nil) != note || (body.Data.Contact != nil) != (!deal && !note) {
				t.Errorf("%s: %s", event, e.bodies[i])
			}
			rows[body.Data.ID] = true
		}
		if !slices.Equal(got, types) || len(rows) != 1 {
			t.Errorf("%s brought %q for %d rows", event, got, len(rows))
		}
		if companion && attempts[0].EventID == attempts[1].EventID {
			t.Errorf("%s: the companion has the same event id", event)
		}
	}
}

func TestEmitPassesOver(t *testing.T) {
	t.Parallel()
	e := emit(t)
	id, _ := e.subscribe(t, "deal.created")
	if !e.Disable(id) || e.Disable("other") || e.Webhooks() != 0 {
		t.Error("disable")
	}
	if attempts, err := providertest.Emit(t.Context(), e, "deal.created"); err != nil || len(attempts) != 0 {
		t.Errorf("disabled: %v, %v", attempts, err)
	}
	if a := must(t, "GET", e.base+collection+"/"+id, fake.Key, ""); !strings.Contains(a.body, `"enabled":false`) {
		t.Error(a.body)
	}
	if _, err := providertest.Emit(t.Context(), e, "contact.deal_added"); err == nil {
		t.Error("an unknown event was emitted")
	}
	e.subscribe(t, "deal.created")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if attempts, err := providertest.Emit(ctx, e, "deal.created"); err == nil || len(attempts) != 0 {
		t.Errorf("cancelled: %v, %v", attempts, err)
	}
	if len(e.got) != 0 {
		t.Errorf("%d deliveries", len(e.got))
	}
}

func TestEmitWithoutDelivery(t *testing.T) {
	t.Parallel()
	api, base := serve(t, fake.Options{})
	create(t, base, fake.Key, good)
	attempts, err := providertest.Emit(t.Context(), api, "contact.created")
	if err != nil || len(attempts) != 1 || attempts[0].Status != 0 || attempts[0].Err == "" || len(attempts[0].Body) == 0 {
		t.Errorf("%+v, %v", attempts, err)
	}
}

func TestEmitSlowReceiver(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
	t.Cleanup(receiver.Close)
	t.Cleanup(func() { close(block) })
	api, base := serve(t, fake.Options{Deliver: providertest.Deliverer(receiver.Client()), DeliveryTimeout: 20 * time.Millisecond})
	create(t, base, fake.Key, `{"target_url":"`+receiver.URL+`","event_types":["deal.created"]}`)
	attempts, err := providertest.Emit(t.Context(), api, "deal.created")
	if err != nil || len(attempts) != 1 || attempts[0].Status != 0 || attempts[0].Err == "" {
		t.Errorf("%+v, %v", attempts, err)
	}
}

// TestSampleRowsAreNotPlainASCII: one contact must have a name that receivers
// who re-encode the body stumble over.
func TestSampleRowsAreNotPlainASCII(t *testing.T) {
	t.Parallel()
	e := emit(t)
	e.subscribe(t, "contact.created")
	for range 30 {
		if _, err := providertest.Emit(t.Context(), e, "contact.created"); err != nil {
			t.Fatal(err)
		}
	}
	all := strings.Join(e.bodies, "\n")
	for _, want := range []string{"Zoë", "R&D <Labs>", "Jane"} {
		if !strings.Contains(all, want) {
			t.Errorf("%s does not occur", want)
		}
	}
}

// A retry is a new body with a new delivered_at, and its own signature; one for
// a subscription that is gone is dropped.
func TestPrepare(t *testing.T) {
	t.Parallel()
	var ticks atomic.Int64
	e := emitAt(t, func() time.Time { return fake.Epoch.Add(time.Duration(ticks.Add(1)) * time.Minute) })
	id, secret := e.subscribe(t, "contact.tag_added", "contact.updated")
	if want := []string{"contact.tag_added", "contact.updated"}; !slices.Equal(e.Wanted(), want) {
		t.Errorf("wanted %q", e.Wanted())
	}
	edit := func(body []byte) ([]byte, error) {
		return bytes.Replace(body, []byte(`"status":"active"`), []byte(`"status":"edited"`), 1), nil
	}
	list, err := e.Prepare("contact.tag_added", edit)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d deliveries, %v", len(list), err)
	}
	want := []time.Duration{0, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour}
	if d := list[0].Signed(); !slices.Equal(list[0].Waits, want) || d.WebhookID != id || d.EventType != "contact.tag_added" || d.EventID == list[1].Signed().EventID || d.URL != e.receiver+"/hook" {
		t.Errorf("%+v", d)
	}
	for i := range 2 {
		a, ok := list[0].Try(t.Context())
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(e.bodies[i]))
		if !ok || a.Status != 200 || a.EventID != list[0].Signed().EventID || a.Header.Get("X-Wunder-Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)) ||
			!strings.Contains(e.bodies[i], `"status":"edited"`) || string(a.Body) != e.bodies[i] {
			t.Errorf("attempt %d: %+v", i, a)
		}
	}
	if e.bodies[0] == e.bodies[1] {
		t.Error("delivered_at is not renewed")
	}
	must(t, "DELETE", e.base+collection+"/"+id, fake.Key, "")
	if _, ok := list[1].Try(t.Context()); ok || len(e.bodies) != 2 || len(e.Wanted()) != 0 {
		t.Error("a retry for a deleted subscription")
	}
	if _, err := e.Prepare("no.such", nil); err == nil {
		t.Error("an unknown event")
	}
	e.subscribe(t, "deal.created")
	if _, err := e.Prepare("deal.created", func([]byte) ([]byte, error) { return nil, errors.New("no") }); err == nil || err.Error() != "no" {
		t.Errorf("an edit that fails: %v", err)
	}
	if list, err := e.Prepare("deal.created", func([]byte) ([]byte, error) { return []byte(`{"id":7}`), nil }); err != nil || list[0].Signed().EventID != "7" || list[0].Signed().EventType != "" {
		t.Errorf("an edit that takes members away: %v, %v", list, err)
	}
}
