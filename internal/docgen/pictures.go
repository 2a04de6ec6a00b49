package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kballard/go-shellquote"

	"github.com/hookctl/hookctl/internal/cli"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/term"
)

// picturesDir has the pictures of the docs: docgen's are the SVGs.
const picturesDir = "docs/pictures"

// scenes are the pictures by their names: real commands, run against a sandbox
// whose clock, ids and secrets are the same each time.
var scenes = []struct {
	name, title string
	play        func(*stage) error
}{
	{"create", "hookctl create makes a webhook, keeps its secret, and hands it to a .env file", (*stage).create},
	{"verify", "hookctl verify says that a delivery is invalid, what happened to its body, and how to fix it", (*stage).verify},
	{"plan", "hookctl plan shows what a manifest would create and change", (*stage).plan},
	{"listen", "hookctl listen shows deliveries as they come: valid ones, one that was changed, and one that the handler failed on", (*stage).listen},
}

// pictures adds each scene on a light and on a dark background.
func pictures(files map[string][]byte) (err error) {
	for _, scene := range scenes {
		printed, err := perform(scene.play)
		if err != nil {
			return fmt.Errorf("the picture of %s: %w", scene.name, err)
		}
		lines, err := screen(printed)
		if err != nil {
			return fmt.Errorf("the picture of %s: %w", scene.name, err)
		}
		for _, p := range palettes {
			files[picturesDir+"/"+scene.name+"-"+p.name+".svg"] = p.picture(scene.title, lines)
		}
	}
	return nil
}

// here is held while the working directory is a stage's.
var here sync.Mutex

// patience is after which a scene is given up.
const patience = time.Minute

// perform is what a scene prints on a terminal. It is played in a working directory
// of its own, so that no path in it is of this machine.
func perform(play func(*stage) error) (printed string, err error) {
	here.Lock()
	defer here.Unlock()
	before, err := os.Getwd()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "docgen-")
	if err != nil {
		return "", err
	}
	if err := os.Chdir(dir); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.Chdir(before), os.RemoveAll(dir)) }()
	s, err := newStage()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	err = play(s)
	return strings.NewReplacer(s.names...).Replace(s.printed()), err
}

// stage is a terminal before a sandbox whose clock, ids and secrets are the same
// each time.
type stage struct {
	ctx    context.Context
	cancel context.CancelFunc
	env    *cli.Env
	box    *sandbox.Service
	gate   *httptest.Server // where the sandbox delivers to
	way    atomic.Pointer[way]
	names  []string // addresses of this run, each with the one that is shown

	mu    sync.Mutex
	wrote *sync.Cond
	shown strings.Builder
	now   time.Time
}

// way is what becomes of deliveries; nil: they are answered 200 at the gate.
type way struct {
	target string
	bend   func(body []byte) []byte // may change a body on the way
	answer int                      // the target's
}

func newStage() (*stage, error) {
	s := &stage{now: time.Date(2026, time.May, 17, 14, 30, 0, 0, time.UTC)}
	s.wrote = sync.NewCond(&s.mu)
	s.ctx, s.cancel = context.WithTimeout(context.Background(), patience)
	proxy := &httputil.ReverseProxy{Rewrite: s.pass}
	s.gate = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.way.Load() != nil {
			proxy.ServeHTTP(w, r)
		}
	}))
	never := func(ctx context.Context, _ time.Duration) error {
		<-ctx.Done()
		return ctx.Err()
	}
	var err error
	s.box, err = sandbox.Start(s.ctx, sandbox.Options{
		Drivers: drivers(func(d *provider.Driver) {
			random := d.NewSandbox
			d.NewSandbox = func(o provider.SandboxOptions) provider.Sandbox {
				o.Seed = 1
				return random(o)
			}
		}),
		Addr: "127.0.0.1:0", DeliverTo: s.gate.URL, Speed: 1, Now: s.clock, Sleep: never,
	})
	if err != nil {
		s.gate.Close()
		return nil, err
	}
	s.env = &cli.Env{
		Streams: term.Streams{In: strings.NewReader(""), Out: s, Err: s, OutTTY: true, ErrTTY: true, Width: func() int { return columns }},
		Environ: append(s.box.Environ, "HOOKCTL_CONFIG_DIR=config", "CLICOLOR_FORCE=1"),
		Now:     s.clock, Sleep: never, Version: "0",
	}
	s.env.UserConfigDir = func() (string, error) { return "", errors.New("a picture is not of this machine") }
	s.env.UserCacheDir = s.env.UserConfigDir
	s.env.Drivers = drivers(func(d *provider.Driver) { d.BaseURL = s.env.Getenv(sandbox.BaseURL(d)) })
	return s, nil
}

// drivers are the providers, each changed.
func drivers(change func(*provider.Driver)) provider.Registry {
	var list provider.Registry
	for _, d := range all.Drivers() {
		mine := *d
		change(&mine)
		list = append(list, &mine)
	}
	return list
}

func (s *stage) close() error {
	s.cancel()
	s.gate.Close()
	return s.box.Close()
}

// pass sends a delivery of the sandbox on to the target.
func (s *stage) pass(r *httputil.ProxyRequest) {
	w := s.way.Load()
	if to, err := url.Parse(w.target); err == nil {
		r.SetURL(to)
	}
	body, _ := io.ReadAll(r.In.Body) // what is lost is not valid: the picture is another one
	body = w.bend(body)
	r.Out.Body, r.Out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// later moves the clock.
func (s *stage) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// Write shows what a command prints.
func (s *stage) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote.Broadcast()
	return s.shown.Write(p)
}

func (s *stage) printed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// wait waits until n times a text is shown.
func (s *stage) wait(n int, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer context.AfterFunc(s.ctx, s.wrote.Broadcast)()
	for strings.Count(s.shown.String(), text) < n {
		if s.ctx.Err() != nil {
			return fmt.Errorf("%q is not shown:\n%s", text, s.shown.String())
		}
		s.wrote.Wait()
	}
	return nil
}

// typed shows a command line as a person has typed it.
func (s *stage) typed(line string) {
	_, _ = fmt.Fprintf(s, "\x1b[2m$\x1b[0m %s\n", line)
}

// run runs a command line of hookctl.
func (s *stage) run(exit int, line string) error {
	words, err := shellquote.Split(line)
	if err != nil {
		return err
	}
	if code := cli.Run(s.ctx, s.env, words[1:]); code != exit {
		return fmt.Errorf("%s: exit code %d:\n%s", line, code, s.shown.String())
	}
	return nil
}

// show shows a command line, and what it prints.
func (s *stage) show(exit int, line string) error {
	s.typed(line)
	return s.run(exit, line)
}

// prepare runs command lines of which nothing is shown.
func (s *stage) prepare(lines ...string) error {
	for _, line := range lines {
		if err := s.run(0, line); err != nil {
			return err
		}
	}
	s.shown.Reset()
	return nil
}

const (
	leadSync = `hookctl create wundertreos --name "Lead sync" \
    --url https://example.com/leads --event contact.created,deal.updated`
	crmSync = `hookctl create zyntro --name "CRM Sync" --url https://example.com/crm --event new_contact`
)

func (s *stage) create() error {
	return s.show(0, leadSync+` \
    --secret-to dotenv:.env:HOOK_SECRET`)
}

func (s *stage) verify() error {
	if err := s.prepare(leadSync, `hookctl sandbox emit contact.created --save delivery.http`); err != nil {
		return err
	}
	s.typed(`sed 's/":/": /g' delivery.http > changed.http`)
	delivery, err := os.ReadFile("delivery.http")
	if err == nil {
		err = os.WriteFile("changed.http", spaced(delivery), 0o600)
	}
	if err != nil {
		return err
	}
	return s.show(3, `hookctl verify changed.http`)
}

// spaced changes JSON as many a program that parses it and writes it again.
func spaced(text []byte) []byte { return bytes.ReplaceAll(text, []byte(`":`), []byte(`": `)) }

const manifest = `version: 1
webhooks:
  - provider: zyntro
    name: CRM Sync
    url: https://example.com/crm
    events: [new_contact, invoice_paid]
  - provider: wundertreos
    name: Lead sync
    url: https://example.com/leads
    events: [contact.created, deal.updated]
  - provider: wundertreos
    name: Deals
    url: https://example.com/deals
    events: ["deal.*"]
`

func (s *stage) plan() error {
	if err := os.WriteFile("hooks.yaml", []byte(manifest), 0o600); err != nil {
		return err
	}
	if err := s.prepare(leadSync, crmSync); err != nil {
		return err
	}
	return s.show(0, `hookctl plan -f hooks.yaml`)
}

// listening is the line with a listener's address.
var listening = regexp.MustCompile(`Listening at (http://([0-9.:]+))`)

func (s *stage) listen() error {
	if err := s.prepare(leadSync, crmSync); err != nil {
		return err
	}
	handler := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.later(38 * time.Millisecond)
		w.WriteHeader(s.way.Load().answer)
	}))
	defer handler.Close()
	s.typed(`hookctl listen --forward-to 3000`)
	ctx, stop := context.WithCancel(s.ctx)
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, s.env, []string{"listen", "--addr", "127.0.0.1:0", "--forward-to", handler.URL})
		s.cancel() // nobody waits for what does not come any more
	}()
	err := s.wait(1, "Ready")
	target := ""
	if at := listening.FindStringSubmatch(s.printed()); at != nil {
		target = at[1]
		s.names = append(s.names, at[2], "127.0.0.1:8787", strings.TrimPrefix(handler.URL, "http://"), "127.0.0.1:3000")
	}
	for i, d := range []struct {
		after           time.Duration
		provider, event string
		answer          int
		bend            func([]byte) []byte
	}{
		{0, "wundertreos", "contact.created", 200, bytes.Clone},
		{2 * time.Second, "zyntro", "new_contact", 200, bytes.Clone},
		{9 * time.Second, "wundertreos", "deal.updated", 200, spaced},
		{4 * time.Second, "wundertreos", "contact.created", 500, bytes.Clone},
	} {
		if err != nil {
			break
		}
		s.later(d.after)
		s.way.Store(&way{target, d.bend, d.answer})
		if _, err = s.box.Emit(s.ctx, d.provider, d.event, nil); err == nil {
			err = s.wait(i+1, "\n14:30:") // rows begin with the time
		}
	}
	printed := s.printed()
	stop()
	if code := <-ended; err == nil && code != 0 {
		err = fmt.Errorf("listen: exit code %d:\n%s", code, s.printed())
	}
	// What it sums up at its end is not in the picture.
	s.shown.Reset()
	s.shown.WriteString(printed)
	return err
}
