package httpx

import (
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTapHoldsEverything: whatever the provider sends is in the tap when Do
// returns, used or not, and of a refused try until the caller resets it.
func TestTapHoldsEverything(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("f", 20<<10)
	const secret = "whsec_canary"
	tests := []struct{ name, answer string }{
		{"used", "HTTP/1.1 201 Created\r\nContent-Length: 25\r\n\r\n{\"secret\":\"whsec_canary\"}"},
		{"no status line", strings.Repeat("{\"x\":\n", 4000) + secret},
		{"bad header, long rest", "HTTP/1.1 201 Created\r\nbroken\r\n\r\n" + filler + secret},
		{"head over the cap", "HTTP/1.1 201 Created\r\nX: " + strings.Repeat("f", CapHead+9000) + "\r\nY: " + secret + "\r\n\r\n" + filler + secret},
		{"broken chunks", "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + filler + secret},
		{"length too short", "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n{\"a\":" + filler + secret},
		{"broken gzip", "HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\n\r\n" + filler + secret},
		{"unknown encoding", "HTTP/1.1 201 Created\r\nContent-Encoding: br\r\n\r\n" + filler + secret},
		{"unknown transfer encoding", "HTTP/1.1 201 Created\r\nTransfer-Encoding: gzip\r\n\r\n" + filler + secret},
		{"204 with a body", "HTTP/1.1 204 No Content\r\n\r\n" + filler + secret},
		{"two lengths", "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + filler + secret},
		{"interim, then nonsense", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 xyz\r\n\r\n" + filler + secret},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, say(tt.answer))
			tap := &syncBuffer{}
			_, err := newTestClient(t, quick()).OneShot(tap).Do(t.Context(), post(s.url()))
			if tap.String() != tt.answer {
				t.Errorf("tapped %d of %d bytes (%v)", len(tap.String()), len(tt.answer), err)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error quotes the answer: %v", err)
			}
		})
	}
}

func TestTapOverTLS(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 201 Created\r\nbroken\r\n\r\n{\"secret\":\"whsec_canary\"}"
	rest := strings.Repeat("r", 100<<10)
	srv, config := newTLSServer(t, hijacked(t, answer+rest, func(c *tls.Conn) { _ = c.Close() }), nil)
	o := quick()
	o.TLS = config
	tap := &syncBuffer{}
	resp, err := newTestClient(t, o).OneShot(tap).Do(t.Context(), post(srv.URL))
	if e := failed(t, resp, err); e.Stage != Answered || e.Status != 201 || tap.String() != answer+rest {
		t.Errorf("%+v, tapped %d bytes", e, len(tap.String()))
	}
}

func TestTapUpToTheCap(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *net.TCPConn, _ int) bool {
		_, err := io.WriteString(c, "HTTP/1.1 201 Created\r\n\r\n")
		for err == nil {
			_, err = io.WriteString(c, strings.Repeat("x", 8<<10))
		}
		return false
	})
	tap := &syncBuffer{}
	r := post(s.url())
	r.Cap = CapCreate
	resp, err := newTestClient(t, quick()).OneShot(tap).Do(t.Context(), r)
	e := failed(t, resp, err)
	if e.Stage != Answered || e.Status != 201 || len(tap.String()) < CapCreate || len(tap.String()) > 4*CapCreate {
		t.Errorf("%+v, tapped %d bytes", e, len(tap.String()))
	}
	contains(t, e.Error(), "is larger than 256 KiB")
}

// TestDrainIsBounded: a provider that stays on the line after an odd answer
// costs two seconds, or the rest of the time-out.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *net.TCPConn, _ int) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<nothing>")
		return hold(c)
	})
	o := quick()
	o.Timeout = 500 * time.Millisecond
	// The quickest of a few: a busy machine may hold up any of them.
	quickest := time.Duration(math.MaxInt64)
	for tries := 0; quickest >= drainTime && tries < 10; tries++ {
		start := time.Now()
		resp, err := newTestClient(t, o).OneShot(&syncBuffer{}).Do(t.Context(), post(s.url()))
		if err != nil || string(resp.Body) != "<nothing>" {
			t.Fatalf("%+v, %v", resp, err)
		}
		quickest = min(quickest, time.Since(start))
	}
	if quickest >= drainTime {
		t.Errorf("it took %s", quickest)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestTapThatFails(t *testing.T) {
	t.Parallel()
	s := serve(t, say("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"))
	o := quick()
	o.Trace = brokenWriter{}
	resp, err := newTestClient(t, o).OneShot(brokenWriter{}).Do(t.Context(), post(s.url()))
	if err != nil || resp.Status != 201 {
		t.Errorf("%+v, %v", resp, err)
	}
}

// TestTapComesFirst looks at the tap from inside the parser: when the first
// byte of the body can be read, the tap has it.
func TestTapComesFirst(t *testing.T) {
	t.Parallel()
	s := serve(t, say("HTTP/1.1 201 Created\r\nContent-Length: 25\r\n\r\n{\"secret\":\"whsec_canary\"}"))
	tap := &syncBuffer{}
	one := newTestClient(t, quick()).OneShot(tap)
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := one.trip.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if tap.String() == "" {
		t.Error("net/http parsed a head that the tap does not have")
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
}

func TestTapIsResetByTheCaller(t *testing.T) {
	t.Parallel()
	const created = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
	s := serve(t, func(c *net.TCPConn, n int) bool {
		if n == 1 {
			return say("HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n")(c, n)
		}
		return say(created)(c, n)
	})
	tap := &syncBuffer{}
	r := post(s.url())
	r.OnRetry = func() error {
		contains(t, tap.String(), "429")
		tap.b.Reset()
		return nil
	}
	resp, err := newTestClient(t, quick()).OneShot(tap).Do(t.Context(), r)
	if err != nil || resp.Tries != 2 || tap.String() != created {
		t.Errorf("%+v, %v, tapped %q", resp, err, tap)
	}
}

// journalLike is a tap with a Reset.
type journalLike struct {
	syncBuffer
	resets int
	fail   error
}

func (j *journalLike) Reset() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.resets++
	j.b.Reset()
	return j.fail
}

func TestTapIsResetBetweenTries(t *testing.T) {
	t.Parallel()
	const created = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
	full := errors.New("disk full")
	tests := []struct {
		name, first string
		repeat      Repeat
		fail        error
		resets      int
		tapped      string
	}{
		{"refused", "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n", RepeatRefused, nil, 1, created},
		{"refused, reset fails", "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n", RepeatRefused, full, 1, ""},
		{"perhaps processed", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", RepeatSafe, nil, 0,
			"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" + created},
	}
	for _, tt := range tests {
		s := serve(t, func(c *net.TCPConn, n int) bool {
			if n == 1 {
				return say(tt.first)(c, n)
			}
			return say(created)(c, n)
		})
		tap := &journalLike{fail: tt.fail}
		r := post(s.url())
		r.Repeat = tt.repeat
		resp, err := newTestClient(t, quick()).OneShot(tap).Do(t.Context(), r)
		if tt.fail != nil {
			if e := failed(t, resp, err); e.Stage != NotSent || !errors.Is(err, full) || len(s.seen()) != 1 {
				t.Errorf("%s: %+v, %d requests", tt.name, e, len(s.seen()))
			}
		} else if err != nil || resp.Status != 201 {
			t.Errorf("%s: %+v, %v", tt.name, resp, err)
		}
		if tap.resets != tt.resets || tap.String() != tt.tapped {
			t.Errorf("%s: %d resets, tapped %q", tt.name, tap.resets, tap)
		}
	}
}

// TestAnswerBeforeTheRequest: a provider that speaks first is understood, and
// what it says goes to the tap only.
func TestAnswerBeforeTheRequest(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"HTTP/1.1 201 Created\r\nContent-Length: 25\r\n\r\n{\"secret\":\"whsec_canary\"}",
		"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"secret\":\"whsec_canary\"}",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, answer)
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}()
		tap := &syncBuffer{}
		resp, err := newTestClient(t, quick()).OneShot(tap).Do(t.Context(), post("http://"+l.Addr().String()))
		if strings.Contains(answer, "99") {
			if e := failed(t, resp, err); e.Stage != Answered || e.Status != 201 {
				t.Errorf("got %+v", e)
			}
		} else if err != nil || resp.Status != 201 {
			t.Errorf("got %+v, %v", resp, err)
		}
		if tap.String() != answer {
			t.Errorf("tapped %q", tap)
		}
	}
}
