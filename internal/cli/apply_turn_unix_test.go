//go:build unix

package cli

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/secret"
)

// TestAppliesTakeTurns lets a second apply plan only when the first has ended:
// else both would make what both found missing.
func TestAppliesTakeTurns(t *testing.T) {
	t.Parallel()
	w := newKillWorld(t, time.Now)
	file := w.manifest("hooks.yaml", "")
	first, err := secret.OpenFileStore("", secret.FileStoreOptions{}).OpenJournal(filepath.Join(w.dir, "config", "journal")).Lock(context.Background(), "apply", func() {})
	if err != nil {
		t.Fatal(err)
	}
	second, lines := w.startApply(file, "Another apply is running")
	for _, c := range w.clients {
		if rows, err := c.List(context.Background()); len(rows) > 0 || err != nil {
			t.Errorf("made meanwhile: %d, %v", len(rows), err)
		}
	}
	if err := first(); err != nil {
		t.Error(err)
	}
	for lines.Scan() { // to its end
	}
	if err := second.Wait(); err != nil {
		t.Error(err)
	}
	for _, c := range w.clients {
		if rows, err := c.List(context.Background()); len(rows) != 5 || err != nil {
			t.Errorf("%d webhooks, %v", len(rows), err)
		}
	}
}

// TestApplyWaitsForOthers: what another process is making or replacing is waited
// for, and planned again: it may be all that was to be done.
func TestApplyWaitsForOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, other []string
		events        string // of the manifest
	}{
		"a create": {
			other:  []string{"create", "wundertreos", "--name", "Leads", "--url", "https://example.com/leads", "--event", "deal.created"},
			events: "deal.created",
		},
		"a create, and more": {
			other:  []string{"create", "wundertreos", "--name", "Leads", "--url", "https://example.com/leads", "--event", "deal.created"},
			events: "contact.created",
		},
		"a rotation": {
			before: []string{"create", "wundertreos", "--name", "Leads", "--url", "https://example.com/leads", "--event", "deal.created"},
			other:  []string{"rotate", "Leads", "--yes"},
			events: "contact.created",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newKillWorld(t, time.Now)
			file := filepath.Join(w.dir, "one.yaml")
			manifest := "version: 1\nwebhooks:\n  - {provider: wundertreos, name: Leads, url: https://example.com/leads, events: [" + c.events + "]}\n"
			if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
				t.Fatal(err)
			}
			if c.before != nil {
				w.run(c.before...)
			}
			asked, answer := make(chan struct{}), make(chan struct{})
			var once sync.Once
			gate := func(d, method string) {
				if d == "wundertreos" && method == http.MethodPost {
					once.Do(func() { close(asked); <-answer })
				}
			}
			w.gate.Store(&gate)
			first := exec.Command("hookctl", c.other...)
			first.Env = w.env
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			<-asked
			second, lines := w.startApply(file, "Another process is creating")
			close(answer)
			var rest strings.Builder
			for lines.Scan() {
				rest.WriteString(lines.Text() + "\n")
			}
			if err := first.Wait(); err != nil {
				t.Error(err)
			}
			if err := second.Wait(); err != nil {
				t.Errorf("%v: %s", err, rest.String())
			}
			for _, hook := range w.living("wundertreos") {
				if len(hook.Events) != 1 || hook.Events[0] != c.events {
					t.Errorf("events %q: %s", hook.Events, rest.String())
				}
			}
			w.settled("wundertreos", nil)
		})
	}
}

// startApply starts apply of that manifest, and returns once it has said what it
// waits for, with what else it says.
func (w *killWorld) startApply(file, waitsFor string) (*exec.Cmd, *bufio.Scanner) {
	w.t.Helper()
	c := exec.Command("hookctl", "apply", "-f", file, "--yes")
	c.Env = w.env
	said, err := c.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	if !lines.Scan() || !strings.Contains(lines.Text(), waitsFor) {
		w.t.Errorf("it says %q, %v", lines.Text(), lines.Err())
	}
	return c, lines
}
