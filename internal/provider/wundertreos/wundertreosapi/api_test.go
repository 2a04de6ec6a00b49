package wundertreosapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
	"github.com/hookctl/hookctl/internal/secret"
)

const key = "key-4711-canary"

// answer is what the server of a test says.
type answer struct {
	status int
	header map[string]string
	body   string
}

// seen is one request as the server of a test got it.
type seen struct {
	Method string
	URI    string
	Header http.Header
	Body   string
}

// server answers with the given answers in turn, the last one for ever, under
// a path prefix.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	answers []answer
	seen    []seen
}

func serve(t *testing.T, answers ...answer) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.seen = append(s.seen, seen{r.Method, r.RequestURI, r.Header, string(body)})
		a := s.answers[0]
		if len(s.answers) > 1 {
			s.answers = s.answers[1:]
		}
		s.mu.Unlock()
		for k, v := range a.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// client is a client of s that never really waits. The base URL has slashes at
// its end, which must not count.
func (s *server) client(auth wundertreosapi.Auth) *wundertreosapi.Client {
	h := httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return nil }})
	return wundertreosapi.New(s.URL+"/functions/v1//", auth, h)
}

func apiKey() wundertreosapi.Auth { return wundertreosapi.APIKey(secret.New(key)) }

func fixture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func ptr[T any](v T) *T { return &v }

// revealed lets cmp compare secrets.
var revealed = cmp.Comparer(func(a, b secret.Value) bool { return a.Equal(b) })

func sample() wundertreosapi.Subscription {
	return wundertreosapi.Subscription{
		ID:          "a1b2c3d4-1111-2222-3333-444455556666",
		TargetURL:   ptr("https://example.com/wundertre/webhook"),
		EventTypes:  []string{"contact.created", "contact.tag_added"},
		Enabled:     ptr(true),
		Description: ptr("Sync new leads to internal CRM"),
		CreatedAt:   ptr("2026-05-17T14:30:00Z"),
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCreate(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 201, body: fixture(t, "w2_create")})
	got, err := s.client(apiKey()).Create(t.Context(), wundertreosapi.NewSubscription{
		TargetURL:   "https://example.com/wundertre/webhook",
		EventTypes:  []string{"contact.created", "contact.tag_added"},
		Description: "Sync new leads to internal CRM",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := wundertreosapi.Created{
		Subscription: sample(),
		Secret:       secret.New("8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b"),
	}
	if diff := cmp.Diff(want, got, revealed); diff != "" {
		t.Error(diff)
	}
	requests := s.requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests", len(requests))
	}
	r := requests[0]
	if r.Method != "POST" || r.URI != "/functions/v1/api-webhook-subscriptions" {
		t.Errorf("%s %s", r.Method, r.URI)
	}
	if diff := cmp.Diff(compact(t, fixture(t, "w1_create_request")), compact(t, r.Body)); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"Content-Type":      "application/json",
		"X-Api-Key":         key,
		"Authorization":     "",
		"Idempotency-Key":   "",
		"X-Idempotency-Key": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestCreateBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   wundertreosapi.NewSubscription
		want string
	}{
		{"no description", wundertreosapi.NewSubscription{TargetURL: "https://h.test/", EventTypes: []string{"deal.created"}},
			`{"target_url":"https://h.test/","event_types":["deal.created"]}`},
		{"no escapes", wundertreosapi.NewSubscription{TargetURL: "https://h.test/?a=1&b=<2>", EventTypes: []string{"b", "a"}, Description: "Zoë ☕"},
			`{"target_url":"https://h.test/?a=1&b=<2>","event_types":["b","a"],"description":"Zoë ☕"}`},
		{"nothing", wundertreosapi.NewSubscription{}, `{"target_url":"","event_types":[]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 201, body: fixture(t, "w2_create")})
			if _, err := s.client(apiKey()).Create(t.Context(), tt.in); err != nil {
				t.Fatal(err)
			}
			if got := s.requests()[0].Body; got != tt.want {
				t.Errorf("sent %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestCreateAnswers(t *testing.T) {
	t.Parallel()
	const ok = `{"data":{"id":"i","secret":"s-canary"}}`
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string // the secret; "" for a protocol error
	}{
		{"200", 200, ok, "s-canary"},
		{"202", 202, ok, "s-canary"},
		{"space round it", 201, " \n" + ok + "\r\n", "s-canary"},
		{"unknown members", 201, `{"meta":1,"data":{"id":"i","secret":"s-canary","x":{"secret":"other"}}}`, "s-canary"},
		{"case twin after", 201, `{"data":{"id":"i","secret":"s-canary","SECRET":"b"}}`, "s-canary"},
		{"case twin before", 201, `{"Data":{"secret":"b"},"data":{"id":"i","Secret":"b","secret":"s-canary"}}`, "s-canary"},
		{"verbatim", 201, `{"data":{"id":"i","secret":" s-canary\r\n\u0001\u00eb\ud83d\ude00\\u "}}`, " s-canary\r\n\x01ë😀\\u "},
		{"replacement character", 201, `{"data":{"id":"i","secret":"\ufffd\uFFFDs-canary�"}}`, "\ufffd\ufffds-canary\ufffd"},
		{"other members odd", 201, `{"data":{"id":"i","secret":"s-canary","event_types":"x","enabled":7}}`, "s-canary"},
		{"id is a number", 201, `{"data":{"id":7,"secret":"s-canary"}}`, "s-canary"},

		{"204", 204, "", ""},
		{"empty", 201, "", ""},
		{"HTML", 200, "<html>s-canary</html>", ""},
		{"no data", 201, `{"id":"i","secret":"s-canary"}`, ""},
		{"data null", 201, `{"data":null,"secret":"s-canary"}`, ""},
		{"data a list", 201, `{"data":[{"id":"i","secret":"s-canary"}]}`, ""},
		{"deeper", 201, `{"data":{"id":"i","webhook":{"secret":"s-canary"}}}`, ""},
		{"other case only", 201, `{"data":{"id":"i","Secret":"s-canary"}}`, ""},
		{"null", 201, `{"data":{"id":"i","secret":null}}`, ""},
		{"blank", 201, `{"data":{"id":"i","secret":""}}`, ""},
		{"number", 201, `{"data":{"id":"i","secret":123}}`, ""},
		{"object", 201, `{"data":{"id":"i","secret":{"value":"s-canary"}}}`, ""},
		{"NUL", 201, `{"data":{"id":"i","secret":"s-canary\u0000"}}`, ""},
		{"twice", 201, `{"data":{"id":"i","secret":"s-canary","secret":"b"}}`, ""},
		{"twice, by escape", 201, `{"data":{"id":"i","secret":"s-canary","secre\u0074":"s-canary"}}`, ""},
		{"data twice", 201, `{"data":{"id":"i","secret":"s-canary"},"data":{"id":"i","secret":"s-canary"}}`, ""},
		{"half a pair", 201, `{"data":{"id":"i","secret":"s-canary\ud83d"}}`, ""},
		{"half a pair, then text", 201, `{"data":{"id":"i","secret":"s-canary\ud83dx"}}`, ""},
		{"half a pair, then an escape", 201, `{"data":{"id":"i","secret":"s-canary\uD83D\n"}}`, ""},
		{"two first halves", 201, `{"data":{"id":"i","secret":"s-canary\ud83d\ud83d\ude00"}}`, ""},
		{"second half alone", 201, `{"data":{"id":"i","secret":"s-canary\ude00"}}`, ""},
		{"trailing garbage", 201, ok + "x", ""},
		{"two documents", 201, ok + ok, ""},
		{"byte order mark", 201, "\ufeff" + ok, ""},
		{"not UTF-8", 201, "{\"data\":{\"id\":\"i\",\"secret\":\"s-canary\xff\"}}", ""},
		{"truncated", 201, ok[:len(ok)-3], ""},
		{"no id", 201, `{"data":{"secret":"s-canary"}}`, ""},
		{"empty id", 201, `{"data":{"id":"","secret":"s-canary"}}`, ""},
		{"id an object", 201, `{"data":{"id":{},"secret":"s-canary"}}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: tt.status, body: tt.body})
			got, err := s.client(apiKey()).Create(t.Context(), wundertreosapi.NewSubscription{TargetURL: "https://h.test"})
			if n := len(s.requests()); n != 1 {
				t.Fatalf("%d requests", n)
			}
			if tt.want != "" {
				if err != nil {
					t.Fatal(err)
				}
				if got.Secret.Reveal() != tt.want {
					t.Errorf("secret %q, want %q", got.Secret.Reveal(), tt.want)
				}
				return
			}
			var odd *wundertreosapi.ProtocolError
			if !errors.As(err, &odd) {
				t.Fatalf("error %#v", err)
			}
			if odd.HTTPStatus != tt.status || odd.AnswerStatus() != tt.status || odd.CertainlyRefused() {
				t.Errorf("%+v", odd)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error quotes the answer: %s", err)
			}
			if !got.Secret.IsZero() {
				t.Error("a secret was returned with an error")
			}
		})
	}
}

func TestCreateNotesOddMembers(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 201, body: `{"data":{"id":"i","secret":"s","event_types":"x","enabled":7,"target_url":null}}`})
	got, err := s.client(apiKey()).Create(t.Context(), wundertreosapi.NewSubscription{})
	if err != nil {
		t.Fatal(err)
	}
	want := wundertreosapi.Created{
		Subscription: wundertreosapi.Subscription{ID: "i", Unreadable: "missing or of an unexpected type: event_types, enabled"},
		Secret:       secret.New("s"),
	}
	if diff := cmp.Diff(want, got, revealed); diff != "" {
		t.Error(diff)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body string
		want []wundertreosapi.Subscription
	}{
		{"documented", fixture(t, "w3_list"), []wundertreosapi.Subscription{sample()}},
		{"empty", fixture(t, "w4_list_empty"), []wundertreosapi.Subscription{}},
		{"null is absent, unknown ignored, names exact",
			`{"meta":{},"data":[{"id":"i","target_url":null,"event_types":null,"enabled":null,"description":null,"ID":"other","x":[]}]}`,
			[]wundertreosapi.Subscription{{ID: "i"}}},
		{"no events", `{"data":[{"id":"i","event_types":[],"enabled":false,"description":""}]}`,
			[]wundertreosapi.Subscription{{ID: "i", EventTypes: []string{}, Enabled: ptr(false), Description: ptr("")}}},
		{"bad rows hide no others",
			`{"data":[null,{"id":"a"},"oops",7,[],{},{"id":"b","enabled":"yes","target_url":"https://h.test"},{"id":"c","event_types":["x",1]},{"id":{}},{"id":12}]}`,
			[]wundertreosapi.Subscription{
				{Unreadable: "not a JSON object"},
				{ID: "a"},
				{Unreadable: "not a JSON object"},
				{Unreadable: "not a JSON object"},
				{Unreadable: "not a JSON object"},
				{Unreadable: "missing or of an unexpected type: id"},
				{ID: "b", TargetURL: ptr("https://h.test"), Unreadable: "missing or of an unexpected type: enabled"},
				{ID: "c", Unreadable: "missing or of an unexpected type: event_types"},
				{Unreadable: "missing or of an unexpected type: id"},
				{ID: "12"},
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: tt.body})
			got, err := s.client(apiKey()).List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if r := s.requests()[0]; r.Method != "GET" || r.URI != "/functions/v1/api-webhook-subscriptions" || r.Body != "" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestListOfManyIsFast(t *testing.T) {
	t.Parallel()
	row := compact(t, fixture(t, "w5_get"))
	row = strings.TrimSuffix(strings.TrimPrefix(row, `{"data":`), "}")
	const n = 20_000
	s := serve(t, answer{status: 200, body: `{"data":[` + strings.Repeat(row+",", n-1) + row + `]}`})
	got, err := s.client(apiKey()).List(t.Context())
	if err != nil || len(got) != n {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	if diff := cmp.Diff(sample(), got[n-1]); diff != "" {
		t.Error(diff)
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	wrapped := fixture(t, "w5_get")
	bare := strings.TrimSuffix(strings.TrimPrefix(compact(t, wrapped), `{"data":`), "}")
	for name, body := range map[string]string{"wrapped": wrapped, "bare": bare} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: body})
			got, err := s.client(apiKey()).Get(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample(), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIDsInPaths(t *testing.T) {
	t.Parallel()
	for id, segment := range map[string]string{
		"a1b2c3d4-1111-2222-3333-444455556666": "a1b2c3d4-1111-2222-3333-444455556666",
		".":                                    "%2E",
		"..":                                   "%2E%2E",
		"...":                                  "...",
		"a/b":                                  "a%2Fb",
		"../../x":                              "..%2F..%2Fx",
		"%2f":                                  "%252f",
		"a b?c#d":                              "a%20b%3Fc%23d",
		"nul\x00":                              "nul%00",
		"Zoë ☕":                                "Zo%C3%AB%20%E2%98%95",
		"bad\xff":                              "bad%FF",
		"UPPERlow":                             "UPPERlow",
	} {
		t.Run(fmt.Sprintf("%q", id), func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: fixture(t, "w5_get")})
			c := s.client(apiKey())
			if _, err := c.Get(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if err := c.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			want := "/functions/v1/api-webhook-subscriptions/" + segment
			for i, method := range []string{"GET", "DELETE"} {
				if r := s.requests()[i]; r.Method != method || r.URI != want {
					t.Errorf("%s %s, want %s %s", r.Method, r.URI, method, want)
				}
			}
		})
	}
}

func TestEmptyIDIsNotSent(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 204})
	c := s.client(apiKey())
	if _, err := c.Get(t.Context(), ""); !errors.Is(err, wundertreosapi.ErrEmptyID) {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), ""); !errors.Is(err, wundertreosapi.ErrEmptyID) {
		t.Error(err)
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	notFound := answer{status: 404, body: fixture(t, "w9_not_found")}
	for _, tt := range []struct {
		name    string
		answers []answer
		status  int // of the error; 0: none
	}{
		{"204", []answer{{status: 204}}, 0},
		{"200 with anything", []answer{{status: 200, body: "<html>"}}, 0},
		{"404", []answer{notFound}, 404},
		{"404 after a 500", []answer{{status: 500}, notFound}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.answers...)
			err := s.client(apiKey()).Delete(t.Context(), "i")
			var refused *wundertreosapi.Error
			switch {
			case tt.status == 0 && err != nil:
				t.Error(err)
			case tt.status != 0 && (!errors.As(err, &refused) || refused.HTTPStatus != tt.status || refused.Code != "not_found"):
				t.Errorf("%#v", err)
			}
			if n := len(s.requests()); n != len(tt.answers) {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body string
		want wundertreosapi.Identity
	}{
		{"documented", fixture(t, "w12_identity"), wundertreosapi.Identity{
			ID: "u1b1f3a0-4d2e-4f9a-9b1c-2d4e5f6a7b8c", Email: ptr("jane@acme.com"),
			OrgID: "a1b2c3d4-1111-2222-3333-444455556666", OrgName: ptr("Acme Inc"), OrgSlug: ptr("acme"),
		}},
		{"key without a creator", `{"id":"","email":null,"org_id":"o","org_name":"N","org_slug":null}`,
			wundertreosapi.Identity{OrgID: "o", OrgName: ptr("N")}},
		{"wrapped", `{"data":{"id":"u","org_id":"o"}}`, wundertreosapi.Identity{ID: "u", OrgID: "o"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: tt.body})
			got, err := s.client(wundertreosapi.Token(secret.New("tok"))).Me(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			r := s.requests()[0]
			if r.URI != "/functions/v1/oauth-me" || r.Header.Get("Authorization") != "Bearer tok" || r.Header.Get("X-API-Key") != "" {
				t.Errorf("%+v", r)
			}
		})
	}
}

// calls are all operations, for what they have in common.
func calls(c *wundertreosapi.Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"create": func(ctx context.Context) error {
			_, err := c.Create(ctx, wundertreosapi.NewSubscription{TargetURL: "https://h.test"})
			return err
		},
		"list":   func(ctx context.Context) error { _, err := c.List(ctx); return err },
		"get":    func(ctx context.Context) error { _, err := c.Get(ctx, "i"); return err },
		"delete": func(ctx context.Context) error { return c.Delete(ctx, "i") },
		"me":     func(ctx context.Context) error { _, err := c.Me(ctx); return err },
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	retry := map[string]string{"Retry-After": "12", "X-RateLimit-Remaining": "0"}
	for _, tt := range []struct {
		name    string
		answer  answer
		want    wundertreosapi.Error
		certain bool
		text    string
	}{
		{"400 url", answer{status: 400, body: fixture(t, "w10_invalid_url")},
			wundertreosapi.Error{HTTPStatus: 400, Code: "invalid_request", Message: "target_url must be a valid URL"}, true,
			"HTTP status 400 invalid_request: target_url must be a valid URL"},
		{"400 events", answer{status: 400, body: fixture(t, "w10_invalid_events")},
			wundertreosapi.Error{HTTPStatus: 400, Code: "invalid_request", Message: "event_types must be a non-empty array"}, true, ""},
		{"400 unknown event", answer{status: 400, body: fixture(t, "w10_unsupported_event")},
			wundertreosapi.Error{HTTPStatus: 400, Code: "invalid_request", Message: "Unsupported event type: contact.deal_added"}, true, ""},
		{"401", answer{status: 401, body: fixture(t, "w11_unauthorized")},
			wundertreosapi.Error{HTTPStatus: 401, Code: "unauthorized", Message: "Invalid or expired credentials"}, true, ""},
		{"403 contacts", answer{status: 403, body: fixture(t, "w7_forbidden_contacts_write")},
			wundertreosapi.Error{HTTPStatus: 403, Code: "forbidden", Message: "Scope 'contacts:write' is required."}, true, ""},
		{"403 read", answer{status: 403, body: fixture(t, "w7_forbidden_webhooks_read")},
			wundertreosapi.Error{HTTPStatus: 403, Code: "forbidden", Message: "Scope 'webhooks:read' is required."}, true, ""},
		{"403 write", answer{status: 403, body: fixture(t, "w7_forbidden_webhooks_write")},
			wundertreosapi.Error{HTTPStatus: 403, Code: "forbidden", Message: "Scope 'webhooks:write' is required."}, true, ""},
		{"404 bare", answer{status: 404, body: fixture(t, "w9_not_found_bare")},
			wundertreosapi.Error{HTTPStatus: 404, Code: "not_found"}, true, "HTTP status 404 not_found"},
		{"404", answer{status: 404, body: fixture(t, "w9_not_found")},
			wundertreosapi.Error{HTTPStatus: 404, Code: "not_found", Message: "Webhook subscription not found"}, true, ""},
		{"404 of a gateway", answer{status: 404, body: "<h1>no\x1b]0;x</h1>"},
			wundertreosapi.Error{HTTPStatus: 404, Message: "<h1>no\ufffd]0;x</h1>"}, true, ""},
		{"429", answer{status: 429, header: retry, body: fixture(t, "w8_rate_limited")},
			wundertreosapi.Error{HTTPStatus: 429, Code: "rate_limit_exceeded", RetryAfter: 12 * time.Second,
				Message: "Too many requests. Limit is 60 requests per 60 seconds."}, true, ""},
		{"429, only the body says when", answer{status: 429, body: `{"error":"rate_limit_exceeded","retry_after":"7"}`},
			wundertreosapi.Error{HTTPStatus: 429, Code: "rate_limit_exceeded", RetryAfter: 7 * time.Second}, true, ""},
		{"429, the longer one counts", answer{status: 429, header: retry, body: `{"error":"rate_limit_exceeded","retry_after":3}`},
			wundertreosapi.Error{HTTPStatus: 429, Code: "rate_limit_exceeded", RetryAfter: 12 * time.Second}, true, ""},
		{"429, nonsense", answer{status: 429, body: `{"error":"rate_limit_exceeded","retry_after":"soon"}`},
			wundertreosapi.Error{HTTPStatus: 429, Code: "rate_limit_exceeded"}, true, ""},
		{"429, negative", answer{status: 429, body: `{"error":"rate_limit_exceeded","retry_after":-4}`},
			wundertreosapi.Error{HTTPStatus: 429, Code: "rate_limit_exceeded"}, true, ""},
		{"500", answer{status: 500, body: `{"error":"internal","message":"boom"}`},
			wundertreosapi.Error{HTTPStatus: 500, Code: "internal", Message: "boom"}, false, ""},
		{"502 of a gateway", answer{status: 502, body: "<html>\r\n<b>Bad\tGateway</b>\u202e</html>"},
			wundertreosapi.Error{HTTPStatus: 502, Message: "<html> <b>Bad Gateway</b>\ufffd</html>"}, false, ""},
		{"503 empty", answer{status: 503}, wundertreosapi.Error{HTTPStatus: 503}, false, "HTTP status 503"},
		{"5xx that may hold a secret", answer{status: 500, body: `{"data":{"secret":"s-canary"`}, wundertreosapi.Error{HTTPStatus: 500}, false, ""},
		{"odd types", answer{status: 422, body: `{"error":{"code":1},"message":["a"],"retry_after":{}}`},
			wundertreosapi.Error{HTTPStatus: 422, Message: `{"error":{"code":1},"message":["a"],"retry_after":{}}`}, true, ""},
		{"a list", answer{status: 418, body: `[1]`}, wundertreosapi.Error{HTTPStatus: 418, Message: "[1]"}, true, ""},
		{"the credential is masked", answer{status: 401, body: `{"error":"unauthorized","message":"bad key ` + key + `"}`},
			wundertreosapi.Error{HTTPStatus: 401, Code: "unauthorized", Message: "bad key ***"}, true, ""},
		{"and in excerpts", answer{status: 401, body: "key " + key}, wundertreosapi.Error{HTTPStatus: 401, Message: "key ***"}, true, ""},
		{"long", answer{status: 400, body: strings.Repeat("ä", 9000)},
			wundertreosapi.Error{HTTPStatus: 400, Message: strings.Repeat("ä", 199) + "…"}, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.answer)
			for name, call := range calls(s.client(apiKey())) {
				err := call(t.Context())
				var got *wundertreosapi.Error
				if !errors.As(err, &got) {
					t.Fatalf("%s: %#v", name, err)
				}
				shown := *got
				shown.Tries = 0
				if diff := cmp.Diff(tt.want, shown); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
				if got.AnswerStatus() != tt.answer.status || got.CertainlyRefused() != tt.certain {
					t.Errorf("%s: status %d, certain %v", name, got.AnswerStatus(), got.CertainlyRefused())
				}
				if tt.text != "" && err.Error() != tt.text {
					t.Errorf("%s: %q", name, err)
				}
				if strings.Contains(err.Error(), "canary") {
					t.Errorf("%s: leaks: %s", name, err)
				}
			}
		})
	}
}

func TestCreateIsSentOnceUnlessRefused(t *testing.T) {
	t.Parallel()
	for status, once := range map[int]bool{400: true, 500: true, 502: true, 503: true, 429: false} {
		s := serve(t, answer{status: status}, answer{status: 201, body: fixture(t, "w2_create")})
		_, err := s.client(apiKey()).Create(t.Context(), wundertreosapi.NewSubscription{})
		if n := len(s.requests()); once != (n == 1) || once != (err != nil) {
			t.Errorf("%d: %d requests, %v", status, n, err)
		}
	}
}

func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 503}, answer{status: 429}, answer{status: 200, body: fixture(t, "w4_list_empty")})
	if _, err := s.client(apiKey()).List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(s.requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := serve(t, answer{status: 200, body: fixture(t, "w3_list")})
	host := strings.TrimPrefix(other.URL, "http://")
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := serve(t, answer{status: status, header: map[string]string{"Location": other.URL + "/x?token=1"}, body: "s-canary"})
		for name, call := range calls(s.client(apiKey())) {
			err := call(t.Context())
			var odd *wundertreosapi.ProtocolError
			if !errors.As(err, &odd) || odd.HTTPStatus != status || odd.CertainlyRefused() {
				t.Fatalf("%d %s: %#v", status, name, err)
			}
			if !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "canary") {
				t.Errorf("%d %s: %s", status, name, err)
			}
		}
	}
	if n := len(other.requests()); n != 0 {
		t.Errorf("%d requests reached the other host", n)
	}
}

func TestRedirectTargets(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"":                           "not a status of this API",
		"/elsewhere":                 "a redirect to http://127.0.0.1:",
		"//evil.test/x":              "a redirect to http://evil.test,",
		"https://u:p@evil.test:8/?q": "a redirect to https://evil.test:8,",
		"file:///etc/passwd":         "an unreadable address",
		"http://[::1":                "an unreadable address",
	} {
		s := serve(t, answer{status: 307, header: map[string]string{"Location": location}})
		_, err := s.client(apiKey()).List(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", location, err, want)
		}
	}
}

func TestNonsense(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"HTML":        "<html>captive portal canary</html>",
		"empty":       "",
		"null":        "null",
		"text":        `"canary"`,
		"no data":     `{"x":"canary"}`,
		"data number": `{"data":7}`,
		"data null":   `{"data":null}`,
		"truncated":   `{"data":[{"id":"canary"}`,
		"two":         `{"data":[]}{"data":[]}`,
		"deep":        `{"data":` + strings.Repeat("[", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: body})
			for name, call := range calls(s.client(apiKey())) {
				if name == "delete" {
					continue // any 2xx will do
				}
				err := call(t.Context())
				var odd *wundertreosapi.ProtocolError
				if !errors.As(err, &odd) || odd.HTTPStatus != 200 || odd.AnswerStatus() != 200 || odd.CertainlyRefused() {
					t.Fatalf("%s: %#v", name, err)
				}
				if strings.Contains(err.Error(), "canary") {
					t.Errorf("%s: quotes the answer: %s", name, err)
				}
			}
		})
	}
	t.Run("list for one and one for list", func(t *testing.T) {
		t.Parallel()
		var odd *wundertreosapi.ProtocolError
		if _, err := serve(t, answer{status: 200, body: fixture(t, "w5_get")}).client(apiKey()).List(t.Context()); !errors.As(err, &odd) {
			t.Error(err)
		}
		if _, err := serve(t, answer{status: 200, body: fixture(t, "w3_list")}).client(apiKey()).Get(t.Context(), "i"); !errors.As(err, &odd) {
			t.Error(err)
		}
		if _, err := serve(t, answer{status: 200, body: `{"data":{"id":"i","enabled":"x"}}`}).client(apiKey()).Get(t.Context(), "i"); !errors.As(err, &odd) {
			t.Error(err)
		}
	})
}

func TestCaps(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"create": httpx.CapCreate, "get": httpx.CapGet, "me": httpx.CapGet, "delete": httpx.CapGet} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer{status: 200, body: strings.Repeat(" ", size+1)})
			err := calls(s.client(apiKey()))[name](t.Context())
			var transport *httpx.Error
			if !errors.As(err, &transport) || transport.Stage != httpx.Answered || transport.Status != 200 {
				t.Errorf("%#v", err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 200})
	c := s.client(apiKey())
	s.Close()
	for name, call := range calls(c) {
		err := call(t.Context())
		var transport *httpx.Error
		if !errors.As(err, &transport) || transport.Stage != httpx.NotSent {
			t.Errorf("%s: %#v", name, err)
		}
		if strings.Contains(err.Error(), key) {
			t.Errorf("%s: leaks: %s", name, err)
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	reset := time.Unix(1747500000, 0).UTC()
	documented := map[string]string{"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "47", "X-RateLimit-Reset": "1747500000"}
	s := serve(t,
		answer{status: 200, header: documented, body: fixture(t, "w4_list_empty")},
		answer{status: 404, header: map[string]string{"X-RateLimit-Limit": "sixty", "X-RateLimit-Remaining": " 0 ", "X-RateLimit-Reset": "-1"}},
		answer{status: 404})
	c := s.client(apiKey())
	for i, want := range []wundertreosapi.RateLimit{
		{},
		{Limit: ptr(60), Remaining: ptr(47), Reset: &reset},
		{Remaining: ptr(0)},
		{},
	} {
		if diff := cmp.Diff(want, c.RateLimit()); diff != "" {
			t.Errorf("after %d calls: %s", i, diff)
		}
		_, _ = c.List(t.Context())
	}
}

func TestZeroAuthSendsNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, answer{status: 401, body: "x"})
	var refused *wundertreosapi.Error
	if _, err := s.client(wundertreosapi.Auth{}).List(t.Context()); !errors.As(err, &refused) || refused.Message != "x" {
		t.Errorf("%#v", err)
	}
	if h := s.requests()[0].Header; h.Get("X-API-Key") != "" || h.Get("Authorization") != "" {
		t.Errorf("%v", h)
	}
}

func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"data":{"id":"i","secret":"s\ud800"}}`, `{"data":[{}]}`, `{"error":1}`, "\xff", `{"data":{"secret":"\\u"}}`} {
		f.Add(201, []byte(body))
		f.Add(400, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 || status == 429 || status >= 500 {
			return
		}
		s := serve(t, answer{status: status, body: string(body)})
		for name, call := range calls(s.client(apiKey())) {
			if err := call(t.Context()); err == nil && status > 299 {
				t.Errorf("%s: no error for %d", name, status)
			}
		}
	})
}
