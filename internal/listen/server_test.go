package listen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
)

func TestCount(t *testing.T) {
	t.Parallel()
	created, updated := event("1", "contact.created"), event("2", "contact.updated")
	for _, c := range []struct {
		name   string
		count  int
		events []string
		sent   [][]byte // all but the last must not end the run
	}{
		{"once", 1, nil, [][]byte{created}},
		{"twice", 2, nil, [][]byte{created, updated}},
		{"a duplicate does not count", 2, nil, [][]byte{created, created, created, updated}},
		{"until", 1, []string{"contact.updated", "deal.created"}, [][]byte{created, updated}},
		{"until, twice", 2, []string{"contact.updated"}, [][]byte{created, updated, updated, event("3", "contact.updated")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := testOptions()
			o.Count, o.Events, o.Timeout = c.count, c.events, time.Hour
			r := start(t, o)
			if status, _ := r.post(signed([]byte("x")), created); status != 401 {
				t.Errorf("answered %d", status)
			}
			for i, body := range c.sent {
				select {
				case <-r.done:
					t.Fatalf("ended before delivery %d", i)
				default:
				}
				if status, _ := r.post(signed(body), body); status != 200 {
					t.Errorf("answered %d", status)
				}
			}
			if got := r.ended(); len(got) != len(c.sent)+1 || r.err != nil || r.summary.Counted != c.count {
				t.Errorf("%d deliveries, %+v, %v", len(got), r.summary, r.err)
			}
		})
	}
}

// TestCountNeedsSuccess: what the target refuses does not count.
func TestCountNeedsSuccess(t *testing.T) {
	t.Parallel()
	l := listenLoopback(t)
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	o := testOptions()
	o.Count, o.Timeout = 1, 300*time.Millisecond
	o.Forward = forwardTo(t, addr, 0)
	r := start(t, o)
	body := event("1", "contact.created")
	if status, _ := r.post(signed(body), body); status != 502 {
		t.Errorf("answered %d", status)
	}
	r.ended()
	if fault.KindOf(r.err) != fault.Negative || !strings.HasSuffix(r.err.Error(), "; 1 delivery in all") {
		t.Errorf("%v", r.err)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]string{
		0: "", 1: "0 deliveries counted within 50ms, but 1 expected; 0 deliveries in all",
		2: "0 deliveries counted within 50ms, but 2 expected; 0 deliveries in all",
	} {
		o := testOptions()
		o.Count, o.Timeout = count, 50*time.Millisecond
		r := start(t, o)
		r.ended()
		if want == "" && r.err != nil || want != "" && (fault.KindOf(r.err) != fault.Negative || !strings.Contains(r.err.Error(), want)) {
			t.Errorf("%d: %v", count, r.err)
		}
	}
}

// TestStopUnderLoad stops the listener while senders are at it: whatever it has
// begun to answer is answered, and what it answered is kept.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	for round := range 5 {
		o := testOptions()
		o.Kept = archive(t)
		left := make(chan struct{})
		var r *running
		o.Leave = func() {
			// Deliveries are still answered here.
			body := event("leave", "contact.created")
			if status, _ := r.post(signed(body), body); status != 200 {
				t.Errorf("while leaving: answered %d", status)
			}
			close(left)
		}
		r = start(t, o)
		const senders = 16
		var acknowledged, cut atomic.Int64
		var wg sync.WaitGroup
		for w := range senders {
			wg.Go(func() {
				c, err := net.Dial("tcp", r.addr)
				if err != nil {
					return
				}
				defer c.Close()
				in := bufio.NewReader(c)
				last := time.Now()
				for i := 0; ; i++ {
					body := event(fmt.Sprintf("%d-%d", w, i), "contact.created")
					_, err := c.Write(rawRequest("/", signed(body), body))
					var res *http.Response
					if err == nil {
						res, err = http.ReadResponse(in, nil)
					}
					if err != nil {
						// Before the first, the connection may never have been accepted; and a
						// busy machine may hold up a sender for longer than is waited for.
						if i > 0 && time.Since(last) < lingerTime*5/6 {
							cut.Add(1)
						}
						return
					}
					if res.StatusCode == 200 {
						acknowledged.Add(1)
					} else {
						t.Errorf("answered %d", res.StatusCode)
					}
					last = time.Now()
					if res.Close {
						return // told so: the next request would go to a new connection
					}
				}
			})
		}
		time.Sleep(time.Duration(20+10*round) * time.Millisecond)
		r.end()
		wg.Wait()
		<-left
		kept := int64(len(records(t, o.Kept.Path())))
		if n := acknowledged.Load(); n == 0 || kept != n+1 || cut.Load() != 0 {
			t.Errorf("%d acknowledged, %d kept, %d senders cut off", n, kept-1, cut.Load())
		}
		if text := content(t, o.Kept.Path()); !strings.HasSuffix(text, "}\n") {
			t.Error("the file does not end with a line end")
		}
	}
}

// TestStopWithSlowSenders: half requests do not hold up the end.
func TestStopWithSlowSenders(t *testing.T) {
	t.Parallel()
	r := start(t, testOptions())
	for _, begun := range []string{"", "POST / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhal"} {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte(begun)); err != nil {
			t.Fatal(err)
		}
	}
	body := event("1", "contact.created")
	if status, _ := r.post(signed(body), body); status != 200 { // so that all are accepted
		t.Errorf("answered %d", status)
	}
	begin := time.Now()
	r.end()
	if took := time.Since(begin); took > 20*time.Second || r.err != nil {
		t.Errorf("it took %s, %v", took, r.err)
	}
}

// TestReportFails: nobody reads the output any more, so that the run ends.
func TestReportFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	o := testOptions()
	o.Report = func(Delivery) error { return broken }
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := listenLoopback(t)
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(context.Background(), l)
		done <- err
	}()
	r := &running{t: t, addr: l.Addr().String()}
	body := event("1", "contact.created")
	if status, _ := r.post(signed(body), body); status != 200 {
		t.Errorf("answered %d", status)
	}
	select {
	case err := <-done:
		if !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the run does not end")
	}
	// What comes too late is turned away.
	w := &recorder{header: http.Header{}}
	req, err := http.NewRequest(http.MethodPost, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.ServeHTTP(w, req)
	if w.status != http.StatusServiceUnavailable {
		t.Errorf("answered %d", w.status)
	}
}

// TestReportHangs: a reader that has stopped reading cannot keep the run from
// being ended by a second interrupt.
func TestReportHangs(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	t.Cleanup(func() { close(read) })
	o := testOptions()
	o.Report = func(Delivery) error {
		<-read
		return nil
	}
	hurry := make(chan struct{})
	o.Hurry = hurry
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := listenLoopback(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, l)
		done <- err
	}()
	// More than the queue holds: some are answered and wait to be reported.
	body := event("1", "contact.created")
	request := rawRequest("/", signed(body), body)
	load(t, l.Addr().String(), 20, queued, func(int) []byte { return request })
	for range 5 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		// Its sender is told all the same.
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if res, _ := readResponse(t, bufio.NewReader(c)); res.StatusCode != http.StatusOK {
			t.Errorf("answered %d", res.StatusCode)
		}
	}
	cancel()
	select {
	case err := <-done:
		t.Fatalf("ended without waiting for its reader: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(hurry)
	select {
	case err := <-done:
		if !errors.Is(err, ErrAborted) || fault.KindOf(err) != fault.Interrupted {
			t.Errorf("%v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the run does not end")
	}
}

type recorder struct {
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(p []byte) (int, error) { return len(p), nil }
func (r *recorder) WriteHeader(status int)      { r.status = status }

// TestListenerFails: a listener that is closed by somebody else ends the run
// with an error.
func TestListenerFails(t *testing.T) {
	t.Parallel()
	s, err := New(testOptions())
	if err != nil {
		t.Fatal(err)
	}
	l := listenLoopback(t)
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(context.Background(), l)
		done <- err
	}()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; fault.KindOf(err) != fault.Other || err == nil {
		t.Errorf("%v", err)
	}
}

// TestDurable sends thousands of deliveries over 32 connections: every one is
// there, whole, once.
func TestDurable(t *testing.T) {
	t.Parallel()
	n := 2000
	if os.Getenv("HOOKCTL_TEST_FULL") == "1" {
		n = 20_000
	}
	o := testOptions()
	o.Kept = archive(t)
	r := start(t, o)
	load(t, r.addr, 32, n, func(i int) []byte {
		body := event(fmt.Sprint(i), "contact.created")
		return rawRequest("/", signed(body), body)
	})
	got := r.end()
	if len(got) != n || r.summary.Saved != n || r.summary.Duplicates != 0 || r.err != nil {
		t.Errorf("%d reported, %+v, %v", len(got), r.summary, r.err)
	}
	file := content(t, o.Kept.Path())
	ids := map[string]bool{}
	for _, v := range verdicts(t, testOptions(), []byte(file)) {
		if !v.Valid {
			t.Fatalf("%+v", v)
		}
		ids[v.EventID] = true
	}
	if len(ids) != n {
		t.Errorf("%d different deliveries", len(ids))
	}
	if filepath.Base(o.Kept.Path()) != "deliveries.ndjson" {
		t.Error(o.Kept.Path())
	}
}
