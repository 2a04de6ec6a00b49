package apply

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/provider/wundertreos"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
	"github.com/hookctl/hookctl/internal/provider/zyntro"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntrofake"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

var noon = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// drivers are made once: a manifest's driver and an account's are the same value.
var drivers = []*provider.Driver{zyntro.Driver(), wundertreos.Driver()}

func driver(name string) *provider.Driver {
	for _, d := range drivers {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// world is both providers' fakes, a store, and clients in custody.
type world struct {
	t       testing.TB
	clients map[string]*custody.Client
	access  map[string]provider.Access
	store   secret.Store
	journal *secret.Journal
	env     map[string]string
	notes   []string
	wunder  *wundertreosfake.API
	zyntro  *zyntrofake.Fake
	before  func(r *http.Request) // called before each request; nil: nothing
	handler [2]swap
}

// swap is a handler that can be exchanged while its server runs.
type swap struct{ h atomic.Pointer[http.Handler] }

func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.h.Load()).ServeHTTP(w, r) }

func newWorld(t testing.TB, o wundertreosfake.Options) *world {
	w := &world{t: t}
	servers := [2]*httptest.Server{}
	w.fresh(o)
	for i := range w.handler {
		servers[i] = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if w.before != nil {
				w.before(r)
			}
			w.handler[i].ServeHTTP(rw, r)
		}))
		t.Cleanup(servers[i].Close)
	}
	dir := t.TempDir()
	w.store = secret.OpenFileStore(dir, secret.FileStoreOptions{Now: clock})
	w.journal = secret.OpenFileStore("", secret.FileStoreOptions{}).OpenJournal(filepath.Join(dir, "journal"))
	w.clients, w.access = map[string]*custody.Client{}, map[string]provider.Access{}
	for i, d := range drivers {
		base, creds := servers[i].URL, map[string]secret.Value{"api_key": secret.New(wundertreosfake.Key)}
		if d.Name == "zyntro" {
			creds = map[string]secret.Value{"api_key": secret.New(w.zyntro.APIKey()), "org_id": secret.New(w.zyntro.OrgID())}
		} else {
			base += w.wunder.BasePath()
		}
		access := provider.Access{
			BaseURL: base, PathPrefix: d.PathPrefix, Credentials: creds, Now: clock,
			HTTP: httpx.New(httpx.Options{Sleep: func(ctx context.Context, d time.Duration) error {
				time.Sleep(min(d, 20*time.Millisecond))
				return ctx.Err()
			}}),
		}
		w.access[d.Name] = access
		c, err := custody.Open(d, access, custody.Env{Store: w.store, Journal: w.journal, Profile: "default", Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		w.clients[d.Name] = c
	}
	return w
}

// fresh empties both providers; credentials stay valid, since seeds are fixed.
func (w *world) fresh(o wundertreosfake.Options) {
	if o.RateLimit == 0 {
		o.RateLimit = -1
	}
	if o.Now == nil {
		o.Now = clock
	}
	o.Seed = 1
	w.wunder = wundertreosfake.New(o)
	w.zyntro = zyntrofake.New(zyntrofake.Options{Now: clock, Seed: 1})
	var z, b http.Handler = w.zyntro, w.wunder
	w.handler[0].h.Store(&z)
	w.handler[1].h.Store(&b)
}

func (w *world) parse(text string) *Manifest {
	w.t.Helper()
	m, err := Parse([]Source{{"hooks.yaml", []byte(text)}}, w.options())
	if err != nil {
		w.t.Fatalf("%v\n%s", err, text)
	}
	return m
}

func (w *world) options() Options {
	return Options{Drivers: drivers, Getenv: func(name string) string { return w.env[name] }}
}

func (w *world) accounts() []Account {
	w.t.Helper()
	var out []Account
	for _, d := range drivers {
		rows, err := w.clients[d.Name].List(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, Account{Driver: d, Origin: w.clients[d.Name].Origin(), Rows: rows})
	}
	return out
}

func (w *world) state(prune bool) State {
	w.t.Helper()
	records, problems, err := w.store.List(context.Background())
	if err != nil || len(problems) > 0 {
		w.t.Fatal(err, problems)
	}
	return State{Profile: "default", Accounts: w.accounts(), Records: records, Prune: prune}
}

func (w *world) plan(text string, prune bool) *Plan {
	w.t.Helper()
	p, err := Compare(w.parse(text), w.state(prune))
	if err != nil {
		w.t.Fatalf("%v\n%s", err, text)
	}
	return p
}

func (w *world) runner() Runner {
	return Runner{
		Clients: w.clients, Store: w.store,
		Sleep:  func(ctx context.Context, _ time.Duration) error { time.Sleep(20 * time.Millisecond); return ctx.Err() },
		Notify: func(line string) { w.notes = append(w.notes, line) },
	}
}

// apply plans and carries out; everything must be done.
func (w *world) apply(text string, prune bool) []Outcome {
	w.t.Helper()
	out := w.runner().Run(context.Background(), w.plan(text, prune))
	for _, o := range out {
		if o.Err != nil || o.Result != Done {
			w.t.Fatalf("%s %s: %s: %v", o.Change.Action, o.Change.Ref(), o.Result, o.Err)
		}
	}
	return out
}

// raw is the provider as somebody else uses it: nothing is kept or marked.
func (w *world) raw(name string) provider.Provider {
	return providertest.Raw(driver(name), w.access[name])
}

// fix ends the faults of the fake.
func (w *world) fix() { w.wunder.Inject(nil) }

// peek reads a request's body and puts it back.
func peek(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

// lateFailure is a sink that looks well until it is used.
type lateFailure struct{ sink.Sink }

func (lateFailure) Check(context.Context, sink.Item) error { return nil }
