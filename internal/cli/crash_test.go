package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/hookctl/hookctl/internal/durable/durabletest"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// crashed is a machine whose power can go at any call by which a command changes
// the disk. What the providers and the keyring know outlives that.
type crashed struct {
	t    *testing.T
	root string // what is lost or not: config/ and project/
	env  *Env
	rec  *durabletest.Recording // nil while nothing is recorded

	now       time.Time
	out, errs bytes.Buffer
	exit      int // of the last command

	mu    sync.Mutex
	boxes map[string]provider.Sandbox
	sent  []request
	told  []keptSecret // by creates, in order
	ring  map[string]string
	drop  bool // the answers of creates get lost

	before  life
	looked  int  // crashes
	several bool // creates run at once
}

// The marks of a recording.
type (
	// request is one that a provider has processed.
	request struct {
		provider string
		http     *http.Request
		body     []byte
	}
	// item is one that the keyring has now; nil: not any more.
	item struct {
		name  string
		value *string
	}
	// keptSecret is one that must not get lost any more.
	keptSecret struct {
		ref    secret.Ref
		secret string
	}
	// ended is a command's exit code.
	ended int
)

func (q request) String() string {
	return q.provider + " has processed " + q.http.Method + " " + q.http.URL.Path
}

func (i item) String() string {
	if i.value == nil {
		return "the keyring drops " + i.name
	}
	return "the keyring has " + i.name
}

func (k keptSecret) String() string { return fmt.Sprintf("the secret of %v is kept", k.ref) }

func (e ended) String() string { return fmt.Sprintf("the command exits %d", int(e)) }

func newCrashed(t *testing.T) *crashed {
	t.Helper()
	c := &crashed{t: t, root: filepath.Join(t.TempDir(), "disk"), now: time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC), ring: map[string]string{}}
	for _, dir := range []string{c.root, c.path("project"), c.path("project/keys")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c.env = &Env{
		Streams: term.Streams{Out: &c.out, Err: &c.errs, Width: wide},
		Environ: []string{"HOOKCTL_CONFIG_DIR=" + filepath.Join(c.root, "config")},
		Now:     func() time.Time { return c.now },
		Started: func() time.Time { return c.now },
		Sleep: func(_ context.Context, d time.Duration) error {
			c.now = c.now.Add(d)
			return nil
		},
		UserConfigDir: func() (string, error) { return "", errors.New("a test must not look there") },
		Drivers:       all.Drivers(),
		Version:       "test",
		Keyring:       crashedRing{c},
		Disk:          durabletest.Quick(),
	}
	c.restart()
	for _, d := range c.env.Drivers {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { c.serve(d, rw, r) }))
		t.Cleanup(server.Close)
		c.env.Environ = append(c.env.Environ, sandbox.Environ(d, c.boxes[d.Name], strings.TrimPrefix(server.URL, "http://"))...)
	}
	return c
}

// restart begins with providers that know nothing. They tell the same secrets in
// every life.
func (c *crashed) restart() {
	c.boxes = map[string]provider.Sandbox{}
	for i, d := range c.env.Drivers {
		c.boxes[d.Name] = d.NewSandbox(provider.SandboxOptions{Now: func() time.Time { return c.now }, Seed: int64(i + 1)})
	}
	c.sent, c.told = nil, nil
}

func (c *crashed) serve(d *provider.Driver, rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c.mu.Lock()
	answer := c.process(request{d.Name, r.Clone(context.Background()), body})
	drop := c.drop && kindOfRequest(r) == "create"
	c.mu.Unlock()
	if drop {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(rw.Header(), answer.Header())
	rw.WriteHeader(answer.Code)
	_, _ = rw.Write(answer.Body.Bytes()) // a client that is gone has no use for it
}

func (c *crashed) process(q request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	q.http.Body = io.NopCloser(bytes.NewReader(q.body))
	c.boxes[q.provider].ServeHTTP(answer, q.http)
	kind := kindOfRequest(q.http)
	if kind != "list" {
		c.sent = append(c.sent, q)
		if c.rec != nil {
			c.rec.Mark(q)
		}
	}
	if kind == "create" {
		body := answer.Body.Bytes()
		for _, d := range c.env.Drivers {
			if s := providertest.Member(body, d.SecretMember); d.Name == q.provider && s != "" {
				c.told = append(c.told, keptSecret{secret.Ref{Provider: d.Name, ID: providertest.Member(body, d.IDMember)}, s})
			}
		}
	}
	return answer
}

// crashedRing is a keyring that no power cut harms.
type crashedRing struct{ c *crashed }

func (r crashedRing) Set(name, value string) error {
	r.c.change(item{name, &value})
	return nil
}

func (r crashedRing) Delete(name string) error {
	if _, err := r.Get(name); err != nil {
		return err
	}
	r.c.change(item{name, nil})
	return nil
}

func (r crashedRing) Get(name string) (string, error) {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	value, ok := r.c.ring[name]
	if !ok {
		return "", secret.ErrNotFound
	}
	return value, nil
}

func (c *crashed) change(i item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i.value == nil {
		delete(c.ring, i.name)
	} else {
		c.ring[i.name] = *i.value
	}
	if c.rec != nil {
		c.rec.Mark(i)
		if i.value != nil && !strings.Contains(i.name, "/journal/") && !strings.Contains(i.name, "/probe/") {
			c.answered()
		}
	}
}

// run executes a command, whatever comes of it.
func (c *crashed) run(args ...string) string {
	c.out.Reset()
	c.errs.Reset()
	c.env.Streams.In = strings.NewReader("")
	c.exit = Run(context.Background(), c.env, args)
	return c.out.String()
}

// must executes a command that must exit with 0.
func (c *crashed) must(args ...string) string {
	c.t.Helper()
	out := c.run(args...)
	if c.exit != 0 {
		c.t.Fatalf("%q exited %d\n%s%s", args, c.exit, &c.out, &c.errs)
	}
	return out
}

func (c *crashed) path(name string) string { return filepath.Join(c.root, filepath.FromSlash(name)) }

func (c *crashed) write(name, text string) string {
	c.t.Helper()
	if err := os.WriteFile(c.path(name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return c.path(name)
}

// store is the store on the disk.
func (c *crashed) store() *secret.FileStore {
	return secret.OpenFileStore(c.path("config"), secret.FileStoreOptions{Now: c.env.Now, Keyring: crashedRing{c}, Disk: c.env.Disk})
}

// kept are the secrets in the store, the older ones too.
func (c *crashed) kept() (map[secret.Ref][]string, error) {
	store := c.store()
	recs, problems, err := store.List(context.Background())
	if len(problems) > 0 {
		err = errors.Join(err, problems[0].Err)
	}
	all := map[secret.Ref][]string{}
	for _, r := range recs {
		r, gerr := store.Get(context.Background(), r.Ref())
		err = errors.Join(err, gerr)
		all[r.Ref()] = []string{r.Secret.Reveal()}
		for _, old := range r.Older {
			all[r.Ref()] = append(all[r.Ref()], old.Secret.Reveal())
		}
	}
	return all, err
}

// answered marks all that was told by now as kept: once custody turns to the
// record, the answer is safe in the journal. Of several creates at once it cannot
// be told whose record it is.
func (c *crashed) answered() {
	if c.several {
		return
	}
	for _, k := range c.told {
		c.rec.Mark(k)
	}
}

// record runs a command and records what it does to the disk.
func (c *crashed) record(s scenario) *durabletest.Recording {
	c.t.Helper()
	c.before = life{sent: slices.Clone(c.sent), ring: maps.Clone(c.ring), kept: c.keptNow()}
	rec, err := durabletest.Record(c.root)
	if err != nil {
		c.t.Fatal(err)
	}
	rec.Watch(func(o durabletest.Op) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case o.Kind == durabletest.Create && strings.HasPrefix(o.Path, "config/webhooks/"):
			c.answered()
		case o.Kind == durabletest.Write && strings.HasSuffix(o.Path, ".op") && bytes.Contains(o.Data, []byte(`"phase":"kept"`)):
			for _, k := range c.told {
				if bytes.Contains(o.Data, []byte(k.ref.ID)) {
					rec.Mark(k)
				}
			}
		}
	})
	calls := rec.Calls()
	create := calls.Create
	calls.Create = func(path string) (*os.File, error) {
		if s.refuse != nil && s.refuse(c, path) {
			return nil, &os.PathError{Op: "open", Path: path, Err: errors.New("injected")}
		}
		return create(path)
	}
	writeAt := calls.WriteAt
	calls.WriteAt = func(f *os.File, p []byte, off int64) (n int, err error) {
		if !bytes.HasPrefix(p, []byte("HTTP/")) {
			return writeAt(f, p, off)
		}
		// An answer comes in pieces, of which any may reach the disk.
		for piece := range slices.Chunk(p, len(p)/3+1) {
			m, werr := writeAt(f, piece, off+int64(n))
			if n, err = n+m, werr; err != nil {
				break
			}
		}
		return n, err
	}
	c.rec, c.env.Disk = rec, calls
	c.run(s.args(c)...)
	rec.Mark(ended(c.exit))
	c.rec, c.env.Disk = nil, durabletest.Quick()
	return rec
}

// life is what was there before a recording.
type life struct {
	sent []request
	ring map[string]string
	kept []keptSecret
}

func (c *crashed) keptNow() []keptSecret {
	c.t.Helper()
	all, err := c.kept()
	if err != nil {
		c.t.Fatal(err)
	}
	var list []keptSecret
	for ref, secrets := range all {
		for _, s := range secrets {
			list = append(list, keptSecret{ref, s})
		}
	}
	return list
}

// wake is the world after the crash, whose disk is built.
func (c *crashed) wake(x durabletest.Crash) (promised []keptSecret, exit *ended) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = time.Date(2026, 5, 17, 15, 30, 0, 0, time.UTC)
	c.restart()
	c.ring = maps.Clone(c.before.ring)
	promised = slices.Clone(c.before.kept)
	for _, q := range c.before.sent {
		c.process(q)
	}
	for _, m := range x.Marks() {
		switch m := m.(type) {
		case request:
			c.process(m)
		case item:
			if m.value == nil {
				delete(c.ring, m.name)
			} else {
				c.ring[m.name] = *m.value
			}
		case keptSecret:
			promised = append(promised, m)
		case ended:
			exit = &m
		}
	}
	return promised, exit
}

// recovered runs recover, which must find its way.
func (c *crashed) recovered() ([]view.Recovered, error) {
	out := c.run("recover", "-o", "json")
	var found []view.Recovered
	if c.exit != 0 && c.exit != 7 {
		return nil, fmt.Errorf("recover exited %d: %s", c.exit, &c.errs)
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		return nil, fmt.Errorf("recover said %q: %w", out, err)
	}
	return found, nil
}

// check says what does not hold after a crash.
func (c *crashed) check(s scenario, x durabletest.Crash) error {
	c.looked++
	promised, exit := c.wake(x)
	if err := c.torn(); err != nil {
		return fmt.Errorf("before recover: %w", err)
	}
	found, err := c.recovered()
	if err != nil {
		return err
	}
	if err := c.torn(); err != nil {
		return fmt.Errorf("after recover: %w", err)
	}
	kept, err := c.kept()
	if err != nil {
		return err
	}
	for _, p := range promised {
		if !slices.Contains(kept[p.ref], p.secret) && !s.removes {
			return fmt.Errorf("a kept secret of %v is lost (found %s)", p.ref, describe(found))
		}
	}
	if err := c.named(kept, found, exit != nil && *exit == 0); err != nil {
		return err
	}
	if err := c.sunk(s); err != nil {
		return err
	}
	if s.holds != nil {
		if err := s.holds(c, exit != nil && *exit == 0); err != nil {
			return err
		}
	}
	if len(found) == 0 && c.looked%often != 0 {
		return nil
	}
	again, err := c.recovered()
	if err != nil {
		return err
	}
	if !slices.Equal(undone(found), undone(again)) {
		return fmt.Errorf("recover found\n%s\nand then\n%s", describe(found), describe(again))
	}
	if c.looked%often != 0 {
		return nil
	}
	return c.next(kept)
}

// often: after one crash in so many the next create is tried, and recover again
// where it has found nothing.
const often = 4

// undone is what the findings leave to do.
func undone(found []view.Recovered) []string {
	var all []string
	for _, f := range found {
		if f.Next != nil {
			all = append(all, *f.Next)
		}
	}
	slices.Sort(all)
	return all
}

func describe(found []view.Recovered) string {
	b, err := json.MarshalIndent(found, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// torn finds files that are neither old nor new.
func (c *crashed) torn() error {
	store := c.store()
	_, problems, err := store.List(context.Background())
	_, creds, cerr := store.ListCredentials(context.Background())
	pending, entries, jerr := store.OpenJournal(c.path("config/journal")).List(context.Background())
	lost, kerr := store.CheckKeyring(context.Background())
	err = errors.Join(err, cerr, jerr, kerr)
	for _, p := range slices.Concat(problems, creds, entries, lost) {
		err = errors.Join(err, fmt.Errorf("%s: %w", p.Path, p.Err))
	}
	for _, p := range pending {
		if p.Live {
			err = errors.Join(err, fmt.Errorf("%s: nobody holds it, and it counts as live", p.Path))
		}
	}
	return err
}

// named: what lives at a provider is kept with its own secret, or named. After a
// command that succeeded it is kept.
func (c *crashed) named(kept map[secret.Ref][]string, found []view.Recovered, done bool) error {
	for _, d := range c.env.Drivers {
		if !slices.ContainsFunc(c.told, func(k keptSecret) bool { return k.ref.Provider == d.Name }) {
			continue
		}
		out := c.run("list", d.Name, "--jq", `.[] | select(.status != "disabled") | .id`)
		if c.exit != 0 {
			return fmt.Errorf("list %s: exit %d: %s", d.Name, c.exit, &c.errs)
		}
		for _, id := range strings.Fields(out) {
			ref := secret.Ref{Provider: d.Name, ID: id}
			i := slices.IndexFunc(c.told, func(k keptSecret) bool { return k.ref == ref })
			switch {
			case i < 0:
				return fmt.Errorf("%v lives and was never made", ref)
			case slices.Contains(kept[ref], c.told[i].secret):
			case done:
				return fmt.Errorf("the command succeeded, and the secret of %v is not kept", ref)
			case !slices.ContainsFunc(found, func(f view.Recovered) bool { return f.ID != nil && *f.ID == id && f.Next != nil }):
				return fmt.Errorf("the secret of %v is neither kept nor named: %s", ref, describe(found))
			}
		}
	}
	return nil
}

// sunk: a sink that the record does not call unfilled has the secret; none holds
// anything but what it held before, or a secret.
func (c *crashed) sunk(s scenario) error {
	recs, _, err := c.store().List(context.Background())
	if err != nil {
		return err
	}
	env, rest := "# mine\nOTHER=1\n", ""
	if s.sinks != nil {
		text, err := os.ReadFile(c.path("project/.env"))
		if err != nil {
			return err
		}
		var ok bool
		if rest, ok = strings.CutPrefix(string(text), env); !ok {
			return fmt.Errorf("the dotenv file is torn: %q", text)
		}
	}
	file, err := os.ReadFile(c.path("project/keys/secret"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	isTold := func(v string) bool {
		return v == "" || slices.ContainsFunc(c.told, func(k keptSecret) bool { return k.secret == v })
	}
	value := strings.TrimSuffix(strings.TrimPrefix(rest, "HOOK="), "\n")
	if !isTold(value) || !isTold(string(file)) || err == nil && len(file) == 0 {
		return fmt.Errorf("a sink is torn: dotenv %q, file %q", rest, file)
	}
	for _, r := range recs {
		old := slices.ContainsFunc(c.before.kept, func(k keptSecret) bool { return k.ref == r.Ref() })
		if old || !r.DeletedAt.IsZero() || s.sinks == nil || r.Name != sunkName {
			continue
		}
		r, err := c.store().Get(context.Background(), r.Ref())
		if err != nil {
			return err
		}
		for spec, has := range map[string]string{s.sinks[0]: string(file), s.sinks[1]: value} {
			if !slices.Contains(r.Unfilled, spec) && has != r.Secret.Reveal() {
				return fmt.Errorf("the record of %s says that %s is filled, and it is not", r.ID, spec)
			}
		}
	}
	return nil
}

// next: the next create works, and takes nothing away.
func (c *crashed) next(before map[secret.Ref][]string) error {
	told := len(c.told)
	c.run("create", "wundertreos", "--name", "Next", "--url", "https://example.com/next", "--event", "contact.created")
	if c.exit != 0 || len(c.told) != told+1 {
		return fmt.Errorf("the next create exited %d: %s", c.exit, &c.errs)
	}
	kept, err := c.kept()
	if err != nil {
		return err
	}
	if last := c.told[told]; !slices.Contains(kept[last.ref], last.secret) {
		return fmt.Errorf("the next create said that it kept the secret of %v", last.ref)
	}
	for ref, secrets := range before {
		if !slices.Equal(kept[ref], secrets) {
			return fmt.Errorf("the next create changed the record of %v", ref)
		}
	}
	return nil
}

// scenario is a command whose every crash is looked at.
type scenario struct {
	name    string
	before  func(c *crashed)
	args    func(c *crashed) []string
	exit    int
	sinks   []string
	removes bool
	refuse  func(c *crashed, path string) bool // files that cannot be begun
	holds   func(c *crashed, done bool) error  // more that must hold
}

const sunkName = "Sunk"

var oneEach = map[string][]string{
	"zyntro":      {"create", "zyntro", "--name", sunkName, "--url", "https://example.com/hook", "--event", "new_contact"},
	"wundertreos": {"create", "wundertreos", "--name", sunkName, "--url", "https://example.com/hook", "--event", "contact.created"},
}

// withSinks adds a file and a dotenv file that has other lines.
func (c *crashed) withSinks(s *scenario) []string {
	s.sinks = []string{"file:" + c.path("project/keys/secret"), "dotenv:" + c.path("project/.env") + ":HOOK"}
	return []string{"--secret-to", s.sinks[0], "--secret-to", s.sinks[1]}
}

// words are the arguments of a command that needs no paths.
func words(args ...string) func(*crashed) []string { return func(*crashed) []string { return args } }

// made is a webhook that was made before.
func (c *crashed) made(provider string) string {
	c.t.Helper()
	c.must(oneEach[provider]...)
	return provider + "/" + c.told[len(c.told)-1].ref.ID
}

// setting: the setting is what it was before, or what it is to be, and that once
// the command has succeeded.
func setting(key, before, after string) func(*crashed, bool) error {
	return func(c *crashed, done bool) error {
		got := strings.TrimSpace(c.run("config", "get", key, "--jq", ".value"))
		if c.exit != 0 || got != after && (done || got != before) {
			return fmt.Errorf("config get %s: exit %d, %q: %s", key, c.exit, got, &c.errs)
		}
		return nil
	}
}

// has: the secret is kept once the command has succeeded.
func has(ref secret.Ref, value string) func(*crashed, bool) error {
	return func(c *crashed, done bool) error {
		kept, err := c.kept()
		if err == nil && done && !slices.Contains(kept[ref], value) {
			err = fmt.Errorf("%v is not kept, although the command succeeded", ref)
		}
		return err
	}
}

// crashScenarios are the commands that keep secrets, credentials and settings.
func crashScenarios() []scenario {
	var all []scenario
	for _, p := range []string{"zyntro", "wundertreos"} {
		all = append(all,
			scenario{name: "create " + p, args: words(oneEach[p]...)},
			scenario{name: "create in the keyring " + p, args: words(append([]string{"create", p}, oneEach[p][2:]...)...), before: func(c *crashed) {
				c.env.Environ = append(c.env.Environ, "HOOKCTL_SECRET_STORE=keyring")
			}},
			scenario{name: "rotate " + p, before: func(c *crashed) { c.made(p) }, args: words("rotate", sunkName, "--yes")},
			scenario{name: "rotate with overlap " + p, before: func(c *crashed) { c.made(p) }, args: words("rotate", sunkName, "--overlap", "--yes")},
			scenario{name: "answer lost " + p, before: func(c *crashed) { c.drop = true }, args: words(oneEach[p]...), exit: 7,
				holds: func(c *crashed, _ bool) error { c.drop = false; return nil }},
			scenario{name: "store fails " + p, args: words(oneEach[p]...), exit: 7,
				refuse: func(c *crashed, path string) bool {
					return len(c.told) > 0 && filepath.Base(filepath.Dir(path)) == "webhooks"
				}},
		)
	}
	return append(all,
		scenario{name: "update --replace", before: func(c *crashed) { c.made("wundertreos") },
			args: words("update", sunkName, "--url", "https://example.com/other", "--replace", "--yes")},
		scenario{name: "delete", before: func(c *crashed) { c.made("wundertreos") }, args: words("delete", sunkName, "--yes")},
		scenario{name: "migrate to the keyring", before: func(c *crashed) { c.made("zyntro"); c.must("login", "wundertreos") },
			args: words("secrets", "migrate", "--to", "keyring")},
		scenario{name: "migrate to the file", before: func(c *crashed) {
			c.made("zyntro")
			c.must("login", "wundertreos")
			c.must("secrets", "migrate", "--to", "keyring")
		}, args: words("secrets", "migrate", "--to", "file")},
		scenario{name: "login", args: words("login", "wundertreos"), holds: func(c *crashed, done bool) error {
			creds, _, err := c.store().ListCredentials(context.Background())
			if err == nil && done && len(creds) == 0 {
				err = errors.New("logged in, and no credentials are there")
			}
			return err
		}},
		scenario{name: "secrets set", args: func(c *crashed) []string {
			return []string{"secrets", "set", "zyntro/new", "--from-file", c.path("project/given")}
		}, before: func(c *crashed) { c.write("project/given", "given") }, holds: has(secret.Ref{Provider: "zyntro", ID: "new"}, "given")},
		scenario{name: "secrets set over another", before: func(c *crashed) {
			c.made("zyntro")
			c.write("project/given", "given")
		}, args: func(c *crashed) []string {
			return []string{"secrets", "set", sunkName, "--yes", "--from-file", c.path("project/given")}
		}},
		scenario{name: "secrets remove", before: func(c *crashed) { c.made("zyntro"); c.must("delete", sunkName, "--yes") }, args: words("secrets", "remove", sunkName, "--yes"), removes: true,
			holds: func(c *crashed, done bool) error {
				kept, err := c.kept()
				if err == nil && done && len(kept) > 0 {
					err = errors.New("removed, and there again")
				}
				return err
			}},
		scenario{name: "config set", args: words("config", "set", "output", "json"), holds: setting("output", "table", "json")},
		scenario{name: "config set again", before: func(c *crashed) { c.must("config", "set", "output", "yaml") },
			args: words("config", "set", "output", "json"), holds: setting("output", "yaml", "json")},
	)
}

// fileScenarios are those that hand secrets on, or read files: they need paths.
func fileScenarios(c *crashed) []scenario {
	env := func(s scenario) func(*crashed) {
		return func(c *crashed) {
			c.write("project/.env", "# mine\nOTHER=1\n")
			if s.before != nil {
				s.before(c)
			}
		}
	}
	var all []scenario
	add := func(s scenario, args ...string) {
		args = append(args, c.withSinks(&s)...)
		s.before, s.args = env(s), words(args...)
		all = append(all, s)
	}
	for _, p := range []string{"zyntro", "wundertreos"} {
		add(scenario{name: "create with sinks " + p}, oneEach[p]...)
	}
	add(scenario{name: "rotate with sinks", before: func(c *crashed) { c.made("wundertreos") }}, "rotate", sunkName, "--yes")
	push := scenario{name: "secrets push", before: func(c *crashed) { c.made("zyntro") }}
	c.withSinks(&push)
	push.before, push.args = env(push), words("secrets", "push", sunkName, "--to", push.sinks[0], "--to", push.sinks[1])
	// Nothing but the files says that they are filled.
	push.holds = func(c *crashed, done bool) error {
		text, err := os.ReadFile(c.path("project/.env"))
		file, ferr := os.ReadFile(c.path("project/keys/secret"))
		if done && (err != nil || ferr != nil || !strings.Contains(string(text), c.told[0].secret) || string(file) != c.told[0].secret) {
			return fmt.Errorf("pushed, and not there: %q, %q", text, file)
		}
		return nil
	}
	push.sinks = nil
	all = append(all, push)

	manifest := scenario{name: "apply"}
	to := c.withSinks(&manifest)
	manifest.before = env(scenario{before: func(c *crashed) {
		c.several = true
		c.must("create", "wundertreos", "--name", "Old", "--url", "https://example.com/old", "--event", "contact.created")
		c.write("project/hooks.yaml", fmt.Sprintf(`version: 1
webhooks:
  - {provider: zyntro, name: %s, url: "https://example.com/hook", events: [new_contact], secret_to: [%q, %q]}
  - {provider: wundertreos, name: Old, url: "https://example.com/new", events: [contact.created]}
`, sunkName, to[1], to[3]))
	}})
	manifest.args = words("apply", "-f", c.path("project/hooks.yaml"), "--yes")
	all = append(all, manifest)

	var in []func(*crashed, bool) error
	bundle := scenario{name: "secrets import", before: func(c *crashed) {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			c.t.Fatal(err)
		}
		c.write("project/key", id.String()+"\n")
		c.made("zyntro")
		c.made("wundertreos")
		c.must("secrets", "export", "--all-profiles", "--age-recipient", id.Recipient().String(), "--out", c.path("project/hooks.age"))
		if err := os.RemoveAll(c.path("config")); err != nil {
			c.t.Fatal(err)
		}
		for _, k := range c.told {
			in = append(in, has(k.ref, k.secret))
		}
		c.restart() // the webhooks are of another account
	}}
	bundle.holds = func(c *crashed, done bool) error {
		var err error
		for _, has := range in {
			err = errors.Join(err, has(c, done))
		}
		return err
	}
	bundle.args = words("secrets", "import", "--identity", c.path("project/key"), c.path("project/hooks.age"))
	return append(all, bundle)
}

// crashes is how many subsets of what was not synced are drawn at each point: a
// few, or as many as HOOKCTL_TEST_CRASHES says; 0 is all.
func crashes(few int) int {
	if n, err := strconv.Atoi(os.Getenv("HOOKCTL_TEST_CRASHES")); err == nil {
		return n
	}
	return few
}

// oneIn is n where the tests are to look at one in n of the crashes.
func oneIn(n int) int {
	if Full() || os.Getenv("HOOKCTL_TEST_CRASHES") != "" {
		return 1
	}
	return n
}

// eachCrash sets up every command, on a machine of its own.
func eachCrash(t *testing.T, do func(t *testing.T, c *crashed, s scenario)) {
	for _, make := range []func(*crashed) []scenario{func(*crashed) []scenario { return crashScenarios() }, fileScenarios} {
		for i, s := range make(newCrashed(t)) {
			t.Run(s.name, func(t *testing.T) {
				c := newCrashed(t)
				s := make(c)[i]
				if s.before != nil {
					s.before(c)
				}
				do(t, c, s)
			})
		}
	}
}

func TestCrashes(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	o := durabletest.Crashes{Seed: 1, Draw: crashes(1), Every: oneIn(4)}
	eachCrash(t, func(t *testing.T, c *crashed, s scenario) {
		rec := c.record(s)
		if c.exit != s.exit {
			t.Fatalf("exit %d, want %d\n%s%s", c.exit, s.exit, &c.out, &c.errs)
		}
		c.look(rec, s, o)
	})
}

func (c *crashed) look(rec *durabletest.Recording, s scenario, o durabletest.Crashes) {
	c.t.Helper()
	n, err := rec.Each(o, func(x durabletest.Crash) bool {
		err := c.check(s, x)
		if err != nil {
			c.t.Errorf("%v\n%s", err, x)
		}
		return err == nil
	})
	if err != nil {
		c.t.Error(err)
	}
	c.t.Logf("%d crashes, seed %d", n, o.Seed)
}

// TestCrashesOfRecover: a crash in the recover after a crash.
func TestCrashesOfRecover(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	again := scenario{args: words("recover")}
	every := 24 // crashes before recover
	if os.Getenv("HOOKCTL_TEST_CRASHES") != "" {
		every = 1
	}
	every /= oneIn(12)
	eachCrash(t, func(t *testing.T, c *crashed, s scenario) {
		if !strings.HasPrefix(s.name, "create") && !strings.HasPrefix(s.name, "rotate") && !strings.HasPrefix(s.name, "store") {
			t.Skip("recover has nothing to do")
		}
		first := c.record(s)
		before, points := c.before, 0
		_, err := first.Each(durabletest.Crashes{Seed: 2, Draw: crashes(1), Every: oneIn(12)}, func(x durabletest.Crash) bool {
			c.before = before
			promised, _ := c.wake(x)
			pending, _, err := c.store().OpenJournal(c.path("config/journal")).List(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			points++
			if len(pending) == 0 || points%every != 0 {
				return true
			}
			second := c.record(again)
			c.before.kept = append(c.before.kept, promised...)
			_, err = second.Each(durabletest.Crashes{Seed: 3, Draw: crashes(2), Every: oneIn(4)}, func(y durabletest.Crash) bool {
				err := c.check(scenario{sinks: s.sinks}, y)
				if err != nil {
					t.Errorf("%v\n%s\nand then, in recover, %s", err, x, y)
				}
				return err == nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return !t.Failed()
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// fsyncs are the syncs without which a crash loses something, and the command
// that shows it. Each is named by the functions that make it.
var fsyncs = []struct {
	kind durabletest.Kind
	site string // parts of the site, in order, with a * for what is between
	in   string
}{
	{durabletest.Sync, "writeTemp*FileStore).Put.", "create zyntro"},
	{durabletest.SyncDir, "replace*FileStore).Put.", "create zyntro"},
	{durabletest.Sync, "writeTemp*Journal).begin < ", "create wundertreos"},
	{durabletest.SyncDir, "replace*Journal).begin < ", "create wundertreos"},
	{durabletest.SyncDir, "makeStoreDir < ", "secrets set"},
	{durabletest.Sync, "Entry).Sync < ", "create zyntro"},
	{durabletest.Sync, "writeTemp*FileStore).PutCredential < ", "login"},
	{durabletest.SyncDir, "replace*FileStore).PutCredential < ", "login"},
	{durabletest.Sync, "writeTemp*WriteFile < sink.fileSink.Put", "create with sinks zyntro"},
	{durabletest.SyncDir, "replace*WriteFile < sink.fileSink.Put", "create with sinks zyntro"},
	{durabletest.Sync, "writeTemp*UpdateFile < ", "create with sinks wundertreos"},
	{durabletest.SyncDir, "replace*UpdateFile < sink.dotenvSink.Put", "create with sinks wundertreos"},
	{durabletest.Sync, "writeTemp*UpdateFile < ", "config set again"},
	{durabletest.SyncDir, "replace*UpdateFile < config.", "config set again"},
	{durabletest.SyncDir, "config.(*Config).change < ", "config set"},
	{durabletest.SyncDir, "RemoveFile*FileStore).Delete < ", "secrets remove"},
	{durabletest.Sync, "writeTemp*FileStore).Move < ", "migrate to the file"},
	{durabletest.SyncDir, "replace*FileStore).Move < ", "migrate to the file"},
	{durabletest.Sync, "writeTemp*FileStore).MoveCredential < ", "migrate to the file"},
	{durabletest.SyncDir, "replace*FileStore).MoveCredential < ", "migrate to the file"},
}

// spare are the syncs that nothing hangs on after a crash, and why they are made.
var spare = map[string]string{
	"Calls).Probe < ":                 "a probe: that a record could be kept is what is proved",
	"CheckFile < ":                    "a probe, for a sink",
	"Entry).Phase < ":                 "a note that helps recover; the store and the answer are what counts",
	"Entry).Release < ":               "the answer was synced when it had arrived",
	"RemoveFile < secret.(*Entry).Re": "an entry that comes back is settled again",
}

func atSite(site, pattern string) bool {
	site += " < " // the last function of a site ends as the others do
	for _, part := range strings.Split(pattern, "*") {
		_, rest, ok := strings.Cut(site, part)
		if !ok {
			return false
		}
		site = rest
	}
	return true
}

// TestEveryFsyncIsNeeded is the test of TestCrashes: without any one of the syncs
// a crash is found that loses something.
func TestEveryFsyncIsNeeded(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	seen := map[string]bool{}
	eachCrash(t, func(t *testing.T, c *crashed, s scenario) {
		rec := c.record(s)
		for _, o := range rec.Ops() {
			if o.Kind != durabletest.Sync && o.Kind != durabletest.SyncDir {
				continue
			}
			known := false
			for _, f := range fsyncs {
				known = known || f.kind == o.Kind && atSite(o.Site, f.site)
			}
			for site := range spare {
				if strings.Contains(o.Site, site) {
					known, seen[site] = true, true
				}
			}
			if !known {
				t.Errorf("what is this %s for? %s", o.Kind, o.Site)
			}
		}
		for _, f := range fsyncs {
			if f.in != s.name {
				continue
			}
			seen[string(f.kind)+f.site] = true
			found := false
			lost := func(o durabletest.Op) bool { return o.Kind == f.kind && atSite(o.Site, f.site) }
			if !slices.ContainsFunc(rec.Ops(), lost) {
				t.Errorf("no %s is made by %s", f.kind, f.site)
			}
			n, err := rec.Each(durabletest.Crashes{Seed: 4, Draw: 4, Lost: lost, Backwards: true}, func(x durabletest.Crash) bool {
				found = c.check(s, x) != nil
				return !found
			})
			if err != nil {
				t.Error(err)
			}
			if !found {
				t.Errorf("without the %s of %s nothing is lost in %d crashes", f.kind, f.site, n)
			}
		}
	})
	for _, f := range fsyncs {
		if !seen[string(f.kind)+f.site] {
			t.Errorf("%s is no command: %s", f.in, f.site)
		}
	}
	for site := range spare {
		if !seen[site] {
			t.Errorf("no sync is made by %s any more", site)
		}
	}
}
