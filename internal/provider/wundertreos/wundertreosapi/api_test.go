package wundertreosapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
	"github.com/hookctl/hookctl/internal/secret"
)

const key = "key-4711-canary"

// answer is what the server of a test says.
type answer struct {
	status int
	header map[string]string
	body   string
}

// seen is one request as the server of a test got it.
type seen struct {
	Method string
	URI    string
	Header http.Header
	Body   string
}

// server answers with the given answers in turn, the last one for ever, under
// a path prefix.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	answers []answer
	seen    []seen
}

func serve(t *testing.T, answers ...answer) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.seen = append(s.seen, seen{r.Method, r.RequestURI, r.Header, string(body)})
		a := s.answers[0]
		if len(s.answers) > 1 {
			s.answers = s.answers[1:]
		}
		s.mu.Unlock()
		for k, v := range a.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// client is a client of s that never really waits. The base URL has slashes at
// its end, which must not count.
func (s *server) client(auth wundertreosapi.Auth) *wundertreosapi.Client {
	h := httpx.New(httpx.Options{Sleep: func(context.Context, time.Duration) error { return nil }})
	return wundertreosapi.New(s.URL+"/functions/v1//", auth, h)
}

func apiKey() wundertreosapi.Auth { return wundertreosapi.APIKey(secret.New(key)) }

func fixture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func ptr[T any](v T) *T { return &v }

// revealed lets cmp compare secrets.
var revealed = cmp.Comparer(func(a, b secret.Value) bool { return a.Equal(b) })

func sample() wundertreosapi.Subscription {
	return wundertreosapi.Subscription{
		ID:          "a1b2c3d4-1111-2222-3333-444455556666",
		TargetURL:   ptr("https://example.com/wundertre/webhook"),
		EventTypes:  []string{"contact.created", "contact.tag_added"},
		Enabled:     ptr(true),
		Description: ptr("Sync new leads to internal CRM"),
		CreatedAt:   ptr("2026-05-17T14:30:00Z"),
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// calls are all operations, for what they have in common.
func calls(c *wundertreosapi.Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"create": func(ctx context.Context) error {
			_, err := c.Create(ctx, wundertreosapi.NewSubscription{TargetURL: "https://h.test"})
			return err
		},
		"list":   func(ctx context.Context) error { _, err := c.List(ctx); return err },
		"get":    func(ctx context.Context) error { _, err := c.Get(ctx, "i"); return err },
		"delete": func(ctx context.Context) error { return c.Delete(ctx, "i") },
		"me":     func(ctx context.Context) error { _, err := c.Me(ctx); return err },
	}
}
