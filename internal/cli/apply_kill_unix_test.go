//go:build unix

package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/provider/wundertreos"
	"github.com/hookctl/hookctl/internal/provider/zyntro"
	"github.com/hookctl/hookctl/internal/secret"
)

// TestApplyKilled ends apply with SIGKILL somewhere on its way through creates,
// updates and replacements. Whatever the instant, each webhook at a provider has
// its secret kept or is named by the journal, and none is made twice: apply is
// run again until it is through, or says that recover must settle something.
func TestApplyKilled(t *testing.T) {
	t.Parallel()
	rounds := 4
	if Full() {
		rounds = 8
	}
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			w := newKillWorld(t, time.Now)
			first, second := w.manifest("first.yaml", "/a"), w.manifest("second.yaml", "/b")
			random := rand.New(rand.NewPCG(7, uint64(round)))
			killed := 0
			for _, file := range []string{first, second} {
				for try := 0; ; try++ {
					delay := time.Duration(20+random.IntN(120)) * time.Millisecond
					if try == 5 {
						delay = time.Minute // through to its end
					}
					done, unsettled := w.apply(file, delay)
					w.nothingLost()
					if unsettled {
						return
					}
					if done {
						break
					}
					if killed++; try > 5 {
						t.Fatal("it does not come to an end")
					}
				}
			}
			t.Logf("killed %d times", killed)
		})
	}
}

type killWorld struct {
	t        *testing.T
	dir      string
	env      []string
	clients  []provider.Provider
	requests atomic.Int64 // of all clients

	gate atomic.Pointer[func(provider, method string)] // passed before a request is answered; nil: none
}

// newKillWorld makes both providers, whose clock is now.
func newKillWorld(t *testing.T, now func() time.Time) *killWorld {
	w := &killWorld{t: t, dir: t.TempDir()}
	w.env = append(os.Environ(), "HOOKCTL_CONFIG_DIR="+filepath.Join(w.dir, "config"), "CI=", "GORACE=atexit_sleep_ms=0")
	for _, d := range []*provider.Driver{zyntro.Driver(), wundertreos.Driver()} {
		box := d.NewSandbox(provider.SandboxOptions{Now: now, Seed: 1})
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.requests.Add(1)
			if gate := w.gate.Load(); gate != nil {
				(*gate)(d.Name, r.Method)
			}
			box.ServeHTTP(rw, r)
		}))
		t.Cleanup(server.Close)
		w.env = append(w.env, "HOOKCTL_"+strings.ToUpper(d.Name)+"_BASE_URL="+server.URL+box.BasePath())
		for _, f := range d.Credentials {
			if v, ok := box.Credentials()[f.Name]; ok {
				w.env = append(w.env, f.Env[0]+"="+v.Reveal())
			}
		}
		w.clients = append(w.clients, providertest.Raw(d, provider.Access{
			BaseURL: server.URL + box.BasePath(), PathPrefix: d.PathPrefix, Credentials: box.Credentials(), HTTP: httpx.New(httpx.Options{}), Now: time.Now,
		}))
	}
	return w
}

// manifest writes one of ten webhooks whose URLs end in path.
func (w *killWorld) manifest(name, path string) string {
	text := "version: 1\nwebhooks:\n"
	for i := range 5 {
		text += fmt.Sprintf("- {provider: zyntro, name: z%d, url: 'https://example.com/%d%s', events: [new_contact]}\n", i, i, path)
		text += fmt.Sprintf("- {provider: wundertreos, name: w%d, url: 'https://example.com/%d%s', events: [deal.created]}\n", i, i, path)
	}
	file := filepath.Join(w.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// apply runs the program and kills it after the delay.
func (w *killWorld) apply(file string, delay time.Duration) (done, unsettled bool) {
	w.t.Helper()
	cmd := exec.Command("hookctl", "apply", "-f", file, "--yes", "--keep-going")
	cmd.Env = w.env
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	timer := time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	switch code := cmd.ProcessState.ExitCode(); {
	case err == nil:
		return true, false
	case code == 7 && strings.Contains(errs.String(), "hookctl recover"):
		return false, true
	case code >= 0:
		w.t.Fatalf("exit %d: %s", code, errs.String())
	}
	return false, false
}

// nothingLost compares the providers with the store and the journal.
func (w *killWorld) nothingLost() {
	w.t.Helper()
	ctx := context.Background()
	dir := filepath.Join(w.dir, "config")
	records, problems, err := secret.OpenFileStore(dir, secret.FileStoreOptions{}).List(ctx)
	if err != nil || len(problems) > 0 {
		w.t.Fatal(err, problems)
	}
	pending, problems, err := secret.OpenFileStore("", secret.FileStoreOptions{}).OpenJournal(filepath.Join(dir, "journal")).List(ctx)
	if err != nil || len(problems) > 0 {
		w.t.Fatal(err, problems)
	}
	kept, replaced, open := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range records {
		kept[r.ID] = true
		if r.Replaces != nil {
			replaced[r.Replaces.ID] = true
		}
	}
	for _, p := range pending {
		open[p.Intent.Name] = true
		if p.Intent.Replaces != nil {
			replaced[p.Intent.Replaces.ID] = true
		}
	}
	for _, c := range w.clients {
		rows, err := c.List(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		seen := map[string]string{}
		for _, row := range rows {
			name := provider.Text(row.Name)
			if row.Status != nil && *row.Status == provider.Disabled {
				continue
			}
			if !kept[row.ID] && !open[name] {
				w.t.Errorf("the secret of %s (%s), and the journal does not know", row.ID, name)
			}
			if other := seen[name]; other != "" && !replaced[row.ID] && !replaced[other] {
				w.t.Errorf("%s was made twice: %s and %s", name, other, row.ID)
			}
			seen[name] = row.ID
		}
	}
}
