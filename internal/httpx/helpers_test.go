package httpx

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// rawServer answers on loopback with whatever bytes a test wants.
type rawServer struct {
	addr string

	mu       sync.Mutex
	requests []string // head and body as they arrived
}

func (s *rawServer) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *rawServer) url() string { return "http://" + s.addr }

// serve runs answer for each request, counted from 1, of each connection until
// it returns false.
func serve(t *testing.T, answer func(c *net.TCPConn, n int) bool) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &rawServer{addr: l.Addr().String()}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(nc.(*net.TCPConn), answer)
		}
	}()
	return s
}

func (s *rawServer) talk(c *net.TCPConn, answer func(*net.TCPConn, int) bool) {
	defer func() { _ = c.Close() }()
	br := bufio.NewReader(c)
	for {
		raw := &bytes.Buffer{}
		r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(oneByte{br}, raw)))
		if err != nil {
			return
		}
		body, err := io.ReadAll(io.LimitReader(br, max(r.ContentLength, 0)))
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, raw.String()+string(body))
		n := len(s.requests)
		s.mu.Unlock()
		if !answer(c, n) {
			return
		}
	}
}

// oneByte keeps a bufio.Reader on top of it from reading ahead.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

// say answers every request with the same bytes and closes.
func say(text string) func(*net.TCPConn, int) bool {
	return func(c *net.TCPConn, _ int) bool {
		_, _ = io.WriteString(c, text)
		return false
	}
}

// reset closes with RST.
func reset(c *net.TCPConn) bool {
	_ = c.SetLinger(0)
	_ = c.Close()
	return false
}

// sleeps records waits instead of waiting.
type sleeps struct {
	mu    sync.Mutex
	waits []time.Duration
}

func (s *sleeps) sleep(_ context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, d)
	return nil
}

func quick() Options {
	return Options{UserAgent: "hookctl/test", Timeout: 5 * time.Second, Sleep: (&sleeps{}).sleep}
}

func newTestClient(t *testing.T, o Options) *Client {
	t.Helper()
	return New(o)
}

func post(url string) Request {
	return Request{Method: "POST", URL: url, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"a":1}`)}
}

func get(url string) Request { return Request{Method: "GET", URL: url, Repeat: RepeatSafe} }

// failed returns Do's error as an *Error.
func failed(t *testing.T, resp *Response, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || resp != nil {
		t.Fatalf("want an *Error, got %+v, %v", resp, err)
	}
	return e
}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func contains(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%q does not contain %q", text, want)
	}
}
