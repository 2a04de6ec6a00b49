package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// listening is a `hookctl listen` of this process.
type listening struct {
	t    *testing.T
	url  string
	stop context.CancelFunc // Ctrl-C
	done chan struct{}
	code int
	out  lockedBuffer
	errs lockedBuffer
}

// lockedBuffer can be looked at while somebody writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startListen runs the command in env and waits until it receives deliveries.
func startListen(t *testing.T, env *Env, args ...string) *listening {
	t.Helper()
	urlFile := filepath.Join(t.TempDir(), "url.txt")
	l := beginListen(t, env, append([]string{"--url-file", urlFile}, args...)...)
	for {
		if text, err := os.ReadFile(urlFile); err == nil {
			l.url = strings.TrimSpace(string(text))
			if _, rest, ok := strings.Cut(l.errs.String(), "Listening at "); ok { // it may hold a public one
				l.url, _, _ = strings.Cut(rest, " ")
			}
			return l
		}
		select {
		case <-l.done:
			t.Fatalf("%q exited %d: %s", args, l.code, l.errs.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// beginListen runs the command in env.
func beginListen(t *testing.T, env *Env, args ...string) *listening {
	t.Helper()
	l := &listening{t: t, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	l.stop = cancel
	mine := *env
	mine.Streams.Out, mine.Streams.Err = &l.out, &l.errs
	mine.Now = time.Now
	go func() {
		defer close(l.done)
		l.code = Run(ctx, &mine, append([]string{"listen", "--addr", "127.0.0.1:0"}, args...))
	}()
	t.Cleanup(func() {
		cancel()
		<-l.done
	})
	return l
}

// ended waits for the end and checks the exit code.
func (l *listening) ended(want int) {
	l.t.Helper()
	select {
	case <-l.done:
	case <-time.After(20 * time.Second):
		l.t.Fatal("it does not end")
	}
	if l.code != want {
		l.t.Errorf("exit code %d, want %d: %s", l.code, want, l.errs.String())
	}
}

// post sends a delivery.
func (l *listening) post(header http.Header, body []byte) int {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Close = true
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		l.t.Error(err)
	}
	return res.StatusCode
}

// keep puts a webhook of WundertreOS's with this secret into the store.
func (w *world) keep(id, name, value string) {
	w.t.Helper()
	store := secret.OpenFileStore(w.dir, secret.FileStoreOptions{})
	if err := store.Put(w.t.Context(), secret.Record{
		Provider: "wundertreos", ID: id, Profile: "default", Origin: "https://api.wundertreos.com", Name: name,
		URL: "https://example.com", Events: []string{"contact.created"}, Secret: secret.New(value), CreatedAt: time.Unix(1, 0),
	}); err != nil {
		w.t.Fatal(err)
	}
}

// signedDelivery is a signed one of WundertreOS's.
func signedDelivery(t testing.TB, value, id, event string) (http.Header, []byte) {
	t.Helper()
	for _, d := range all.Drivers() {
		if d.Name != "wundertreos" {
			continue
		}
		body, err := json.Marshal(map[string]any{"id": id, "event_type": event, "delivered_at": "2026-05-17T14:30:00Z"})
		if err != nil {
			t.Fatal(err)
		}
		sig, err := d.Scheme.Sign(secret.New(value), "", body)
		if err != nil {
			t.Fatal(err)
		}
		return http.Header{"X-Wunder-Signature": {sig}, "X-Hook-Signature": {sig}}, body
	}
	t.Fatal("there is no wundertreos")
	return nil, nil
}

func TestListenOutput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("w-1", "Lead sync", "a secret")
	save := filepath.Join(t.TempDir(), "captures")
	l := startListen(t, w.env, "-o", "ndjson", "--save", save, "--save-invalid", "--count", "2")
	good, body := signedDelivery(t, "a secret", "ev\x1b[2J", "contact.created")
	if got := l.post(good, append(body, '\n')); got != 401 {
		t.Errorf("answered %d", got)
	}
	if got := l.post(good, body); got != 200 {
		t.Errorf("answered %d", got)
	}
	if got := l.post(good, body); got != 200 {
		t.Errorf("answered %d", got)
	}
	good, body = signedDelivery(t, "a secret", "2", "deal.created")
	if got := l.post(good, body); got != 200 {
		t.Errorf("answered %d", got)
	}
	l.ended(0)
	ready, rest, _ := strings.Cut(strings.TrimSpace(l.out.String()), "\n")
	if !strings.HasPrefix(ready, `{"type":"ready","url":"http://127.0.0.1:`) || strings.Contains(ready, `"ui"`) {
		t.Errorf("begins with %s", ready)
	}
	lines := strings.Split(strings.TrimSuffix(rest, "\n"+`{"type":"stopped"}`), "\n")
	if len(lines) != 4 || !strings.HasSuffix(rest, "\n"+`{"type":"stopped"}`) {
		t.Fatalf("%d lines: %s", len(lines), l.out.String())
	}
	type object struct {
		Valid     *bool
		Reason    string
		EventID   string `json:"event_id"`
		Webhook   *string
		Duplicate bool
		Saved     bool
		Status    int
		Diagnosis []struct{ Cause string }
	}
	var got []object
	for _, line := range lines {
		if strings.ContainsRune(line, '\x1b') {
			t.Errorf("a delivery drives the terminal: %q", line)
		}
		var o object
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		got = append(got, o)
	}
	if o := got[0]; *o.Valid || o.Reason != "mismatch" || !o.Saved || o.Status != 401 || len(o.Diagnosis) == 0 || o.Diagnosis[0].Cause != "trailing-newline" || o.Webhook != nil {
		t.Errorf("%s", lines[0])
	}
	if o := got[1]; !*o.Valid || o.Reason != "ok" || !o.Saved || o.Duplicate || o.Status != 200 || o.EventID != "ev\x1b[2J" || *o.Webhook != "Lead sync" {
		t.Errorf("%s", lines[1])
	}
	if o := got[2]; !*o.Valid || !o.Duplicate || !o.Saved || o.Status != 200 {
		t.Errorf("%s", lines[2])
	}
	if !strings.Contains(l.errs.String(), "4 deliveries: 3 accepted, 1 invalid (1 mismatch), 1 duplicate") ||
		!strings.Contains(l.errs.String(), "3 saved in "+filepath.Join(save, keptFile)) {
		t.Errorf("summary: %s", l.errs.String())
	}
	// What was kept verifies, each with its verdict.
	w.run(0, "verify", filepath.Join(save, keptFile))
	w.run(3, "verify", filepath.Join(save, rejectedFile))
}

// TestListenFormats: an ended run leaves a whole document.
func TestListenFormats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("w-1", "Lead sync", "a secret")
	header, body := signedDelivery(t, "a secret", "1", "contact.created")
	for format, want := range map[string]string{
		"json": "\"event_id\": \"1\"", "yaml": "event_id: ", "name": "1\n", "table": "wundertreos   contact.created",
	} {
		l := startListen(t, w.env, "-o", format)
		l.post(header, body)
		for !strings.Contains(l.out.String(), want) { // shown at once, not at the end
			time.Sleep(time.Millisecond)
		}
		l.stop()
		l.ended(0)
		if format == "json" {
			var list []any
			if err := json.Unmarshal([]byte(l.out.String()), &list); err != nil || len(list) != 1 {
				t.Errorf("%v: %s", err, l.out.String())
			}
		}
	}
}

func TestListenNoVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := startListen(t, w.env, "--no-verify", "--count", "2")
	l.post(http.Header{}, []byte("anything"))
	l.post(http.Header{}, []byte("anything else"))
	l.ended(0)
	if n := strings.Count(l.out.String(), "NOT VERIFIED"); n != 2 {
		t.Errorf("stated %d times:\n%s", n, l.out.String())
	}
	if !strings.Contains(l.errs.String(), "warning: hookctl does not verify signatures") {
		t.Error(l.errs.String())
	}
}

func TestListenUntil(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("w-1", "", "a secret")
	l := startListen(t, w.env, "--until", "new_contact,deal.*", "--timeout", "1m")
	for _, event := range []string{"contact.created", "deal.updated"} {
		header, body := signedDelivery(t, "a secret", event, event)
		if got := l.post(header, body); got != 200 {
			t.Errorf("answered %d", got)
		}
	}
	l.ended(0)
	l = startListen(t, w.env, "--until", "deal.created", "--timeout", "100ms", "-o", "json")
	l.ended(3)
	if !strings.Contains(l.errs.String(), `"code":"timeout","exit_code":3`) || strings.TrimSpace(l.out.String()) != "[]" {
		t.Errorf("%s%s", l.out.String(), l.errs.String())
	}
}

func TestListenForward(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("w-1", "", "a secret")
	var got atomic.Int64
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		got.Add(1)
		rw.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(app.Close)
	l := startListen(t, w.env, "--forward-to", strings.TrimPrefix(app.URL, "http://127.0.0.1")+"/hook", "--once")
	header, body := signedDelivery(t, "a secret", "1", "contact.created")
	if status := l.post(header, []byte("tampered")); status != 401 {
		t.Errorf("answered %d", status)
	}
	if status := l.post(header, body); status != 202 {
		t.Errorf("answered %d", status)
	}
	l.ended(0)
	if got.Load() != 1 || !strings.Contains(l.out.String(), "202") || !strings.Contains(l.errs.String(), "1 forwarded to http://localhost"+strings.TrimPrefix(app.URL, "http://127.0.0.1")) {
		t.Errorf("%d forwarded\n%s%s", got.Load(), l.out.String(), l.errs.String())
	}
}

// TestListenUsage: what is wrong is found before anything is opened or made.
func TestListenUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(2, "listen")
	w.said("no secret is available", "--no-verify")
	w.run(2, "listen", "--save-invalid", "--timeout", "5s")
	w.said("--save-invalid needs --save")
	w.keep("w-1", "Lead sync", "a secret")
	dir := t.TempDir()
	for _, c := range []struct{ args, said string }{
		{"--addr nonsense", "not an address"},
		{"--addr 127.0.0.1:99999", "not an address"},
		{"--addr 127.0.0.1:http", "not an address"},
		{"--max-body 0", "not a size"},
		{"--max-body 33MiB", "not a size"},
		{"--max-body 1GiB", "not a size"},
		{"--count 0", "is less than 1"},
		{"--count 2 --once", "once"},
		{"--timeout 0s", "not a positive duration"},
		{"--forward-timeout -1s --forward-to http://x", "not a positive duration"},
		{"--save=", "--save is empty"},
		{"--save= --save-invalid", "--save is empty"},
		{"--forward-to example.com/hook", "must begin with http:// or https://"},
		{"--forward-to 127.0.0.1:99999", "port"},
		{"--forward-to ftp://x", "must begin with http:// or https://"},
		{"--forward-to http://u:hunter2@x", "without credentials"},
		{"--forward-to u:hunter2@x:3000", "must begin with http:// or https://"},
		{"--public-url https://u:hunter2@x.example --tunnel exec:nothing", "--public-url contains a user name or password"},
		{"--public-url nonsense --tunnel exec:nothing", "--public-url: "},
		{"--tunnel ssh:me:hunter2@x", "contains a colon"},
		{"--tunnel ssh:me:hunter2@", "contains a colon"},
		{"--until contact.creatd", "did you mean contact.created"},
		{"--until new_contact,nosuch*", "nosuch*"},
		{"--until [", "pattern"},
		{"--until contact.created,", "an empty event"},
		{"--provider nosuch", "unknown provider"},
		{"--no-verify --provider nosuch", "unknown provider"},
		{"--no-verify --webhook x", "cannot be used together: keep one"},
		{"--no-verify --create zyntro --public-url https://x.example", "cannot be used together: keep one"},
		{"--webhook nosuch", "no secret is kept"},
		{"--secret-env UNSET", "is not set"},
		{"--key-encoding rot13", "key encoding"},
		{"--event contact.created", "--create"},
		{"--create zyntro", "public-url"},
		{"--public-url https://x.example", "create"},
		{"--create nosuch --public-url https://x.example", "unknown provider"},
		{"--create zyntro --public-url not-a-url", "--public-url"},
		{"--create zyntro --public-url https://x.example --event nosuch", "no such event"},
		{"--create zyntro --public-url https://x.example --provider wundertreos", "--provider says"},
		{"nonsense", "no argument"},
	} {
		w.run(2, append([]string{"listen", "--timeout", "5s", "--save", filepath.Join(dir, "none")}, strings.Fields(c.args)...)...)
		if strings.Contains(w.errs.String(), "hunter2") {
			t.Errorf("%s: a password is shown", c.args)
		}
		w.said(c.said)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("a wrong call left something behind: %v, %v", entries, err)
	}
	for name, box := range w.boxes {
		if box.Webhooks() != 0 {
			t.Errorf("a wrong call made a webhook at %s", name)
		}
	}
}

func TestListenAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("w-1", "", "a secret")
	l := startListen(t, w.env)
	if !strings.HasPrefix(l.url, "http://127.0.0.1:") || strings.Contains(l.errs.String(), "other machines") {
		t.Errorf("%s: %s", l.url, l.errs.String())
	}
	for _, hint := range []string{"--tunnel cloudflared", "--create", "a tunnel to 127.0.0.1:"} {
		if !strings.Contains(l.errs.String(), hint) {
			t.Errorf("%q is not said: %s", hint, l.errs.String())
		}
	}
	// The same address again is taken, and the target of a forward not itself.
	addr := strings.TrimSuffix(strings.TrimPrefix(l.url, "http://"), "/")
	w.run(1, "listen", "--addr", addr, "--timeout", "5s")
	w.said("choose another address")
	l.stop()
	l.ended(0)
	w.run(2, "listen", "--addr", addr, "--forward-to", "http://localhost:"+addr[strings.LastIndexByte(addr, ':')+1:]+"/x", "--timeout", "5s")
	w.said("is the address of the listener itself")
	for open, shown := range map[string]string{"0.0.0.0:0": "http://127.0.0.1:", ":0": "http://"} {
		l := startListen(t, w.env, "--addr", open)
		header, body := signedDelivery(t, "a secret", "1", "contact.created")
		if got := l.post(header, body); got != 200 || !strings.HasPrefix(l.url, shown) {
			t.Errorf("%s: answered %d", l.url, got)
		}
		l.stop()
		l.ended(0)
		if n := strings.Count(l.errs.String(), "warning: other machines can reach "); n != 1 {
			t.Errorf("warned %d times: %s", n, l.errs.String())
		}
	}
	l = startListen(t, w.env, "--addr", "0.0.0.0:0", "--no-verify", "-q")
	if !strings.Contains(l.errs.String(), "everything that they send is accepted") || strings.Contains(l.errs.String(), "cloudflared") {
		t.Error(l.errs.String())
	}
}

// session is a world whose sandboxes deliver to the listener.
type session struct {
	*world
	addr atomic.Value // of the listener, as host:port
	fail atomic.Bool  // requests that are neither a create nor a list
}

func newSession(t *testing.T) *session {
	t.Helper()
	s := &session{world: &world{t: t, dir: filepath.Join(t.TempDir(), "config"), boxes: map[string]provider.Sandbox{}}}
	s.env = &Env{
		Streams: term.Streams{In: strings.NewReader(""), Out: &s.out, Err: &s.errs, Width: wide},
		Environ: []string{"HOOKCTL_CONFIG_DIR=" + s.dir}, Now: time.Now, Drivers: all.Drivers(), Version: "test",
		Sleep: func(context.Context, time.Duration) error { return nil },
	}
	// Every host is the listener: the webhooks' URLs may name another one, and https.
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", s.addr.Load().(string))
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true}}
	for _, d := range s.env.Drivers {
		box := d.NewSandbox(provider.SandboxOptions{Now: time.Now, Deliver: providertest.Deliverer(client)})
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if s.fail.Load() && kindOfRequest(r) == "other" {
				rw.WriteHeader(http.StatusInternalServerError)
				return
			}
			box.ServeHTTP(rw, r)
		}))
		t.Cleanup(server.Close)
		s.boxes[d.Name] = box
		s.env.Environ = append(s.env.Environ, sandbox.Environ(d, box, strings.TrimPrefix(server.URL, "http://"))...)
	}
	return s
}

func (s *session) start(args ...string) *listening {
	s.t.Helper()
	l := startListen(s.t, s.env, args...)
	s.addr.Store(strings.TrimSuffix(strings.TrimPrefix(l.url, "http://"), "/"))
	return l
}

// records are those of the store.
func (s *session) records() []secret.Record {
	s.t.Helper()
	recs, _, err := secret.OpenFileStore(s.dir, secret.FileStoreOptions{}).List(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return recs
}

// TestListenCreate: the webhook of a session exists while it lasts, its
// deliveries are valid, and at the end it is gone and its record marked.
func TestListenCreate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ event, said string }{
		"zyntro":      {"invoice_paid", "has no delete, so the webhook stays in the list"},
		"wundertreos": {"contact.created", "Deleted the webhook wundertreos/"},
	} {
		for _, ending := range []string{"interrupt", "count"} {
			t.Run(name+" "+ending, func(t *testing.T) {
				t.Parallel()
				s := newSession(t)
				args := []string{"--create", name, "--public-url", "https://tunnel.example.com/x", "--event", c.event, "-o", "ndjson"}
				if ending == "count" {
					args = append(args, "--once")
				}
				l := s.start(args...)
				if n := s.boxes[name].Webhooks(); n != 1 {
					t.Fatalf("%d webhooks", n)
				}
				attempts, err := providertest.Emit(t.Context(), s.boxes[name], c.event)
				if err != nil || len(attempts) == 0 || attempts[0].Status != 200 || attempts[0].URL != "https://tunnel.example.com/x" {
					t.Fatalf("%+v, %v", attempts, err)
				}
				if ending == "interrupt" {
					l.stop()
				}
				l.ended(0)
				if !strings.Contains(l.out.String(), `"valid":true`) || !strings.Contains(l.errs.String(), c.said) {
					t.Errorf("%s%s", l.out.String(), l.errs.String())
				}
				recs := s.records()
				if n := s.boxes[name].Webhooks(); n != 0 || len(recs) != 1 || recs[0].DeletedAt.IsZero() || !strings.HasPrefix(recs[0].Name, "hookctl listen ") {
					t.Errorf("%d webhooks left, %+v", n, recs)
				}
			})
		}
	}
}

// TestListenPublicURL: of a URL that the user has named it is said whether a request to it
// arrives, and nothing is claimed before.
func TestListenPublicURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		leads bool
		said  string
	}{
		"leads here":      {true, "Checked: a request to %s arrives here.\n"},
		"leads elsewhere": {false, "warning: it could not be checked that deliveries to %s arrive here: another server answered with 418. Ignore this if only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t)
			var to atomic.Pointer[http.Handler]
			named := make(chan struct{})
			edge := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				<-named
				if c.leads {
					(*to.Load()).ServeHTTP(rw, r)
				} else {
					rw.WriteHeader(http.StatusTeapot)
				}
			}))
			t.Cleanup(edge.Close)
			s.env.TLS = &tls.Config{InsecureSkipVerify: true}
			public := edge.URL + "/x/?q=1"
			l := startListen(t, s.env, "--create", "zyntro", "--public-url", public)
			at, err := url.Parse(l.url)
			if err != nil {
				t.Fatal(err)
			}
			h := http.Handler(httputil.NewSingleHostReverseProxy(at))
			to.Store(&h)
			close(named)
			want := fmt.Sprintf(c.said, public)
			for end := time.Now().Add(20 * time.Second); !strings.Contains(l.errs.String(), want) && time.Now().Before(end); time.Sleep(time.Millisecond) {
			}
			if said := l.errs.String(); !strings.Contains(said, want) || !strings.Contains(said, "Ready: deliveries to "+public+" should arrive here.\n") {
				t.Error(said)
			}
			l.stop()
			l.ended(0)
		})
	}
}

// TestListenCreateFails: where it cannot be removed, that is an error that says
// how; where it cannot be made, nothing is received.
func TestListenCreateFails(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	args := []string{"--create", "wundertreos", "--public-url", "https://tunnel.example.com/x", "--request-timeout", "1s"}
	l := s.start(args...)
	s.fail.Store(true)
	l.stop()
	l.ended(6)
	id := s.records()[0].ID
	if !strings.Contains(l.errs.String(), "Removing the webhook wundertreos/"+id+" (to keep it, press Ctrl-C again)\n") || !strings.Contains(l.errs.String(), "still exists") || !strings.Contains(l.errs.String(), "hookctl delete wundertreos/"+id) {
		t.Error(l.errs.String())
	}
	s.fail.Store(false)
	l = s.start(append(args, "--profile", "default")...) // the next one names what is left
	l.stop()
	l.ended(0)
	if n := strings.Count(l.errs.String(), "remains from an earlier session"); n != 1 || !strings.Contains(l.errs.String(), "Remove it with: hookctl delete wundertreos/"+id+" --profile default\n") {
		t.Error(l.errs.String())
	}

	hurried := *s.env
	hurry := make(chan struct{})
	hurried.Hurry = hurry
	close(hurry)
	l = startListen(t, &hurried, args...)
	l.stop()
	select {
	case <-l.done:
	case <-time.After(20 * time.Second):
		t.Fatal("a second interrupt does not end it")
	}

	broken := *s.env
	broken.Environ = append(append([]string{}, s.env.Environ...), "HOOKCTL_WUNDERTREOS_API_KEY=wrong")
	before := s.boxes["wundertreos"].Webhooks()
	var out, errs bytes.Buffer
	broken.Streams.Out, broken.Streams.Err = &out, &errs
	if code := Run(t.Context(), &broken, append([]string{"listen", "--timeout", "5s"}, args...)); code != 4 {
		t.Errorf("exit code %d: %s", code, &errs)
	}
	if s.boxes["wundertreos"].Webhooks() != before || strings.Contains(errs.String(), "Listening at") {
		t.Error(errs.String())
	}
	// A file that cannot be written comes too late: the webhook is removed again.
	errs.Reset()
	broken.Environ = s.env.Environ
	if code := Run(t.Context(), &broken, append([]string{"listen", "--url-file", filepath.Join(t.TempDir(), "no", "such")}, args...)); code != 1 {
		t.Errorf("exit code %d: %s", code, &errs)
	}
	if !strings.Contains(errs.String(), "hookctl: --url-file: ") {
		t.Error(errs.String())
	}
	if s.boxes["wundertreos"].Webhooks() != before {
		t.Error("the webhook is left behind")
	}
}
