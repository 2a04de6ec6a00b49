package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestStages sends one POST and cuts, breaks or stalls the answer.
func TestStages(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 300)
	tests := []struct {
		name    string
		answer  func(*net.TCPConn, int) bool
		stage   Stage
		status  int
		timeout bool
		text    string
	}{
		{"close at once", func(*net.TCPConn, int) bool { return false }, Sent, 0, false, "closed the connection after the request was sent"},
		{"reset at once", func(c *net.TCPConn, _ int) bool { return reset(c) }, Sent, 0, false, "the connection after the request was sent"},
		{"part of a status line", say("HTTP/1.1 2"), Sent, 0, false, "closed the connection after"},
		{"status digits only", say("HTTP/1.1 201"), Answered, 201, false, "in the middle of its answer"},
		{"head cut", say("HTTP/1.1 201 Created\r\nContent-Le"), Answered, 201, false, "in the middle of its answer"},
		{"body short", say("HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nabc"), Answered, 201, false, "closed the connection in the middle"},
		{"body short, reset", func(c *net.TCPConn, _ int) bool {
			_, _ = io.WriteString(c, "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nabc")
			time.Sleep(20 * time.Millisecond)
			return reset(c)
		}, Answered, 201, false, "in the middle of its answer"},
		{"chunked without end", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), Answered, 200, false, "in the middle of its answer"},
		{"chunked nonsense", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\nabc\r\n"), Answered, 200, false, "not valid HTTP"},
		{"1xx, then nothing", say("HTTP/1.1 100 Continue\r\n\r\n"), Sent, 0, false, "closed the connection after"},
		{"1xx, then a cut head", say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 202 Acc"), Answered, 202, false, ""},
		{"101", say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nx"), Sent, 0, false, "not valid HTTP"},
		{"not HTTP", say(`{"secret":"whsec_canary"}` + "\r\n\r\n"), Sent, 0, false, "not valid HTTP"},
		{"bad header", say("HTTP/1.1 201 Created\r\nwhsec_canary\r\n\r\n{}"), Answered, 201, false, "not valid HTTP"},
		{"transfer encoding gzip", say("HTTP/1.1 201 Created\r\nTransfer-Encoding: gzip\r\n\r\nwhsec_canary"), Answered, 201, false, "not valid HTTP"},
		{"head over the cap", say("HTTP/1.1 201 Created\r\nX: " + strings.Repeat("whsec_canary", CapHead/10) + "\r\n\r\n"), Answered, 201, false, "not valid HTTP"},
		{"too many 1xx", say(strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: "+big+"\r\n\r\n", 1000) + "HTTP/1.1 200 OK\r\n\r\n"), Sent, 0, false, ""},
		{"body over the cap", say("HTTP/1.1 201 Created\r\n\r\n" + strings.Repeat("x", 2<<10+1)), Answered, 201, false, "is larger than 2 KiB"},
		{"odd encoding", say("HTTP/1.1 201 Created\r\nContent-Encoding: br\r\n\r\nx"), Answered, 201, false, "not requested"},
		{"silence", func(c *net.TCPConn, _ int) bool { return hold(c) }, Sent, 0, true, "no answer from"},
		{"stall in the head", func(c *net.TCPConn, _ int) bool {
			_, _ = io.WriteString(c, "HTTP/1.1 201 Created\r\n")
			return hold(c)
		}, Answered, 201, true, "did not finish its answer"},
		{"stall in the body", func(c *net.TCPConn, _ int) bool {
			_, _ = io.WriteString(c, "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nabc")
			return hold(c)
		}, Answered, 201, true, "did not finish its answer"},
	}
	for _, tap := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s/tap=%v", tt.name, tap), func(t *testing.T) {
				t.Parallel()
				s := serve(t, tt.answer)
				o := quick()
				if tt.timeout {
					o.Timeout = 300 * time.Millisecond
				}
				c := newTestClient(t, o)
				if tap {
					c = c.OneShot(&syncBuffer{})
				}
				r := post(s.url() + "/hook?key=canary-query")
				r.Cap = 2 << 10
				start := time.Now()
				resp, err := c.Do(t.Context(), r)
				e := failed(t, resp, err)
				if e.Stage != tt.stage || e.Status != tt.status || e.Timeout != tt.timeout {
					t.Errorf("got stage %d, status %d, timeout %v (%v)", e.Stage, e.Status, e.Timeout, e)
				}
				contains(t, e.Error(), tt.text)
				contains(t, e.Error(), s.addr)
				if strings.Contains(e.Error(), "canary") {
					t.Errorf("the error quotes the answer or the query: %v", e)
				}
				if n := len(s.seen()); n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
				if tt.timeout && (time.Since(start) > 20*time.Second || !errors.Is(err, context.DeadlineExceeded)) {
					t.Errorf("took %s: %v", time.Since(start), err)
				}
			})
		}
	}
}

// hold keeps the connection silent until the client is gone.
func hold(c *net.TCPConn) bool {
	_, _ = io.Copy(io.Discard, c)
	return false
}

func TestWholeAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer func(*net.TCPConn, int) bool
		status int
		body   string
	}{
		{"length", say("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"), 201, "{}"},
		{"length, then reset", func(c *net.TCPConn, _ int) bool {
			_, _ = io.WriteString(c, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
			return reset(c)
		}, 201, "{}"},
		{"HTTP/1.0 until the end", say("HTTP/1.0 200 OK\r\n\r\n{\"a\":1}"), 200, `{"a":1}`},
		{"chunked", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), 200, "{}"},
		{"after 100 and 103", say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"), 201, "{}"},
		{"no content", say("HTTP/1.1 204 No Content\r\n\r\n"), 204, ""},
		{"exactly the cap", say("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 2<<10)), 200, strings.Repeat("x", 2<<10)},
		{"server error", say("HTTP/1.1 503 No\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\n{}"), 503, "{}"},
	}
	for _, tap := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s/tap=%v", tt.name, tap), func(t *testing.T) {
				t.Parallel()
				s := serve(t, tt.answer)
				c := newTestClient(t, quick())
				if tap {
					c = c.OneShot(&syncBuffer{})
				}
				r := post(s.url())
				r.Cap = 2 << 10
				resp, err := c.Do(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if resp.Status != tt.status || string(resp.Body) != tt.body || resp.Tries != 1 {
					t.Errorf("got %d %q after %d tries", resp.Status, resp.Body, resp.Tries)
				}
				if tt.status == 503 && resp.RetryAfter != 7*time.Second {
					t.Errorf("RetryAfter = %s", resp.RetryAfter)
				}
			})
		}
	}
}

// TestEveryCut ends the answer after every byte: until the status code is
// whole the stage is Sent, from then on Answered.
func TestEveryCut(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{\"secret\":\"whsec_canary\"}"
	digits := strings.Index(answer, "201") + 3
	c := newTestClient(t, quick())
	for i := range len(answer) - 1 {
		s := serve(t, say(answer[:i]))
		tap := &syncBuffer{}
		resp, err := c.OneShot(tap).Do(t.Context(), post(s.url()))
		if strings.HasSuffix(answer[:i], `canary"`) {
			continue // 24 of the 25 bytes: the length that was promised
		}
		e := failed(t, resp, err)
		stage, status := Sent, 0
		if i >= digits {
			stage, status = Answered, 201
		}
		if e.Stage != stage || e.Status != status || tap.String() != answer[:i] || len(s.seen()) != 1 {
			t.Fatalf("cut after %d bytes: stage %d, status %d, %d bytes tapped, %d requests (%v)",
				i, e.Stage, e.Status, len(tap.String()), len(s.seen()), e)
		}
	}
}

func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *net.TCPConn, _ int) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nabc")
		return hold(c)
	})
	c := newTestClient(t, quick())
	c.idle = 50 * time.Millisecond
	resp, err := c.OneShot(&syncBuffer{}).Do(t.Context(), post(s.url()))
	e := failed(t, resp, err)
	if e.Stage != Answered || e.Status != 201 || !e.Timeout {
		t.Errorf("got %+v", e)
	}
	contains(t, e.Error(), "stopped sending for 50ms in the middle of its answer")
}

func TestDripIsBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *net.TCPConn, _ int) bool {
		_, err := io.WriteString(c, "HTTP/1.1 201 Created\r\n\r\n")
		for err == nil {
			time.Sleep(20 * time.Millisecond)
			_, err = io.WriteString(c, "x")
		}
		return false
	})
	o := quick()
	o.Timeout = 300 * time.Millisecond
	start := time.Now()
	resp, err := newTestClient(t, o).OneShot(&syncBuffer{}).Do(t.Context(), post(s.url()))
	if e := failed(t, resp, err); !e.Timeout || e.Stage != Answered || time.Since(start) > 20*time.Second {
		t.Errorf("got %+v after %s", e, time.Since(start))
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(c *net.TCPConn, _ int) bool {
		cancel()
		return hold(c)
	})
	resp, err := newTestClient(t, quick()).Do(ctx, get(s.url()))
	if e := failed(t, resp, err); e.Stage != Sent || e.Timeout || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v", e)
	}
}

func TestNotSent(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	trusted, _ := newTLSServer(t, nil, nil)
	plain := httptest.NewServer(nil)
	t.Cleanup(plain.Close)
	hangup, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hangup.Close() })
	go func() {
		for {
			c, err := hangup.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	tests := []struct {
		name, url, text string
		tries           int
	}{
		{"refused", closed.URL, "connection refused", 3},
		{"unknown authority", trusted.URL, "not signed by an authority", 1},
		{"TLS to a plain server", strings.Replace(plain.URL, "http:", "https:", 1), "does not use TLS", 1},
		{"hang up in the handshake", "https://" + hangup.Addr().String(), "closed the connection during the TLS handshake", 3},
		{"no handshake", "https://" + mute.Addr().String(), "cannot reach", 0},
		{"no URL", "::", "not an absolute", 0},
		{"relative URL", "/a", "not an absolute", 0},
		{"userinfo", "http://u:canary@127.0.0.1/", "user name", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := quick()
			if tt.tries == 0 {
				o.Timeout = 400 * time.Millisecond
			}
			trace := &syncBuffer{}
			o.Trace = trace
			resp, err := newTestClient(t, o).OneShot(io.Discard).Do(t.Context(), post(tt.url))
			e := failed(t, resp, err)
			if e.Stage != NotSent || e.Status != 0 {
				t.Errorf("got %+v", e)
			}
			contains(t, e.Error(), tt.text)
			if strings.Contains(e.Error(), "canary") {
				t.Errorf("the error quotes the URL: %v", e)
			}
			if n := strings.Count(trace.String(), "> POST"); tt.tries > 0 && n != tt.tries {
				t.Errorf("%d tries, want %d:\n%s", n, tt.tries, trace)
			}
		})
	}
}
