package zyntro

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntrofake"
	"github.com/hookctl/hookctl/internal/secret"
)

func ptr[T any](v T) *T { return &v }

func noon() time.Time { return time.Date(2026, 3, 13, 13, 40, 11, 0, time.UTC) }

// adapterFor serves the handler and returns a provider of it. Credentials are
// those of the sandbox, if it is one, with those given put over them.
func adapterFor(t *testing.T, handler http.Handler, credentials map[string]string) provider.Provider {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	all := map[string]secret.Value{"api_key": secret.New("key-of-nobody"), "org_id": secret.New("org-of-nobody")}
	base := ""
	if box, ok := handler.(provider.Sandbox); ok {
		all, base = box.Credentials(), box.BasePath()
	}
	for name, value := range credentials {
		all[name] = secret.New(value)
	}
	return open(provider.Access{
		BaseURL:     server.URL + base,
		PathPrefix:  Driver().PathPrefix,
		Credentials: all,
		HTTP:        httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return nil }}),
		Now:         noon,
	})
}

// sandbox is a fake with a provider of it.
func sandbox(t *testing.T, o zyntrofake.Options) (*zyntrofake.Fake, provider.Provider) {
	t.Helper()
	o.Now, o.Seed = noon, 1
	fake := zyntrofake.New(o)
	return fake, adapterFor(t, fake, nil)
}

func spec() provider.Spec {
	return provider.Spec{Name: "CRM", URL: "https://example.com/h", Events: []string{"new_contact", "invoice_paid"}}
}

func TestLifeOfAWebhook(t *testing.T) {
	t.Parallel()
	fake, p := sandbox(t, zyntrofake.Options{NumbersAsTexts: true})
	s := spec()
	s.Timeout, s.AuthType, s.AuthData = ptr(45), "bearer", secret.New(`{"value":"token"}`)
	made, key, err := p.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if key.Reveal() != fake.Secret(made.ID) || key.IsZero() {
		t.Error("another secret than the fake's")
	}
	want := provider.Webhook{ID: made.ID, Name: ptr("CRM"), URL: ptr("https://example.com/h"), Events: s.Events, TimeoutSeconds: ptr(45), AuthType: ptr("bearer")}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Error(diff)
	}

	want.Status, want.ProviderStatus = ptr(provider.Active), ptr("active")
	want.CreatedAt, want.UpdatedAt = ptr("2026-03-13 13:40:11"), ptr("2026-03-13 13:40:11")
	want.RetryCount, want.RetryDelay = ptr(3), ptr(60)
	want.Health = &provider.Health{Failures: ptr(0)}
	list, err := p.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]provider.Webhook{want}, list); diff != "" {
		t.Error(diff)
	}
	got, err := p.Get(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	got, err = p.Update(t.Context(), made.ID, provider.Change{Name: ptr("New"), Events: []string{"new_note"}, Status: ptr(provider.Paused)})
	if err != nil {
		t.Fatal(err)
	}
	want.Name, want.Events, want.Status, want.ProviderStatus = ptr("New"), []string{"new_note"}, ptr(provider.Paused), ptr("paused")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	if err := p.Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if got, err = p.Get(t.Context(), made.ID); err != nil || *got.Status != provider.Disabled || *got.Name != "New" {
		t.Errorf("after delete: %+v, %v", got, err)
	}
	if fake.Webhooks() != 0 {
		t.Error("not disabled")
	}
	last := fake.Requests()[len(fake.Requests())-2]
	var body map[string]any
	if err := json.Unmarshal(last.Body, &body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"api_key": fake.APIKey(), "org_id": fake.OrgID(), "wh_id": made.ID, "wh_status": "disabled"}, body); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateWhoseLookFails(t *testing.T) {
	t.Parallel()
	fake, p := sandbox(t, zyntrofake.Options{})
	made, _, err := p.Create(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	fake.Inject(zyntrofake.Injection{Action: "fetchWebhooks", Times: -1, Status: 500})
	got, err := p.Update(t.Context(), made.ID, provider.Change{Status: ptr(provider.Paused)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(provider.Webhook{ID: made.ID, Status: ptr(provider.Paused), ProviderStatus: ptr("paused")}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	fake, p := sandbox(t, zyntrofake.Options{})
	made, _, err := p.Create(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	upper := strings.ToUpper(made.ID)
	_, getErr := p.Get(t.Context(), upper)
	_, emptyErr := p.Get(t.Context(), "")
	_, updateErr := p.Update(t.Context(), upper, provider.Change{Name: ptr("x")})
	for name, err := range map[string]error{"get": getErr, "get nothing": emptyErr, "update": updateErr, "delete": p.Delete(t.Context(), upper)} {
		if fault.ExitCode(err) != 5 || fault.Code(err) != "not-found" || !strings.Contains(fault.HintOf(err).String(), "hookctl list zyntro") {
			t.Errorf("%s: %v, exit %d, code %s", name, err, fault.ExitCode(err), fault.Code(err))
		}
	}
	fake.Inject(zyntrofake.Injection{Action: "fetchWebhooks", ExtraRows: []json.RawMessage{json.RawMessage(`7`)}})
	if _, err := p.Get(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "unreadable rows in its list: 1") {
		t.Errorf("beside an unreadable row: %v", err)
	}
}

func TestOddRows(t *testing.T) {
	t.Parallel()
	fake, p := sandbox(t, zyntrofake.Options{})
	var rows []json.RawMessage
	for _, row := range []string{`null`, `{"wh_name":"n"}`, `{"wh_id":"a","wh_events":"x","wh_name":"n"}`, `{"wh_id":"b","wh_status":"ACTIVE","wh_last_status":"","wh_retry_count":[]}`,
		`{"wh_id":"c","wh_last_status":"failed","wh_failure_count":"9","wh_last_triggered":"2026-04-02 15:59:37"}`} {
		rows = append(rows, json.RawMessage(row))
	}
	fake.Inject(zyntrofake.Injection{ExtraRows: rows})
	got, err := p.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []provider.Webhook{
		{Unreadable: "not a JSON object"},
		{Name: ptr("n"), Unreadable: "unreadable: wh_id"},
		{ID: "a", Name: ptr("n"), Unreadable: "unreadable: wh_events"},
		{ID: "b", ProviderStatus: ptr("ACTIVE")},
		{ID: "c", Health: &provider.Health{LastStatus: ptr("failed"), Failures: ptr(9), LastTriggered: ptr("2026-04-02 15:59:37")}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhoAmIAndHelp(t *testing.T) {
	t.Parallel()
	fake, p := sandbox(t, zyntrofake.Options{})
	who, err := p.WhoAmI(t.Context())
	if err != nil || who != (provider.Identity{Account: fake.OrgID()}) {
		t.Errorf("%+v, %v", who, err)
	}
	text, err := p.Help(t.Context())
	if err != nil || !strings.Contains(string(text), "best_practices") {
		t.Errorf("%s, %v", text, err)
	}
	if last := fake.Requests()[len(fake.Requests())-1]; string(last.Body) != `{"help":true}` || last.Action != "createWebhook" {
		t.Errorf("help was asked for with %s", last.Body)
	}
	fake.Inject(zyntrofake.Injection{Body: ptr("# Help")})
	if _, err := p.LiveEvents(t.Context()); fault.ExitCode(err) != 6 {
		t.Errorf("events of a text: %v", err)
	}
	fake.Inject(zyntrofake.Injection{Times: -1, Status: 500})
	if _, err := p.LiveEvents(t.Context()); fault.ExitCode(err) != 6 {
		t.Errorf("events of nothing: %v", err)
	}
	if _, err := p.WhoAmI(t.Context()); fault.ExitCode(err) != 6 {
		t.Errorf("nobody: %v", err)
	}
}

func TestDeveloperSecretAndPrefix(t *testing.T) {
	t.Parallel()
	fake := zyntrofake.New(zyntrofake.Options{Seed: 1})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	access := provider.Access{BaseURL: server.URL, PathPrefix: "/apis/v2/public/account", Credentials: fake.Credentials(), HTTP: httpx.New(httpx.Options{})}
	_, err := open(access).List(t.Context())
	if fault.ExitCode(err) != 4 || !strings.Contains(fault.HintOf(err).String(), "HOOKCTL_ZYNTRO_DEVELOPER_SECRET") {
		t.Errorf("%v, hint %q", err, fault.HintOf(err).String())
	}
	access.Credentials["developer_secret"] = secret.New(fake.DeveloperSecret())
	if _, err := open(access).List(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	page := func(status int, body string) zyntrofake.Injection {
		return zyntrofake.Injection{Times: -1, Unprocessed: true, Status: status, Body: &body}
	}
	for _, tt := range []struct {
		name        string
		credentials map[string]string
		change      func(*provider.Spec)
		shape       zyntrofake.ErrorShape
		fault       *zyntrofake.Injection
		exit        int
		code        string
		certain     bool
		says        string // the provider's own words; "": none
		hint        string
	}{
		{name: "missing key", credentials: map[string]string{"api_key": ""}, exit: 4, code: "auth", certain: true, says: "Missing API Key", hint: "hookctl login zyntro"},
		{name: "missing key, as a list", credentials: map[string]string{"api_key": ""}, shape: zyntrofake.ErrorList, exit: 4, code: "auth", certain: true, says: "Missing service instance", hint: "HOOKCTL_ZYNTRO_API_KEY"},
		{name: "invalid key", credentials: map[string]string{"api_key": "wrong-key"}, exit: 4, code: "auth", certain: true, says: "Invalid API Key", hint: "hookctl login zyntro"},
		{name: "inactive user", credentials: map[string]string{"api_key": "inactive"}, exit: 4, code: "auth", certain: true, says: "User is not active", hint: "not active"},
		{name: "invalid organisation", credentials: map[string]string{"org_id": "x"}, exit: 4, code: "auth", certain: true, says: "Invalid organization", hint: "HOOKCTL_ZYNTRO_ORG_ID"},
		{name: "missing organisation", credentials: map[string]string{"org_id": ""}, exit: 4, code: "auth", certain: true, says: "Missing org ID", hint: "belong to the organization"},
		{name: "name", change: func(s *provider.Spec) { s.Name = "" }, exit: 5, code: "refused", certain: true, says: "wh_name is required"},
		{name: "endpoint", change: func(s *provider.Spec) { s.URL = "" }, exit: 5, code: "refused", certain: true, says: "wh_endpoint is required"},
		{name: "no events", change: func(s *provider.Spec) { s.Events = nil }, exit: 5, code: "refused", certain: true, says: "wh_events is required"},
		{name: "URL", change: func(s *provider.Spec) { s.URL = "http://x" }, exit: 5, code: "refused", certain: true, says: "Invalid endpoint URL", hint: "https"},
		{name: "events", change: func(s *provider.Spec) { s.Events = []string{"a_b", "c"} }, exit: 5, code: "refused", certain: true, says: "Invalid event(s): a_b, c",
			hint: `hookctl list-events zyntro`},
		{name: "the provider's hint", change: func(s *provider.Spec) { s.Events = []string{"a_b"} }, exit: 5, code: "refused", certain: true, says: "Invalid event(s): a_b", hint: `Send {"help": true} to see`},
		{name: "unknown words", shape: zyntrofake.ErrorList, change: func(s *provider.Spec) { s.Timeout = ptr(1) }, exit: 5, code: "refused", certain: true, says: "wh_timeout must be between 5 and 120"},
		{name: "unknown words, 201", fault: ptr(page(201, `{"status":"error","message":"No","hint":"Ask"}`)), exit: 5, code: "refused", certain: true, says: "No", hint: "Zyntro's hint: Ask"},
		{name: "a hint of two lines", fault: ptr(page(200, `{"status":"error","message":"No","hint":"Ask\n::add-path::x"}`)), exit: 5, code: "refused", certain: true, says: "No", hint: "Zyntro's hint: Ask ::add-path::x"},
		{name: "insert failed", fault: &zyntrofake.Injection{InsertFails: true}, exit: 6, code: "unavailable", says: "Failed to create webhook", hint: "later"},
		{name: "insert failed, as a list", shape: zyntrofake.ErrorList, fault: &zyntrofake.Injection{InsertFails: true}, exit: 6, code: "unavailable", says: "Failed to create webhook"},
		{name: "429", fault: ptr(page(429, `{"status":"error","message":"slow down"}`)), exit: 6, code: "rate-limited", certain: true, says: "slow down", hint: "again"},
		{name: "401", fault: ptr(page(401, `{"message":"who?"}`)), exit: 4, code: "auth", certain: true, says: "who?", hint: "login"},
		{name: "403 page", fault: ptr(page(403, `<html>`)), exit: 4, code: "auth", certain: true, hint: "login"},
		{name: "404 page", fault: ptr(page(404, `<html>`)), exit: 5, code: "refused", certain: true, hint: "path-prefix"},
		{name: "422", fault: ptr(page(422, `{"error":"no"}`)), exit: 5, code: "refused", certain: true, says: "no"},
		{name: "408", fault: ptr(page(408, `{"error":"slow"}`)), exit: 6, code: "unavailable", says: "slow"},
		{name: "500", fault: ptr(page(500, `{"status":"error","message":"Invalid API Key"}`)), exit: 6, code: "unavailable", says: "Invalid API Key", hint: "later"},
		{name: "503 page", fault: ptr(page(503, `<html>`)), exit: 6, code: "unavailable", hint: "later"},
		{name: "captive portal", fault: ptr(page(200, `<html>`)), exit: 6, code: "unavailable", hint: "base-url"},
		{name: "redirect", fault: &zyntrofake.Injection{Status: 307, Header: http.Header{"Location": {"https://other.example/"}}}, exit: 6, code: "unavailable", hint: "base-url"},
		{name: "error with a secret", fault: ptr(page(400, `{"status":"error","data":{"secret_key":"x"}}`)), exit: 6, code: "unavailable"},
		{name: "no secret", fault: ptr(page(200, `{"status":"success","data":{"wh_id":"x"}}`)), exit: 6, code: "unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := zyntrofake.New(zyntrofake.Options{Now: noon, Seed: 1, ErrorShape: tt.shape})
			fake.AddAccount(zyntrofake.Account{APIKey: "inactive", Inactive: true})
			if tt.fault != nil {
				fake.Inject(*tt.fault)
			}
			s := spec()
			if tt.change != nil {
				tt.change(&s)
			}
			_, key, err := adapterFor(t, fake, tt.credentials).Create(t.Context(), s)
			if err == nil || !key.IsZero() {
				t.Fatal("no error")
			}
			if fault.ExitCode(err) != tt.exit || fault.Code(err) != tt.code || fault.ProviderMessage(err) != tt.says || !strings.Contains(fault.HintOf(err).String(), tt.hint) {
				t.Errorf("%v: exit %d, code %s, says %q, hint %q", err, fault.ExitCode(err), fault.Code(err), fault.ProviderMessage(err), fault.HintOf(err).String())
			}
			if tt.says != "" && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %q", err, tt.says)
			}
			var custody interface {
				AnswerStatus() int
				CertainlyRefused() bool
			}
			if !errors.As(err, &custody) || custody.CertainlyRefused() != tt.certain {
				t.Errorf("%v: custody sees %v", err, custody)
			}
		})
	}
}

func TestRateLimitSaysHowLong(t *testing.T) {
	t.Parallel()
	fake, p := sandbox(t, zyntrofake.Options{})
	fake.Inject(zyntrofake.Injection{Times: -1, Unprocessed: true, Status: 429, Header: http.Header{"Retry-After": {"3600"}}})
	_, err := p.List(t.Context())
	if fault.Code(err) != "rate-limited" || !strings.Contains(err.Error(), "1h0m0s") || !strings.Contains(fault.HintOf(err).String(), "1h0m0s") {
		t.Errorf("%v, hint %q", err, fault.HintOf(err).String())
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault zyntrofake.Injection
		stage httpx.Stage
	}{
		{"reset before", zyntrofake.Injection{ResetBefore: true}, httpx.Sent},
		{"reset after", zyntrofake.Injection{ResetAfter: true}, httpx.Sent},
		{"cut short", zyntrofake.Injection{TruncateAt: ptr(20)}, httpx.Answered},
	} {
		fake, p := sandbox(t, zyntrofake.Options{})
		fake.Inject(tt.fault)
		_, _, err := p.Create(t.Context(), spec())
		var transport *httpx.Error
		if fault.ExitCode(err) != 6 || !errors.As(err, &transport) || transport.Stage != tt.stage || fault.HintOf(err).String() == "" {
			t.Errorf("%s: %v", tt.name, err)
		}
	}

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	p := open(provider.Access{BaseURL: gone.URL, HTTP: httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return nil }})})
	if _, err := p.List(t.Context()); fault.ExitCode(err) != 6 || !strings.Contains(err.Error(), "could not be reached") {
		t.Errorf("nobody there: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.List(ctx); fault.ExitCode(err) != 130 {
		t.Errorf("cancelled: %v", err)
	}

	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(slow.Close)
	p = open(provider.Access{BaseURL: slow.URL, HTTP: httpx.New(httpx.Options{Timeout: 50 * time.Millisecond})})
	if _, _, err := p.Create(t.Context(), spec()); fault.ExitCode(err) != 6 || !strings.Contains(fault.HintOf(err).String(), "--request-timeout") {
		t.Errorf("slow: %v, hint %q", err, fault.HintOf(err).String())
	}
}

func TestOtherErrors(t *testing.T) {
	t.Parallel()
	_, p := sandbox(t, zyntrofake.Options{})
	s := spec()
	s.AuthType, s.AuthData = "bearer", secret.New("CANARY")
	if _, _, err := p.Create(t.Context(), s); fault.ExitCode(err) != 2 || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("authentication data: %v", err)
	}
	if translate(nil) != nil {
		t.Error("translate(nil)")
	}
	if err := translate(errors.New("x")); fault.ExitCode(err) != 1 {
		t.Errorf("%v", err)
	}
}

func TestEmitThroughTheSandbox(t *testing.T) {
	t.Parallel()
	var signatures []string
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		signatures = append(signatures, r.Header.Get(Driver().Scheme.Headers[0]))
	}))
	t.Cleanup(receiver.Close)
	box := Driver().NewSandbox(provider.SandboxOptions{Now: noon, Seed: 1, Deliver: providertest.Deliverer(receiver.Client())})
	p := adapterFor(t, box, nil)
	s := spec()
	s.URL = receiver.URL
	made, _, err := p.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	attempts, err := providertest.Emit(t.Context(), box, "new_contact")
	if err != nil || len(attempts) != 1 || len(signatures) != 1 {
		t.Fatalf("%v, %v", attempts, err)
	}
	a := attempts[0]
	if a.WebhookID != made.ID || a.Status != 200 || a.URL != receiver.URL || a.EventType != "new_contact" || !strings.HasPrefix(signatures[0], Driver().Scheme.Prefix) {
		t.Errorf("%+v", a)
	}
	var body map[string]any
	if err := json.Unmarshal(a.Body, &body); err != nil {
		t.Fatal(err)
	}
	e := Driver().Envelope
	if body[e.ID] != a.EventID || body[e.Type] != a.EventType || body[e.Time] != "2026-03-13T13:40:11Z" {
		t.Errorf("body %s", a.Body)
	}
	if box.Webhooks() != 1 {
		t.Errorf("%d webhooks", box.Webhooks())
	}
}
