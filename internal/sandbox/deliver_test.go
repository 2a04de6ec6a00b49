package sandbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
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
	c := delivering{start: start, o: Options{
		Now: func() time.Time { return now }, Sleep: func(_ context.Context, d time.Duration) error { slept = d; return nil }, Speed: 60,
	}}
	now = now.Add(90 * time.Second)
	if got := c.now(); !got.Equal(start.Add(90 * time.Minute)) {
		t.Errorf("now %s", got)
	}
	if err := c.sleep(t.Context(), time.Hour); err != nil || slept != time.Minute {
		t.Errorf("slept %s, %v", slept, err)
	}
}
