package wundertreosapi_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
)

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
		{"5xx that may hold a secret", answer{status: 500, body: `{"data":{"secret":"s-canary"`}, wundertreosapi.Error{HTTPStatus: 500, TellsSecret: true}, false, ""},
		{"4xx that tells a secret", answer{status: 409, body: `{"error":"conflict","message":"x","data":{"id":"1","secret":"s-canary"}}`},
			wundertreosapi.Error{HTTPStatus: 409, Code: "conflict", Message: "x", TellsSecret: true}, false, ""},
		{"4xx that seems to", answer{status: 409, body: `{"data":{"id":"1","secret":"s-canary`}, wundertreosapi.Error{HTTPStatus: 409, TellsSecret: true}, false, ""},
		{"4xx that tells none", answer{status: 409, body: `{"error":"conflict","data":{"secret":null}}`}, wundertreosapi.Error{HTTPStatus: 409, Code: "conflict"}, true, ""},
		{"408 of a gateway", answer{status: 408}, wundertreosapi.Error{HTTPStatus: 408}, false, ""},
		{"odd types", answer{status: 422, body: `{"error":{"code":1},"message":["a"],"retry_after":{}}`},
			wundertreosapi.Error{HTTPStatus: 422, Message: `{"error":{"code":1},"message":["a"],"retry_after":{}}`}, true, ""},
		{"a list", answer{status: 418, body: `[1]`}, wundertreosapi.Error{HTTPStatus: 418, Message: "[1]"}, true, ""},
		{"the credential is masked", answer{status: 401, body: `{"error":"unauthorized","message":"bad key ` + key + `"}`},
			wundertreosapi.Error{HTTPStatus: 401, Code: "unauthorized", Message: "bad key ***"}, true, ""},
		{"lines", answer{status: 400, body: `{"error":"a\nb","message":"c\n::add-path::d\u001b[2J"}`},
			wundertreosapi.Error{HTTPStatus: 400, Code: "a\nb", Message: "c\n::add-path::d\x1b[2J"}, true, "HTTP status 400 a b: c ::add-path::d\ufffd[2J"},
		{"encoded too", answer{status: 401, body: `{"error":"unauthorized","message":"bad key ` + hex.EncodeToString([]byte(key)) + " " + base64.StdEncoding.EncodeToString([]byte(key)) + `"}`},
			wundertreosapi.Error{HTTPStatus: 401, Code: "unauthorized", Message: "bad key *** ***"}, true, ""},
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
		"":                           "this API does not use that status",
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
