//go:build soak && linux && amd64

package cli_test

import (
	"bytes"
	"context"
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

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/provider/providertest"
)

// tally counts what became of the webhooks of runs under one fault.
type tally struct {
	t          *testing.T
	row, fault string

	runs    int
	struck  int // in which the fault happened
	kept    int // every webhook that lives has its secret in the store
	named   int // recover names each of the others
	nothing int // of which the provider learnt nothing
	lost    int
	leaks   bool // only runs, struck and lost are counted: lost is what leaked
}

// newTally begins a row of the table. The row is written when the test ends.
func newTally(t *testing.T, row, fault string) *tally {
	t.Helper()
	n := &tally{t: t, row: row, fault: fault}
	t.Cleanup(func() {
		if t.Skipped() {
			return
		}
		became := fmt.Sprintf("%d | %d | %d", n.kept, n.named, n.nothing)
		if n.leaks {
			became = "- | - | -"
		}
		line := fmt.Sprintf("| %s | %s | %d | %d | %s | %d |\n", n.row, n.fault, n.runs, n.struck, became, n.lost)
		t.Log(line)
		if n.lost > 0 {
			t.Errorf("%d lost or leaked", n.lost)
		}
		path := os.Getenv("HOOKCTL_SOAK_TABLE")
		if path == "" {
			return
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
		if err != nil {
			t.Error(err)
			return
		}
		if fi, err := f.Stat(); err == nil && fi.Size() == 0 {
			line = "| Row | Fault | Runs | Struck | Kept | Named | Nothing made | Lost or leaked |\n| --- | --- | --: | --: | --: | --: | --: | --: |\n" + line
		}
		_, err = f.WriteString(line)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// soakRuns is how often a fault at random instants is tried; HOOKCTL_SOAK_RUNS
// says how often.
func soakRuns(t *testing.T, usual int) int {
	t.Helper()
	v := os.Getenv("HOOKCTL_SOAK_RUNS")
	if v == "" {
		return usual
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatalf("HOOKCTL_SOAK_RUNS is no number: %q", v)
	}
	return n
}

// soakWorld is a program, and both providers, which can be put back to what they
// were before a command.
type soakWorld struct {
	*program
	drivers []*provider.Driver
	clients map[string]provider.Provider

	mu      sync.Mutex
	boxes   map[string]provider.Sandbox
	sent    []sentRequest     // what was processed and is not just a question
	told    map[string]string // the secret of each webhook, by provider and id
	changes int               // since put back
	drop    bool              // the answers of creates get lost

	saved     []sentRequest
	savedKept map[string]string
	open      []string // what lived then and was not kept
	template  string
	settled   int
}

type sentRequest struct {
	provider string
	r        *http.Request
	body     []byte
}

func newSoakWorld(t *testing.T) *soakWorld {
	t.Helper()
	w := &soakWorld{program: newProgram(t), drivers: all.Drivers(), clients: map[string]provider.Provider{}}
	w.restart()
	for _, d := range w.drivers {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve(d, rw, r) }))
		t.Cleanup(server.Close)
		box := w.boxes[d.Name]
		w.environ = append(w.environ, "HOOKCTL_"+strings.ToUpper(d.Name)+"_BASE_URL="+server.URL+box.BasePath())
		for _, f := range d.Credentials {
			if v, ok := box.Credentials()[f.Name]; ok {
				w.environ = append(w.environ, f.Env[0]+"="+v.Reveal())
			}
		}
		w.clients[d.Name] = providertest.Raw(d, provider.Access{
			BaseURL: server.URL + box.BasePath(), PathPrefix: d.PathPrefix, Credentials: box.Credentials(), HTTP: httpx.New(httpx.Options{}), Now: time.Now,
		})
	}
	return w
}

func (w *soakWorld) restart() {
	w.boxes, w.sent, w.told = map[string]provider.Sandbox{}, nil, map[string]string{}
	for i, d := range w.drivers {
		w.boxes[d.Name] = d.NewSandbox(provider.SandboxOptions{Now: time.Now, Seed: int64(i + 1)})
	}
}

func (w *soakWorld) serve(d *provider.Driver, rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.mu.Lock()
	answer := w.process(sentRequest{d.Name, r.Clone(context.Background()), body})
	drop := w.drop && isCreate(r)
	w.mu.Unlock()
	if drop {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(rw.Header(), answer.Header())
	rw.WriteHeader(answer.Code)
	_, _ = rw.Write(answer.Body.Bytes()) // a client that is gone has no use for it
}

func (w *soakWorld) process(q sentRequest) *httptest.ResponseRecorder {
	q.r.Body = io.NopCloser(bytes.NewReader(q.body))
	answer := httptest.NewRecorder()
	w.boxes[q.provider].ServeHTTP(answer, q.r)
	if q.r.Method == http.MethodGet || strings.HasSuffix(q.r.URL.Path, "/fetchWebhooks") {
		return answer
	}
	w.sent = append(w.sent, q)
	w.changes++
	if !isCreate(q.r) {
		return answer
	}
	body := answer.Body.Bytes()
	for _, d := range w.drivers {
		if s := providertest.Member(body, d.SecretMember); d.Name == q.provider && s != "" {
			w.told[d.Name+"/"+providertest.Member(body, d.IDMember)] = s
		}
	}
	return answer
}

func isCreate(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/createWebhook") || r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/api-webhook-subscriptions")
}

// must runs a command that must succeed.
func (w *soakWorld) must(args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != 0 {
		w.t.Fatalf("%v: %s", args, r)
	}
	return r
}

// save remembers what there is, and back restores it.
func (w *soakWorld) save() {
	w.t.Helper()
	w.template = filepath.Join(w.t.TempDir(), "saved")
	copyTree(w.t, w.template, w.config)
	w.saved, w.savedKept = slices.Clone(w.sent), w.kept()
	w.open = slices.DeleteFunc(w.living(), func(ref string) bool { return w.has(w.savedKept, ref) })
}

func (w *soakWorld) back() {
	w.t.Helper()
	if err := os.RemoveAll(w.config); err != nil {
		w.t.Fatal(err)
	}
	copyTree(w.t, w.config, w.template)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restart()
	for _, q := range w.saved {
		w.process(q)
	}
	w.changes = 0
}

func copyTree(t *testing.T, to, from string) {
	t.Helper()
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	// CopyFS keeps no modes.
	err := filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// living are the webhooks at the providers that are not disabled.
func (w *soakWorld) living() []string {
	w.t.Helper()
	var ids []string
	for _, d := range w.drivers {
		rows, err := w.clients[d.Name].List(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, row := range rows {
			if row.Status == nil || *row.Status != provider.Disabled {
				ids = append(ids, d.Name+"/"+row.ID)
			}
		}
	}
	return ids
}

func (w *soakWorld) changed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changes
}

// has reports whether the store keeps the secret that the provider told.
func (w *soakWorld) has(kept map[string]string, ref string) bool {
	_, id, _ := strings.Cut(ref, "/")
	w.mu.Lock()
	defer w.mu.Unlock()
	return kept[id] != "" && kept[id] == w.told[ref]
}

// settle looks at what a run of a command left behind, runs recover on it, twice,
// and counts.
func (w *soakWorld) settle(n *tally, cmd []string, r result, struck bool) {
	w.t.Helper()
	w.settled++
	n.runs++
	if struck {
		n.struck++
	}
	bad := func(format string, more ...any) {
		w.t.Helper()
		w.t.Errorf("%s %v: "+format+"\n%s", append(append([]any{n.fault, cmd}, more...), r)...)
	}
	changes, living, before := w.changed(), w.living(), w.kept()
	if changes == 0 && r.code == 0 && !slices.Contains([]string{"recover", "secrets"}, cmd[0]) {
		bad("it succeeded, and the provider knows nothing")
	}
	for _, ref := range living {
		if !w.has(before, ref) && !slices.Contains(w.open, ref) && r.code >= 0 && r.code != 7 {
			bad("exit %d, and %s is not kept", r.code, ref)
		}
	}
	found, recovered := w.recover()
	if recovered.code != 0 && recovered.code != 7 {
		bad("recover: %s", recovered)
	}
	kept := w.kept()
	w.files()
	names := map[string]bool{}
	for _, f := range found {
		names[f.Provider+"/"+f.ID] = f.Next != ""
	}
	outcome := "kept"
	for _, ref := range living {
		switch {
		case w.has(kept, ref):
		case names[ref]:
			outcome = "named"
		default:
			bad("%s is lost: %s", ref, recovered)
			n.lost++
			return
		}
	}
	for id, s := range w.savedKept {
		if kept[id] != s && slices.ContainsFunc(living, func(ref string) bool { return strings.HasSuffix(ref, "/"+id) }) {
			bad("the secret of %s was kept, and is lost", id)
			n.lost++
			return
		}
	}
	again, _ := w.recover()
	if !slices.Equal(left(found), left(again)) {
		bad("recover finds\n%v\nand then\n%v", found, again)
	}
	switch {
	case changes == 0 && cmd[0] != "recover":
		n.nothing++
	case outcome == "kept":
		n.kept++
	default:
		n.named++
	}
	if w.settled%8 != 0 {
		return
	}
	if next := w.run("create", "wundertreos", "--name", "Next", "--url", "https://example.com/next", "--event", "contact.created"); next.code != 0 {
		bad("the next create: %s", next)
	}
}

// left is what findings leave to do.
func left(found []finding) []string {
	var all []string
	for _, f := range found {
		if f.Next != "" {
			all = append(all, f.Next)
		}
	}
	slices.Sort(all)
	return all
}
