package tunnel

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/tunnel/tunneltest"
)

func TestMain(m *testing.M) {
	if code, ok := tunneltest.Run(os.Args, os.Environ(), os.Stdout, os.Stderr); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// clock is a clock that the test sets. Waits between attempts take no time; those
// for a limit or a tick take as long as the test wants.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration                // between two starts
	gates map[time.Duration]chan passing // of limits and ticks
}

// passing ends one wait.
type passing struct {
	goOn time.Duration
	done chan struct{}
}

func newClock() *clock {
	c := &clock{now: time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC), gates: map[time.Duration]chan passing{}}
	for _, d := range []time.Duration{firstTime, everyTime, patience, tick} {
		c.gates[d] = make(chan passing)
	}
	return c
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	short := time.After(time.Millisecond)
	if gate := c.gates[d]; gate != nil {
		select {
		case p := <-gate:
			c.mu.Lock()
			c.now = c.now.Add(p.goOn)
			c.mu.Unlock()
			close(p.done)
		case <-ctx.Done():
			return ctx.Err()
		}
		return nil
	}
	if d != pollEvery && d != retryEvery {
		c.mu.Lock()
		c.waits = append(c.waits, d)
		c.mu.Unlock()
	}
	select {
	case <-short:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// pass lets the time of one wait pass, and the clock go on so much.
func (c *clock) pass(t *testing.T, wait, goOn time.Duration) {
	t.Helper()
	p := passing{goOn, make(chan struct{})}
	select {
	case c.gates[wait] <- p:
		<-p.done
	case <-time.After(20 * time.Second):
		t.Fatalf("nobody waits for %s", wait)
	}
}

// world is a listener, the network, and a tunnel between.
type world struct {
	t     *testing.T
	dir   string
	clock *clock
	o     Options

	mu     sync.Mutex
	nonces map[string]chan struct{}
	probes int
	pid    int
	got    []string // deliveries
	last   time.Time

	up, down chan string
	ended    chan error
	cancel   context.CancelFunc
}

func newWorld(t *testing.T, kind, mode string) *world {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins are links")
	}
	w := &world{t: t, dir: t.TempDir(), clock: newClock(), nonces: map[string]chan struct{}{},
		up: make(chan string, 100), down: make(chan string, 100), ended: make(chan error, 1)}
	bin := t.TempDir()
	tunneltest.Install(t, bin)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	proxy := tunneltest.Edge(t, w.dir)
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	k, err := Parse(kind)
	if err != nil {
		t.Fatal(err)
	}
	w.o = Options{
		Kind: k, Addr: s.Listener.Addr().String(),
		Environ: append(os.Environ(), tunneltest.EnvDir+"="+w.dir, tunneltest.EnvMode+"="+mode),
		HTTP: httpx.New(httpx.Options{TLS: &tls.Config{InsecureSkipVerify: true}, Getenv: func(name string) string {
			if name == "HTTPS_PROXY" {
				return proxy
			}
			return ""
		}}),
		Now: w.clock.Now, Sleep: w.clock.Sleep,
		Expect: w.expect,
		Last: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.last
		},
		Started: func(pid int) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.pid = pid
			return nil
		},
		Up:   func(_ context.Context, u string) error { w.up <- u; return nil },
		Down: func(why string, wait time.Duration) { w.down <- why },
	}
	return w
}

// ServeHTTP is the listener's part: it takes what is expected.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if nonce, ok := strings.CutPrefix(r.URL.Path, Prefix); ok {
		w.probes++
		if c := w.nonces[nonce]; c != nil {
			delete(w.nonces, nonce)
			close(c)
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		rw.WriteHeader(http.StatusNotFound)
		return
	}
	w.got = append(w.got, r.URL.Path)
}

func (w *world) expect(nonce string) (<-chan struct{}, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := make(chan struct{})
	w.nonces[nonce] = c
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.nonces, nonce)
	}
}

func (w *world) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	w.cancel = cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.ended <- Run(ctx, w.o)
	}()
	w.t.Cleanup(func() { cancel(); <-done })
}

func wait[T any](w *world, c <-chan T) T {
	w.t.Helper()
	select {
	case v := <-c:
		return v
	case err := <-w.ended:
		w.t.Fatalf("it ended: %v", err)
	case <-time.After(30 * time.Second):
		w.t.Fatal("it does not come")
	}
	panic("unreachable")
}

func (w *world) result() error {
	w.t.Helper()
	select {
	case err := <-w.ended:
		return err
	case <-time.After(30 * time.Second):
		w.t.Fatal("it does not end")
		return nil
	}
}

func (w *world) process() *os.Process {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	p, err := os.FindProcess(w.pid)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

var named = map[string]string{
	"cloudflared": ".trycloudflare.com", "ngrok": ".ngrok-free.app", "tailscale": ".tail1234.ts.net",
	"localhost.run": ".lhr.life", "exec:othertunnel {port}": ".other.example",
}

// TestKinds: each learns the URL of its program and proves it, also where the name
// is not known at first; nothing outlives the end.
func TestKinds(t *testing.T) {
	for kind, domain := range named {
		for _, mode := range []string{"", tunneltest.Late} {
			t.Run(kind+mode, func(t *testing.T) {
				w := newWorld(t, kind, mode)
				w.start()
				u := wait(w, w.up)
				if !strings.HasPrefix(u, "https://") || !strings.HasSuffix(u, domain) {
					t.Errorf("%q", u)
				}
				p := w.process()
				w.cancel()
				if err := w.result(); err != nil {
					t.Error(err)
				}
				if err := p.Signal(syscall.Signal(0)); err == nil {
					t.Error("the program goes on")
				}
			})
		}
	}
}

// TestNeverUp: what never works is an error that says what the program said.
func TestNeverUp(t *testing.T) {
	check := func(t *testing.T, err error, want string) {
		t.Helper()
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	t.Run("ends", func(t *testing.T) {
		w := newWorld(t, "ngrok", tunneltest.Ends)
		w.start()
		check(t, w.result(), "exit status 1; it printed:\n  ngrok: authentication failed")
		if n := len(tunneltest.Starts(t, w.dir)); n != mostStarts {
			t.Errorf("%d starts", n)
		}
		if got := w.clock.waits; len(got) != 4 || got[0] != 0 || got[1] != time.Second || got[2] != 2*time.Second || got[3] != 5*time.Second {
			t.Errorf("waits %v", got)
		}
	})
	for kind := range named {
		if strings.HasPrefix(kind, "exec:") {
			continue
		}
		t.Run("silent "+kind, func(t *testing.T) {
			w := newWorld(t, kind, tunneltest.Silent)
			w.start()
			w.clock.pass(t, firstTime, firstTime)
			check(t, w.result(), "it printed no URL")
		})
	}
	t.Run("nowhere", func(t *testing.T) {
		w := newWorld(t, "cloudflared", tunneltest.Nowhere)
		asked := make(chan struct{}, 100)
		expect := w.o.Expect
		w.o.Expect = func(nonce string) (<-chan struct{}, func()) {
			select {
			case asked <- struct{}{}:
			default:
			}
			return expect(nonce)
		}
		w.start()
		wait(w, asked)
		wait(w, asked) // the first has its answer
		w.clock.pass(t, firstTime, firstTime)
		check(t, w.result(), ".trycloudflare.com does not reach this listener: another server answered with 403")
	})
	t.Run("missing", func(t *testing.T) {
		w := newWorld(t, "exec:no-such-program", "")
		w.start()
		err := w.result()
		if fault.KindOf(err) != fault.Usage || fault.HintOf(err).String() == "" {
			t.Error(err)
		}
	})
}

// TestKilled: a program that is killed is started again, for ever, and its new URL
// is told.
func TestKilled(t *testing.T) {
	w := newWorld(t, "cloudflared", "")
	w.start()
	seen := map[string]bool{}
	for range 20 {
		u := wait(w, w.up)
		if seen[u] {
			t.Errorf("%q again", u)
		}
		seen[u] = true
		if err := w.process().Kill(); err != nil {
			t.Fatal(err)
		}
		if why := wait(w, w.down); !strings.HasPrefix(why, "it ended: signal: killed") {
			t.Errorf("%q", why)
		}
	}
	wait(w, w.up)
	w.cancel()
	if err := w.result(); err != nil {
		t.Error(err)
	}
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	want := []time.Duration{0, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 10 * time.Second}
	for i, d := range want {
		if w.clock.waits[i] != d {
			t.Errorf("waits %v", w.clock.waits)
			break
		}
	}
}

// TestUpError: the error of Up ends it.
func TestUpError(t *testing.T) {
	w := newWorld(t, "cloudflared", "")
	no := errors.New("no")
	w.o.Up = func(context.Context, string) error { return no }
	w.start()
	if err := w.result(); !errors.Is(err, no) {
		t.Error(err)
	}
}

// cut makes the URL lead nowhere, with the program running.
func (w *world) cut(u string) {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.dir, strings.TrimPrefix(u, "https://"))); err != nil {
		w.t.Fatal(err)
	}
}

// TestQuiet: without a delivery for five minutes a probe is sent, and where nothing
// comes through the program is started again.
func TestQuiet(t *testing.T) {
	w := newWorld(t, "cloudflared", "")
	w.start()
	u := wait(w, w.up)
	for range 9 {
		w.clock.pass(t, tick, tick)
	}
	w.mu.Lock()
	probes := w.probes
	w.last = w.clock.Now()
	w.mu.Unlock()
	for range 9 {
		w.clock.pass(t, tick, tick)
	}
	w.mu.Lock()
	if w.probes != probes {
		t.Error("a probe, although there was a delivery")
	}
	w.mu.Unlock()
	w.clock.pass(t, tick, tick)
	for range 3 { // the probe is sent and good
		w.clock.pass(t, tick, tick)
	}
	w.mu.Lock()
	if w.probes != probes+1 {
		t.Errorf("%d probes", w.probes-probes)
	}
	w.mu.Unlock()
	w.cut(u)
	for range 7 {
		w.clock.pass(t, tick, tick)
	}
	w.clock.pass(t, patience, 0)
	if why := wait(w, w.down); !strings.Contains(why, "does not reach this listener") {
		t.Errorf("%q", why)
	}
	if next := wait(w, w.up); next == u {
		t.Error("the same URL")
	}
}

// TestAwake: a clock that has jumped means that the machine has slept.
func TestAwake(t *testing.T) {
	w := newWorld(t, "cloudflared", "")
	w.start()
	u := wait(w, w.up)
	w.clock.pass(t, tick, tick)
	w.cut(u)
	w.clock.pass(t, tick, time.Hour)
	w.clock.pass(t, patience, 0)
	wait(w, w.down)
	wait(w, w.up)
}

// TestRenamed: a program that names another URL while it runs has moved, if that
// leads here and the old one does not.
func TestRenamed(t *testing.T) {
	w := newWorld(t, "localhost.run", "")
	w.start()
	u := wait(w, w.up)
	if err := os.WriteFile(filepath.Join(w.dir, "rename"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if next := wait(w, w.up); next == u {
		t.Error("the same URL")
	}
	if n := len(tunneltest.Starts(t, w.dir)); n != 1 {
		t.Errorf("%d starts", n)
	}
}

// TestPublic: a URL that is given is proved, whatever the program names.
func TestPublic(t *testing.T) {
	w := newWorld(t, "cloudflared", tunneltest.Steady)
	w.o.Public = "https://steady.trycloudflare.com/"
	w.start()
	if u := wait(w, w.up); u != "https://steady.trycloudflare.com" {
		t.Errorf("%q", u)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, argv := range map[string]string{
		"ssh:example.com":                 "-N -R *:0:127.0.0.1:8787 -- example.com",
		"ssh:me@example.com":              "-N -R *:0:127.0.0.1:8787 -l me -- example.com",
		"ssh:me@example.com:2222":         "-N -R *:0:127.0.0.1:8787 -p 2222 -l me -- example.com",
		"ssh:[::1]:2222":                  "-N -R *:0:127.0.0.1:8787 -p 2222 -- ::1",
		"exec:bore local '{port}' --to x": "local 8787 --to x",
		"exec:a":                          "",
		"tailscale":                       "funnel --yes http://127.0.0.1:8787",
	} {
		k, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got := strings.Join(k.argv(place{host: "127.0.0.1", port: "8787", remote: anyPort}), " ")
		if got != argv && !strings.HasSuffix(got, " "+argv) {
			t.Errorf("%q: %q, want %q", text, got, argv)
		}
		if want, _, _ := strings.Cut(text, " "); k.String() != want {
			t.Errorf("%q is %q, want %q", text, k, want)
		}
	}
	// What may be a credential is not told on.
	if k, err := Parse("exec:bore local {port} --secret hunter2"); err != nil || k.String() != "exec:bore" {
		t.Errorf("%s, %v", k, err)
	}
	if _, err := Parse("ssh:me:hunter2@host"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"", "clouflared", "ssh:", "ssh:@host", "ssh:-oProxyCommand=x", "ssh:me@-oProxyCommand=x", "ssh:h:port", "ssh:h:0", "ssh:h:99999", "ssh:a b", "exec:", "exec:'a", "exec:''"} {
		if _, err := Parse(text); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestOutput: what a program says is cut and cleaned.
func TestOutput(t *testing.T) {
	t.Parallel()
	var lines []string
	o := output{line: func(l string) { lines = append(lines, l) }}
	for range 30 {
		if _, err := o.Write([]byte("a \x1b[2Jline\r\n\n")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Write([]byte(strings.Repeat("x", 5000) + "\nthe end")); err != nil {
		t.Fatal(err)
	}
	last := o.tail()
	if len(last) != mostLines || last[0] != "a \ufffd[2Jline" || len(last[18]) != mostLine || last[19] != "the end" {
		t.Errorf("%q", last)
	}
	if len(lines) != 32 {
		t.Errorf("%d lines", len(lines))
	}
}

// TestFound: which URLs of a line may be the tunnel's.
func TestFound(t *testing.T) {
	t.Parallel()
	k, err := Parse("exec:x")
	if err != nil {
		t.Fatal(err)
	}
	at := place{host: "127.0.0.1", port: "8787"}
	for line, want := range map[string]string{
		"Forwarding https://a.example -> http://localhost:8787":            "https://a.example",
		"(see https://docs.example/x?y=1#z), or \"http://10.0.0.1:8787/\"": "https://docs.example/x?y=1#z",
		"http://127.0.0.1:9000 and http://[::1]:8787/":                     "http://127.0.0.1:9000",
		"no URL":                    "",
		"|  https://b.example/p  |": "https://b.example/p",
	} {
		if got := strings.Join(k.urls(at, line), " "); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	for text, want := range map[string]string{"https://a.example/?x=1#y": "https://a.example", "http://a/b/": "http://a/b", "ftp://a": "", "https://": "", "https://u:p@a": "", "https://a.example:8443/": "https://a.example:8443"} {
		if got := normal(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
