package httpx

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wireOf is the request that Deliver writes, as it goes over the wire.
func wireOf(t *testing.T, d Delivery) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		defer conn.Close()
		var raw bytes.Buffer
		req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &raw)))
		if err == nil {
			_, err = io.Copy(io.Discard, req.Body)
		}
		if err == nil {
			_, err = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok")
		}
		if err != nil {
			got <- err.Error()
			return
		}
		got <- raw.String()
	}()
	d.URL = strings.Replace(d.URL, "HOST", l.Addr().String(), 1)
	resp, err := New(Options{UserAgent: "hookctl"}).Deliver(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status != 202 || string(resp.Body) != "ok" || resp.Tries != 1 {
		t.Errorf("%+v", resp)
	}
	return strings.ReplaceAll(<-got, l.Addr().String(), "HOST")
}

func TestDeliverSendsAsItIs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		d    Delivery
		want string
	}{
		"nothing is added": {
			Delivery{URL: "http://HOST/hook?a=b#frag", Body: []byte("{}\n")},
			"POST /hook?a=b HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 3\r\n\r\n{}\n",
		},
		"names as written, all values, no hop-by-hop header": {
			Delivery{Method: "PUT", URL: "http://HOST", Body: []byte("x"), Header: http.Header{
				"x-lower": {"1", "2"}, "X-LOWER": {"3"}, "user-agent": {"curl/8"}, "Accept-Encoding": {"gzip"}, "Idempotency-Key": {"k"},
				"Connection": {"keep-alive, x-once", "X-Twice"}, "X-Once": {"a"}, "x-twice": {"b"}, "Keep-Alive": {"5"}, "TE": {"trailers"},
				"Transfer-Encoding": {"chunked"}, "host": {"elsewhere"}, "content-length": {"99"}, ":authority": {"elsewhere"}, "expect": {"100-continue"},
				"proxy-authorization": {"Basic x"}, "Authorization": {"Bearer t"},
			}},
			"PUT / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: curl/8\r\nConnection: close\r\nContent-Length: 1\r\nAccept-Encoding: gzip\r\n" +
				"Authorization: Bearer t\r\nIdempotency-Key: k\r\nX-LOWER: 3\r\nx-lower: 1\r\nx-lower: 2\r\n\r\nx",
		},
		"another host": {
			Delivery{URL: "http://HOST/x", Host: "hooks.example.com:8443", Body: []byte("x")},
			"POST /x HTTP/1.1\r\nHost: hooks.example.com:8443\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
		},
		"no body": {
			Delivery{URL: "http://HOST/"},
			"POST / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, wireOf(t, tt.d)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDeliverOnceAndNoFurther(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.URL.Path)
		mu.Unlock()
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case "/busy":
			w.WriteHeader(http.StatusTooManyRequests)
		case "/large":
			_, _ = w.Write(make([]byte, CapGet+1))
		case "/reset":
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	c := New(Options{})
	for path, want := range map[string]int{"/moved": 307, "/busy": 429, "/fine": 200} {
		resp, err := c.Deliver(t.Context(), Delivery{URL: server.URL + path})
		if err != nil || resp.Status != want {
			t.Errorf("%s: %+v, %v", path, resp, err)
		}
	}
	var failed *Error
	if _, err := c.Deliver(t.Context(), Delivery{URL: server.URL + "/large"}); !errors.As(err, &failed) || failed.Stage != Answered || failed.Status != 200 {
		t.Errorf("large: %v", err)
	}
	if _, err := c.Deliver(t.Context(), Delivery{URL: server.URL + "/reset"}); !errors.As(err, &failed) || failed.Stage != Sent {
		t.Errorf("reset: %v", err)
	}
	mu.Lock()
	if len(seen) != 5 {
		t.Errorf("requests: %q", seen)
	}
	mu.Unlock()
	dead := httptest.NewServer(nil)
	dead.Close()
	if _, err := c.Deliver(t.Context(), Delivery{URL: dead.URL}); !errors.As(err, &failed) || failed.Stage != NotSent || errors.Is(err, ErrUnsendable) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("dead: %v", err)
	}
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(slow.Close)
	if _, err := New(Options{Timeout: 20 * time.Millisecond}).Deliver(t.Context(), Delivery{URL: slow.URL}); !errors.As(err, &failed) || !failed.Timeout {
		t.Errorf("slow: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Deliver(ctx, Delivery{URL: server.URL}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestDeliverRefuses(t *testing.T) {
	t.Parallel()
	const private = "CANARY"
	for name, d := range map[string]Delivery{
		"no URL": {}, "no host": {URL: "http:///x"}, "ftp": {URL: "ftp://example.com"}, "relative": {URL: "/hook"},
		"password":      {URL: "http://u:" + private + "@127.0.0.1/"},
		"host":          {URL: "http://127.0.0.1/", Host: "a\r\nX: " + private},
		"method":        {URL: "http://127.0.0.1", Method: "PO ST"},
		"header name":   {URL: "http://127.0.0.1", Header: http.Header{"X Y": {"1"}}},
		"empty name":    {URL: "http://127.0.0.1", Header: http.Header{"": {"1"}}},
		"header value":  {URL: "http://127.0.0.1", Header: http.Header{"X-Y": {private + "\r\nX-Z: 1"}}},
		"not parseable": {URL: "http://127.0.0.1/%zz" + private},
	} {
		var failed *Error
		_, err := New(Options{}).Deliver(t.Context(), d)
		if !errors.As(err, &failed) || failed.Stage != NotSent || !errors.Is(err, ErrUnsendable) || strings.Contains(err.Error(), private) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
