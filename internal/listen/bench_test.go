package listen

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/durable"
)

// The benchmarks compare the listener with the least that a durable receiver
// must do: net/http, the body read, its HMAC compared, a record written by
// group commit, 200. The sender is a loop over raw connections, on the same
// cores.
//
//	go test ./internal/listen -run - -bench . -benchtime 3x
//
// The machine's noise is larger than the difference: what counts is the metric
// "ratio" of BenchmarkAgainstBare, in which both take turns.

const (
	benchConnections = 32
	benchBody        = 1 << 10
	benchRequests    = 8000 // a round
)

// bareServer is the baseline. It shares no code with the listener but the
// encoding of the record, so that both write the same bytes.
type bareServer struct {
	macs    sync.Pool
	buffers sync.Pool
	f       *os.File // nil: nothing is kept

	mu    sync.Mutex
	lines []byte
	done  chan struct{}
	err   *error
	wake  chan struct{}
}

func newBareServer(f *os.File) *bareServer {
	s := &bareServer{f: f, done: make(chan struct{}), err: new(error), wake: make(chan struct{}, 1)}
	s.macs.New = func() any { return hmac.New(sha256.New, []byte(testSecret)) }
	s.buffers.New = func() any { return new(bytes.Buffer) }
	if f != nil {
		go s.commit()
	}
	return s
}

func (s *bareServer) commit() {
	var spare []byte
	for range s.wake {
		s.mu.Lock()
		lines, done, err := s.lines, s.done, s.err
		s.lines, s.done, s.err = spare[:0], make(chan struct{}), new(error)
		s.mu.Unlock()
		_, *err = s.f.Write(lines)
		if *err == nil {
			*err = durable.System().SyncData(s.f)
		}
		close(done)
		spare = lines
	}
}

func (s *bareServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	buf := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, 1<<20)); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	want, err := hex.DecodeString(strings.TrimPrefix(r.Header.Get("X-Wunder-Signature"), "sha256="))
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write(buf.Bytes())
	if err != nil || !hmac.Equal(mac.Sum(nil), want) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if s.f != nil {
		r.Header["Host"] = []string{r.Host}
		record := capture.AppendRecord(nil, capture.Record{ReceivedAt: now, Method: r.Method, URL: r.RequestURI, Header: r.Header, Body: buf.Bytes()})
		s.mu.Lock()
		s.lines = append(append(s.lines, record...), '\n')
		done, err := s.done, s.err
		s.mu.Unlock()
		select {
		case s.wake <- struct{}{}:
		default:
		}
		if <-done; *err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

// startBare serves the baseline.
func startBare(b *testing.B, durable bool) string {
	b.Helper()
	var f *os.File
	if durable {
		var err error
		if f, err = os.OpenFile(filepath.Join(b.TempDir(), "bare.ndjson"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = f.Close() })
	}
	l := listenLoopback(b)
	srv := &http.Server{Handler: newBareServer(f)}
	go func() { _ = srv.Serve(l) }()
	b.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String()
}

// startListener runs the listener, reporting to a writer that formats a line.
func startListener(b *testing.B, durable bool) string { return startListenerTo(b, durable, nil) }

// startForwarding is startListener with a handler that answers at once.
func startForwarding(b *testing.B, durable bool) string {
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.Cleanup(app.Close)
	f, err := NewForwarder(app.URL, 0)
	if err != nil {
		b.Fatal(err)
	}
	return startListenerTo(b, durable, f)
}

func startListenerTo(b *testing.B, durable bool, to *Forwarder) string {
	b.Helper()
	o := testOptions()
	o.Forward = to
	o.Report = func(d Delivery) error {
		_, err := fmt.Fprintf(io.Discard, "%s %s %s %s %d %s\n", d.ReceivedAt.Format(time.TimeOnly), d.Provider, d.EventType, d.Reason, d.Status, d.Latency)
		return err
	}
	if durable {
		a, err := OpenArchive(nil, b.TempDir(), "deliveries.ndjson", 0, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = a.Close() })
		o.Kept = a
	}
	s, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	l := listenLoopback(b)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, l)
		done <- err
	}()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return l.Addr().String()
}

// load sends n deliveries over some connections at once, each waiting for its
// answer, and fails unless all are answered 200. It returns the time it took.
func load(tb testing.TB, addr string, connections, n int, request func(i int) []byte) time.Duration {
	tb.Helper()
	var next atomic.Int64
	errs := make(chan error, connections)
	begin := time.Now()
	for range connections {
		go func() { errs <- loadOne(addr, &next, int64(n), request) }()
	}
	for range connections {
		if err := <-errs; err != nil {
			tb.Fatal(err)
		}
	}
	return time.Since(begin)
}

func loadOne(addr string, next *atomic.Int64, n int64, request func(i int) []byte) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		i := next.Add(1) - 1
		if i >= n {
			return nil
		}
		if _, err := c.Write(request(int(i))); err != nil {
			return err
		}
		status, err := readAnswer(r)
		if err != nil {
			return err
		}
		if status != "200" {
			return errors.New("answered " + status)
		}
	}
}

// readAnswer reads an answer without a body, and returns its status.
func readAnswer(r *bufio.Reader) (string, error) {
	status := ""
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return status, err
		}
		if status == "" {
			if len(line) < 12 {
				return "", fmt.Errorf("not a status line: %q", line)
			}
			status = string(line[9:12])
			continue
		}
		if len(line) <= 2 {
			return status, nil
		}
	}
}

// benchDelivery is one signed request of the size that is measured.
func benchDelivery() []byte {
	body := fmt.Sprintf(`{"id":"0d9f2b1c","event_type":"contact.created","data":{"pad":"%s"}}`, strings.Repeat("x", benchBody))[:benchBody-3] + `"}}`
	return rawRequest("/hook", signed([]byte(body)), []byte(body))
}

func benchmark(b *testing.B, start func(*testing.B, bool) string, durable bool) {
	addr := start(b, durable)
	request := benchDelivery()
	load(b, addr, benchConnections, 500, func(int) []byte { return request }) // warms up
	b.ResetTimer()
	var took time.Duration
	for range b.N {
		took += load(b, addr, benchConnections, benchRequests, func(int) []byte { return request })
	}
	b.ReportMetric(float64(b.N)*benchRequests/took.Seconds(), "deliveries/s")
}

func BenchmarkListenDurable(b *testing.B) { benchmark(b, startListener, true) }
func BenchmarkBareDurable(b *testing.B)   { benchmark(b, startBare, true) }
func BenchmarkListen(b *testing.B)        { benchmark(b, startListener, false) }
func BenchmarkForward(b *testing.B)       { benchmarkEvents(b, false) }

// BenchmarkForwardDurable keeps each delivery twice: before the handler is asked, and
// with its answer.
func BenchmarkForwardDurable(b *testing.B) { benchmarkEvents(b, true) }

// benchmarkEvents forwards deliveries of different events: a duplicate goes nowhere.
func benchmarkEvents(b *testing.B, durable bool) {
	addr := startForwarding(b, durable)
	requests := make([][]byte, b.N*benchRequests)
	for i := range requests {
		body := fmt.Appendf(nil, `{"id":"%d","event_type":"contact.created","data":{"pad":"%s"}}`, i, strings.Repeat("x", benchBody))
		requests[i] = rawRequest("/hook", signed(body), body)
	}
	b.ResetTimer()
	took := load(b, addr, benchConnections, len(requests), func(i int) []byte { return requests[i] })
	b.ReportMetric(float64(len(requests))/took.Seconds(), "deliveries/s")
}
func BenchmarkBare(b *testing.B) { benchmark(b, startBare, false) }

// BenchmarkAgainstBare lets both take turns, and reports the listener's rate by
// the baseline's: the medians of all rounds.
func BenchmarkAgainstBare(b *testing.B) {
	for _, durable := range []bool{true, false} {
		b.Run(fmt.Sprintf("durable=%v", durable), func(b *testing.B) {
			ours, bare := startListener(b, durable), startBare(b, durable)
			request := benchDelivery()
			one := func(addr string) float64 {
				took := load(b, addr, benchConnections, benchRequests, func(int) []byte { return request })
				return benchRequests / took.Seconds()
			}
			var rates [2][]float64
			for range b.N {
				rates[0] = append(rates[0], one(bare))
				rates[1] = append(rates[1], one(ours))
			}
			b.ReportMetric(median(rates[1])/median(rates[0]), "ratio")
			b.ReportMetric(median(rates[1]), "deliveries/s")
		})
	}
}
