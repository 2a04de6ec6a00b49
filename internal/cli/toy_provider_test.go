package cli

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// tidepool is a third provider: what the folder of one would hold. It can change
// a webhook in place, and delete one.
type tidepool struct{ a provider.Access }

func tidepoolDriver() *provider.Driver {
	return provider.NewDriver(provider.Driver{
		Name: "tidepool", Title: "Tidepool", Aliases: []string{"tp"}, BaseURL: "https://api.tidepool.example/v1",
		Credentials: []provider.Field{{Name: "key", Env: []string{"HOOKCTL_TIDEPOOL_KEY"}, Label: "Tidepool key", Secret: true, Required: true, Account: true}},
		CheckCredentials: func(c map[string]secret.Value) error {
			if c["key"].IsZero() {
				return fault.Errorf(fault.Auth, "Tidepool needs a key").WithCommand("hookctl login tidepool")
			}
			return nil
		},
		CreateOptions: []provider.Option{provider.OptTimeout},
		Validate: func(s provider.Spec) (out []provider.Violation) {
			if !strings.HasPrefix(s.URL, "https://") {
				out = append(out, provider.Violation{Field: "url", Message: "must begin with https://"})
			}
			return out
		},
		Scheme:       signature.Scheme{Provider: "tidepool", Headers: []string{"Tide-Signature"}, KeyEncoding: signature.UTF8, DigestEncoding: signature.Hex, Template: "{body}"},
		Envelope:     capture.Envelope{ID: "id", Type: "kind", Time: "at"},
		Catalogue:    []provider.EventType{{Slug: "tide.high", Category: "Tides"}, {Slug: "tide.low", Category: "Tides"}},
		OfflineHelp:  func() string { return "# Tidepool\n\nIts webhooks tell the tides.\n" },
		Deletes:      true,
		Updates:      true,
		SecretMember: "secret", IDMember: "id",
		Sample: func(event string, _ provider.SampleOptions) ([]byte, bool) {
			return []byte(`{"id":"1","kind":"` + event + `","at":"2026-05-17T14:30:00Z"}`), true
		},
	}, func(a provider.Access) provider.Provider { return tidepool{a} })
}

// call sends a request, and reads the answer into what into points to.
func (p tidepool) call(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := p.a.HTTP.Do(ctx, httpx.Request{
		Method: method, URL: p.a.BaseURL + path, Body: text, Cap: httpx.CapCreate, Repeat: httpx.RepeatRefused,
		Header: http.Header{"Key": {p.a.Credentials["key"].Reveal()}},
	})
	switch {
	case err != nil:
		return fault.Wrap(fault.Unavailable, err)
	case answer.Status == http.StatusNotFound:
		return fault.Errorf(fault.Refused, "Tidepool has no such webhook").WithCode("not-found")
	case answer.Status != http.StatusOK:
		return fault.Errorf(fault.Unavailable, "Tidepool answered %d", answer.Status)
	}
	return json.Unmarshal(answer.Body, into)
}

// poolHook is a webhook in the API's own words.
type poolHook struct {
	ID     string   `json:"id"`
	Secret string   `json:"secret,omitempty"`
	Label  string   `json:"label"`
	URL    string   `json:"url"`
	Kinds  []string `json:"kinds"`
}

func (h poolHook) webhook() provider.Webhook {
	active := provider.Active
	return provider.Webhook{ID: h.ID, Name: &h.Label, URL: &h.URL, Events: h.Kinds, Status: &active}
}

func (p tidepool) Create(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
	var made poolHook
	err := p.call(ctx, http.MethodPost, "/hooks", poolHook{Label: s.Name, URL: s.URL, Kinds: s.Events}, &made)
	return made.webhook(), secret.New(made.Secret), err
}

func (p tidepool) List(ctx context.Context) ([]provider.Webhook, error) {
	var hooks []poolHook
	err := p.call(ctx, http.MethodGet, "/hooks", nil, &hooks)
	rows := make([]provider.Webhook, len(hooks))
	for i, h := range hooks {
		rows[i] = h.webhook()
	}
	return rows, err
}

func (p tidepool) Get(ctx context.Context, id string) (provider.Webhook, error) {
	var h poolHook
	err := p.call(ctx, http.MethodGet, "/hooks/"+id, nil, &h)
	return h.webhook(), err
}

func (p tidepool) Update(ctx context.Context, id string, c provider.Change) (provider.Webhook, error) {
	var h poolHook
	err := p.call(ctx, http.MethodPatch, "/hooks/"+id, map[string]any{"url": c.URL}, &h)
	return h.webhook(), err
}

func (p tidepool) Delete(ctx context.Context, id string) error {
	return p.call(ctx, http.MethodDelete, "/hooks/"+id, nil, &struct{}{})
}

func (p tidepool) Help(context.Context) ([]byte, error)         { return nil, errors.ErrUnsupported }
func (p tidepool) LiveEvents(context.Context) ([]string, error) { return nil, errors.ErrUnsupported }
func (p tidepool) WhoAmI(context.Context) (provider.Identity, error) {
	return provider.Identity{Account: "Harbour"}, nil
}

// poolServer is the API of tidepool, in memory.
func poolServer(t *testing.T) *httptest.Server {
	t.Helper()
	var mu sync.Mutex
	hooks := []poolHook{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		say := func(what any) { check(t, json.NewEncoder(rw).Encode(what)) }
		id := strings.TrimPrefix(r.URL.Path, "/hooks")
		i := slices.IndexFunc(hooks, func(h poolHook) bool { return "/"+h.ID == id })
		switch {
		case r.Header.Get("Key") != "k3y":
			rw.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodPost:
			h := poolHook{}
			check(t, json.NewDecoder(r.Body).Decode(&h))
			h.ID = fmt.Sprintf("pool-%d", len(hooks)+1)
			hooks = append(hooks, h)
			h.Secret = "tide-secret-of-" + h.ID
			say(h)
		case id == "":
			say(hooks)
		case i < 0:
			rw.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodPatch:
			check(t, json.NewDecoder(r.Body).Decode(&hooks[i]))
			say(hooks[i])
		case r.Method == http.MethodDelete:
			hooks = slices.Delete(hooks, i, i+1)
			say(struct{}{})
		default:
			say(hooks[i])
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// TestToyProvider: what a provider brings is all that the commands need of it.
// None of them knows its name.
func TestToyProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.Drivers = append(all.Drivers(), tidepoolDriver())
	w.env.Environ = append(w.env.Environ, "HOOKCTL_TIDEPOOL_BASE_URL="+poolServer(t).URL, "HOOKCTL_TIDEPOOL_KEY=k3y")
	run := func(want int, args ...string) {
		t.Helper()
		if got := w.code(args...); got != want {
			t.Fatalf("%q exited %d, want %d\n%s%s", args, got, want, &w.out, &w.errs)
		}
		w.silentOn(args, "k3y")
		w.silentOn(args, "tide-secret-of")
	}
	shows := func(parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(w.out.String(), part) {
				t.Errorf("%q is not in:\n%s%s", part, &w.out, &w.errs)
			}
		}
	}

	run(0, "create", "tp", "--name", "Harbour", "--url", "https://example.com/tides", "--event", "tide.*", "-o", "json")
	shows(`"provider": "tidepool"`, `"id": "pool-1"`, `"kept": true`)
	run(2, "create", "tidepool", "--url", "http://example.com", "--event", "tide.high")
	w.said("must begin with https://")
	run(2, "create", "tidepool", "--url", "https://example.com/x", "--event", "contact.created")
	w.said("contact.created is an event of WundertreOS")
	run(2, "create", "zyntro", "--name", "N", "--url", "https://example.com/x", "--event", "tide.low")
	w.said("tide.low is an event of Tidepool")

	run(0, "list", "-o", "name")
	shows("tidepool/pool-1")
	run(0, "get", "Harbour")
	shows("tidepool (127.0.0.1:", "https://example.com/tides")
	run(0, "list-events", "tidepool", "-o", "name")
	shows("tide.high\ntide.low")
	run(0, "update", "Harbour", "--url", "https://example.com/new")
	shows("https://example.com/new")

	body := `{"id":"7","kind":"tide.high","at":"2026-05-17T14:30:00Z"}`
	mac := hmac.New(sha256.New, []byte("tide-secret-of-pool-1"))
	mac.Write([]byte(body))
	dump := t.TempDir() + "/delivery.http"
	write(t, dump, fmt.Sprintf("POST /tides HTTP/1.1\nHost: example.com\nTide-Signature: %s\nContent-Length: %d\n\n%s", hex.EncodeToString(mac.Sum(nil)), len(body), body))
	run(0, "verify", dump, "-o", "ndjson")
	shows(`"valid":true`, `"provider":"tidepool"`, `"webhook":"Harbour"`, `"event_type":"tide.high"`)
	run(0, "sign", "--provider", "tidepool", "--webhook", "Harbour", dump)
	shows("Tide-Signature: ")

	run(0, "__complete", "create", "t")
	shows("tidepool")
	run(0, "__complete", "create", "tidepool", "--event", "tide.l")
	shows("tide.low")
	run(0, "help", "tidepool")
	shows("Its webhooks tell the tides.")
	run(0, "help", "environment")
	shows("HOOKCTL_TIDEPOOL_KEY", "HOOKCTL_TIDEPOOL_BASE_URL")
	run(0, "--help")
	shows("Manage Zyntro, WundertreOS and Tidepool webhooks")
	run(0, "pause", "--help")
	shows("Pause deliveries (Zyntro and Tidepool)")
	run(0, "update", "--help")
	shows("WundertreOS cannot change a webhook.", "Tidepool)")
	run(0, "config", "get", "tidepool.signature-header")
	shows("Tide-Signature")
	run(2, "login", "tidepol")
	w.said("did you mean: tidepool")

	run(0, "rotate", "Harbour", "--yes", "-o", "json")
	shows(`"id": "pool-2"`)
	run(0, "delete", "Harbour", "--yes")
	run(0, "list", "tidepool", "--jq", "length")
	shows("0")
}
