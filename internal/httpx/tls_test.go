package httpx

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// newTLSServer is an httptest server that keeps quiet about bad handshakes.
func newTLSServer(t *testing.T, h http.HandlerFunc, change func(*tls.Config)) (*httptest.Server, *tls.Config) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{}
	if change != nil {
		change(srv.TLS)
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv, srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
}

// hijacked writes raw bytes to the client and hands over its connection.
func hijacked(t *testing.T, text string, then func(*tls.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(c, text)
		then(c.(*tls.Conn))
	}
}

func TestTLSEnds(t *testing.T) {
	t.Parallel()
	politely := func(c *tls.Conn) { _ = c.Close() }
	rudely := func(c *tls.Conn) { _ = c.NetConn().Close() }
	const open = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\":1}"
	const sized = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
	tests := []struct {
		name, answer string
		then         func(*tls.Conn)
		whole        bool
	}{
		{"close_notify ends the body", open, politely, true},
		{"TCP's end does not", open, rudely, false},
		{"a length does without close_notify", sized, rudely, true},
		{"cut with close_notify", sized[:len(sized)-1], politely, false},
	}
	for _, tt := range tests {
		for _, tap := range []bool{false, true} {
			srv, config := newTLSServer(t, hijacked(t, tt.answer, tt.then), nil)
			o := quick()
			o.TLS = config
			c := newTestClient(t, o)
			tapped := &syncBuffer{}
			if tap {
				c = c.OneShot(tapped)
			}
			resp, err := c.Do(t.Context(), post(srv.URL))
			if tt.whole {
				if err != nil || string(resp.Body) != `{"a":1}` {
					t.Errorf("%s: %+v, %v", tt.name, resp, err)
				}
			} else if e := failed(t, resp, err); e.Stage != Answered || e.Status != 200 {
				t.Errorf("%s: %+v", tt.name, e)
			}
			if tap && tapped.String() != tt.answer {
				t.Errorf("%s: tapped %q", tt.name, tapped)
			}
		}
	}
}

func TestTLSPolicy(t *testing.T) {
	t.Parallel()
	ok := func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }
	tests := []struct {
		name   string
		server func(*tls.Config)
		client func(*tls.Config)
		text   string // of the error; "" for none
	}{
		{"TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
			func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }, "TLS 1.2 or later"},
		{"TLS 1.2", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, nil, ""},
		{"no HTTP/2", func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} }, nil, ""},
		{"other name", nil, func(c *tls.Config) { c.ServerName = "other.test" }, "another host name"},
		{"expired", nil, func(c *tls.Config) { c.Time = func() time.Time { return time.Unix(1<<40, 0) } }, "expired"},
	}
	for _, tt := range tests {
		srv, config := newTLSServer(t, ok, tt.server)
		if tt.client != nil {
			tt.client(config)
		}
		var slept sleeps
		o := quick()
		o.TLS, o.Sleep = config, slept.sleep
		resp, err := newTestClient(t, o).Do(t.Context(), get(srv.URL))
		if tt.text == "" {
			if err != nil || string(resp.Body) != "HTTP/1.1" {
				t.Errorf("%s: %+v, %v", tt.name, resp, err)
			}
			continue
		}
		if e := failed(t, resp, err); e.Stage != NotSent || len(slept.waits) != 0 {
			t.Errorf("%s: %+v after %d waits", tt.name, e, len(slept.waits))
		}
		contains(t, err.Error(), tt.text)
	}
}

// connectProxy answers CONNECT, and plain requests, as a test wants.
type connectProxy struct {
	addr string
	mu   sync.Mutex
	said strings.Builder // what clients said before the tunnel stood
}

func (p *connectProxy) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// newProxy tunnels to target whatever host is asked for. A non-empty refusal
// is sent instead.
func newProxy(t *testing.T, target, refusal string) *connectProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p := &connectProxy{addr: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.talk(c, target, refusal)
		}
	}()
	return p
}

func (p *connectProxy) talk(c net.Conn, target, refusal string) {
	defer func() { _ = c.Close() }()
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	p.mu.Lock()
	_, _ = p.said.WriteString(r.Method + " " + r.RequestURI + "\n")
	_ = r.Header.Write(&p.said)
	p.mu.Unlock()
	if refusal != "" {
		_, _ = io.WriteString(c, refusal)
		return
	}
	if r.Method != http.MethodConnect {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"p\":1}")
		return
	}
	up, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer func() { _ = up.Close() }()
	_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\nX-Proxy: canary-connect\r\n\r\n")
	go func() { _, _ = io.Copy(up, c) }()
	_, _ = io.Copy(c, up)
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestTunnel(t *testing.T) {
	t.Parallel()
	srv, config := newTLSServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "canary-key" || r.Header.Get("Proxy-Authorization") != "" {
			t.Errorf("headers %v", r.Header)
		}
		_, _ = io.WriteString(w, `{"secret":"whsec_x"}`)
	}, nil)
	p := newProxy(t, srv.Listener.Addr().String(), "")
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		trace := &syncBuffer{}
		o := quick()
		o.TLS, o.Trace = config, trace
		o.Getenv = env(name, "http://user:canary-pass@"+p.addr)
		tap := &syncBuffer{}
		r := post("https://example.com/v1") // the test certificate's name
		r.Header.Set("X-API-Key", "canary-key")
		resp, err := newTestClient(t, o).OneShot(tap).Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if string(resp.Body) != `{"secret":"whsec_x"}` {
			t.Errorf("body %q", resp.Body)
		}
		if got := tap.String(); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, `{"secret":"whsec_x"}`) || strings.Contains(got, "canary") {
			t.Errorf("tapped %q", got)
		}
		contains(t, trace.String(), "through the proxy "+p.addr)
		contains(t, trace.String(), "TLS 1.3")
		if strings.Contains(trace.String(), "canary") || strings.Contains(trace.String(), "whsec_") {
			t.Errorf("trace: %s", trace)
		}
	}
	said := p.String()
	contains(t, said, "CONNECT example.com:443\n")
	contains(t, said, "Proxy-Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("user:canary-pass")))
	if strings.Contains(said, "canary-key") || strings.Contains(said, "v1") {
		t.Errorf("the proxy was told %q", said)
	}
}

func TestTunnelRefused(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(nil)
	dead.Close()
	answering := func(head string) string { return "http://" + newProxy(t, "", head).addr }
	tests := []struct {
		name, proxy, text string
		waits             int
	}{
		{"407", answering("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"), "needs a user name and password", 0},
		{"403", answering("HTTP/1.1 403 Forbidden\r\n\r\n"), "refused to connect to example.com:443: 403 Forbidden", 0},
		{"502", answering("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "refused to connect to example.com:443: 502 Bad Gateway", 2},
		{"nonsense", answering("whsec_canary\r\n\r\n"), "did not open a connection", 2},
		{"speaks first", answering("HTTP/1.1 200 OK\r\n\r\nhello"), "sent its own data", 0},
		{"down", dead.URL, "the proxy from the environment does not work: cannot reach " + dead.URL[7:] + ": connection refused", 2},
		{"https proxy", "https://u:canary@proxy.test:3128", "the proxy https://proxy.test:3128 in the environment cannot be used", 0},
		{"socks proxy", "socks5://u:canary@proxy.test:1080", "the proxy socks5://proxy.test:1080 in the environment cannot be used", 0},
	}
	for _, tt := range tests {
		var slept sleeps
		o := quick()
		o.Sleep, o.Getenv = slept.sleep, env("HTTPS_PROXY", tt.proxy)
		resp, err := newTestClient(t, o).OneShot(io.Discard).Do(t.Context(), post("https://example.com/"))
		if e := failed(t, resp, err); e.Stage != NotSent || len(slept.waits) != tt.waits || strings.Contains(e.Error(), "canary") {
			t.Errorf("%s: %+v after %d waits", tt.name, e, len(slept.waits))
		} else if strings.Contains(tt.text, "environment") != strings.Contains(e.Hint, "HTTPS_PROXY") {
			t.Errorf("%s: the hint is %q", tt.name, e.Hint)
		}
		contains(t, err.Error(), tt.text)
	}
}

func TestTunnelIsBounded(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	o := quick()
	o.Timeout, o.Getenv = 100*time.Millisecond, env("HTTPS_PROXY", l.Addr().String())
	start := time.Now()
	resp, err := newTestClient(t, o).Do(t.Context(), get("https://example.com/"))
	if e := failed(t, resp, err); e.Stage != NotSent || !e.Timeout || time.Since(start) > 20*time.Second {
		t.Errorf("got %+v after %s", e, time.Since(start))
	}
}

func TestProxyOfPlainHTTP(t *testing.T) {
	t.Parallel()
	p := newProxy(t, "", "")
	o := quick()
	o.Getenv = env("HTTP_PROXY", "http://u:pw@"+p.addr)
	tap := &syncBuffer{}
	resp, err := newTestClient(t, o).OneShot(tap).Do(t.Context(), post("http://example.com/a?b=c"))
	if err != nil || string(resp.Body) != `{"p":1}` || !strings.HasSuffix(tap.String(), `{"p":1}`) {
		t.Fatalf("%+v, %v, tapped %q", resp, err, tap)
	}
	contains(t, p.String(), "POST http://example.com/a?b=c\n")
	contains(t, p.String(), "Proxy-Authorization: Basic ")
}

func TestLoopbackHasNoProxy(t *testing.T) {
	t.Parallel()
	p := newProxy(t, "", "HTTP/1.1 500 No\r\n\r\n")
	all := env("HTTP_PROXY", "http://"+p.addr, "HTTPS_PROXY", "http://"+p.addr)
	d := &dialer{proxy: proxies(all)}
	for _, host := range []string{"127.0.0.1", "127.9.9.9", "[::1]", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]"} {
		for _, scheme := range []string{"http", "https"} {
			if got, err := d.proxyFor(&url.URL{Scheme: scheme, Host: host + ":8080"}); got != nil || err != nil {
				t.Errorf("%s://%s: %v, %v", scheme, host, got, err)
			}
		}
	}
	if got, err := d.proxyFor(&url.URL{Scheme: "https", Host: "example.com"}); got == nil || err != nil {
		t.Errorf("example.com: %v, %v", got, err)
	}
	d.proxy = proxies(env("HTTPS_PROXY", "http://"+p.addr, "NO_PROXY", "example.com"))
	if got, err := d.proxyFor(&url.URL{Scheme: "https", Host: "api.example.com"}); got != nil || err != nil {
		t.Errorf("NO_PROXY: %v, %v", got, err)
	}
	d.proxy = (&httpproxy.Config{HTTPSProxy: "http://canary:p%zz@h"}).ProxyFunc()
	if got, err := d.proxyFor(&url.URL{Scheme: "https", Host: "example.com"}); got != nil || err != nil && strings.Contains(err.Error(), "canary") {
		t.Errorf("bad proxy: %v, %v", got, err)
	}
	srv, config := newTLSServer(t, func(http.ResponseWriter, *http.Request) {}, nil)
	o := quick()
	o.TLS, o.Getenv = config, all
	if _, err := newTestClient(t, o).Do(t.Context(), get(srv.URL)); err != nil || p.String() != "" {
		t.Errorf("%v; the proxy was told %q", err, p)
	}
}
