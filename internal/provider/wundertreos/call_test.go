package wundertreos_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/provider/wundertreos"
	"github.com/hookctl/hookctl/internal/secret"
)

// caller is a client, in custody, of an API that says one thing, and what the
// API was asked last.
func caller(t *testing.T, status int, body string) (*custody.Client, *http.Request) {
	t.Helper()
	var last http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last = *r
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	client, err := custody.Open(wundertreos.Driver(), provider.Access{
		BaseURL: server.URL + "/functions/v1", Credentials: map[string]secret.Value{"api_key": secret.New("some-key")},
		HTTP: httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return nil }}),
	}, custody.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return client, &last
}

func TestCallPlacesCredentials(t *testing.T) {
	t.Parallel()
	client, last := caller(t, 200, `{}`)
	for _, tc := range []struct {
		r      provider.CallRequest
		method string
		uri    string
	}{
		{provider.CallRequest{Path: "oauth-me"}, "GET", "/functions/v1/oauth-me"},
		{provider.CallRequest{Path: "/api-webhook-subscriptions?limit=1"}, "GET", "/functions/v1/api-webhook-subscriptions?limit=1"},
		{provider.CallRequest{Path: "api-webhook-subscriptions/w-1", Method: "delete"}, "DELETE", "/functions/v1/api-webhook-subscriptions/w-1"},
		{provider.CallRequest{Path: "api-webhook-subscriptions/w-1", Method: "PATCH", Body: []byte(`{"enabled":false}`)}, "PATCH", "/functions/v1/api-webhook-subscriptions/w-1"},
		{provider.CallRequest{Path: "api-contacts", Body: []byte(`{}`)}, "POST", "/functions/v1/api-contacts"},
	} {
		answer, err := client.Call(t.Context(), tc.r)
		if err != nil || answer.Status != 200 || last.Method != tc.method || last.RequestURI != tc.uri || last.Header.Get("X-API-Key") != "some-key" {
			t.Errorf("%+v: %v; asked %s %s", tc.r, err, last.Method, last.RequestURI)
		}
		if typed := last.Header.Get("Content-Type") != ""; typed != (tc.r.Body != nil) {
			t.Errorf("%+v: content type %q", tc.r, last.Header.Get("Content-Type"))
		}
	}
}

func TestCallRefuses(t *testing.T) {
	t.Parallel()
	client, last := caller(t, 201, `{"data":{"id":"x","secret":"y"}}`)
	for _, path := range []string{
		"api-webhook-subscriptions", "/api-webhook-subscriptions", "api-webhook-subscriptions/", "API-Webhook-Subscriptions", "api%2Dwebhook-subscriptions",
		"api-webhook-subscription%73", "api%252Dwebhook-subscriptions", "api-webhook-subscriptions?x=1", "api-webhook-subscriptions/%20", "api-webhook-subscriptions;x",
		"x/api-webhook-subscriptions", "api-webhook-subscriptions%2F", "api-webhook-subscriptions//", "api-webhook-subscriptions%00",
	} {
		for _, method := range []string{"", "POST", "post", "PUT", "PATCH"} {
			_, err := client.Call(t.Context(), provider.CallRequest{Method: method, Path: path, Body: []byte(`{}`)})
			if fault.KindOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err).String(), "hookctl create wundertreos") {
				t.Errorf("%s %s: %v", method, path, err)
			}
		}
	}
	for _, path := range []string{"api-webhook-subscriptions/w-1", "api-webhook-subscriptions/w-1/test"} {
		if _, err := client.Call(t.Context(), provider.CallRequest{Method: "POST", Path: path, Body: []byte(`{}`)}); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"https://evil.example/oauth-me", "//evil.example", "../x", "a b"} {
		if _, err := client.Call(t.Context(), provider.CallRequest{Path: path}); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := client.Call(t.Context(), provider.CallRequest{Path: "x", Method: "BREW"}); fault.KindOf(err) != fault.Usage {
		t.Errorf("a method that is none: %v", err)
	}
	if last.Method != "" {
		t.Errorf("%s %s was sent", last.Method, last.RequestURI)
	}
	bare, err := custody.Open(wundertreos.Driver(), provider.Access{BaseURL: "https://api.example.com"}, custody.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.Call(t.Context(), provider.CallRequest{Path: "x"}); fault.KindOf(err) != fault.Auth {
		t.Errorf("without credentials: %v", err)
	}
}

func TestCallJudges(t *testing.T) {
	t.Parallel()
	for status, exit := range map[int]int{200: 0, 204: 0, 302: 6, 400: 5, 401: 4, 403: 4, 404: 5, 408: 6, 422: 5, 500: 6, 503: 6} {
		body := `{"message":"words"}`
		if status == 204 {
			body = ""
		}
		client, _ := caller(t, status, body)
		answer, err := client.Probe(t.Context())
		if got := fault.ExitCode(err); err != nil && got != exit || (err == nil) != (exit == 0) {
			t.Errorf("%d: %v", status, err)
		}
		if answer == nil || answer.Status != status || string(answer.Body) != body {
			t.Errorf("%d: the answer is %+v", status, answer)
		}
	}
}
