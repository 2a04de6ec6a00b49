package sandbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
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
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, _, _ := r.BasicAuth()
		got = r.Method + " " + r.Host + r.RequestURI + " " + user + r.Header.Get("X-A") + " " + string(body)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	to, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Now: time.Now}
	for _, tt := range []struct {
		to     *url.URL
		url    string
		status int
		err    string
		got    string
	}{
		{nil, "http://192.0.2.1:9/", 0, "not a loopback address", ""},
		{nil, server.URL + "/x", 307, "", "POST " + to.Host + "/x b the body"},
		{nil, "http://me:pw@" + to.Host + "/x", 307, "", "POST " + to.Host + "/x meb the body"},
		{to, "https://hooks.example.com:8443/a%2Fb?c=d", 307, "", "POST hooks.example.com:8443/a%2Fb?c=d b the body"},
		{to, "\x00", 0, "the URL is not an absolute http or https URL", ""},
	} {
		got = ""
		a := (&delivering{to: tt.to, o: o}).deliver(t.Context(), time.Minute, provider.Attempt{URL: tt.url, Header: http.Header{"X-A": {"b"}}, Body: []byte("the body")})
		if a.Status != tt.status || a.Err != tt.err || got != tt.got || a.URL != tt.url {
			t.Errorf("%s: %+v, got %q", tt.url, a, got)
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
