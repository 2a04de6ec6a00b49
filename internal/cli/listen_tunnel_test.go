//go:build unix

package cli

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/tunnel/tunneltest"
	"github.com/hookctl/hookctl/internal/verify"
)

// tunnelled is a session whose sandboxes reach the listener through a tunnel alone.
type tunnelled struct {
	*session
	net string // directory of the stand-ins
}

func newTunnelled(t *testing.T, mode string) *tunnelled {
	t.Helper()
	s := newSession(t)
	w := &tunnelled{session: s, net: t.TempDir()}
	edge, err := url.Parse(tunneltest.Edge(t, w.net))
	if err != nil {
		t.Fatal(err)
	}
	trust := &tls.Config{InsecureSkipVerify: true}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(edge), TLSClientConfig: trust, DisableKeepAlives: true}}
	s.env.Environ = []string{"HOOKCTL_CONFIG_DIR=" + s.dir, "HTTPS_PROXY=" + edge.String(), "PATH=" + os.Getenv("PATH"),
		tunneltest.EnvDir + "=" + w.net, tunneltest.EnvMode + "=" + mode, "ZYNTRO_API_KEY_OF_APP=1"}
	var looks atomic.Int64 // the sandboxes' clock is fast: they limit how much a second may bring
	now := func() time.Time { return time.Now().Add(time.Duration(looks.Add(1)) * time.Second) }
	for _, d := range all.Drivers() {
		box := d.NewSandbox(provider.SandboxOptions{Now: now, Deliver: providertest.Deliverer(client)})
		server := httptest.NewServer(box)
		t.Cleanup(server.Close)
		s.boxes[d.Name] = box
		s.env.Environ = append(s.env.Environ, sandbox.Environ(d, box, strings.TrimPrefix(server.URL, "http://"))...)
	}
	s.env.TLS = trust
	s.env.Sleep = func(ctx context.Context, d time.Duration) error {
		if d >= 15*time.Second { // a limit, or a look at the clock
			<-ctx.Done()
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Millisecond):
		}
		return ctx.Err()
	}
	return w
}

// mark is what the mark of the session says.
func (w *tunnelled) mark() (m leftTunnel) {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "listening", "*.json"))
	if err != nil || len(files) != 1 {
		w.t.Fatalf("%v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// until waits for a text on standard error, for the nth time.
func (l *listening) until(text string, n int) {
	l.t.Helper()
	for end := time.Now().Add(30 * time.Second); strings.Count(l.errs.String(), text) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("%q is not said %d times: %s", text, n, l.errs.String())
		}
	}
}

// hooks are the webhooks of a provider that are not disabled, as its API has them.
func (w *tunnelled) hooks(name string) []struct{ ID, URL string } {
	w.t.Helper()
	w.out.Reset()
	w.run(0, "list", name, "-o", "json")
	var all []struct{ ID, URL, Status string }
	if err := json.Unmarshal(w.out.Bytes(), &all); err != nil {
		w.t.Fatal(err)
	}
	var live []struct{ ID, URL string }
	for _, h := range all {
		if h.Status != "disabled" {
			live = append(live, struct{ ID, URL string }{h.ID, h.URL})
		}
	}
	return live
}

// freeAddr is an address that no other test gets, and no system gives away.
func freeAddr(t *testing.T) string {
	t.Helper()
	for {
		addr := fmt.Sprintf("127.0.0.1:%d", 21000+(int64(os.Getpid())*37+nextPort.Add(1))%9000)
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
}

var nextPort atomic.Int64

// emitted sends one delivery and returns how it was answered, once the handler is up.
func (w *tunnelled) emitted(name, event string) int {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; {
		attempts, err := providertest.Emit(w.t.Context(), w.boxes[name], event)
		if err != nil || len(attempts) != 1 {
			w.t.Fatalf("%v, %v", attempts, err)
		}
		if attempts[0].Status != http.StatusBadGateway || time.Now().After(end) {
			return attempts[0].Status
		}
	}
}

// TestListenTunnel: from nothing to a verified delivery in a handler that has the
// secret; at the end nothing is left.
func TestListenTunnel(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{"zyntro": "invoice_paid", "wundertreos": "contact.created"} {
		for _, kind := range []string{"cloudflared", "ngrok", "tailscale", "exec:othertunnel {port}"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				w := newTunnelled(t, tunneltest.Late)
				handler, file, dotenv := freeAddr(t), filepath.Join(t.TempDir(), "environ"), filepath.Join(t.TempDir(), ".env")
				begun := time.Now()
				l := startListen(t, w.env, "--create", name, "--event", event, "--tunnel", kind, "--forward-to", handler+"/hook",
					"--secret-to", "dotenv:"+dotenv+":HOOK_SECRET", "-o", "ndjson", "--", "testhandler", handler, file)
				l.until("Ready: deliveries to https://", 1)
				t.Logf("ready after %s", time.Since(begun))
				hooks := w.hooks(name)
				if len(hooks) != 1 || !strings.Contains(l.errs.String(), "Ready: deliveries to "+hooks[0].URL+" arrive here.\n") {
					t.Errorf("%v: %s", hooks, l.errs.String())
				}
				if lines := strings.Split(strings.TrimSpace(l.errs.String()), "\n"); !strings.HasPrefix(lines[len(lines)-1], "Ready") {
					t.Errorf("%q is last", lines[len(lines)-1])
				}
				if got := w.emitted(name, event); got != 200 {
					t.Errorf("answered %d: %s", got, l.errs.String())
				}
				pid := w.mark().Pid
				l.stop()
				l.ended(0)
				if !strings.Contains(l.out.String(), `"forward_status":200`) {
					t.Error(l.out.String())
				}
				if hooks := w.hooks(name); len(hooks) != 0 {
					t.Errorf("left: %v", hooks)
				}
				if err := syscall.Kill(pid, 0); err == nil {
					t.Error("the tunnel goes on")
				}
				if c, err := net.Dial("tcp", handler); err == nil {
					_ = c.Close()
					t.Error("the handler goes on")
				}
				if left, err := os.ReadDir(filepath.Join(w.dir, "listening")); err != nil || len(left) != 0 {
					t.Errorf("%v, %v", left, err)
				}
				value := w.secretOf()
				got, err := os.ReadFile(dotenv)
				if err != nil || !strings.Contains(string(got), value) {
					t.Error("the sink has another secret", err)
				}
				for _, seen := range []string{filepath.Join(w.net, "environ"), file} {
					text, err := os.ReadFile(seen)
					if err != nil {
						t.Fatal(err)
					}
					if strings.Contains(string(text), "HOOKCTL_") || !strings.Contains(string(text), "ZYNTRO_API_KEY_OF_APP=1") {
						t.Errorf("%s: %s", filepath.Base(seen), text)
					}
				}
				if strings.Contains(l.out.String()+l.errs.String(), value) {
					t.Error("the secret is shown")
				}
			})
		}
	}
}

// secretOf is the secret of the newest webhook that is kept.
func (w *tunnelled) secretOf() string {
	w.t.Helper()
	recs := w.records()
	newest := slices.MaxFunc(recs, func(a, b secret.Record) int { return a.CreatedAt.Compare(b.CreatedAt) })
	w.out.Reset()
	w.run(0, "secrets", "show", newest.Provider+"/"+newest.ID, "--reveal")
	return strings.TrimSpace(w.out.String())
}

// TestListenTunnelKilled: the tunnel is killed 20 times. What was answered with a 2xx
// is kept and was taken by the handler; Zyntro's webhook stays the same with
// another URL, WundertreOS's is replaced, and the handler has its new secret.
func TestListenTunnelKilled(t *testing.T) {
	t.Parallel()
	const kills = 20
	for name, event := range map[string]string{"zyntro": "invoice_paid", "wundertreos": "contact.created"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTunnelled(t, "")
			save, handler, file := filepath.Join(t.TempDir(), "captures"), freeAddr(t), filepath.Join(t.TempDir(), "environ")
			l := startListen(t, w.env, "--create", name, "--event", event, "--tunnel", "cloudflared", "--forward-to", handler, "--save", save,
				"-o", "ndjson", "--", "testhandler", handler, file)
			seen := map[string]bool{}
			ids := map[string]bool{}
			for i := range kills + 1 {
				l.until("Ready: ", i+1)
				hooks := w.hooks(name)
				if len(hooks) != 1 || seen[hooks[0].URL] {
					t.Fatalf("%v", hooks)
				}
				seen[hooks[0].URL], ids[hooks[0].ID] = true, true
				if got := w.emitted(name, event); got != 200 {
					t.Fatalf("%d: answered %d: %s", i, got, l.errs.String())
				}
				if i < kills {
					if err := syscall.Kill(w.mark().Pid, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
			}
			l.stop()
			l.ended(0)
			want := 1
			if name == "wundertreos" {
				want = kills + 1
			}
			if len(ids) != want {
				t.Errorf("%d webhooks, want %d", len(ids), want)
			}
			kept, err := os.ReadFile(filepath.Join(save, keptFile))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(l.out.String(), `"forward_status":200`); n != kills+1 {
				t.Errorf("%d deliveries in the handler", n)
			}
			if n := strings.Count(string(kept), "\n"); n < kills+1 {
				t.Errorf("%d deliveries kept", n)
			}
			if strings.Contains(l.out.String(), `"valid":false`) {
				t.Error(l.out.String())
			}
			if hooks := w.hooks(name); len(hooks) != 0 {
				t.Errorf("left: %v", hooks)
			}
			if n := strings.Count(l.errs.String(), "The tunnel has stopped (it ended: signal: killed"); n != kills {
				t.Errorf("said %d times: %s", n, l.errs.String())
			}
		})
	}
}

// TestListenTunnelKilledUnderLoad: the tunnel is killed 20 times while deliveries are
// under way. What reached us is lost neither in the file nor on the way to the handler.
func TestListenTunnelKilledUnderLoad(t *testing.T) {
	t.Parallel()
	const kills, name, event = 20, "zyntro", "invoice_paid"
	w := newTunnelled(t, "")
	save, handler, file := filepath.Join(t.TempDir(), "captures"), freeAddr(t), filepath.Join(t.TempDir(), "environ")
	l := startListen(t, w.env, "--create", name, "--event", event, "--tunnel", "cloudflared", "--forward-to", handler, "--save", save,
		"-o", "ndjson", "--", "testhandler", handler, file)
	l.until("Ready: ", 1)
	w.emitted(name, event) // the handler is up
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				attempts, _ := providertest.Emit(ctx, w.boxes[name], event) // an error is the end
				mu.Lock()
				for _, a := range attempts {
					if a.Status == http.StatusOK {
						acknowledged[a.EventID] = true
					}
				}
				mu.Unlock()
			}
		})
	}
	for i := range kills {
		l.until("Ready: ", i+1)
		mu.Lock()
		before := len(acknowledged)
		mu.Unlock()
		for now := before; now == before && !t.Failed(); { // some came through this tunnel
			mu.Lock()
			now = len(acknowledged)
			mu.Unlock()
			time.Sleep(time.Millisecond)
		}
		if err := syscall.Kill(w.mark().Pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	l.until("Ready: ", kills+1)
	cancel()
	wg.Wait()
	l.stop()
	l.ended(0)
	answers := keptAnswers(t, filepath.Join(save, keptFile))
	forwarded := map[string]int{}
	for line := range strings.Lines(l.out.String()) {
		var d struct {
			EventID string `json:"event_id"`
			Valid   *bool
			Reason  string
			Answer  struct{ Status int }
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		if d.Valid != nil && !*d.Valid && d.Reason != "unreadable" { // which the tunnel broke off
			t.Error(line)
		}
		if d.Answer.Status == http.StatusOK {
			forwarded[d.EventID]++
		}
	}
	for id := range acknowledged {
		if _, kept := answers[id]; !kept || forwarded[id] == 0 {
			t.Errorf("%s was acknowledged: kept is %v, the handler has seen it %d times", id, kept, forwarded[id])
		}
	}
	if len(acknowledged) < kills {
		t.Errorf("%d acknowledged", len(acknowledged))
	}
	t.Logf("%d acknowledged, %d kept", len(acknowledged), len(answers))
}

// TestListenKilled: after a SIGKILL the webhook is left, what was acknowledged is kept,
// and the next session names what is left: with the command to type, or with a question.
func TestListenKilled(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{"zyntro": "invoice_paid", "wundertreos": "contact.created"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTunnelled(t, "")
			save := filepath.Join(t.TempDir(), "captures")
			args := []string{"--create", name, "--event", event, "--tunnel", "cloudflared"}
			cmd := exec.Command("hookctl-behind-edge", append([]string{"listen", "--addr", "127.0.0.1:0", "--save", save}, args...)...)
			var errs lockedBuffer
			cmd.Env, cmd.Stderr = w.env.Environ, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			for end := time.Now().Add(30 * time.Second); !strings.Contains(errs.String(), "Ready: "); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal(errs.String())
				}
			}
			attempts, err := providertest.Emit(t.Context(), w.boxes[name], event)
			if err != nil || len(attempts) != 1 || attempts[0].Status != 200 {
				t.Fatalf("%+v, %v", attempts, err)
			}
			tunnel := w.mark().Pid
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed
			if runtime.GOOS == "linux" {
				for end := time.Now().Add(20 * time.Second); syscall.Kill(tunnel, 0) == nil; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatal("the tunnel goes on")
					}
				}
			}
			if _, kept := keptAnswers(t, filepath.Join(save, keptFile))[attempts[0].EventID]; !kept {
				t.Error("what was acknowledged is not kept")
			}
			left := w.hooks(name)
			if len(left) != 1 {
				t.Fatalf("%v", left)
			}
			id := left[0].ID
			session := func(create string, p *person, says string, gone bool) {
				t.Helper()
				env := *w.env
				if p != nil {
					env.Prompt = p
					env.Streams.InTTY, env.Streams.ErrTTY = true, true
				}
				l := startListen(t, &env, "--create", create, "--tunnel", "cloudflared")
				l.until("Ready: ", 1)
				l.stop()
				l.ended(0)
				if p == nil && !strings.Contains(l.errs.String(), says) || p != nil && (len(p.asked) != 1 || !strings.Contains(p.asked[0], says)) {
					t.Errorf("%s%+v", l.errs.String(), p)
				}
				if hooks := w.hooks(name); (len(hooks) == 0) != gone {
					t.Errorf("%v", hooks)
				}
			}
			typed := "remains from an earlier session. Remove it with: hookctl delete " + name + "/" + id
			session(name, nil, typed, false)
			other := "zyntro"
			if name == other {
				other = "wundertreos"
			}
			session(other, nil, typed, false)
			session(name, &person{confirms: map[string]bool{"": false}}, "The webhook "+name+"/"+id, false)
			session(name, &person{confirms: map[string]bool{"": true}}, "remains from an earlier session. Remove it?", true)
		})
	}
}

// TestListenTunnelSteady: where the URL stays, so does the webhook.
func TestListenTunnelSteady(t *testing.T) {
	t.Parallel()
	w := newTunnelled(t, tunneltest.Steady)
	l := startListen(t, w.env, "--create", "wundertreos", "--tunnel", "cloudflared")
	l.until("Ready: ", 1)
	before := w.hooks("wundertreos")
	if err := syscall.Kill(w.mark().Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	l.until("Ready: ", 2)
	if after := w.hooks("wundertreos"); !slices.Equal(before, after) {
		t.Errorf("%v, before %v", after, before)
	}
	l.stop()
	l.ended(0)
}

// TestListenNewURL: where nothing can be done about another URL, or shall not be,
// that is the end, with 6.
func TestListenNewURL(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"stop":      {"--create", "wundertreos", "--on-new-url", "stop"},
		"no create": {"--no-verify"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTunnelled(t, "")
			l := startListen(t, w.env, append(args, "--tunnel", "exec:sh -c 'echo $$ > \""+w.net+"/pid\"; exec othertunnel {port}'")...)
			l.until("Ready: ", 1)
			text, err := os.ReadFile(filepath.Join(w.net, "pid"))
			if err != nil {
				t.Fatal(err)
			}
			var pid int
			if _, err := fmt.Sscan(string(text), &pid); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			l.ended(6)
			if strings.Contains(l.errs.String(), "--create") == (name == "stop") {
				t.Errorf("the hint names what was given, or not what would help: %s", l.errs.String())
			}
			if !strings.Contains(l.errs.String(), "the tunnel's URL changed to https://") || len(w.hooks("wundertreos")) != 0 {
				t.Error(l.errs.String())
			}
		})
	}
}

// TestListenTunnelFails: what does not come up makes nothing, and says why.
func TestListenTunnelFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, mode string
		code       int
		args       []string
		said       string
	}{
		{"ends", tunneltest.Ends, 6, []string{"--tunnel", "ngrok"}, "ngrok: authentication failed"},
		{"missing", "", 2, []string{"--tunnel", "exec:no-such-tunnel {port}"}, "install the command or give its path"},
		{"no kind", "", 2, []string{"--tunnel", "clowdflared"}, "did you mean cloudflared?"},
		{"option", "", 2, []string{"--tunnel", "ssh:-oProxyCommand=x"}, "ssh would read it as an option"},
		{"handler", "", 2, []string{"--tunnel", "cloudflared", "--", "no-such-handler"}, "cannot run no-such-handler"},
		{"sink", "", 2, []string{"--tunnel", "cloudflared", "--secret-to", "nothing"}, "nothing"},
		{"handler ends", "", 1, []string{"--tunnel", "cloudflared", "--", "testhandler", "127.0.0.1:0", filepath.Join(t.TempDir(), "x"), "end"}, "the command testhandler ended: exit status 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newTunnelled(t, c.mode)
			w.errs.Reset()
			w.run(c.code, append([]string{"listen", "--addr", "127.0.0.1:0", "--create", "wundertreos"}, c.args...)...)
			w.said(c.said)
			if hooks := w.hooks("wundertreos"); len(hooks) != 0 {
				t.Errorf("%v", hooks)
			}
		})
	}
	w := newTunnelled(t, tunneltest.Silent)
	w.env.Sleep = func(ctx context.Context, d time.Duration) error { // at once the 20 seconds are over
		if d != 20*time.Second {
			<-ctx.Done()
		}
		return ctx.Err()
	}
	w.run(6, "listen", "--create", "zyntro", "--tunnel", "cloudflared")
	w.said("did not start: it printed no URL")
	w.run(2, "listen", "--create", "zyntro", "--tunnel", "ssh:example.com")
	w.said("gives an http:// URL")
}

// TestListenTunnelTooLate: a tunnel that was not up when the time was over is an error,
// whatever was waited for.
func TestListenTunnelTooLate(t *testing.T) {
	t.Parallel()
	for _, more := range [][]string{nil, {"--once"}, {"--no-verify"}} {
		w := newTunnelled(t, tunneltest.Silent)
		args := []string{"listen", "--addr", "127.0.0.1:0", "--tunnel", "cloudflared", "--timeout", "300ms"}
		if len(more) == 0 || more[0] != "--no-verify" {
			args = append(args, "--create", "zyntro")
		}
		w.errs.Reset()
		w.run(6, append(args, more...)...)
		w.said("the tunnel cloudflared did not start within the time of --timeout")
	}
}

// TestListenURLFile: the file has the URL that the provider is given, once deliveries
// arrive there, and an old one is gone before.
func TestListenURLFile(t *testing.T) {
	t.Parallel()
	w := newTunnelled(t, tunneltest.Silent)
	file := filepath.Join(t.TempDir(), "url.txt")
	if err := os.WriteFile(file, []byte("http://old.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--create", "wundertreos", "--tunnel", "cloudflared", "--url-file", file}
	l := beginListen(t, w.env, args...)
	l.until("Starting the tunnel", 1)
	if text, err := os.ReadFile(file); err == nil {
		t.Errorf("%s is there before it is true", text)
	}
	l.stop()
	l.ended(0)

	w = newTunnelled(t, "")
	l = beginListen(t, w.env, args...)
	for n := range 2 {
		l.until("Ready: ", n+1)
		text, err := os.ReadFile(file)
		if hooks := w.hooks("wundertreos"); err != nil || len(hooks) != 1 || string(text) != hooks[0].URL+"\n" {
			t.Errorf("%q, %v; %v", text, err, hooks)
		}
		if n > 0 {
			break
		}
		if err := syscall.Kill(w.mark().Pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	l.stop()
	l.ended(0)
	if _, err := os.Stat(file); err == nil {
		t.Error("the file is left")
	}
}

// TestListenInterruptedEarly: an interrupt before the tunnel is up is an end like any.
func TestListenInterruptedEarly(t *testing.T) {
	t.Parallel()
	w := newTunnelled(t, tunneltest.Silent)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	code := make(chan int)
	go func() {
		code <- Run(ctx, w.env, []string{"listen", "--create", "wundertreos", "--tunnel", "tailscale"})
	}()
	for len(tunneltest.Starts(t, w.net)) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d: %s", got, w.errs.String())
	}
	if hooks := w.hooks("wundertreos"); len(hooks) != 0 {
		t.Errorf("%v", hooks)
	}
}

// TestListenOthers: the webhook of a session that lives is left alone.
func TestListenOthers(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	args := []string{"--create", "wundertreos", "--public-url", "https://tunnel.example.com/x", "--yes"}
	first := s.start(args...)
	second := s.start(args...)
	if strings.Contains(second.errs.String(), "killed") || s.boxes["wundertreos"].Webhooks() != 2 {
		t.Error(second.errs.String())
	}
	first.stop()
	first.ended(0)
	second.stop()
	second.ended(0)
}

// TestListenHandlerSecret: without --create the command has the secret of the one
// webhook that deliveries are verified with.
func TestListenHandlerSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("w-1", "Lead sync", "a secret")
	w.env.Environ = append(w.env.Environ, "PATH="+os.Getenv("PATH"), "HOOK_SECRET=another")
	handler := freeAddr(t)
	l := startListen(t, w.env, "--forward-to", handler, "--once", "--", "testhandler", handler, filepath.Join(t.TempDir(), "x"))
	header, body := signedDelivery(t, "a secret", "1", "contact.created")
	for got := 0; got != 200; {
		if got = l.post(header, body); got != 200 && got != 502 {
			t.Fatalf("answered %d", got)
		}
	}
	l.ended(0)
	if !strings.Contains(l.errs.String(), "HOOK_SECRET is already set") {
		t.Error(l.errs.String())
	}
	w.keep("w-2", "Other", "b secret")
	w.run(2, "listen", "--", "testhandler")
	w.said("the command needs one secret, and 2 are kept")
}

// TestListenHandlerCurrentSecret: of a webhook that replaced others, the command has
// its own secret; and of one that is given, only that.
func TestListenHandlerCurrentSecret(t *testing.T) {
	t.Parallel()
	h := &listenHandler{}
	a, b, c := secret.New("secret a"), secret.New("secret b"), secret.New("secret c")
	for name, tt := range map[string]struct {
		found []verify.Candidate
		want  secret.Value // zero: none
	}{
		"replaced":  {[]verify.Candidate{{Secret: a}, {Secret: b, Retired: true}, {Secret: c, Older: true}}, a},
		"given":     {[]verify.Candidate{{Secret: a, ID: "w-1"}, {Secret: a}}, a},
		"deleted":   {[]verify.Candidate{{Secret: b, Retired: true}}, b},
		"two":       {[]verify.Candidate{{Secret: a}, {Secret: b}}, secret.Value{}},
		"all gone":  {[]verify.Candidate{{Secret: a, Retired: true}, {Secret: b, Retired: true}}, secret.Value{}},
		"none kept": {nil, secret.Value{}},
	} {
		if got, err := h.only(tt.found); !got.Equal(tt.want) || (err != nil) != tt.want.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
}
