package inspect

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

const testSecret = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d"

var scheme = signature.Scheme{Provider: "wundertreos", Headers: []string{"X-Wunder-Signature", "X-Hook-Signature"}, Prefix: "sha256="}

func sign(body []byte) []capture.Field {
	value, err := scheme.Sign(secret.New(testSecret), "", body)
	if err != nil {
		return nil // a test secret that cannot sign fails every test
	}
	return []capture.Field{{Name: "X-Wunder-Signature", Value: value}, {Name: "X-Hook-Signature", Value: value}}
}

// target is a handler that remembers what came.
type target struct {
	*httptest.Server
	answer func(http.Header, []byte) (int, string)

	mu  sync.Mutex
	got []capture.Request
}

func newTarget(t testing.TB) *target {
	x := &target{answer: func(http.Header, []byte) (int, string) { return http.StatusOK, "taken" }}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c := capture.Request{Method: r.Method, URL: r.RequestURI, Body: body}
		for name, values := range r.Header {
			for _, v := range values {
				c.Header = append(c.Header, capture.Field{Name: name, Value: v})
			}
		}
		x.mu.Lock()
		x.got = append(x.got, c)
		x.mu.Unlock()
		status, text := x.answer(r.Header, body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *target) last(t testing.TB, n int) capture.Request {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.got) != n {
		t.Fatalf("the handler got %d deliveries, not %d", len(x.got), n)
	}
	return x.got[n-1]
}

// start serves a page that is connected with a handler.
func start(t testing.TB, change func(*Options)) (*Server, *target) {
	t.Helper()
	x := newTarget(t)
	client := httpx.New(httpx.Options{})
	o := Options{
		Now: time.Now, Here: "http://127.0.0.1:8787/", Target: x.URL + "/hook", SignedBy: scheme.Headers, Filter: filter.Options{Search: true, Provider: func(name string) (string, error) { return name, nil }},
		Sentence: func(d *listen.Delivery) string { return "Judged: " + string(d.Reason) + "." },
		Stored:   func(*listen.Delivery) ([]byte, error) { return nil, notFound("nothing is stored") },
		Post: func(ctx context.Context, d deliver.Delivery) (deliver.Sent, error) {
			post, err := deliver.NewPoster(deliver.PosterOptions{Client: client, Now: time.Now})
			if err != nil {
				return deliver.Sent{}, err
			}
			return post.Post(ctx, d)
		},
		Sign: func(_ *listen.Delivery, body []byte) (Signature, error) {
			return Signature{Fields: sign(body), Whose: "Lead sync", Flags: " --webhook wundertreos/w-1"}, nil
		},
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, x
}

// delivery is a valid one of the event.
func delivery(id, event string, body string) listen.Delivery {
	header := map[string][]string{"Content-Type": {"application/json"}, "Host": {"hook.test"}}
	for _, f := range sign([]byte(body)) {
		header[f.Name] = []string{f.Value}
	}
	at := time.Date(2026, 5, 17, 14, 30, 1, 123e6, time.UTC)
	return listen.Delivery{
		ReceivedAt: at, Method: "POST", URL: "/hook", Size: len(body), Reason: signature.OK, Provider: "wundertreos", WebhookID: "w-1", Webhook: "Lead sync",
		EventID: id, EventType: event, Status: 200, Latency: 13 * time.Millisecond, Forward: &listen.Forwarded{
			Status: 200, Took: 12 * time.Millisecond, Header: map[string][]string{"Content-Type": {"application/json"}, "Set-Cookie": {"session=of-the-handler"}}, Body: []byte(`{"taken":true}`),
		},
		Request: &capture.Record{ReceivedAt: at, Method: "POST", URL: "/hook", Header: header, Body: []byte(body)},
	}
}

// invalid is d as it is judged after its body was written again.
func invalid(d listen.Delivery) listen.Delivery {
	d.Reason, d.Status, d.WebhookID, d.Webhook, d.Forward = signature.Mismatch, 401, "", "", nil
	d.Diagnosis = []verify.Finding{{Cause: "json-reserialised", Explanation: "The JSON was parsed and written again.", Fix: "Verify the raw bytes before any parser."}}
	return d
}

// client asks as the page does: with the cookie and the header.
type client struct {
	*http.Client
	base   string
	header string
}

func newClient(t testing.TB, s *Server) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{Client: &http.Client{Jar: jar}, base: "http://" + s.l.Addr().String()}
	res, err := c.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	_, after, found := strings.Cut(string(text), "url=/#")
	if err != nil || !found {
		t.Fatalf("the address leads to %q, %v", text, err)
	}
	c.header, _, _ = strings.Cut(after, `"`)
	return c
}

// ask is the answer's status and text.
func (c *client) ask(t testing.TB, method, path string, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(headerName, c.header)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// patience is how long something on the page may take that does happen.
const patience = 30 * time.Second
