package zyntro

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntrofake"
	"github.com/hookctl/hookctl/internal/secret"
)

// caller is a client, in custody, of the API that the handler is.
func caller(t *testing.T, handler http.Handler) *custody.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	creds := map[string]secret.Value{"api_key": secret.New(`key"1`), "org_id": secret.New("org-1")}
	if box, ok := handler.(provider.Sandbox); ok {
		creds = box.Credentials()
	}
	client, err := custody.Open(Driver(), provider.Access{
		BaseURL: server.URL, PathPrefix: Driver().PathPrefix, Credentials: creds, Now: noon,
		HTTP: httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return nil }}),
	}, custody.Env{Journal: secret.OpenFileStore("", secret.FileStoreOptions{}).OpenJournal(filepath.Join(t.TempDir(), "journal")), Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestCallPlacesCredentials(t *testing.T) {
	t.Parallel()
	a := provider.Access{BaseURL: "https://app.example.com/", PathPrefix: "/public/account", Credentials: map[string]secret.Value{
		"api_key": secret.New(`k"1`), "org_id": secret.New("o"),
	}}
	const key = `"api_key":"k\"1","org_id":"o"`
	for _, tc := range []struct{ path, method, body, wantURL, wantBody string }{
		{"fetchWebhooks", "", "", "https://app.example.com/public/account/fetchWebhooks", "{" + key + "}"},
		{"/apis/v2/public/account/deleteWebhook", "post", ` { "wh_id" : "a&b" } `, "https://app.example.com/apis/v2/public/account/deleteWebhook", "{" + key + `,"wh_id" : "a&b" }`},
		{"https://app.example.com/x", "PATCH", `{"org_id":"other","n":1.0}`, "https://app.example.com/x", `{"api_key":"k\"1","org_id":"other","n":1.0}`},
		{"updateWebhook", "", `{"wh_name":"Create webhook"}`, "https://app.example.com/public/account/updateWebhook", "{" + key + `,"wh_name":"Create webhook"}`},
		{"fetchWebhooks?page=2", "", `{}`, "https://app.example.com/public/account/fetchWebhooks?page=2", "{" + key + "}"},
	} {
		r := provider.CallRequest{Method: tc.method, Path: tc.path}
		if tc.body != "" {
			r.Body = []byte(tc.body)
		}
		got, err := request(a, r)
		if err != nil || got.URL != tc.wantURL || string(got.Body) != tc.wantBody || got.Method == "GET" || got.Method == "" {
			t.Errorf("%s %s: %v\n%s\n%s", tc.method, tc.path, err, got.URL, got.Body)
		}
	}
	a.Credentials["developer_secret"] = secret.New("zdk_1")
	if got, err := request(a, provider.CallRequest{Path: "x"}); err != nil || !strings.Contains(string(got.Body), `"developer_secret":"zdk_1"`) {
		t.Errorf("%s, %v", got.Body, err)
	}
}

func TestCallRefuses(t *testing.T) {
	t.Parallel()
	fake := zyntrofake.New(zyntrofake.Options{Now: noon, Seed: 1})
	client := caller(t, fake)
	for _, path := range []string{
		"createWebhook", "createwebhook", "CREATEWEBHOOK", "/public/account/createWebhook", "/apis/v2/public/account/createWebhook",
		"createWebhook/", "createWebhook?x=1", "create%57ebhook", "%63reateWebhook", "create%2557ebhook", "createWebhook%00", "createWebhook;a=b",
		"x/createWebhook", "createWebhook.json", "create%zzWebhook", "x?action=createWebhook", "x?action=create%57ebhook",
	} {
		_, err := client.Call(t.Context(), provider.CallRequest{Path: path, Body: []byte(`{"wh_name":"x"}`)})
		if fault.KindOf(err) != fault.Usage || path != "create%zzWebhook" && !strings.Contains(fault.HintOf(err).String(), "hookctl create zyntro") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, body := range []string{`{"action":"createWebhook"}`, `{"module":"account","action":"create_Webhook"}`, `{"a":1,"path":"/public/account/createWebhook"}`} {
		_, err := client.Call(t.Context(), provider.CallRequest{Path: "/public/account", Body: []byte(body)})
		if fault.Code(err) != "create-refused" {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, r := range []provider.CallRequest{
		{Path: "https://evil.example/fetchWebhooks"}, {Path: "//evil.example/x"}, {Path: "../x"}, {Path: ""},
		{Path: "fetchWebhooks", Body: []byte("[]")}, {Path: "fetchWebhooks", Body: []byte("null")}, {Path: "fetchWebhooks", Body: []byte(`{"a":1} {}`)},
		{Path: "fetchWebhooks", Method: "GET"}, {Path: "fetchWebhooks", Method: "BREW"},
	} {
		if _, err := client.Call(t.Context(), r); fault.KindOf(err) != fault.Usage || fault.ExitCode(err) != 2 {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if n := len(fake.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestCallJudges(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		body   string
		exit   int
	}{
		{200, `{"status":"success"}`, 0},
		{200, `a text`, 0},
		{204, ``, 0},
		{200, `{"status":"error","message":"Invalid API Key"}`, 4},
		{200, `{"status":"error","message":"Webhook not found"}`, 5},
		{200, `{"status":"error","data":["wh_id is required"]}`, 5},
		{200, `{"status":"error","message":"Failed to create webhook"}`, 6},
		{401, `{}`, 4}, {403, `<html>`, 4}, {404, ``, 5}, {422, `{"error":"no"}`, 5}, {500, `{"status":"success"}`, 6}, {302, ``, 6},
	} {
		client := caller(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
		}))
		answer, err := client.Call(t.Context(), provider.CallRequest{Path: "fetchWebhooks"})
		if exit := 0; err != nil {
			exit = fault.ExitCode(err)
			if exit != tc.exit {
				t.Errorf("%d %s: exit %d of %v", tc.status, tc.body, exit, err)
			}
		} else if tc.exit != 0 {
			t.Errorf("%d %s: no error", tc.status, tc.body)
		}
		if answer == nil || string(answer.Body) != tc.body || answer.Status != tc.status {
			t.Errorf("%d %s: the answer is %+v", tc.status, tc.body, answer)
		}
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	fake := zyntrofake.New(zyntrofake.Options{Now: noon, Seed: 1})
	answer, err := caller(t, fake).Probe(t.Context())
	if err != nil || answer.Status != 200 || fake.Requests()[0].Action != "fetchWebhooks" {
		t.Errorf("%+v, %v", answer, err)
	}
}
