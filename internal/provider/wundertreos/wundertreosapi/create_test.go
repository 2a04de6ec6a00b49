package wundertreosapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
	"github.com/hookctl/hookctl/internal/secret"
)

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
