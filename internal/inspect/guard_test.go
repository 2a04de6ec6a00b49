package inspect

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestGuard asks for every route in every way in which it must not be answered. The
// guard's own answer shows that the route was not reached.
func TestGuard(t *testing.T) {
	t.Parallel()
	s, x := start(t, nil)
	s.Add(delivery("ev-1", "contact.created", `{"id":"ev-1"}`))
	c := newClient(t, s)
	routes := []struct{ method, path string }{
		{"GET", "/"}, {"GET", "/page.css"}, {"GET", "/page.js"}, {"HEAD", "/"}, {"GET", "/events"},
		{"GET", "/d/?filter=x"}, {"GET", "/d/1"}, {"GET", "/d/1/body"}, {"GET", "/d/1/pretty"}, {"GET", "/d/1/capture"}, {"GET", "/d/1/compare/1"},
		{"POST", "/d/1/replay"}, {"POST", "/d/1/replay-edited"}, {"POST", "/d/1/curl"},
		// Other spellings of the same, and what there is not.
		{"GET", "/%64/1"}, {"POST", "/d/1/%72eplay"}, {"POST", "/d/1%2freplay"}, {"POST", "//d/1/replay"}, {"POST", "/./d/1/replay"}, {"POST", "/x/../d/1/replay"},
		{"GET", "/events/../d/1"}, {"GET", "/page.js/../d/1"}, {"GET", "/page.css%2f..%2fd/1"}, {"GET", "/nothing"}, {"POST", "/"}, {"POST", "/events"}, {"PUT", "/d/1"}, {"OPTIONS", "/d/1"},
	}
	local := s.l.Addr().String()
	port := local[strings.LastIndexByte(local, ':'):]
	type ways struct {
		name   string
		change func(*http.Request)
		only   func(method, path string) bool // nil: all
		want   int
	}
	posts := func(method, _ string) bool { return method == "POST" || method == "PUT" }
	beyond := func(method, path string) bool { return !cookieOpens[path] || posts(method, path) }
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	all := []ways{
		{"foreign host", host("evil.example"), nil, 421},
		{"foreign host with our port", host("evil.example" + port), nil, 421},
		{"a name that begins with ours", host("localhost.evil.example"), nil, 421},
		{"a name that ends with ours", host("evil.localhost"), nil, 421},
		{"an address beside ours", host("127.0.0.1.evil.example"), nil, 421},
		{"this machine from outside", host("192.0.2.1" + port), nil, 421},
		{"every address", host("0.0.0.0" + port), nil, 421},
		{"mapped", host("[::ffff:192.0.2.1]" + port), nil, 421},
		{"no host", host("-"), nil, 421},
		{"rebinding, as the browser has it then", func(r *http.Request) {
			r.Host = "evil.example" + port
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("Origin", "http://evil.example"+port)
		}, nil, 421},
		{"cross-site", set("Sec-Fetch-Site", "cross-site"), posts, 403},
		{"another port of this machine", set("Sec-Fetch-Site", "same-site"), posts, 403},
		{"foreign origin, old browser", set("Origin", "http://evil.example"), posts, 403},
		{"no origin, sandboxed", set("Origin", "null"), posts, 403},
		{"no cookie", func(r *http.Request) { r.Header.Del("Cookie") }, nil, 403},
		{"a guessed cookie", set("Cookie", s.guard.cookieName+"=guessed"), nil, 403},
		{"an empty cookie", set("Cookie", s.guard.cookieName+"="), nil, 403},
		{"the cookie under the name of another port", set("Cookie", "hookctl-1="+s.guard.cookie), nil, 403},
		{"the token of the address as a cookie", set("Cookie", s.guard.cookieName+"="+s.guard.url), nil, 403},
		{"the cookie alone", func(r *http.Request) { r.Header.Del(headerName) }, beyond, 403},
		{"the cookie twice", set(headerName, s.guard.cookie), beyond, 403},
		{"the token of the address in the header", set(headerName, s.guard.url), beyond, 403},
	}
	ask := func(method, path string, change func(*http.Request)) (*http.Response, string) {
		req, err := http.NewRequest(method, c.base+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if method == "GET" || method == "HEAD" {
			req.Body, req.ContentLength = nil, 0
		}
		req.Header.Set("Cookie", s.guard.cookieName+"="+s.guard.cookie)
		req.Header.Set(headerName, s.guard.header)
		change(req)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.Header.Get("Content-Type") == "text/event-stream" {
			return res, ""
		}
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(text)
	}
	checked := 0
	for _, w := range all {
		for _, r := range routes {
			if w.only != nil && !w.only(r.method, r.path) {
				continue
			}
			checked++
			res, text := ask(r.method, r.path, w.change)
			if res.StatusCode != w.want {
				t.Errorf("%s: %s %s: answered %d %q, not %d", w.name, r.method, r.path, res.StatusCode, text, w.want)
			}
			for name, value := range policy {
				if res.Header.Get(name) != value {
					t.Errorf("%s: %s %s: %s is %q", w.name, r.method, r.path, name, res.Header.Get(name))
				}
			}
			if res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %s %s: another origin may read it", w.name, r.method, r.path)
			}
			for _, token := range []string{s.guard.url, s.guard.cookie, s.guard.header} {
				if strings.Contains(text, token) || strings.Contains(strings.Join(res.Header.Values("Set-Cookie"), ""), token) {
					t.Errorf("%s: %s %s gives a token away", w.name, r.method, r.path)
				}
			}
		}
	}
	if n := len(x.got); n != 0 {
		t.Errorf("%d deliveries were sent", n)
	}
	// With all three, from this machine, every route answers.
	for _, r := range routes[:14] {
		for _, h := range []string{local, "localhost" + port, "[::1]" + port} {
			if res, text := ask(r.method, r.path, host(h)); res.StatusCode != 200 {
				t.Errorf("%s %s at %s: answered %d %q", r.method, r.path, h, res.StatusCode, text)
			}
		}
	}
	t.Logf("%d requests were refused", checked)
}

// TestEnter: the address leads to the page, and only the right one.
func TestEnter(t *testing.T) {
	t.Parallel()
	s, _ := start(t, nil)
	for _, path := range []string{"/?token=", "/?token=guessed", "/?token=" + s.guard.cookie, "/?token=" + s.guard.header, "/page.js?token=" + s.guard.url, "/d/1?token=" + s.guard.url} {
		res, err := http.Get("http://" + s.l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 403 || len(res.Cookies()) != 0 {
			t.Errorf("%s: answered %d, %v", path, res.StatusCode, res.Cookies())
		}
	}
	res, err := http.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Domain != "" {
		t.Fatalf("cookies: %v", cookies)
	}
	if cookies[0].Value == s.guard.url || cookies[0].Value == s.guard.header || s.guard.url == s.guard.header {
		t.Error("one text does for another")
	}
	if strings.Contains(string(text), s.guard.url) || strings.Contains(string(text), cookies[0].Value) {
		t.Errorf("the page that leads on holds a token that it need not: %s", text)
	}
	// The page itself, which the cookie opens, has none: other servers of this machine
	// are sent the cookie.
	c := newClient(t, s)
	c.header = ""
	for _, path := range []string{"/", "/page.js", "/page.css"} {
		if status, text := c.ask(t, "GET", path, ""); status != 200 || strings.Contains(text, s.guard.header) || strings.Contains(text, s.guard.url) {
			t.Errorf("%s: answered %d, with a token", path, status)
		}
	}
}
