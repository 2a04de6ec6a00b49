package cli

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// wide is the width of terminals on which no message is wrapped.
func wide() int { return 2000 }

// world is a machine of its own: a store, a clock that only moves by sleeping,
// a fake of every API, and maybe a person at the terminal.
type world struct {
	t         *testing.T
	env       *Env
	now       time.Time
	out, errs bytes.Buffer
	dir       string
	boxes     map[string]provider.Sandbox
	// lose makes the fakes process creates and drop the connection; hold makes
	// them drop whatever is neither a create nor a list.
	lose, hold atomic.Bool
	asked      atomic.Int64 // requests so far
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC), dir: filepath.Join(t.TempDir(), "config"), boxes: map[string]provider.Sandbox{}}
	w.env = &Env{
		Streams: term.Streams{In: strings.NewReader(""), Out: &w.out, Err: &w.errs, Width: wide},
		Environ: []string{"HOOKCTL_CONFIG_DIR=" + w.dir},
		Now:     func() time.Time { return w.now },
		Started: func() time.Time { return w.now },
		Sleep: func(_ context.Context, d time.Duration) error {
			w.now = w.now.Add(d)
			return nil
		},
		UserConfigDir: func() (string, error) { return "", errors.New("a test must not look there") },
		Drivers:       all.Drivers(),
		Version:       "test",
	}
	for i, d := range w.env.Drivers {
		box := d.NewSandbox(provider.SandboxOptions{Now: func() time.Time { return w.now }, Seed: int64(i + 1)})
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.asked.Add(1)
			if w.lose.Load() && kindOfRequest(r) == "create" {
				box.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			}
			if w.hold.Load() && kindOfRequest(r) == "other" {
				panic(http.ErrAbortHandler)
			}
			box.ServeHTTP(rw, r)
		}))
		t.Cleanup(server.Close)
		w.boxes[d.Name] = box
		w.env.Environ = append(w.env.Environ, sandbox.Environ(d, box, strings.TrimPrefix(server.URL, "http://"))...)
	}
	return w
}

// origin is where the fake of that provider is.
func (w *world) origin(provider string) string {
	w.t.Helper()
	origin, err := httpx.Origin(w.env.Getenv("HOOKCTL_" + strings.ToUpper(provider) + "_BASE_URL"))
	if err != nil {
		w.t.Fatal(err)
	}
	return origin
}

// own makes the fakes the providers' own, as far as the program can tell.
func (w *world) own() *world {
	for i, d := range w.env.Drivers {
		mine := *d
		mine.BaseURL = w.env.Getenv("HOOKCTL_" + strings.ToUpper(d.Name) + "_BASE_URL")
		w.env.Drivers[i] = &mine
	}
	return w
}

// at puts a person at the terminal.
func (w *world) at(p *person) *world {
	w.env.Prompt = p
	w.env.Streams.InTTY, w.env.Streams.ErrTTY = p != nil, p != nil
	return w
}

// run executes a command line that must exit with want, and returns what it
// printed on standard output. No output may hold a credential.
func (w *world) run(want int, args ...string) string {
	w.t.Helper()
	w.out.Reset()
	w.errs.Reset()
	if got := Run(w.t.Context(), w.env, args); got != want {
		w.t.Fatalf("%q exited %d, want %d\n%s%s", args, got, want, &w.out, &w.errs)
	}
	for _, d := range w.env.Drivers {
		creds := w.boxes[d.Name].Credentials()
		for _, f := range d.Credentials {
			if v, ok := creds[f.Name]; ok && f.Secret && strings.Contains(w.out.String()+w.errs.String(), v.Reveal()) {
				w.t.Fatalf("%q shows the %s of %s", args, f.Name, d.Name)
			}
		}
	}
	return w.out.String()
}

// said checks that standard error of the last command has each text in it.
func (w *world) said(texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if !strings.Contains(w.errs.String(), text) {
			w.t.Errorf("standard error lacks %q:\n%s", text, &w.errs)
		}
	}
}

func (w *world) unset(names ...string) {
	for _, name := range names {
		w.env.Environ = append(w.env.Environ, name+"=")
	}
}

// person answers questions by what is in their labels, and notes them.
type person struct {
	secrets  map[string]string
	inputs   map[string]string
	confirms map[string]bool
	selects  map[string]string
	asked    []string
}

func answer[T any](p *person, answers map[string]T, label string) (T, error) {
	p.asked = append(p.asked, label)
	for part, a := range answers {
		if strings.Contains(label, part) {
			return a, nil
		}
	}
	var none T
	return none, fault.Errorf(fault.Interrupted, "nobody answers %q", label)
}

func (p *person) Secret(_ context.Context, label string) (secret.Value, error) {
	text, err := answer(p, p.secrets, label)
	return secret.New(text), err
}

func (p *person) SecretOrNone(ctx context.Context, label string) (secret.Value, error) {
	return p.Secret(ctx, label)
}

func (p *person) Input(_ context.Context, label, _ string, check func(string) error) (string, error) {
	text, err := answer(p, p.inputs, label)
	if err == nil && check != nil {
		err = check(text)
	}
	return text, err
}

func (p *person) Confirm(_ context.Context, label string, _ bool) (bool, error) {
	return answer(p, p.confirms, label)
}

func (p *person) Select(_ context.Context, label string, _ []prompt.Choice) (string, error) {
	return answer(p, p.selects, label)
}

func (p *person) MultiSelect(context.Context, string, []prompt.Choice) ([]string, error) {
	return nil, errors.New("no command under test asks this")
}
