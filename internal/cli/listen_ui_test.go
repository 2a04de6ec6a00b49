package cli

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/inspect"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// TestWatchTarget: the page says that the target is not there before anything was
// forwarded, and when it comes back and goes again.
func TestWatchTarget(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	to, err := listen.NewForwarder("http://"+addr+"/hook", 0)
	if err != nil {
		t.Fatal(err)
	}
	server, err := inspect.New(inspect.Options{Now: time.Now, Target: to.URL()})
	if err != nil {
		t.Fatal(err)
	}
	looked := make(chan struct{})
	env := &Env{Now: time.Now, Streams: term.Streams{Err: io.Discard, Width: wide}, Sleep: func(ctx context.Context, _ time.Duration) error {
		select {
		case looked <- struct{}{}:
		case <-ctx.Done():
		}
		return ctx.Err()
	}}
	p := &inspector{app: &app{env: env}, server: server, failed: make(chan error, 1)}
	go func() { p.failed <- server.Serve() }()
	target := p.app.watchTarget(t.Context(), to, p, false)
	t.Cleanup(func() {
		target.close()
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: time.Minute}
	res, err := client.Get(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	at, _, _ := strings.Cut(server.URL(), "?")
	if res, err = client.Get(at + "events"); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	says := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("the page never says %q: %v", want, lines.Err())
	}
	says(`/hook refuses connections","healthy":false`)
	<-looked
	if l, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		select { // it may look once more before the target is there
		case <-looked:
		case <-time.After(10 * time.Millisecond):
			done = true
		}
	}
	says(`/hook accepts connections","healthy":true`)
	_ = l.Close()
	failed := target.shown(p.shown(func(listen.Delivery) error { return nil }))
	if err := failed(listen.Delivery{Forward: &listen.Forwarded{Err: net.ErrClosed}}); err != nil {
		t.Error(err)
	}
	says(`/hook refuses connections","healthy":false`)
}

// TestPageSigner: an edited body is signed with the secret of the delivery's own webhook,
// and with none where that is not certain.
func TestPageSigner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := verify.Candidate{Provider: "wundertreos", ID: "w-1", Name: "Lead sync", Secret: secret.New("8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d")}
	older := one
	older.Secret, older.Older = secret.New("00000000000000000000000000000000"), true
	two := verify.Candidate{Provider: "wundertreos", ID: "w-2", Secret: secret.New("11111111111111111111111111111111")}
	retired := two
	retired.Retired = true
	other := verify.Candidate{Provider: "zyntro", ID: "z-1", Secret: secret.New("22222222222222222222222222222222")}
	given := verify.Candidate{Secret: one.Secret}
	valid := func(provider, id string) *listen.Delivery {
		return &listen.Delivery{Reason: "ok", Provider: provider, WebhookID: id}
	}
	invalid := &listen.Delivery{Reason: "mismatch", Provider: "wundertreos"}
	for _, c := range []struct {
		name       string
		candidates []verify.Candidate
		d          *listen.Delivery
		want       secret.Value
		flags      string
		err        string
	}{
		{"its own", []verify.Candidate{two, one, older, other}, valid("wundertreos", "w-1"), one.Secret, " --webhook wundertreos/w-1", ""},
		{"the only one of the provider", []verify.Candidate{one, older, retired, other}, invalid, one.Secret, " --webhook wundertreos/w-1", ""},
		{"one of two", []verify.Candidate{one, two}, invalid, secret.Value{}, "", "2 webhooks may have sent it"},
		{"none", []verify.Candidate{other}, invalid, secret.Value{}, "", "no secret is available to sign it with"},
		{"given and kept", []verify.Candidate{one, given}, invalid, one.Secret, " --webhook wundertreos/w-1", ""},
		{"given", []verify.Candidate{given}, valid("wundertreos", ""), given.Secret, "", ""},
	} {
		a := &app{env: w.env, given: func(string) bool { return false }}
		s := &pageSigner{keys: &keyFlags{}, app: a, candidates: c.candidates}
		got, err := s.candidate(c.d)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err == nil && (!got.Secret.Equal(c.want) || got.Provider != "wundertreos" || c.flags != "" && s.flags(got) != c.flags) {
			t.Errorf("%s: %+v, %q", c.name, got, s.flags(got))
		}
	}
	s := &pageSigner{keys: &keyFlags{secretEnv: "HOOK_SECRET", signatureHeaders: []string{"X-A", "X-B"}, signedTemplate: "{timestamp}.{body}"}}
	s.app = &app{env: w.env, given: func(string) bool { return false }}
	if got := s.flags(verify.Candidate{Provider: "zyntro"}); got != " --provider zyntro --secret-env HOOK_SECRET --signature-header X-A,X-B --signed-template '{timestamp}.{body}'" {
		t.Error(got)
	}
}
