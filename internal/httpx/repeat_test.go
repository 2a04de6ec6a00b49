package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC)
	tests := []struct {
		header, body string
		want         time.Duration
	}{
		{"0", "", 0},
		{"1", "", time.Second},
		{" 12 ", "{}", 12 * time.Second},
		{date.Add(9 * time.Second).Format(http.TimeFormat), "", 9 * time.Second},
		{date.Add(-time.Hour).Format(http.TimeFormat), "", 0},
		{"-1", "", 0},
		{"1000000000", "", maxRetryAfter},
		{"99999999999999999999999", "", maxRetryAfter},
		{"1e999", "", maxRetryAfter},
		{"abc", "", 0},
		{"NaN", "", 0},
		{"", "", 0},
		{"", `{"retry_after": 12}`, 12 * time.Second},
		{"", `{"retry_after": "12"}`, 12 * time.Second},
		{"", `{"retry_after": 1.5}`, 1500 * time.Millisecond},
		{"", `{"retry_after": null}`, 0},
		{"", `{"retry_after": -3}`, 0},
		{"", `{"retry_after": [1]}`, 0},
		{"", `[12]`, 0},
		{"3", `{"retry_after": 12}`, 12 * time.Second},
		{"12", `{"retry_after": 3}`, 12 * time.Second},
		{"abc", `{"retry_after": 3}`, 3 * time.Second},
		{"5", `not JSON`, 5 * time.Second},
	}
	for _, tt := range tests {
		h := http.Header{"Retry-After": {tt.header}, "Date": {date.Format(http.TimeFormat)}}
		if got := retryAfter(429, h, []byte(tt.body)); got != tt.want {
			t.Errorf("%q and %s: %s, want %s", tt.header, tt.body, got, tt.want)
		}
	}
	if got := retryAfter(200, http.Header{"Retry-After": {"5"}}, nil); got != 0 {
		t.Errorf("200: %s", got)
	}
	future := now().Add(time.Minute).UTC().Format(http.TimeFormat)
	if got := retryAfter(503, http.Header{"Retry-After": {future}}, nil); got < 50*time.Second || got > time.Minute {
		t.Errorf("a date without the provider's clock: %s", got)
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	const s = time.Second
	answer := func(status int, retryAfter string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if retryAfter != "" {
				w.Header().Set("Retry-After", retryAfter)
			}
			w.WriteHeader(status)
		}
	}
	broken := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "abc")
	}
	type result struct {
		Status, Tries, Sent int
		Stage               Stage
		Failed              bool
		RetryAfter          time.Duration
	}
	type script []func(http.ResponseWriter) // the last one repeats
	tests := []struct {
		name    string
		repeat  Repeat
		timeout time.Duration
		answers script
		want    result
		waits   []time.Duration
		notes   int
	}{
		{"create: 429 then created", RepeatRefused, 30 * s, script{answer(429, ""), answer(429, "12"), answer(201, "")},
			result{Status: 201, Tries: 3, Sent: 3}, []time.Duration{s, 12 * s}, 1},
		{"create: 429 for ever", RepeatRefused, 30 * s, script{answer(429, "")},
			result{Status: 429, Tries: 5, Sent: 5}, []time.Duration{s, 2 * s, 4 * s, 8 * s}, 3},
		{"create: 500 once", RepeatRefused, 30 * s, script{answer(500, ""), answer(201, "")},
			result{Status: 500, Tries: 1, Sent: 1}, nil, 0},
		{"create: 503 with Retry-After", RepeatRefused, 30 * s, script{answer(503, "3"), answer(201, "")},
			result{Status: 503, Tries: 1, Sent: 1, RetryAfter: 3 * s}, nil, 0},
		{"create: broken off", RepeatRefused, 30 * s, script{broken, answer(201, "")},
			result{Failed: true, Stage: Sent, Sent: 1}, nil, 0},
		{"create: cut", RepeatRefused, 30 * s, script{cut, answer(201, "")},
			result{Failed: true, Stage: Answered, Status: 200, Sent: 1}, nil, 0},
		{"create: 404", RepeatRefused, 30 * s, script{answer(404, "")},
			result{Status: 404, Tries: 1, Sent: 1}, nil, 0},
		{"get: 500 then fine", RepeatSafe, 30 * s, script{answer(500, ""), answer(502, ""), answer(200, "")},
			result{Status: 200, Tries: 3, Sent: 3}, []time.Duration{s, 2 * s}, 1},
		{"get: broken off, cut, then fine", RepeatSafe, 30 * s, script{broken, cut, answer(200, "")},
			result{Status: 200, Tries: 3, Sent: 3}, []time.Duration{s, 2 * s}, 1},
		{"get: cut for ever", RepeatSafe, 30 * s, script{cut},
			result{Failed: true, Stage: Answered, Status: 200, Sent: 5}, []time.Duration{s, 2 * s, 4 * s, 8 * s}, 3},
		{"get: 401", RepeatSafe, 30 * s, script{answer(401, "")},
			result{Status: 401, Tries: 1, Sent: 1}, nil, 0},
		{"Retry-After beyond the budget", RepeatSafe, 30 * s, script{answer(429, "61")},
			result{Status: 429, Tries: 1, Sent: 1, RetryAfter: 61 * s}, nil, 0},
		{"Retry-After absurd", RepeatRefused, 30 * s, script{answer(429, "1000000000")},
			result{Status: 429, Tries: 1, Sent: 1, RetryAfter: maxRetryAfter}, nil, 0},
		{"waits add up to the budget", RepeatRefused, 30 * s, script{answer(429, "25")},
			result{Status: 429, Tries: 3, Sent: 3, RetryAfter: 25 * s}, []time.Duration{25 * s, 25 * s}, 2},
		{"a small time-out has a small budget", RepeatRefused, s, script{answer(429, "")},
			result{Status: 429, Tries: 3, Sent: 3}, []time.Duration{s, 2 * s}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); r.Method == "POST" && string(body) != `{"a":1}` {
					t.Errorf("body %q", body)
				}
				n := int(sent.Add(1))
				tt.answers[min(n, len(tt.answers))-1](w)
			}))
			t.Cleanup(srv.Close)
			var slept sleeps
			var notes []string
			c := newTestClient(t, Options{Timeout: tt.timeout, Sleep: slept.sleep, Notify: func(l string) { notes = append(notes, l) }})
			r := post(srv.URL)
			if tt.repeat == RepeatSafe {
				r = get(srv.URL)
			}
			retries := 0
			r.OnRetry = func() error { retries++; return nil }
			resp, err := c.Do(t.Context(), r)
			got := result{Sent: int(sent.Load())}
			var e *Error
			if errors.As(err, &e) {
				got.Failed, got.Stage, got.Status = true, e.Stage, e.Status
			} else {
				got.Status, got.Tries, got.RetryAfter = resp.Status, resp.Tries, resp.RetryAfter
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.waits, slept.waits); d != "" {
				t.Error(d)
			}
			if len(notes) != tt.notes || retries != got.Sent-1 {
				t.Errorf("%d retries, notes %q", retries, notes)
			}
		})
	}
}

func TestNotifyText(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "12")
		w.WriteHeader(429)
	}))
	t.Cleanup(srv.Close)
	var got string
	o := quick()
	o.Notify = func(l string) { got = l }
	if _, err := newTestClient(t, o).Do(t.Context(), post(srv.URL)); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("rate-limited by %s, trying again in 12 s", strings.TrimPrefix(srv.URL, "http://"))
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDialIsRepeatedBriefly(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(nil)
	srv.Close()
	for _, repeat := range []Repeat{RepeatRefused, RepeatSafe} {
		var slept sleeps
		o := quick()
		o.Sleep = slept.sleep
		r := post(srv.URL)
		r.Repeat = repeat
		resp, err := newTestClient(t, o).Do(t.Context(), r)
		if e := failed(t, resp, err); e.Error() != "cannot reach "+srv.URL[7:]+": connection refused" || !errors.Is(err, errRefused) {
			t.Errorf("got %v", err)
		}
		if d := cmp.Diff(dialWaits[:], slept.waits); d != "" {
			t.Error(d)
		}
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := serve(t, say("HTTP/1.1 429 No\r\nContent-Length: 0\r\nRetry-After: 9\r\n\r\n"))
	ctx, cancel := context.WithCancel(t.Context())
	o := quick()
	o.Sleep = nil // real time
	o.Notify = func(string) { cancel() }
	start := time.Now()
	resp, err := newTestClient(t, o).Do(ctx, post(s.url()))
	if e := failed(t, resp, err); e.Stage != NotSent || !errors.Is(err, context.Canceled) || time.Since(start) >= 9*time.Second {
		t.Errorf("got %+v after %s", e, time.Since(start))
	}
}

func TestFailingOnRetryStops(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	tests := []struct {
		name, answer string
		repeat       Repeat
		stage        Stage
	}{
		{"refused", "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n", RepeatRefused, NotSent},
		{"refused, answer cut", "HTTP/1.1 429 No\r\nContent-Length: 5\r\n\r\n", RepeatRefused, NotSent},
		{"failed", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", RepeatSafe, Sent},
		{"cut", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", RepeatSafe, Answered},
	}
	for _, tt := range tests {
		s := serve(t, say(tt.answer))
		r := post(s.url())
		r.Repeat, r.OnRetry = tt.repeat, func() error { return broken }
		resp, err := newTestClient(t, quick()).Do(t.Context(), r)
		if e := failed(t, resp, err); e.Stage != tt.stage || !errors.Is(err, broken) || len(s.seen()) != 1 {
			t.Errorf("%s: got %+v, %d requests", tt.name, e, len(s.seen()))
		}
	}
}

func TestRealSleep(t *testing.T) {
	t.Parallel()
	if err := sleep(t.Context(), time.Millisecond); err != nil {
		t.Error(err)
	}
}

// TestReusedConnectionReset offers a connection for reuse and has the server
// reset the next request: a POST that must not be repeated arrives once.
func TestReusedConnectionReset(t *testing.T) {
	t.Parallel()
	for _, header := range []http.Header{nil, {"Idempotency-Key": {"k"}}, {"x-idempotency-key": {"k"}}} {
		s := serve(t, func(c *net.TCPConn, n int) bool {
			if n == 1 {
				_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
				return err == nil
			}
			return reset(c)
		})
		c := newTestClient(t, quick())
		if _, err := c.Do(t.Context(), get(s.url()+"/warm")); err != nil {
			t.Fatal(err)
		}
		r := post(s.url() + "/create")
		r.Header = header
		resp, err := c.Do(t.Context(), r)
		if e := failed(t, resp, err); e.Stage != Sent {
			t.Errorf("got %+v", e)
		}
		seen := s.seen()
		if len(seen) != 2 || !strings.HasPrefix(seen[1], "POST /create") || strings.Contains(strings.ToLower(seen[1]), "idempotency") {
			t.Errorf("requests: %q", seen)
		}
		contains(t, seen[1], "Connection: close")
	}
}

// TestNothingFollowsAnAnswer: what comes behind an answer is on a connection
// that serves no other request, and reaches no log.
func TestNothingFollowsAnAnswer(t *testing.T) {
	t.Parallel()
	var open atomic.Int64
	s := serve(t, func(c *net.TCPConn, _ int) bool {
		open.Add(1)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}whsec_canary")
		_, _ = io.Copy(io.Discard, c) // until the client closes
		open.Add(-1)
		return false
	})
	c := newTestClient(t, quick())
	for range 3 {
		if resp, err := c.Do(t.Context(), get(s.url())); err != nil || string(resp.Body) != "{}" {
			t.Fatalf("%+v, %v", resp, err)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); open.Load() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n := open.Load(); n != 0 {
		t.Errorf("%d connections are still open", n)
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{other.URL + "/x", "/same", "http://u:p@" + other.URL[7:], "file:///etc/passwd"} {
			var sent atomic.Int64
			first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				sent.Add(1)
				w.Header().Set("Location", target)
				w.WriteHeader(status)
			}))
			c := newTestClient(t, quick())
			for _, r := range []Request{post(first.URL), get(first.URL), {Method: "DELETE", URL: first.URL, Repeat: RepeatSafe}} {
				r.Header = http.Header{"X-API-Key": {"canary"}}
				resp, err := c.Do(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if resp.Status != status || resp.Header.Get("Location") != target {
					t.Errorf("%s: got %d to %q", r.Method, resp.Status, resp.Header.Get("Location"))
				}
			}
			if sent.Load() != 3 {
				t.Errorf("the first server saw %d requests", sent.Load())
			}
			first.Close()
		}
	}
	if reached.Load() != 0 {
		t.Errorf("the other server saw %d requests", reached.Load())
	}
}

func TestRequestBytes(t *testing.T) {
	t.Parallel()
	s := serve(t, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
	c := newTestClient(t, quick())
	r := post(s.url() + "/functions/v1/a%2Fb?x=1")
	r.Header = http.Header{
		"X-API-Key": {"k"}, "accept-encoding": {"gzip"}, "Expect": {"100-continue"}, "idempotency-key": {"i"}, "Content-Type": {"application/json"},
	}
	if _, err := c.Do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := "POST /functions/v1/a%2Fb?x=1 HTTP/1.1\r\nHost: " + s.addr + "\r\nUser-Agent: hookctl/test\r\nConnection: close\r\n" +
		"Content-Length: 7\r\nContent-Type: application/json\r\nX-Api-Key: k\r\n\r\n{\"a\":1}"
	if d := cmp.Diff([]string{want}, s.seen()); d != "" {
		t.Error(d)
	}
}

func TestUnsendableRequests(t *testing.T) {
	t.Parallel()
	for _, r := range []Request{
		{Method: "GE T", URL: "http://127.0.0.1/"},
		{Method: "GET", URL: "ftp://127.0.0.1/"},
		{Method: "GET", URL: "http://127.0.0.1/", Header: http.Header{"X-Key": {"canary\r\nX: y"}}},
		{Method: "GET", URL: "http://127.0.0.1/", Header: http.Header{"X Key": {"canary"}}},
	} {
		resp, err := newTestClient(t, quick()).Do(t.Context(), r)
		if e := failed(t, resp, err); e.Stage != NotSent || strings.Contains(e.Error(), "canary") {
			t.Errorf("got %+v", e)
		}
	}
}
