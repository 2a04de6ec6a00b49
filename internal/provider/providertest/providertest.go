// Package providertest is the suite that every provider must pass against its
// own fake: what the rest of hookctl may rely on, whatever the API is like.
package providertest

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/internal/raw"
	"github.com/hookctl/hookctl/internal/secret"
)

// Harness says what is tested.
type Harness struct {
	Driver *provider.Driver
	// NewSandbox makes the fake; nil: Driver.NewSandbox. The suite makes one for
	// each test, and up to 50 requests to each within a fraction of a second.
	NewSandbox func(provider.SandboxOptions) provider.Sandbox
}

// Run runs the suite as subtests of t, in parallel.
func Run(t *testing.T, h Harness) {
	if h.NewSandbox == nil {
		h.NewSandbox = h.Driver.NewSandbox
	}
	for _, group := range []map[string]func(*testing.T, Harness){dataTests, operationTests, deliveryTests, sampleTests, failureTests} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, h)
			})
		}
	}
}

// clock is what the fakes' clocks say.
var clock = time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC)

// fixture is a provider that talks to a fresh sandbox through a wire that can
// be made to fail.
type fixture struct {
	provider.Provider
	driver  *provider.Driver
	sandbox provider.Sandbox
	server  *httptest.Server
	wire    *wire
	access  provider.Access
}

// start serves a sandbox on loopback. Deliveries go through deliver; nil: none.
func start(t *testing.T, h Harness, deliver *http.Client) *fixture {
	t.Helper()
	o := provider.SandboxOptions{Now: func() time.Time { return clock }, Seed: 1}
	if deliver != nil {
		o.Deliver = Deliverer(deliver)
	}
	sandbox := h.NewSandbox(o)
	w := &wire{next: sandbox}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	f := &fixture{driver: h.Driver, sandbox: sandbox, server: server, wire: w}
	f.access = provider.Access{
		BaseURL:     server.URL + sandbox.BasePath(),
		PathPrefix:  h.Driver.PathPrefix,
		Credentials: sandbox.Credentials(),
		HTTP:        impatient(),
		Now:         func() time.Time { return clock },
	}
	f.Provider = provider.Raw(raw.Key{}, h.Driver, f.access)
	return f
}

// impatient is a client that does not really wait before it repeats.
func impatient() *httpx.Client {
	return httpx.New(httpx.Options{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
}

// with is the same sandbox with other credentials.
func (f *fixture) with(credentials map[string]secret.Value) provider.Provider {
	a := f.access
	a.Credentials = credentials
	return provider.Raw(raw.Key{}, f.driver, a)
}

// spec is a webhook to be made, for two events.
func (f *fixture) spec(name string) provider.Spec {
	return provider.Spec{Name: name, URL: "https://example.com/hook", Events: slugs(f.driver)[:2]}
}

// create makes a webhook or ends the test.
func (f *fixture) create(t *testing.T, s provider.Spec) (provider.Webhook, secret.Value) {
	t.Helper()
	made, value, err := f.Create(t.Context(), s)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if made.ID == "" || value.IsZero() {
		t.Fatalf("create returned id %q and an empty secret: %v", made.ID, value.IsZero())
	}
	return made, value
}

func slugs(d *provider.Driver) []string {
	list := make([]string, len(d.Catalogue))
	for i, e := range d.Catalogue {
		list[i] = e.Slug
	}
	return list
}

// remote are the operations that need the API and every credential, on the
// webhook of the id.
func remote(p provider.Provider, s provider.Spec, id string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"create": func(ctx context.Context) error {
			_, value, err := p.Create(ctx, s)
			if err != nil && !value.IsZero() {
				return errors.New("a secret was returned with an error")
			}
			return err
		},
		"list":   func(ctx context.Context) error { _, err := p.List(ctx); return err },
		"get":    func(ctx context.Context) error { _, err := p.Get(ctx, id); return err },
		"delete": func(ctx context.Context) error { return p.Delete(ctx, id) },
		"whoami": func(ctx context.Context) error { _, err := p.WhoAmI(ctx); return err },
	}
}

// each calls f for the operations in a fixed order.
func each(operations map[string]func(context.Context) error, f func(name string, call func(context.Context) error)) {
	for _, name := range slices.Sorted(maps.Keys(operations)) {
		f(name, operations[name])
	}
}

// wantKind checks an error's kind and, if code is not empty, its code.
func wantKind(t *testing.T, what string, err error, kind fault.Kind, code string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s: no error, want %s", what, kind)
	case fault.KindOf(err) != kind:
		t.Errorf("%s: kind %s, want %s: %v", what, fault.KindOf(err), kind, err)
	case code != "" && fault.Code(err) != code:
		t.Errorf("%s: code %s, want %s: %v", what, fault.Code(err), code, err)
	}
}

// said reports whether p holds the text.
func said(p *string, text string) bool { return p != nil && *p == text }

// sameWebhook compares two descriptions of one webhook.
func sameWebhook(t *testing.T, what string, want, got provider.Webhook) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

// Raw opens a provider out of custody, for the tests of packages that have no key.
func Raw(d *provider.Driver, a provider.Access) provider.Provider {
	return provider.Raw(raw.Key{}, d, a)
}
