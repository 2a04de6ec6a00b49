package sandbox

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
)

func newPlace(t *testing.T, name string) *Place {
	t.Helper()
	p, err := At(filepath.Join(t.TempDir(), dirName), name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRoot(t *testing.T) {
	t.Parallel()
	runtimeDir, cache := t.TempDir(), t.TempDir()
	if err := os.Chmod(runtimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	caches := func() (string, error) { return cache, nil }
	none := func() (string, error) { return "", errors.New("no home") }
	for _, tt := range []struct {
		runtime string
		caches  func() (string, error)
		want    string
	}{
		{runtimeDir, none, runtimeDir},
		{"", caches, cache},
		{"relative", caches, cache}, // as its specification has it
		{filepath.Join(runtimeDir, "absent"), caches, cache},
		{"", none, ""},
		{"", nil, ""},
		{"", func() (string, error) { return cache + "\nX=1", nil }, ""},
	} {
		got, err := Root(func(string) string { return tt.runtime }, tt.caches)
		if want := filepath.Join(tt.want, dirName); tt.want != "" && (err != nil || got != want) {
			t.Errorf("%q: %q, %v, want %q", tt.runtime, got, err, want)
		}
		if tt.want == "" && (err == nil || fault.HintOf(err).String() == "") {
			t.Errorf("%q: %q, %v", tt.runtime, got, err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(runtimeDir, 0o777); err != nil {
		t.Fatal(err)
	}
	if got, err := Root(func(string) string { return runtimeDir }, caches); err == nil {
		t.Errorf("a directory that all can write is used: %q", got)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"default": true, "CI": true, "a-1_b": true, "con": true, strings.Repeat("a", 64): true,
		"": false, "-": false, "-a": false, "_a": false, "a/b": false, "..": false, "a.b": false, "a b": false, "ä": false, "a\n": false, strings.Repeat("a", 65): false,
	} {
		if _, err := At("/r", name); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	if folded("Ab") == folded("ab") || strings.ToLower(folded("Ab")) != folded("Ab") {
		t.Errorf("%q and %q are one directory to some file systems", folded("Ab"), folded("ab"))
	}
}

// Who waits for the lock gets it, although its file is removed in between.
func TestLock(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "x")
	inside, most := 0, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				release, err := p.Lock(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				mu.Lock()
				inside--
				mu.Unlock()
				if err := release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if most != 1 {
		t.Errorf("%d had the lock at once", most)
	}
	if left, err := filepath.Glob(filepath.Join(p.root, "*")); err != nil || len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("%v are left: %v", left, err)
	}
	release, err := p.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Lock(ctx); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("an interrupt while it waits: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "Mine")
	if s, err := p.Load(); s != nil || err != nil || !p.vacant() {
		t.Errorf("nothing is there: %v, %v", s, err)
	}
	release, err := p.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.renew(), p.save(State{ID: "one", Set: []string{"A=b=c", "D="}})); err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	s, err := p.Load()
	if err != nil || s.ID != "one" || s.Variable("A") != "b=c" || s.Variable("D") != "" || s.Variable("B") != "" {
		t.Errorf("%+v, %v", s, err)
	}
	if got := Names(p.root); len(got) != 1 || got[0] != "Mine" {
		t.Errorf("names: %v", got)
	}
	// A process that ends leaves another one's files alone.
	if err := p.forgetOwn(t.Context(), "two"); err != nil || p.vacant() {
		t.Errorf("it forgot another one's: %v", err)
	}
	file := filepath.Join(p.dir, stateFile)
	for _, text := range []string{"", "{", `{"version":1}`, `{"version":2,"id":"one"}`, `[]`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := p.Load(); s != nil || err != nil {
			t.Errorf("%q is a state: %v, %v", text, s, err)
		}
	}
	if err := p.save(State{ID: "one"}); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for _, dir := range []string{p.root, p.dir} {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if s, err := p.Load(); err == nil {
				t.Errorf("%s is open to others: %+v", dir, s)
			}
			if err := os.Chmod(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.forgetOwn(t.Context(), "one"); err != nil || !p.vacant() {
		t.Errorf("its own are there: %v", err)
	}
}

// A port may be another program's by now: only who knows the id is alive.
func TestAlive(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{
		`{"id":"one"}`: true, `{"id":"two"}`: false, `{"id":""}`: false, `{}`: false, "": false, "<html>": false, "200": false,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer t" || r.URL.Path != statePath {
				w.WriteHeader(http.StatusForbidden)
			}
			_, _ = w.Write([]byte(answer))
		}))
		if got := (Endpoint{server.URL, "t"}).alive(t.Context(), "one"); got != want {
			t.Errorf("%q: %t", answer, got)
		}
		if (Endpoint{server.URL, "other"}).alive(t.Context(), "one") || (Endpoint{server.URL, "t"}).alive(t.Context(), "") {
			t.Errorf("%q: without token or id", answer)
		}
		server.Close()
		if (Endpoint{server.URL, "t"}).alive(t.Context(), "one") {
			t.Error("nobody listens")
		}
	}
	for _, bad := range []string{"", "file:///etc/passwd", "https://example.com", "http://"} {
		if (Endpoint{bad, "t"}).alive(t.Context(), "one") {
			t.Errorf("%q is alive", bad)
		}
	}
}

func TestNowhere(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), dirName)
	dir := Nowhere(root)
	if !empty(dir) || dir != Nowhere(root) || filepath.Dir(dir) != root {
		t.Errorf("%q is no empty directory", dir)
	}
	if err := os.WriteFile(filepath.Join(dir, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other := Nowhere(root)
	if other == dir || !empty(other) {
		t.Errorf("%q is not empty", other)
	}
	if again := Nowhere(""); again != Nowhere("") || !empty(again) {
		t.Errorf("each failure leaves another directory: %q", again)
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	idle := newIdle(func() time.Time { return now })
	request := func(during func()) {
		idle.watch(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { during() })).
			ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	var slept []time.Duration
	sleep := func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		switch len(slept) {
		case 1: // a request after 5 hours
			now = now.Add(5 * time.Hour)
			request(func() {})
			now = now.Add(d - 5*time.Hour)
		case 2: // one that lasts beyond the limit
			request(func() {
				now = now.Add(20 * time.Hour)
				if left := idle.left(mostIdle); left != mostIdle {
					t.Errorf("a request is under way, and %s are left", left)
				}
			})
		default:
			now = now.Add(d)
		}
		return nil
	}
	start := now
	if err := idle.wait(t.Context(), mostIdle, sleep); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{12 * time.Hour, 5 * time.Hour, 12 * time.Hour}; len(slept) != 3 || slept[0] != want[0] || slept[1] != want[1] || slept[2] != want[2] {
		t.Errorf("slept %v, want %v", slept, want)
	}
	if got := now.Sub(start); got != 44*time.Hour {
		t.Errorf("it ended after %s", got)
	}
	if err := idle.wait(t.Context(), mostIdle*2, func(context.Context, time.Duration) error { return context.Canceled }); !errors.Is(err, context.Canceled) {
		t.Errorf("told to end: %v", err)
	}
}
