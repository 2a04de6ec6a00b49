package wundertreos_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/internal/raw"
	"github.com/hookctl/hookctl/internal/provider/wundertreos"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

func ptr[T any](v T) *T { return &v }

// open returns the adapter for an API, with a key.
func open(t *testing.T, api http.Handler, key string) provider.Provider {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return provider.Raw(raw.Key{}, wundertreos.Driver(), provider.Access{
		BaseURL:     server.URL + wundertreosfake.DefaultBasePath,
		Credentials: map[string]secret.Value{"api_key": secret.New(key)},
		HTTP:        httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return nil }}),
	})
}

// answers is an API that says one thing.
func answers(status int, header http.Header, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func TestDriver(t *testing.T) {
	t.Parallel()
	d := wundertreos.Driver()
	want := provider.Driver{
		Name:    "wundertreos",
		Title:   "WundertreOS",
		Aliases: []string{"wundertre"},
		BaseURL: "https://api.wundertreos.com/functions/v1",
		Credentials: []provider.Field{
			{Name: "api_key", Env: []string{"HOOKCTL_WUNDERTREOS_API_KEY", "WUNDERTREOS_API_KEY"}, Label: "API key (leave empty to use an access token)", Secret: true, Account: true},
			{Name: "token", Env: []string{"HOOKCTL_WUNDERTREOS_TOKEN", "WUNDERTREOS_TOKEN"}, Label: "OAuth access token", Secret: true, Account: true},
		},
		CreateOptions: []provider.Option{provider.OptDescription},
		Scheme: signature.Scheme{
			Provider: "wundertreos", Headers: []string{"X-Wunder-Signature", "X-Hook-Signature"},
			KeyEncoding: signature.UTF8, DigestEncoding: signature.Hex, Prefix: "sha256=", Template: "{body}",
		},
		Envelope: capture.Envelope{
			ID: "id", Type: "event_type", Time: "delivered_at", Org: "org_id", HeaderID: "X-Wunder-Delivery", HeaderType: "X-Wunder-Event",
			Companion: "contact.updated", CompanionOf: []string{"contact.tag_added", "contact.enriched"}, Data: "data", Subject: []string{"id", "occurred_at"},
		},
		Retries: provider.Retries{
			Waits:   []time.Duration{0, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour},
			Renewed: true,
			Assumed: "that each wait starts at the previous attempt, and that each attempt has a new delivered_at and a new signature",
		},
		Deletes:      true,
		SecretMember: "secret",
		IDMember:     "id",
		SecretDigits: 64,
		Probe:        provider.CallRequest{Path: "/api-webhook-subscriptions"},
		ProbeLeaves:  "the credential has the scope webhooks:read; only a create or a delete can show whether it has webhooks:write",
		Scoped:       true,
	}
	ignore := cmpopts.IgnoreFields(provider.Driver{}, "CheckCredentials", "Validate", "Catalogue", "OfflineHelp", "NewSandbox", "Sample", "Shapes", "Request", "Judge")
	if diff := cmp.Diff(want, *d, ignore, cmpopts.IgnoreUnexported(provider.Driver{})); diff != "" {
		t.Error(diff)
	}
	groups := map[string]int{}
	for _, e := range d.Catalogue {
		groups[e.Category]++
		if e.Description == "" || !strings.Contains(d.OfflineHelp(), "`"+e.Slug+"`") {
			t.Errorf("%s lacks a description or is not in the help", e.Slug)
		}
	}
	if diff := cmp.Diff(map[string]int{"Contact": 5, "Deal": 2}, groups); diff != "" {
		t.Error(diff)
	}
}

func TestCheckCredentials(t *testing.T) {
	t.Parallel()
	key, token := secret.New("k"), secret.New("t")
	for _, tt := range []struct {
		name  string
		given map[string]secret.Value
		exit  int
	}{
		{"key", map[string]secret.Value{"api_key": key}, 0},
		{"token", map[string]secret.Value{"token": token, "api_key": {}}, 0},
		{"none", nil, 4},
		{"both", map[string]secret.Value{"api_key": key, "token": token}, 2},
		{"key with a line break", map[string]secret.Value{"api_key": secret.New("canary\n")}, 4},
		{"token with a DEL", map[string]secret.Value{"token": secret.New("canary\x7f")}, 4},
	} {
		err := wundertreos.Driver().CheckCredentials(tt.given)
		if fault.ExitCode(err) != tt.exit {
			t.Errorf("%s: exit %d, want %d: %v", tt.name, fault.ExitCode(err), tt.exit, err)
		}
		if err != nil && (fault.HintOf(err).String() == "" || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: %v, hint %q", tt.name, err, fault.HintOf(err).String())
		}
	}
}

// TestRefusedCredentialsSendNothing: the same check guards every request.
func TestRefusedCredentialsSendNothing(t *testing.T) {
	t.Parallel()
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	t.Cleanup(server.Close)
	for exit, given := range map[int]map[string]secret.Value{
		2: {"api_key": secret.New("k"), "token": secret.New("t")},
		4: {},
	} {
		p := provider.Raw(raw.Key{}, wundertreos.Driver(), provider.Access{BaseURL: server.URL, Credentials: given, HTTP: httpx.New(httpx.Options{})})
		_, _, create := p.Create(t.Context(), provider.Spec{})
		_, list := p.List(t.Context())
		_, get := p.Get(t.Context(), "i")
		_, who := p.WhoAmI(t.Context())
		for what, err := range map[string]error{"create": create, "list": list, "get": get, "delete": p.Delete(t.Context(), "i"), "whoami": who} {
			var transport *httpx.Error
			if fault.ExitCode(err) != exit || fault.HintOf(err).String() == "" || !errors.As(err, &transport) || transport.Stage != httpx.NotSent {
				t.Errorf("%s: exit %d: %#v", what, fault.ExitCode(err), err)
			}
		}
	}
	if requests != 0 {
		t.Errorf("%d requests", requests)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	validate := wundertreos.Driver().Validate
	good := provider.Spec{URL: "https://example.com/hook", Events: []string{"contact.created"}}
	with := func(change func(*provider.Spec)) provider.Spec {
		s := good
		change(&s)
		return s
	}
	for _, tt := range []struct {
		name   string
		spec   provider.Spec
		fields []string
	}{
		{"good", good, nil},
		{"plain http", with(func(s *provider.Spec) { s.URL = "http://127.0.0.1:8080" }), nil},
		{"unknown event", with(func(s *provider.Spec) { s.Events = []string{"no.such", "x"} }), nil},
		{"long name", with(func(s *provider.Spec) { s.Name = strings.Repeat("x", 5000) }), nil},
		{"nothing", provider.Spec{}, []string{"url", "events"}},
		{"everything", provider.Spec{
			Name: "\xff", URL: "x", Events: []string{"a", "", "\xff"}, Timeout: ptr(3), AuthType: "bearer", AuthData: secret.New("{}"),
		}, []string{"url", "name", "events", "events", "timeout", "auth-type", "auth-data"}},
		{"no host", with(func(s *provider.Spec) { s.URL = "https://:443/x" }), []string{"url"}},
		{"other scheme", with(func(s *provider.Spec) { s.URL = "ftp://h/x" }), []string{"url"}},
		{"not UTF-8", with(func(s *provider.Spec) { s.URL = "https://h/\xff" }), []string{"url"}},
		{"control character", with(func(s *provider.Spec) { s.URL = "https://h/\n" }), []string{"url"}},
	} {
		var fields []string
		for _, f := range validate(tt.spec) {
			fields = append(fields, f.Field)
			if strings.HasPrefix(f.Field, "auth") || f.Field == "timeout" {
				if !strings.Contains(f.Message, "--"+f.Field) {
					t.Errorf("%s: %q does not name the flag", tt.name, f.Message)
				}
			}
		}
		if diff := cmp.Diff(tt.fields, fields); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	fake := func(o wundertreosfake.Options) http.Handler { return wundertreosfake.New(o) }
	for _, tt := range []struct {
		name    string
		api     http.Handler
		key     string
		call    func(context.Context, provider.Provider) error // nil: create
		exit    int
		code    string
		message string // in the error
		hint    string // in the hint
		words   string // the provider's own
	}{
		{name: "bad key", api: fake(wundertreosfake.Options{}), key: "x", exit: 4, code: "auth",
			message: "does not accept the credential", hint: "hookctl login wundertreos", words: "Invalid or expired credentials"},
		{name: "read key", api: fake(wundertreosfake.Options{}), key: wundertreosfake.ReadKey, exit: 4, code: "auth",
			message: "lacks the scope webhooks:write", hint: "both scopes", words: "Scope 'webhooks:write' is required."},
		{name: "write key", api: fake(wundertreosfake.Options{}), key: wundertreosfake.WriteKey, exit: 4, code: "auth",
			message: "lacks the scope webhooks:read", hint: "both scopes", words: "Scope 'webhooks:read' is required."},
		{name: "403 without a scope", api: answers(403, nil, "<html>"), exit: 4, code: "auth", message: "is not allowed to do this", hint: "both scopes", words: "<html>"},
		{name: "403 of two lines", api: answers(403, nil, `{"error":"forbidden","message":"Scope 'a\nb' is required."}`), exit: 4, code: "auth", message: "lacks the scope a b: ", hint: "both scopes", words: "Scope 'a\nb' is required."},
		{name: "403 odd", api: answers(403, nil, `{"error":"forbidden","message":"Scope '' is required."}`), exit: 4, code: "auth", message: "is not allowed to do this", hint: "both scopes", words: "Scope '' is required."},
		{name: "400", api: fake(wundertreosfake.Options{}), exit: 5, code: "refused",
			message: "target_url must be a valid URL", words: "target_url must be a valid URL"},
		{name: "422", api: answers(422, nil, ""), exit: 5, code: "refused", message: "refused the request"},
		{name: "405", api: answers(405, nil, "Method Not Allowed"), exit: 5, code: "refused",
			message: "does not accept this method", hint: "hookctl help wundertreos", words: "Method Not Allowed"},
		{name: "404 of the API", api: fake(wundertreosfake.Options{}), exit: 5, code: "not-found",
			call:    func(ctx context.Context, p provider.Provider) error { _, err := p.Get(ctx, "nope"); return err },
			message: "has no such webhook", hint: "hookctl list wundertreos", words: "Webhook subscription not found"},
		{name: "404 of the API, bare", api: fake(wundertreosfake.Options{BareNotFound: true}), exit: 5, code: "not-found",
			call:    func(ctx context.Context, p provider.Provider) error { return p.Delete(ctx, "nope") },
			message: "has no such webhook", hint: "hookctl list wundertreos"},
		{name: "404 of a gateway", api: answers(404, nil, "nope"), exit: 5, code: "not-found",
			message: "has nothing at this address", hint: "base URL", words: "nope"},
		{name: "no id", api: fake(wundertreosfake.Options{}), exit: 5, code: "not-found",
			call:    func(ctx context.Context, p provider.Provider) error { return p.Delete(ctx, "") },
			message: "the webhook id is empty", hint: "hookctl list"},
		{name: "429", api: answers(429, http.Header{"Retry-After": {"12"}}, `{"error":"rate_limit_exceeded","message":"Too many."}`), exit: 6, code: "rate-limited",
			message: "too many requests", hint: "try again in 12s", words: "Too many."},
		{name: "429 without a time", api: answers(429, nil, ""), exit: 6, code: "rate-limited", hint: "60 requests in 60 seconds"},
		{name: "500", api: answers(500, nil, `{"error":"oops","message":"boom"}`), exit: 6, code: "unavailable", message: "failed", hint: "try again later", words: "boom"},
		{name: "captive portal", api: answers(200, nil, "<html>"), exit: 6, code: "protocol", message: "is not one of its API", hint: "base URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.key == "" {
				tt.key = wundertreosfake.Key
			}
			if tt.call == nil {
				tt.call = func(ctx context.Context, p provider.Provider) error {
					_, _, err := p.Create(ctx, provider.Spec{URL: "x", Events: []string{"deal.created"}})
					return err
				}
			}
			err := tt.call(t.Context(), open(t, tt.api, tt.key))
			if err == nil {
				t.Fatal("no error")
			}
			if fault.ExitCode(err) != tt.exit || fault.Code(err) != tt.code {
				t.Errorf("exit %d code %s, want %d %s: %v", fault.ExitCode(err), fault.Code(err), tt.exit, tt.code, err)
			}
			if !strings.Contains(err.Error(), tt.message) || !strings.Contains(fault.HintOf(err).String(), tt.hint) || fault.ProviderMessage(err) != tt.words {
				t.Errorf("error %q\nhint %q\nwords %q", err, fault.HintOf(err).String(), fault.ProviderMessage(err))
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(block) })
	p := provider.Raw(raw.Key{}, wundertreos.Driver(), provider.Access{
		BaseURL:     server.URL,
		Credentials: map[string]secret.Value{"api_key": secret.New("some-key")},
		HTTP:        httpx.New(httpx.Options{Timeout: 30 * time.Millisecond}),
	})
	_, _, err := p.Create(t.Context(), provider.Spec{})
	if fault.ExitCode(err) != 6 || fault.Code(err) != "timeout" || !strings.Contains(fault.HintOf(err).String(), "--request-timeout") {
		t.Errorf("%v: %s, hint %q", err, fault.Code(err), fault.HintOf(err).String())
	}
}

// TestKnownKindsStay: what custody does between two tries may fail, and says
// itself what that means.
func TestKnownKindsStay(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(answers(429, nil, ""))
	t.Cleanup(server.Close)
	full := fault.Errorf(fault.Other, "the disk is full").WithCode("disk").WithHint("make room")
	p := provider.Raw(raw.Key{}, wundertreos.Driver(), provider.Access{
		BaseURL:     server.URL,
		Credentials: map[string]secret.Value{"api_key": secret.New("some-key")},
		HTTP:        httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return full }}),
	})
	_, _, err := p.Create(t.Context(), provider.Spec{})
	if fault.KindOf(err) != fault.Other || fault.Code(err) != "disk" || fault.HintOf(err).String() != "make room" {
		t.Errorf("%v: %s, hint %q", err, fault.Code(err), fault.HintOf(err).String())
	}
}

func TestTranslation(t *testing.T) {
	t.Parallel()
	const list = `{"data":[
		{"id":"1","target_url":"https://h.test","event_types":["b","a"],"enabled":true,"description":"D","created_at":"2026-05-17T14:30:00Z"},
		{"id":"2","enabled":false},
		{"id":"3","enabled":"perhaps"},
		"oops"]}`
	got, err := open(t, answers(200, nil, list), "some-key").List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []provider.Webhook{
		{ID: "1", Name: ptr("D"), URL: ptr("https://h.test"), Events: []string{"b", "a"}, Status: ptr(provider.Active),
			ProviderStatus: ptr("enabled"), CreatedAt: ptr("2026-05-17T14:30:00Z")},
		{ID: "2", Status: ptr(provider.Disabled), ProviderStatus: ptr("disabled")},
		{ID: "3", Unreadable: "missing or of an unexpected type: enabled"},
		{Unreadable: "not a JSON object"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhoAmI(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]provider.Identity{
		`{"id":"u","email":"jane@acme.com","org_id":"o","org_name":"Acme Inc"}`: {Account: "Acme Inc", User: "jane@acme.com"},
		`{"id":"u","email":null,"org_id":"o","org_name":""}`:                    {Account: "o", User: "u"},
		`{"id":"","org_id":"o"}`: {Account: "o"},
	} {
		got, err := open(t, answers(200, nil, body), "some-key").WhoAmI(t.Context())
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

func TestRepeatedEventsAreSentOnce(t *testing.T) {
	t.Parallel()
	p := open(t, wundertreosfake.New(wundertreosfake.Options{}), wundertreosfake.Key)
	made, _, err := p.Create(t.Context(), provider.Spec{URL: "https://h.test", Events: []string{"deal.updated", "deal.created", "deal.updated"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"deal.updated", "deal.created"}, made.Events); diff != "" {
		t.Error(diff)
	}
	if made.Name != nil {
		t.Errorf("no name was given, got %q", *made.Name)
	}
}

func TestUpdateNamesTheWayOut(t *testing.T) {
	t.Parallel()
	_, err := open(t, answers(500, nil, ""), "some-key").Update(t.Context(), "i", provider.Change{})
	if fault.HintOf(err).String() != "WundertreOS cannot change a webhook: create a new one, then delete this one" || fault.Code(err) != "unsupported" {
		t.Errorf("%v: %s", err, fault.HintOf(err).String())
	}
}

// TestCustodyCanRead: the typed errors stay in the chain.
func TestCustodyCanRead(t *testing.T) {
	t.Parallel()
	_, _, err := open(t, answers(201, nil, `{"data":{}}`), "some-key").Create(t.Context(), provider.Spec{})
	var odd *wundertreosapi.ProtocolError
	if !errors.As(err, &odd) || odd.HTTPStatus != 201 {
		t.Errorf("%#v", err)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(wundertreosfake.New(wundertreosfake.Options{}))
	t.Cleanup(server.Close)
	p := provider.Raw(raw.Key{}, wundertreos.Driver(), provider.Access{
		BaseURL:     server.URL + "/functions/v1/",
		Credentials: map[string]secret.Value{"token": secret.New(wundertreosfake.Token)},
		HTTP:        httpx.New(httpx.Options{}),
	})
	if who, err := p.WhoAmI(t.Context()); err != nil || who.Account != wundertreosfake.DefaultOrg.Name {
		t.Errorf("%+v, %v", who, err)
	}
}
