package cli

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// hook is an endpoint that keeps the bodies it gets, and calls then (if set)
// before it answers.
type hook struct {
	*httptest.Server
	then func()

	mu     sync.Mutex
	bodies []string
}

func newHook(t *testing.T, then func()) *hook {
	t.Helper()
	h := &hook{then: then}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		h.bodies = append(h.bodies, string(body))
		h.mu.Unlock()
		if h.then != nil {
			h.then()
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.bodies)
}

// The rate is kept from beginning to beginning, and a slow answer is not made
// up for with a burst.
func TestRate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := w.now
	var began []time.Duration
	answers := []time.Duration{0, 0, 700 * time.Millisecond, 0, 0}
	h := newHook(t, func() {
		began = append(began, w.now.Sub(start))
		w.now = w.now.Add(answers[len(began)-1])
	})
	w.run(0, "send", h.URL, "--event", "deal.created", "--bad-signature", "--repeat", "5", "--rate", "4")
	const q = 250 * time.Millisecond
	want := []time.Duration{0, q, 2 * q, 2*q + answers[2], 3*q + answers[2]}
	if diff := cmp.Diff(want, began); diff != "" {
		t.Error(diff)
	}
	w.said("5 sent: 5 answered 2xx.", "the endpoint accepted a forged signature")
}

// An interrupt ends a run at once: what was sent is said, what was not is not
// begun.
func TestInterruptedDeliveries(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"send":   {"send", "URL", "--event", "deal.created", "--bad-signature", "--repeat", strconv.Itoa(math.MaxInt)}, // counted to its end, that is for ever
		"replay": {"replay", "FILE", "--to", "URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			h := newHook(t, func() {
				if n++; n == 3 {
					cancel()
					time.Sleep(10 * time.Millisecond) // the request under way is given up
				}
			})
			file := filepath.Join(t.TempDir(), "x.ndjson")
			if err := os.WriteFile(file, []byte(strings.Repeat(`{"headers":{},"body":"x"}`+"\n", 9)), 0o600); err != nil {
				t.Fatal(err)
			}
			for i, a := range args {
				args[i] = strings.NewReplacer("URL", h.URL, "FILE", file).Replace(a)
			}
			if code := Run(ctx, w.env, append(args, "-o", "json")); code != 130 {
				t.Errorf("exit code %d: %s", code, &w.errs)
			}
			w.said("2 sent: 2 answered 2xx.", `"code":"interrupted"`)
			if h.count() != 3 || strings.Count(w.out.String(), `"status": 200`) != 2 {
				t.Errorf("%d requests:\n%s", h.count(), &w.out)
			}
		})
	}
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.env.Sleep = func(context.Context, time.Duration) error { cancel(); return ctx.Err() }
	h := newHook(t, nil)
	if code := Run(ctx, w.env, []string{"send", h.URL, "--event", "deal.created", "--bad-signature", "--repeat", "9", "--rate", "1"}); code != 130 || h.count() != 1 {
		t.Errorf("exit code %d, %d requests", code, h.count())
	}
}

// A secret that is named but cannot be read, and one that cannot sign, stop the
// run before anything is sent; no error shows it.
func TestUnusableKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := newHook(t, nil)
	w.env.Environ = append(w.env.Environ, "NUL=CANARY\x00", "TEXT=CANARY")
	send := func(args ...string) {
		t.Helper()
		w.run(2, append([]string{"send", h.URL, "--event", "deal.created"}, args...)...)
		if strings.Contains(w.errs.String(), "CANARY") {
			t.Error("the secret is shown")
		}
	}
	send("--secret-env", "NUL")
	w.said("NUL")
	send("--secret-env", "TEXT", "--key-encoding", "hex")
	w.said("not hexadecimal")
	send("--secret-file", filepath.Join(t.TempDir(), "absent"))
	w.said("--secret-file: ")
	send("--webhook", "")
	if h.count() != 0 {
		t.Errorf("%d requests", h.count())
	}
}

// A webhook that was deleted signs nothing by itself, but a capture that its
// secret signed is signed with it again.
func TestResignWithTheSecretThatSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, err := w.env.Drivers.Find("wundertreos")
	if err != nil {
		t.Fatal(err)
	}
	store := secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.env.Now})
	put := func(id, value string, deleted bool) {
		t.Helper()
		r := secret.Record{Provider: d.Name, ID: id, Profile: "default", Origin: "https://api.wundertreos.com", Secret: secret.New(value), CreatedAt: w.now}
		if deleted {
			r.DeletedAt = w.now
		}
		if err := store.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	put("old", "old-secret", true)
	put("new", "new-secret", false)
	h := newHook(t, nil)
	var signatures []string
	h.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		signatures = append(signatures, r.Header.Get("X-Wunder-Signature"))
	})
	body, _ := d.Sample("deal.created", provider.SampleOptions{Now: w.now})
	file := filepath.Join(t.TempDir(), "x.http")
	sign := func(key string) string {
		t.Helper()
		v, err := d.Scheme.Sign(secret.New(key), "", body)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, key := range []string{"old-secret", "new-secret", "of-somebody"} {
		dump := "POST / HTTP/1.1\r\nX-Wunder-Signature: " + sign(key) + "\r\n\r\n" + string(body)
		if err := os.WriteFile(file, []byte(dump), 0o600); err != nil {
			t.Fatal(err)
		}
		w.run(0, "replay", file, "--to", h.URL, "--resign")
	}
	if diff := cmp.Diff([]string{sign("old-secret"), sign("new-secret"), sign("new-secret")}, signatures); diff != "" {
		t.Error(diff)
	}
}

func TestPosterErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := newHook(t, nil)
	gone.Close()
	w.run(6, "send", gone.URL, "--event", "deal.created", "--bad-signature")
	w.said("connection refused", "check that the endpoint runs")
	w.run(2, "send", "http://127.0.0.1/", "--event", "deal.created", "--bad-signature", "--header", "X-A: a\x01b")
	w.said("X-A has characters that cannot be sent")
}
