package listen

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

const (
	testSecret  = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d"
	otherSecret = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"
)

var (
	wunder = verify.Provider{
		Name:     "wundertreos",
		Scheme:   signature.Scheme{Provider: "wundertreos", Headers: []string{"X-Wunder-Signature", "X-Hook-Signature"}, Prefix: "sha256="},
		Envelope: capture.Envelope{ID: "id", Type: "event_type", Time: "delivered_at", HeaderID: "X-Wunder-Delivery", HeaderType: "X-Wunder-Event"},
	}
	zyntro = verify.Provider{
		Name:     "zyntro",
		Scheme:   signature.Scheme{Provider: "zyntro", Headers: []string{"X-Zyntro-Signature"}, Prefix: "sha256=", Assumed: []string{"signature-header"}},
		Envelope: capture.Envelope{ID: "event_id", Type: "event_type", Time: "created_at"},
	}
)

// testOptions verify deliveries of both providers, each with one secret.
func testOptions() Options {
	return Options{
		Providers: []verify.Provider{zyntro, wunder},
		Candidates: []verify.Candidate{
			{Provider: "wundertreos", ID: "w-1", Name: "Lead sync", Secret: secret.New(testSecret)},
			{Provider: "zyntro", ID: "z-1", Name: "CRM Sync", Secret: secret.New(otherSecret)},
		},
		Now:    time.Now,
		Report: func(Delivery) error { return nil },
	}
}

// signed are the headers of a delivery of WundertreOS's.
func signed(body []byte) http.Header {
	value, err := wunder.Scheme.Sign(secret.New(testSecret), "", body)
	if err != nil {
		return nil // a test secret that cannot sign fails every test
	}
	return http.Header{"Content-Type": {"application/json"}, "X-Wunder-Signature": {value}, "X-Hook-Signature": {value}}
}

// sign is the signature that p makes of body with a key.
func sign(t testing.TB, p verify.Provider, key string, body []byte) string {
	t.Helper()
	value, err := p.Scheme.Sign(secret.New(key), "", body)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// rawRequest is a POST as it goes over the wire.
func rawRequest(target string, header http.Header, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: hook.test\r\nContent-Length: %d\r\n", target, len(body))
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

func listenLoopback(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}

// running is a server under test.
type running struct {
	t      testing.TB
	server *Server
	addr   string
	stop   context.CancelFunc

	mu   sync.Mutex
	seen []Delivery
	said []string

	done    chan struct{}
	summary Summary
	err     error
}

// start runs a server with o, whose Report and Notify it takes over.
func start(t testing.TB, o Options) *running {
	t.Helper()
	r := &running{t: t, done: make(chan struct{})}
	o.Report = func(d Delivery) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, d)
		return nil
	}
	o.Notify = func(line string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, line)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := listenLoopback(t)
	r.server, r.addr = s, l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() {
		defer close(r.done)
		r.summary, r.err = s.Run(ctx, l)
	}()
	t.Cleanup(func() {
		cancel()
		<-r.done
	})
	return r
}

// end ends the run, if it has not ended by itself, and returns what it reported.
func (r *running) end() []Delivery {
	r.t.Helper()
	r.stop()
	return r.ended()
}

// ended waits until the run has ended by itself.
func (r *running) ended() []Delivery {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(20 * time.Second):
		r.t.Fatal("the run does not end")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// post sends one delivery over a connection of its own, and returns the
// answer's status and body.
func (r *running) post(header http.Header, body []byte) (int, string) {
	r.t.Helper()
	res, text := r.raw(rawRequest("/hook", header, body))
	return res.StatusCode, text
}

// raw sends bytes over a connection of its own and reads one answer.
func (r *running) raw(request []byte) (*http.Response, string) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		r.t.Fatal(err)
	}
	if _, err := c.Write(request); err != nil {
		r.t.Fatal(err)
	}
	return readResponse(r.t, bufio.NewReader(c))
}

func readResponse(t testing.TB, from *bufio.Reader) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(from, nil)
	if err == nil && res.StatusCode == http.StatusContinue {
		res, err = http.ReadResponse(from, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// with returns header with a value more.
func with(header http.Header, name, value string) http.Header {
	out := header.Clone()
	out[name] = append(out[name], value)
	return out
}

// event is the body of a delivery of WundertreOS's.
func event(id, kind string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"event_type":%q,"data":{"contact":{"name":"Zoë"}},"delivered_at":"2026-05-17T14:30:01.123Z"}`, id, kind)
}

// archive opens an archive in a new directory.
func archive(t testing.TB) *Archive {
	t.Helper()
	a, err := OpenArchive(nil, filepath.Join(t.TempDir(), "kept"), "deliveries.ndjson", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// records reads a file of records as verify does. What cannot be read is nil.
func records(t testing.TB, path string) []*capture.Request {
	t.Helper()
	batches, err := capture.Read(context.Background(), []string{path}, capture.Options{Format: "ndjson"})
	if err != nil {
		t.Fatal(err)
	}
	var all []*capture.Request
	for b := range batches {
		for r, err := range b.Each() {
			if err != nil {
				all = append(all, nil)
				continue
			}
			all = append(all, r.Clone())
		}
	}
	return all
}
