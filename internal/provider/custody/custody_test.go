package custody

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

const canary = "0123456789abcdef-the-once-only-secret"

var spec = provider.Spec{Name: "Lead sync", URL: "https://example.com/hook", Events: []string{"a.b", "c.d"}}

// toy is a provider with the simplest API that custody can face.
type toy struct{ a provider.Access }

type toyError struct {
	status  int
	certain bool
	says    bool // the body itself says that it failed
}

func (e *toyError) Error() string          { return fmt.Sprintf("HTTP %d", e.status) }
func (e *toyError) AnswerStatus() int      { return e.status }
func (e *toyError) CertainlyRefused() bool { return e.certain }
func (e *toyError) ReportsFailure() bool   { return e.says }

func (p toy) do(ctx context.Context, method, path string, repeat httpx.Repeat) (*httpx.Response, error) {
	resp, err := p.a.HTTP.Do(ctx, httpx.Request{Method: method, URL: p.a.BaseURL + path, Cap: httpx.CapCreate, Repeat: repeat, Body: []byte(`{}`)})
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err)
	}
	if resp.Status >= 300 {
		kind := fault.Refused
		if resp.Status >= 500 || resp.Status == 429 {
			kind = fault.Unavailable
		}
		return nil, &fault.Error{Kind: kind, Err: &toyError{status: resp.Status, certain: resp.Status >= 400 && resp.Status < 500}}
	}
	return resp, nil
}

func (p toy) Create(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
	if p.a.Credentials["key"].IsZero() {
		return provider.Webhook{}, secret.Value{}, &fault.Error{Kind: fault.Auth, Err: &httpx.Error{Stage: httpx.NotSent, Err: errors.New("no key")}}
	}
	resp, err := p.do(ctx, "POST", "/hooks", httpx.RepeatRefused)
	if err != nil {
		return provider.Webhook{}, secret.Value{}, err
	}
	var out struct {
		Data struct{ ID, Secret, URL string }
	}
	if string(resp.Body) == "failed" {
		return provider.Webhook{}, secret.Value{}, &fault.Error{Kind: fault.Unavailable, Err: &toyError{status: resp.Status, says: true}}
	}
	if err := json.Unmarshal(resp.Body, &out); err != nil || out.Data.Secret == "" {
		return provider.Webhook{}, secret.Value{}, &fault.Error{Kind: fault.Unavailable, Err: &toyError{status: resp.Status}}
	}
	url := s.URL
	if out.Data.URL != "" {
		url = out.Data.URL
	}
	return provider.Webhook{ID: out.Data.ID, Name: &s.Name, URL: &url, Events: s.Events}, secret.New(out.Data.Secret), nil
}

func (p toy) List(ctx context.Context) ([]provider.Webhook, error) {
	resp, err := p.do(ctx, "GET", "/hooks", httpx.RepeatRefused)
	if err != nil {
		return nil, err
	}
	var rows []provider.Webhook
	return rows, json.Unmarshal(resp.Body, &rows)
}

func (p toy) Get(ctx context.Context, id string) (provider.Webhook, error) {
	rows, err := p.List(ctx)
	for _, w := range rows {
		if w.ID == id {
			return w, nil
		}
	}
	if err == nil {
		err = fault.Errorf(fault.Refused, "no webhook %q", id).WithCode("not-found")
	}
	return provider.Webhook{}, err
}
func (p toy) Update(context.Context, string, provider.Change) (provider.Webhook, error) {
	return provider.Webhook{}, errors.ErrUnsupported
}
func (p toy) Delete(ctx context.Context, id string) error {
	_, err := p.do(ctx, "DELETE", "/hooks/"+id, httpx.RepeatRefused)
	return err
}
func (p toy) Help(context.Context) ([]byte, error)         { return nil, errors.ErrUnsupported }
func (p toy) LiveEvents(context.Context) ([]string, error) { return nil, errors.ErrUnsupported }
func (p toy) WhoAmI(context.Context) (provider.Identity, error) {
	return provider.Identity{}, errors.ErrUnsupported
}

func toyDriver() *provider.Driver {
	return provider.NewDriver(provider.Driver{
		Name: "toy", Title: "Toy", SecretMember: "secret", IDMember: "id",
		Credentials: []provider.Field{{Name: "key", Env: []string{"TOY_KEY"}, Account: true}},
	}, func(a provider.Access) provider.Provider { return toy{a} })
}

// world is a toy provider's server and a client of it in custody.
type world struct {
	t       *testing.T
	dir     string
	server  *httptest.Server
	store   secret.Store
	journal *secret.Journal
	client  *Client
	now     time.Time

	mu      sync.Mutex
	posts   int
	rows    []provider.Webhook
	notices []string
	answer  func(w http.ResponseWriter) // to the POST
	list    func(w http.ResponseWriter) // to the GET; nil: the rows

	deleted    func(id string)
	failDelete bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), now: time.Now().UTC().Truncate(time.Second)}
	w.answer = func(rw http.ResponseWriter) {
		rw.WriteHeader(201)
		fmt.Fprintf(rw, `{"data":{"id":"id-1","secret":%q}}`, canary)
	}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch {
		case r.Method == "POST":
			w.posts++
			w.answer(rw)
		case r.Method == "DELETE" && w.failDelete:
			rw.WriteHeader(503)
		case r.Method == "DELETE":
			if w.deleted != nil {
				w.deleted(strings.TrimPrefix(r.URL.Path, "/hooks/"))
			}
		case w.list != nil:
			w.list(rw)
		default:
			_ = json.NewEncoder(rw).Encode(w.rows)
		}
	}))
	t.Cleanup(w.server.Close)
	w.store = secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.clock})
	w.open()
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) open() { w.openAs("k") }

// openAs opens the client with another key.
func (w *world) openAs(key string) {
	w.journal = secret.OpenFileStore("", secret.FileStoreOptions{}).OpenJournal(filepath.Join(w.dir, "journal"))
	client, err := Open(toyDriver(),
		provider.Access{BaseURL: w.server.URL, Credentials: map[string]secret.Value{"key": secret.New(key)}, HTTP: httpx.New(httpx.Options{Timeout: 2 * time.Second}), Now: w.clock},
		Env{Store: w.store, Journal: w.journal, Profile: "default", Now: w.clock, Notify: func(line string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.notices = append(w.notices, line)
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.client = client
}

func (w *world) pending() []secret.OpenOperation {
	w.t.Helper()
	got, problems, err := w.journal.List(context.Background())
	if err != nil || len(problems) > 0 {
		w.t.Fatalf("journal: %v %v", problems, err)
	}
	return got
}

func (w *world) recovery() Recovery {
	return Recovery{
		Store: w.store, Journal: w.journal, Drivers: []*provider.Driver{toyDriver()}, Now: w.clock,
		Sleep: func(context.Context, time.Duration) error { return nil },
		Open:  func(context.Context, secret.Intent) (*Client, error) { return w.client, nil },
	}
}

func (w *world) recover() []Finding {
	w.t.Helper()
	got, err := w.recovery().Run(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// row is what the provider's list says of spec's webhook.
func row(id string, at time.Time) provider.Webhook {
	created := at.Format(time.RFC3339)
	return provider.Webhook{ID: id, Name: &spec.Name, URL: &spec.URL, Events: []string{"c.d", "a.b"}, CreatedAt: &created}
}

func wantKind(t *testing.T, err error, want fault.Kind, words ...string) {
	t.Helper()
	if fault.KindOf(err) != want {
		t.Fatalf("kind %v of %v, want %v", fault.KindOf(err), err, want)
	}
	all := err.Error() + "\n" + fault.HintOf(err).String()
	for _, word := range words {
		if !strings.Contains(all, word) {
			t.Errorf("the error does not say %q: %s", word, all)
		}
	}
	if strings.Contains(all, canary) {
		t.Errorf("the error shows the secret: %s", all)
	}
}

func TestCreateKeepsTheSecretBeforeItReturns(t *testing.T) {
	w := newWorld(t)
	to := &memorySink{word: "file:x"}
	got, err := w.client.Create(context.Background(), spec, []sink.Sink{to})
	if err != nil {
		t.Fatal(err)
	}
	if got.Record.Secret.Reveal() != canary || to.got != canary {
		t.Error("the secret is not in the answer or not in the sink")
	}
	rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"})
	if err != nil {
		t.Fatal(err)
	}
	want := secret.Record{Provider: "toy", ID: "id-1", Profile: "default", Origin: w.client.Origin(), Name: spec.Name, URL: spec.URL,
		Events: spec.Events, CreatedAt: w.now, Store: "file", Fingerprint: secret.New(canary).Fingerprint(), Path: rec.Path}
	value := rec.Secret
	rec.Secret = secret.Value{}
	if diff := cmp.Diff(want, rec, cmp.AllowUnexported(secret.Value{})); diff != "" || value.Reveal() != canary {
		t.Errorf("the record: %s", diff)
	}
	if p := w.pending(); len(p) != 0 {
		t.Errorf("the journal still holds %d entries", len(p))
	}
	if len(w.notices) > 0 {
		t.Errorf("nothing went wrong, and this was said: %q", w.notices)
	}
}

func TestCreateRefusesBeforeTheRequest(t *testing.T) {
	tests := map[string]func(w *world) []sink.Sink{
		"a sink that cannot work": func(*world) []sink.Sink {
			return []sink.Sink{&memorySink{word: "file:x", check: fault.Usagef("no such directory")}}
		},
		"a store that cannot keep": func(w *world) []sink.Sink {
			w.store = brokenStore{Store: w.store, check: errors.New("read-only")}
			w.open()
			return nil
		},
		"a journal that cannot be written": func(w *world) []sink.Sink {
			if err := os.WriteFile(filepath.Join(w.dir, "journal"), nil, 0o600); err != nil {
				w.t.Fatal(err)
			}
			return nil
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.client.Create(context.Background(), spec, prepare(w))
			if err == nil || w.posts != 0 {
				t.Errorf("error %v, %d requests", err, w.posts)
			}
		})
	}
}

func TestCreateOutcomes(t *testing.T) {
	status := func(code int, body string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.WriteHeader(code)
			_, _ = io.WriteString(rw, body)
		}
	}
	cut := func(body string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.Header().Set("Content-Length", "1000")
			rw.WriteHeader(201)
			_, _ = io.WriteString(rw, body)
			_ = http.NewResponseController(rw).Flush()
			panic(http.ErrAbortHandler)
		}
	}
	chunks := func(parts ...string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.WriteHeader(201)
			for _, part := range parts {
				_, _ = io.WriteString(rw, part)
				_ = http.NewResponseController(rw).Flush()
			}
			panic(http.ErrAbortHandler)
		}
	}
	made := func(w *world) { w.rows = []provider.Webhook{row("id-9", w.now)} }
	tests := map[string]struct {
		answer  func(http.ResponseWriter)
		prepare func(*world)
		kind    fault.Kind
		words   []string
		pending int
		finding State
		id      string
	}{
		"refused":                    {answer: status(400, `{}`), kind: fault.Refused},
		"server error, not listed":   {answer: status(503, `oops`), kind: fault.Unavailable, words: []string{"recover", "nothing was created"}, pending: 1, finding: StateNotCreated},
		"server error, listed":       {answer: status(503, `oops`), prepare: made, kind: fault.Custody, words: []string{"toy/id-9", "recover"}, pending: 1, finding: StateOrphan, id: "id-9"},
		"reset, listed":              {answer: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, prepare: made, kind: fault.Custody, words: []string{"toy/id-9"}, pending: 1, finding: StateOrphan, id: "id-9"},
		"reset, the list fails too":  {answer: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, prepare: func(w *world) { w.list = status(500, `no`) }, kind: fault.Custody, words: []string{"may or may not", "recover"}, pending: 1, finding: StateUnknown},
		"no answer of the API":       {answer: status(300, `elsewhere`), kind: fault.Unavailable, words: []string{"recover", "nothing was created"}, pending: 1, finding: StateNotCreated},
		"2xx, a failure, not listed": {answer: status(200, `failed`), kind: fault.Unavailable, words: []string{"recover", "nothing was created"}, pending: 1, finding: StateNotCreated},
		"2xx, a failure, listed":     {answer: status(200, `failed`), prepare: made, kind: fault.Custody, words: []string{"toy/id-9", "recover"}, pending: 1, finding: StateOrphan, id: "id-9"},
		"2xx, not JSON":              {answer: status(200, `<html>`), kind: fault.Custody, words: []string{"HTTP 200", "recover"}, pending: 1, finding: StateUnreadable},
		"2xx, trailing garbage":      {answer: status(201, `{"data":{"id":"id-1","secret":"`+canary+`"}} trailing`), kind: fault.Custody, words: []string{"recover"}, pending: 1, finding: StateKept, id: "id-1"},
		"cut after the secret":       {answer: cut(`{"data":{"id":"id-1","secret":"` + canary + `"`), kind: fault.Custody, words: []string{"recover"}, pending: 1, finding: StateKept, id: "id-1"},
		"cut within the secret":      {answer: cut(`{"data":{"id":"id-9","secret":"` + canary[:9]), prepare: made, kind: fault.Custody, words: []string{"recover"}, pending: 1, finding: StateOrphan, id: "id-9"},
		"secret first, id cut":       {answer: cut(`{"data":{"secret":"` + canary + `","id":"id`), prepare: made, kind: fault.Custody, words: []string{"recover"}, pending: 1, finding: StateKept, id: "id-9"},
		"a secret that is no text":   {answer: cut(`{"data":{"id":"id-9","secret":"\ud800` + canary + `"`), prepare: made, kind: fault.Custody, words: []string{"recover"}, pending: 1, finding: StateOrphan, id: "id-9"},
		"a secret in two chunks":     {answer: chunks(`{"data":{"id":"id-1","sec`, `ret":"`+canary[:9], canary[9:]+`"`), kind: fault.Custody, words: []string{"recover"}, pending: 1, finding: StateKept, id: "id-1"},
		"a secret with a NUL":        {answer: cut(`{"data":{"id":"id-9","secret":"\u0000` + canary + `"`), prepare: made, kind: fault.Custody, pending: 1, finding: StateOrphan, id: "id-9"},
		"two secrets":                {answer: status(201, `{"data":{"id":"id-9","secret":"a","x":{"secret":"b"}}`), prepare: made, kind: fault.Custody, pending: 1, finding: StateOrphan, id: "id-9"},
		"disabled rows do not count": {answer: status(503, ``), prepare: func(w *world) {
			r := row("id-9", w.now)
			s := provider.Disabled
			r.Status = &s
			w.rows = []provider.Webhook{r}
		}, kind: fault.Unavailable, pending: 1, finding: StateNotCreated},
		"old rows do not count": {answer: status(503, ``), prepare: func(w *world) { w.rows = []provider.Webhook{row("id-9", w.now.Add(-27*time.Hour))} }, kind: fault.Unavailable, pending: 1, finding: StateNotCreated},
		"an unreadable row":     {answer: status(503, ``), prepare: func(w *world) { w.rows = []provider.Webhook{{ID: "id-5", Unreadable: "no object"}} }, kind: fault.Custody, words: []string{"may or may not", "id-5"}, pending: 1, finding: StateUnknown},
		"two rows fit":          {answer: status(503, ``), prepare: func(w *world) { w.rows = []provider.Webhook{row("id-8", w.now), row("id-9", w.now)} }, kind: fault.Custody, words: []string{"id-8", "id-9"}, pending: 1, finding: StateUnknown, id: "id-8"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.answer = tc.answer
			if tc.prepare != nil {
				tc.prepare(w)
			}
			_, err := w.client.Create(context.Background(), spec, nil)
			wantKind(t, err, tc.kind, tc.words...)
			if w.posts != 1 {
				t.Errorf("%d requests to create", w.posts)
			}
			if said := strings.Join(w.notices, "\n"); strings.Contains(said, "could not be") {
				t.Errorf("nothing failed here: %s", said)
			}
			pending := w.pending()
			if len(pending) != tc.pending {
				t.Fatalf("%d entries in the journal, want %d", len(pending), tc.pending)
			}
			if tc.pending == 0 {
				return
			}
			w.now = w.now.Add(time.Minute)
			found := w.recover()
			if len(found) == 0 || found[0].State != tc.finding || found[0].ID != tc.id {
				t.Fatalf("recover found %+v, want state %s of %q", found, tc.finding, tc.id)
			}
			if !found[0].Settled() && found[0].Next == "" {
				t.Error("the finding does not say what to type")
			}
			if tc.finding == StateKept {
				rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: tc.id})
				if err != nil || rec.Secret.Reveal() != canary {
					t.Errorf("recover did not keep the secret: %v", err)
				}
			}
			again := w.recover()
			if found[0].Settled() && len(again) != 0 {
				t.Errorf("what is settled is found again: %+v", again)
			}
			if !found[0].Settled() && (len(again) == 0 || again[0].State != found[0].State) {
				t.Errorf("what is not settled is found differently: %+v", again)
			}
		})
	}
}

// A provider that makes something else than it was asked for is no failure,
// but should not go unnoticed.
func TestCreateWarnsOfAnotherWebhook(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.Create(context.Background(), spec, nil); err != nil || strings.Contains(strings.Join(w.notices, "\n"), "warning") {
		t.Errorf("error %v, notices %q", err, w.notices)
	}
	w.answer = func(rw http.ResponseWriter) {
		fmt.Fprintf(rw, `{"data":{"id":"id-2","secret":%q,"url":"https://example.com/other"}}`, canary)
	}
	_, err := w.client.Create(context.Background(), spec, nil)
	if said := strings.Join(w.notices, "\n"); err != nil || !strings.Contains(said, "a different URL") || !strings.Contains(said, "hookctl get toy/id-2") {
		t.Errorf("error %v, notices %q", err, w.notices)
	}
}

func TestNothingReachedTheProvider(t *testing.T) {
	w := newWorld(t)
	w.server.Close()
	_, err := w.client.Create(context.Background(), spec, nil)
	wantKind(t, err, fault.Unavailable)
	if p := w.pending(); len(p) != 0 {
		t.Errorf("a request that was certainly not sent left %d entries", len(p))
	}
}

func TestStoreFailsAfterTheAnswer(t *testing.T) {
	w := newWorld(t)
	good := w.store
	w.store = brokenStore{Store: good, put: errors.New("disk full")}
	w.open()
	_, err := w.client.Create(context.Background(), spec, nil)
	wantKind(t, err, fault.Custody, "disk full", "journal", "recover")
	p := w.pending()
	if len(p) != 1 || !bytes.Contains(p[0].Answer, []byte(canary)) {
		t.Fatal("the journal does not hold the answer")
	}
	if found := w.recover(); len(found) != 1 || found[0].Settled() || !strings.Contains(found[0].Detail, "disk full") || found[0].Next == "" || len(w.pending()) != 1 {
		t.Errorf("with the store as it was, recover found %+v", found)
	}
	// Room for a record is enough.
	w.store = brokenStore{Store: good, check: errors.New("no room for the probe")}
	w.open()
	if found := w.recover(); len(found) != 1 || found[0].State != StateKept {
		t.Errorf("recover found %+v", found)
	}
}

func TestAFailingSinkIsReported(t *testing.T) {
	w := newWorld(t)
	good := &memorySink{word: "file:good"}
	bad := &memorySink{word: "exec:vault put 'x y'", put: errors.New("exit status 1")}
	got, err := w.client.Create(context.Background(), spec, []sink.Sink{bad, good})
	wantKind(t, err, fault.Custody, "exit status 1", "secrets push toy/id-1 --to", `'exec:vault put '\''x y'\'''`)
	if strings.Contains(fault.HintOf(err).String(), "good") {
		t.Error("the hint repeats a sink that was filled")
	}
	if good.got != canary || len(got.Sinks) != 2 || got.Sinks[0].Err == nil || got.Sinks[1].Err != nil {
		t.Errorf("results %+v", got.Sinks)
	}
	if _, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"}); err != nil {
		t.Error("the store was undone")
	}
}

func TestInterruptedCreateStillKeepsTheSecret(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	answer := w.answer
	w.answer = func(rw http.ResponseWriter) {
		cancel()
		time.Sleep(50 * time.Millisecond) // the answer comes after the interrupt
		answer(rw)
	}
	got, err := w.client.Create(ctx, spec, nil)
	if err != nil || got.Record.Secret.Reveal() != canary {
		t.Fatalf("an interrupt lost the secret: %v", err)
	}
}

func TestSecondInterruptStopsWaiting(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	hurry := make(chan struct{})
	release := make(chan struct{})
	defer close(release)
	w.client.custody.Abort = hurry
	w.client.access.HTTP = httpx.New(httpx.Options{Timeout: time.Minute}) // not what ends the wait
	w.answer = func(http.ResponseWriter) {
		w.mu.Unlock() // or nothing can be said
		defer w.mu.Lock()
		cancel()
		close(hurry)
		<-release
	}
	done := make(chan error, 1)
	go func() { _, err := w.client.Create(ctx, spec, nil); done <- err }()
	select {
	case err := <-done:
		wantKind(t, err, fault.Custody, "recover")
	case <-time.After(interruptGrace - time.Second):
		t.Fatal("a second interrupt did not stop the wait")
	}
	if p := w.pending(); len(p) != 1 || len(p[0].Phases) != 1 || p[0].Phases[0].Name != "unknown" {
		t.Errorf("entries %+v after an interrupted create", p)
	}
	if said := strings.Join(w.notices, "\n"); !strings.Contains(said, "interrupted: waiting up to 10s for Toy") || !strings.Contains(said, "interrupt again") {
		t.Errorf("said %q", said)
	}
}

// A sink is waited for after an interrupt, and that is said; a second one ends the
// wait, and the secret stays where it is kept.
func TestSecondInterruptEndsTheWaitForSinks(t *testing.T) {
	for _, again := range []bool{false, true} {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(context.Background())
		hurry := make(chan struct{})
		w.client.custody.Abort = hurry
		said := make(chan string, 1)
		w.client.custody.Notify = func(line string) { said <- line }
		slow := waitingSink{&memorySink{word: "exec:slow"}, func(ctx context.Context) error {
			cancel()
			if line := <-said; line != "interrupted: waiting until every sink has the secret (interrupt again to stop waiting)" {
				t.Errorf("said %q", line)
			}
			if !again {
				return ctx.Err()
			}
			close(hurry)
			<-ctx.Done()
			return ctx.Err()
		}}
		got, err := w.client.Create(ctx, spec, []sink.Sink{slow})
		if !again {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantKind(t, err, fault.Custody, "kept in the store", "exec:slow")
		rec, gerr := w.store.Get(context.Background(), got.Record.Ref())
		if gerr != nil || rec.Secret.Reveal() != canary || !slices.Equal(rec.Unfilled, []string{"exec:slow"}) {
			t.Errorf("%v, unfilled %q", gerr, rec.Unfilled)
		}
	}
}

// waitingSink does what a test says in place of Put.
type waitingSink struct {
	*memorySink
	wait func(context.Context) error
}

func (s waitingSink) Put(ctx context.Context, _ sink.Item) error { return s.wait(ctx) }

func TestInterruptBeforeTheRequestSendsNothing(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.client.Create(ctx, spec, nil)
	wantKind(t, err, fault.Interrupted)
	if w.posts != 0 || len(w.pending()) != 0 {
		t.Errorf("%d requests, %d entries", w.posts, len(w.pending()))
	}
}

func TestRecoverLeavesLiveCreatesAlone(t *testing.T) {
	w := newWorld(t)
	entry, err := w.journal.Begin(context.Background(), secret.Intent{Operation: "create", Provider: "toy", URL: spec.URL, StartedAt: w.now}, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if found := w.recover(); len(found) != 0 {
		t.Errorf("recover touched a live create: %+v", found)
	}
	if err := entry.Remove(); err != nil {
		t.Error(err)
	}
}

func TestRecoverWaitsForLaggingLists(t *testing.T) {
	w := newWorld(t)
	w.answer = func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	if _, err := w.client.Create(context.Background(), spec, nil); fault.KindOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
	r := w.recovery()
	var waited time.Duration
	r.Sleep = func(_ context.Context, d time.Duration) error {
		waited += d
		w.mu.Lock()
		w.rows = []provider.Webhook{row("id-9", w.now)}
		w.mu.Unlock()
		return nil
	}
	found, err := r.Run(context.Background())
	if err != nil || len(found) != 1 || found[0].State != StateOrphan || waited <= 0 || waited > settleAge {
		t.Errorf("found %+v after %s: %v", found, waited, err)
	}
}

func TestRecoverSeesASecretThatWasSetByHand(t *testing.T) {
	w := newWorld(t)
	w.rows = []provider.Webhook{row("id-9", w.now)}
	w.answer = func(rw http.ResponseWriter) { _, _ = io.WriteString(rw, "key: "+canary) }
	if _, err := w.client.Create(context.Background(), spec, nil); fault.KindOf(err) != fault.Custody {
		t.Fatal(err)
	}
	rec := secret.Record{Provider: "toy", ID: "id-9"}
	rec.Supersede(secret.New(canary), w.now.Add(time.Minute))
	if err := w.store.Put(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	if found := w.recover(); len(found) != 1 || found[0].State != StateKept || found[0].ID != "id-9" {
		t.Errorf("found %+v", found)
	}
	if len(w.pending()) != 0 {
		t.Error("the entry stays")
	}
}

func TestRecoverWithoutAProvider(t *testing.T) {
	w := newWorld(t)
	w.answer = func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	_, _ = w.client.Create(context.Background(), spec, nil)
	r := w.recovery()
	r.Open = func(context.Context, secret.Intent) (*Client, error) {
		return nil, fault.Errorf(fault.Auth, "no credentials").WithHint("hookctl login toy")
	}
	found, err := r.Run(context.Background())
	if err != nil || len(found) != 1 || found[0].State != StateUnknown || !strings.Contains(found[0].Detail, "hookctl login toy") {
		t.Errorf("found %+v: %v", found, err)
	}
	if len(w.pending()) != 1 {
		t.Error("an unsettled entry was removed")
	}
}

// A record that cannot be marked is said; a webhook that is gone already is
// marked, and that it was gone is said too.
func TestDeleteOfWhatIsGone(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.Create(context.Background(), spec, nil); err != nil {
		t.Fatal(err)
	}
	w.client.raw = goneRaw{w.client.raw}
	good := w.store
	w.client.custody.Store = brokenStore{Store: good, put: errors.New("disk full")}
	err := w.client.Delete(context.Background(), "id-1")
	wantKind(t, err, fault.Other, "id-1 was removed at the provider", "disk full")
	w.client.custody.Store = good
	first := w.now
	for range 2 { // the second time leaves the mark of the first
		wantKind(t, w.client.Delete(context.Background(), "id-1"), fault.Refused, "no webhook")
		if rec, err := good.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"}); err != nil || !rec.DeletedAt.Equal(first) {
			t.Errorf("deleted at %s: %v", rec.DeletedAt, err)
		}
		w.now = w.now.Add(time.Hour)
	}
	if code := fault.Code(w.client.Delete(context.Background(), "never there")); code != "not-found" {
		t.Error(code)
	}
}

// goneRaw is a provider that has no webhook.
type goneRaw struct{ provider.Provider }

func (goneRaw) Delete(_ context.Context, id string) error {
	return fault.Errorf(fault.Refused, "no webhook %q", id).WithCode("not-found")
}

// Where there is no store, nobody can have replaced the webhook either.
func TestDeleteWithoutAStore(t *testing.T) {
	w := newWorld(t)
	removed := ""
	w.deleted = func(id string) { removed = id }
	file := filepath.Join(w.dir, "a file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.client.custody.Journal = secret.OpenFileStore("", secret.FileStoreOptions{}).OpenJournal(filepath.Join(file, "journal"))
	if err := w.client.Delete(context.Background(), "id-1"); err != nil || removed != "id-1" {
		t.Errorf("removed %q: %v", removed, err)
	}
}

func TestMarkGone(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	if _, err := w.client.Create(ctx, spec, nil); err != nil {
		t.Fatal(err)
	}
	deleted := func() bool {
		rec, err := w.store.Get(ctx, secret.Ref{Provider: "toy", ID: "id-1"})
		if err != nil {
			t.Fatal(err)
		}
		return !rec.DeletedAt.IsZero()
	}
	for name, rows := range map[string][]provider.Webhook{"listed": {row("id-0", w.now), row("id-1", w.now)}, "one may be it": {{Unreadable: "no object"}}} {
		w.rows = rows
		if gone, err := w.client.MarkGone(ctx, "id-1"); gone || err != nil || deleted() {
			t.Errorf("%s: %v, %v", name, gone, err)
		}
	}
	w.list = func(rw http.ResponseWriter) { rw.WriteHeader(500) }
	if gone, err := w.client.MarkGone(ctx, "id-1"); gone || fault.KindOf(err) != fault.Unavailable || deleted() {
		t.Errorf("the list fails: %v, %v", gone, err)
	}
	w.list, w.rows = nil, []provider.Webhook{row("id-0", w.now)}
	w.client.custody.Store = brokenStore{Store: w.store, put: errors.New("disk full")}
	if _, err := w.client.MarkGone(ctx, "id-1"); err == nil || deleted() {
		t.Errorf("it cannot be marked: %v", err)
	}
	w.client.custody.Store = w.store
	if gone, err := w.client.MarkGone(ctx, "id-1"); !gone || err != nil || !deleted() {
		t.Errorf("not listed: %v, %v", gone, err)
	}
}

// obedient is a toy whose webhooks can be changed in place.
type obedient struct{ provider.Provider }

func (obedient) Update(_ context.Context, id string, _ provider.Change) (provider.Webhook, error) {
	kind := "basic"
	return provider.Webhook{ID: id, AuthType: &kind}, nil
}

// TestUpdateMarksTheAuthentication: what a provider never tells again is
// recognised in its record, and a wrong mark would hide a difference.
func TestUpdateMarksTheAuthentication(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	with := spec
	with.AuthType, with.AuthData = "bearer", secret.New(`{"token":"t"}`)
	made, err := w.client.Create(ctx, with, nil)
	if err != nil || made.Record.Auth == nil || !made.Record.Auth.Fits("bearer", with.AuthData) {
		t.Fatalf("of a create: %+v, %v", made.Record.Auth, err)
	}
	w.client.raw = obedient{w.client.raw}
	mark := func() *secret.AuthMark {
		rec, err := w.store.Get(ctx, secret.Ref{Provider: "toy", ID: "id-1"})
		if err != nil {
			t.Fatal(err)
		}
		return rec.Auth
	}
	update := func(ch provider.Change) {
		if _, err := w.client.Update(ctx, provider.Webhook{ID: "id-1"}, ch); err != nil {
			t.Fatal(err)
		}
	}
	name, kind, data := "n", "header", secret.New(`{"name":"a","value":"b"}`)
	if update(provider.Change{Name: &name}); mark() == nil || !mark().Fits("bearer", with.AuthData) {
		t.Error("another change takes the mark away")
	}
	if update(provider.Change{AuthType: &kind, AuthData: data}); mark() == nil || !mark().Fits("header", data) {
		t.Error("of a type with data")
	}
	if update(provider.Change{AuthData: data}); mark() == nil || !mark().Fits("basic", data) {
		t.Error("the type that the provider has")
	}
	if update(provider.Change{AuthType: &kind}); mark() != nil {
		t.Error("a type without data")
	}
	if len(w.notices) > 0 {
		t.Errorf("said %q", w.notices)
	}
	if _, err := w.client.Update(ctx, provider.Webhook{ID: "never kept"}, provider.Change{AuthData: data}); err != nil || len(w.notices) > 0 {
		t.Errorf("without a record: %v, said %q", err, w.notices)
	}
	if _, err := (&Client{driver: w.client.driver, custody: w.client.custody, raw: toy{}}).Update(ctx, provider.Webhook{ID: "id-1"}, provider.Change{AuthData: data}); !errors.Is(err, errors.ErrUnsupported) || mark() != nil {
		t.Errorf("an update that fails: %v, mark %v", err, mark())
	}
	w.client.custody.Store = brokenStore{Store: w.store, put: errors.New("disk full")}
	if update(provider.Change{AuthData: data}); !strings.Contains(strings.Join(w.notices, "\n"), "toy/id-1 could not be updated: disk full") {
		t.Errorf("said %q", w.notices)
	}
}

// TestLastResort: a secret that neither the store nor the journal has is shown
// once, and the error says whether anybody could see it.
func TestLastResort(t *testing.T) {
	for name, c := range map[string]struct {
		resort bool // there is one
		seen   bool
		words  string
	}{"seen": {true, true, "shown above, once"}, "not seen": {true, false, "it is lost, unless"}, "none": {false, false, "it is lost, unless"}} {
		w := newWorld(t)
		w.deafJournal()
		w.client.custody.Store = brokenStore{Store: w.store, put: errors.New("disk full")}
		shown := ""
		if c.resort {
			w.client.custody.LastResort = func(ref secret.Ref, s secret.Value) bool {
				shown = ref.Provider + "/" + ref.ID + " " + s.Reveal()
				return c.seen
			}
		}
		_, err := w.client.Create(context.Background(), spec, nil)
		wantKind(t, err, fault.Custody, c.words, "disk full", "hookctl secrets set toy/id-1")
		if fault.Code(err) != "secret-not-kept" || (shown == "toy/id-1 "+canary) != c.resort {
			t.Errorf("%s: code %s, shown %q", name, fault.Code(err), shown)
		}
	}
}

func TestDeleteMarksTheRecord(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.Create(context.Background(), spec, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.client.Delete(context.Background(), "id-1"); err != nil || len(w.notices) > 0 {
		t.Fatal(err, w.notices)
	}
	rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"})
	if err != nil || !rec.DeletedAt.Equal(w.now) || rec.Secret.Reveal() != canary {
		t.Errorf("record %+v: %v", rec, err)
	}
}

// memorySink is a sink whose behaviour a test chooses.
type memorySink struct {
	word       string
	check, put error
	got        string
}

func (m *memorySink) String() string                         { return m.word }
func (m *memorySink) For(it sink.Item) string                { return sink.SpecFor(m.word, it) }
func (m *memorySink) Check(context.Context, sink.Item) error { return m.check }
func (m *memorySink) Put(_ context.Context, it sink.Item) error {
	if m.put == nil {
		m.got = it.Secret.Reveal()
	}
	return m.put
}

// brokenStore fails where a test wants it to.
type brokenStore struct {
	secret.Store
	check, put error
}

func (b brokenStore) Check(ctx context.Context) error {
	if b.check != nil {
		return b.check
	}
	return b.Store.Check(ctx)
}

func (b brokenStore) Put(ctx context.Context, r secret.Record) error {
	if b.put != nil {
		return b.put
	}
	return b.Store.Put(ctx, r)
}
