package cli

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	background "github.com/hookctl/hookctl/internal/sandbox"
)

func TestSandboxAllows(t *testing.T) {
	t.Parallel()
	own := &delivering{}
	for rawURL, want := range map[string]bool{
		"http://127.0.0.1:3000/x": true, "https://127.9.9.9/": true, "http://[::1]:1/": true,
		"http://example.com/": false, "http://10.0.0.1/": false, "http://127.0.0.1.example.com/": false, "http://127.1/": false,
		"http://[::ffff:127.0.0.1]/": false, "http://user@127.0.0.1/": true, "http:///x": false, "": false, "http://%zz/": false,
	} {
		if got := own.allow(rawURL) == nil; got != want {
			t.Errorf("%q: allowed %t, want %t", rawURL, got, want)
		}
		if (&delivering{to: &url.URL{}}).allow(rawURL) != nil {
			t.Errorf("%q is refused although all go to --deliver-to", rawURL)
		}
	}
}

// Whatever a name resolves to, only the loopback is connected to.
func TestSandboxConnectsToLoopbackOnly(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "127.255.0.1:80": true, "10.0.0.1:80": false, "[2001:db8::1]:80": false, "name:80": false, "x": false,
	} {
		if got := loopbackOnly("tcp", address, nil) == nil; got != want {
			t.Errorf("%s: %t, want %t", address, got, want)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host+r.RequestURI)
	}))
	t.Cleanup(server.Close)
	if _, err := (&delivering{}).client().Get("http://192.0.2.1:9/"); err == nil || !strings.Contains(err.Error(), "not a loopback address") {
		t.Errorf("another machine: %v", err)
	}
	to, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"", "given.example.com"} {
		r, err := http.NewRequest(http.MethodGet, "https://hooks.example.com:8443/a%2Fb?c=d", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		answer, err := (&delivering{to: to}).client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if want := "/a%2Fb?c=d"; err != nil || answer.Body.Close() != nil || !strings.HasSuffix(string(body), want) ||
			!strings.HasPrefix(string(body), map[bool]string{true: "hooks.example.com:8443/", false: "given.example.com/"}[host == ""]) {
			t.Errorf("%s, %v", body, err)
		}
		if r.URL.Host != "hooks.example.com:8443" {
			t.Error("the request was changed")
		}
	}
}

func TestFastClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC)
	now := start
	var slept time.Duration
	env := &Env{Now: func() time.Time { return now }, Sleep: func(_ context.Context, d time.Duration) error { slept = d; return nil }}
	c := fastClock{env: env, start: start, speed: 60}
	now = now.Add(90 * time.Second)
	if got := c.now(); !got.Equal(start.Add(90 * time.Minute)) {
		t.Errorf("now %s", got)
	}
	if err := c.sleep(t.Context(), time.Hour); err != nil || slept != time.Minute {
		t.Errorf("slept %s, %v", slept, err)
	}
}

// The endpoint answers nobody but who has the token and asks for it under its
// own address.
func TestSandboxControl(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	outbox := background.NewRetrier(t.Context(), background.RetrierOptions{Now: w.env.Now, Sleep: w.env.Sleep})
	t.Cleanup(outbox.Close)
	var boxes []servedBox
	for _, d := range w.env.Drivers {
		boxes = append(boxes, servedBox{d, w.boxes[d.Name]})
	}
	c := newSandboxControl("127.0.0.1:1234", boxes, outbox)
	token := "Bearer " + c.token.Reveal()
	for _, tt := range []struct {
		method, host, path, auth, body string
		status                         int
		want                           string
	}{
		{"GET", "127.0.0.1:1234", "/log", token, "", 200, "[]"},
		{"GET", "rebound.example.com:1234", "/log", token, "", 403, "not the sandbox's address"},
		{"GET", "localhost:1234", "/log", token, "", 403, "not the sandbox's address"},
		{"GET", "127.0.0.1:1234", "/log", "", "", 401, "token"},
		{"GET", "127.0.0.1:1234", "/log", token + "x", "", 401, "token"},
		{"GET", "127.0.0.1:1234", "/log", "Bearer ", "", 401, "token"},
		{"POST", "127.0.0.1:1234", "/log", token, "", 404, "no such endpoint"},
		{"GET", "127.0.0.1:1234", "/emit", token, "", 404, "no such endpoint"},
		{"POST", "127.0.0.1:1234", "/emit", token, `{"provider":"zyntro","event":"new_note"}`, 200, "[]"},
		{"POST", "127.0.0.1:1234", "/emit", token, `{"provider":"zyntro","event":"no_such"}`, 400, "no_such"},
		{"POST", "127.0.0.1:1234", "/emit", token, `{"provider":"stripe","event":"new_note"}`, 400, "stripe"},
		{"POST", "127.0.0.1:1234", "/emit", token, `{"provider":"zyntro","event":"new_note","set":["x"]}`, 400, "path=value"},
		{"POST", "127.0.0.1:1234", "/emit", token, `{`, 400, "not what"},
		{"POST", "127.0.0.1:1234", "/emit", token, strings.Repeat(" ", maxControl+1), 400, "not what"},
	} {
		r := httptest.NewRequest(tt.method, "http://"+tt.host+tt.path, strings.NewReader(tt.body))
		if tt.auth != "" {
			r.Header.Set("Authorization", tt.auth)
		}
		rec := httptest.NewRecorder()
		c.ServeHTTP(rec, r)
		if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.want) {
			t.Errorf("%s %s%s: %d %s", tt.method, tt.host, tt.path, rec.Code, rec.Body)
		}
		if strings.Contains(rec.Body.String(), c.token.Reveal()) {
			t.Error("the token is shown")
		}
	}
	if other := newSandboxControl("", nil, nil); other.token.Equal(c.token) || len(c.token.Reveal()) != 32 {
		t.Error("the token is not fresh")
	}
}

func TestSandboxAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		exit   int
		want   string
	}{
		{200, `[]`, 0, ""},
		{200, `<html>`, 6, "not a sandbox's address"},
		{200, `{}`, 6, "not a sandbox's address"},
		{404, `<html>`, 6, "answers 404"},
		{404, `{"message":"gone"}`, 1, "gone"},
		{400, `{"message":"wrong","hint":"right"}`, 2, "wrong"},
		{401, `{"message":"wrong"}`, 4, "the sandbox refuses: wrong"},
		{403, `{"message":"wrong"}`, 4, "the sandbox refuses: wrong"},
	} {
		w := newWorld(t)
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer CANARY" || r.URL.Path != "/log" {
				t.Errorf("%s %v", r.URL, r.Header)
			}
			rw.WriteHeader(tt.status)
			_, _ = io.WriteString(rw, tt.body)
		}))
		w.env.Environ = append(w.env.Environ, envSandboxURL+"="+server.URL+"/", envSandboxToken+"=CANARY")
		w.run(tt.exit, "sandbox", "log", "--debug")
		w.said(tt.want)
		if strings.Contains(w.errs.String(), "CANARY") {
			t.Error("the token is shown")
		}
		server.Close()
	}
}

func TestInterruptedSandboxClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel(); <-t.Context().Done() }))
	t.Cleanup(server.CloseClientConnections)
	w.env.Environ = append(w.env.Environ, envSandboxURL+"="+server.URL, envSandboxToken+"=x")
	if code := Run(ctx, w.env, []string{"sandbox", "log"}); code != 130 {
		t.Errorf("exit code %d: %s", code, &w.errs)
	}
}

func TestDeliveryCompletions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for line, want := range map[string]string{
		"sandbox emit new_":                   "new_contact\tContact Events",
		"sandbox emit x --provider ":          "wundertreos\tWundertreOS",
		"send http://x --event deal.created,": "deal.created,deal.updated\tDeal",
		"replay x --filter ":                  "event=",
		"replay x --format ":                  "ndjson",
		"sign x --provider ":                  "zyntro\tZyntro",
		"sign x --key-encoding ":              "base64",
		"sandbox --emit ":                     "new_note\tNotes & Profile",
	} {
		out := w.run(0, append([]string{cobra.ShellCompRequestCmd}, strings.Split(line, " ")...)...)
		if !slices.Contains(strings.Split(out, "\n"), want) {
			t.Errorf("%q completes to %s", line, out)
		}
	}
	if out := w.run(0, cobra.ShellCompRequestCmd, "sandbox", "emit", "new_note", ""); !strings.HasPrefix(out, ":4") {
		t.Errorf("a second event: %s", out)
	}
}

// TestExampleURL: a hint names no URL that the provider refuses.
func TestExampleURL(t *testing.T) {
	t.Parallel()
	for _, d := range all.Drivers() {
		for _, f := range d.Validate(provider.Spec{URL: exampleURL(d)}) {
			if f.Field == "url" {
				t.Errorf("%s: %s: %s", d.Name, exampleURL(d), f.Message)
			}
		}
	}
}
