//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// ran is what became of one of several processes.
type ran struct {
	args           []string
	code           int
	stdout, stderr string
}

func (r ran) String() string {
	return fmt.Sprintf("%q: exit %d\n%s%s", r.args, r.code, r.stdout, r.stderr)
}

// run runs the program once.
func (w *killWorld) run(args ...string) ran { return w.atOnce("", 0, args)[0] }

// atOnce runs several processes at once. The first look at the provider d is
// answered when looks of them are there: no process has begun anything then, and
// all have found the same.
func (w *killWorld) atOnce(d string, looks int, commands ...[]string) []ran {
	w.t.Helper()
	all := make(chan struct{})
	var mu sync.Mutex
	came := 0
	gate := func(at, _ string) {
		if at != d {
			return
		}
		mu.Lock()
		came++
		wait := came <= looks
		if came == looks {
			close(all)
		}
		mu.Unlock()
		if wait {
			<-all
		}
	}
	w.gate.Store(&gate)
	defer w.gate.Store(nil)
	out := make([]ran, len(commands))
	var wg sync.WaitGroup
	for i, args := range commands {
		cmd := exec.Command("hookctl", args...)
		cmd.Env = w.env
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Start(); err != nil {
			w.t.Fatal(err)
		}
		wg.Go(func() {
			_ = cmd.Wait()
			out[i] = ran{args, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
		})
	}
	wg.Wait()
	return out
}

// living are the webhooks of a provider that are not disabled, by id.
func (w *killWorld) living(d string) map[string]provider.Webhook {
	w.t.Helper()
	rows, err := w.clients[slices.Index([]string{"zyntro", "wundertreos"}, d)].List(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	live := map[string]provider.Webhook{}
	for _, r := range rows {
		if r.Status == nil || *r.Status != provider.Disabled {
			live[r.ID] = r
		}
	}
	return live
}

// make makes a webhook and returns its id.
func (w *killWorld) make(d, name string) string {
	w.t.Helper()
	event := map[string]string{"zyntro": "new_contact", "wundertreos": "deal.created"}[d]
	r := w.run("create", d, "--name", name, "--url", "https://example.com/hook", "--event", event, "-o", "json")
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(r.stdout), &made); err != nil || r.code != 0 {
		w.t.Fatalf("%v: %s", err, r)
	}
	return made.ID
}

// settled wants one living webhook whose secret is kept, nothing in the journal,
// and no lock file left over. It returns the id.
func (w *killWorld) settled(d string, all []ran) string {
	w.t.Helper()
	said := func() string {
		var b strings.Builder
		for _, r := range all {
			b.WriteString(r.String())
		}
		return b.String()
	}
	live := w.living(d)
	if len(live) != 1 {
		w.t.Fatalf("%d webhooks\n%s", len(live), said())
	}
	dir := filepath.Join(w.dir, "config")
	left, err := os.ReadDir(filepath.Join(dir, "journal"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range left {
		w.t.Errorf("%s is left\n%s", f.Name(), said())
	}
	for id := range live {
		if _, err := secret.OpenFileStore(dir, secret.FileStoreOptions{}).Get(context.Background(), secret.Ref{Provider: d, ID: id}); err != nil {
			w.t.Errorf("%s: %v\n%s", id, err, said())
		}
		return id
	}
	return ""
}

const atOnceN = 6

// TestRotationsTakeTurns: of several processes that rotate one webhook at once,
// one does, and the others name what took its place.
func TestRotationsTakeTurns(t *testing.T) {
	t.Parallel()
	for i, d := range []string{"zyntro", "wundertreos"} {
		for j, by := range []string{"id", "name", "both"} {
			for k, flags := range [][]string{nil, {"--overlap"}} {
				if !Turn(i+j+k, 2) {
					continue
				}
				t.Run(fmt.Sprint(d, " ", by, flags), func(t *testing.T) {
					t.Parallel()
					w := newKillWorld(t, time.Now)
					rounds := 1
					if Full() {
						rounds = 2
					}
					for round := range rounds {
						name := fmt.Sprint("hook ", round)
						old := w.make(d, name)
						var commands [][]string
						for i := range atOnceN {
							ref := name
							if by == "id" || by == "both" && i%2 == 0 {
								ref = []string{old, d + "/" + old}[i%4/2]
							}
							commands = append(commands, append([]string{"rotate", ref, "--yes", "-o", "json"}, flags...))
						}
						all := w.atOnce(d, atOnceN, commands...)
						if flags != nil { // the old one stays
							if live := w.living(d); len(live) != 2 || live[old].ID == "" {
								t.Fatalf("%d webhooks: %v", len(live), all)
							}
							if r := w.run("delete", d+"/"+old, "--yes"); r.code != 0 {
								t.Error(r)
							}
						}
						id := w.settled(d, all)
						won := 0
						for _, r := range all {
							switch {
							case r.code == 0:
								won++
							case r.code != 5 || !strings.Contains(r.stderr, `"code":"conflict"`) || !strings.Contains(r.stderr, d+"/"+id):
								t.Error(r)
							}
						}
						if won != 1 {
							t.Errorf("%d rotations succeeded: %v", won, all)
						}
						if r := w.run("rotate", d+"/"+id, "--yes"); r.code != 0 { // one after the other they do
							t.Error(r)
						}
						w.run("delete", name, "--yes")
					}
				})
			}
		}
	}
}

// TestCreatesIfAbsentTakeTurns: one makes it, the others find it and fill their
// sinks.
func TestCreatesIfAbsentTakeTurns(t *testing.T) {
	t.Parallel()
	for d, event := range map[string]string{"zyntro": "new_contact", "wundertreos": "deal.created"} {
		t.Run(d, func(t *testing.T) {
			t.Parallel()
			w := newKillWorld(t, time.Now)
			rounds := 1
			if Full() {
				rounds = 3
			}
			for round := range rounds {
				var commands [][]string
				sinks := make([]string, atOnceN)
				for i := range atOnceN {
					sinks[i] = filepath.Join(w.dir, fmt.Sprint("secret-", round, "-", i))
					commands = append(commands, []string{
						"create", d, "--name", "Once", "--url", "https://example.com/once", "--event", event,
						"--if-absent", "--secret-to", "file:" + sinks[i], "-o", "json",
					})
				}
				all := w.atOnce(d, 0, commands...)
				id := w.settled(d, all)
				made := 0
				var first string
				for i, r := range all {
					var got struct {
						ID      string
						Created bool
					}
					if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 0 || got.ID != id {
						t.Errorf("%v: %s", err, r)
					}
					if got.Created {
						made++
					}
					value, err := os.ReadFile(sinks[i])
					if err != nil || len(value) == 0 || first != "" && string(value) != first {
						t.Errorf("sink %d: %v, or another secret", i, err)
					}
					first = string(value)
				}
				if made != 1 {
					t.Errorf("%d were created", made)
				}
				// And while it is replaced.
				all = w.atOnce(d, 0, append([][]string{{"rotate", d + "/" + id, "--yes", "-o", "json"}}, commands[:3]...)...)
				id = w.settled(d, all)
				for _, r := range all {
					if r.code != 0 {
						t.Error(r)
					}
				}
				w.run("delete", d+"/"+id, "--yes")
			}
		})
	}
}

// TestEventsAddedAtOnce: of two that edit the events of a webhook none undoes what the
// other one does.
func TestEventsAddedAtOnce(t *testing.T) {
	t.Parallel()
	w := newKillWorld(t, time.Now)
	old := w.make("zyntro", "hook")
	for _, r := range w.atOnce("zyntro", 2,
		[]string{"update", "zyntro/" + old, "--add-event", "new_note", "-o", "json"}, []string{"update", "hook", "--add-event", "form_filled", "-o", "json"}) {
		if r.code != 0 {
			t.Error(r)
		}
	}
	r := w.run("get", "zyntro/"+old, "--jq", `.events | join(" ")`)
	if got := strings.Fields(r.stdout); !slices.Contains(got, "new_note") || !slices.Contains(got, "form_filled") || len(got) < 3 {
		t.Error(r)
	}
}

// TestMixedTurns: whatever replaces or removes one webhook at once, one or none is
// there afterwards, and nothing is lost.
func TestMixedTurns(t *testing.T) {
	t.Parallel()
	for _, d := range []string{"zyntro", "wundertreos"} {
		t.Run(d, func(t *testing.T) {
			t.Parallel()
			w := newKillWorld(t, time.Now)
			rounds := 2
			if Full() {
				rounds = 4
			}
			for round := range rounds {
				name := fmt.Sprint("hook ", round)
				old := w.make(d, name)
				commands := [][]string{
					{"rotate", old, "--yes"}, {"rotate", name, "--yes"},
					{"recover"}, {"recover"}, {"list"},
				}
				if d == "wundertreos" {
					commands = append(commands,
						[]string{"update", d + "/" + old, "--replace", "--url", "https://example.com/new", "--yes"},
						[]string{"update", name, "--replace", "--add-event", "contact.created", "--yes"})
				}
				deletes := round%2 == 1
				if deletes {
					commands = append(commands, []string{"delete", name, "--yes"}, []string{"delete", d + "/" + old, "--yes"})
				}
				looks := len(commands) - 2 // recover finds nothing to ask about
				if round > 1 {
					looks = 0 // as it comes: some may be through before others begin
				}
				slices.Reverse(commands[:len(commands)-round])
				all := w.atOnce(d, looks, commands...)
				var won []string
				for _, r := range all {
					changes := r.args[0] == "rotate" || r.args[0] == "update" || r.args[0] == "delete"
					switch {
					case changes && r.code == 0:
						won = append(won, r.args[0])
					case changes && r.code != 5:
						t.Error(r)
					case !changes && r.code != 0:
						t.Error(r)
					}
				}
				live := w.living(d)
				switch {
				case len(live) == 1:
					w.settled(d, all)
				case len(live) != 0 || !slices.Contains(won, "delete"):
					t.Errorf("%d webhooks: %v", len(live), all)
				}
				if len(won) == 0 || looks > 0 && len(won) != 1 && (!deletes || slices.Contains(won, "rotate") || slices.Contains(won, "update")) {
					t.Errorf("done: %q: %v", won, all)
				}
				if r := w.run("recover", "-o", "json"); r.code != 0 || strings.TrimSpace(r.stdout) != "[]" {
					t.Error(r)
				}
				for id := range live {
					w.run("delete", d+"/"+id, "--yes")
				}
			}
		})
	}
}

// TestTurnEndsWithItsProcess: one that is killed while it makes the new webhook
// keeps nobody waiting, and nobody makes another one before recover has looked.
func TestTurnEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	w := newKillWorld(t, time.Now)
	old := w.make("wundertreos", "Lead sync")
	asked, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	gate := func(d, method string) {
		if d == "wundertreos" && method == http.MethodPost {
			once.Do(func() { close(asked) })
			<-answer
		}
	}
	w.gate.Store(&gate)
	first := exec.Command("hookctl", "rotate", old, "--yes")
	first.Env = w.env
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	second := exec.Command("hookctl", "rotate", old, "--yes")
	second.Env = w.env
	said, err := second.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	if !lines.Scan() || lines.Text() != "Another process is working on this webhook. Waiting until it ends." {
		t.Errorf("it says %q, %v", lines.Text(), lines.Err())
	}
	if live := w.living("wundertreos"); len(live) != 1 {
		t.Errorf("%d webhooks", len(live))
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	var rest strings.Builder
	for lines.Scan() {
		rest.WriteString(lines.Text() + "\n")
	}
	_ = second.Wait()
	if code := second.ProcessState.ExitCode(); code != 7 || !strings.Contains(rest.String(), "another process started to replace wundertreos/"+old) || !strings.Contains(rest.String(), "run: hookctl recover") {
		t.Errorf("exit %d: %s", code, rest.String())
	}
	close(answer)
	w.gate.Store(nil)
	if r := w.run("recover"); r.code != 0 && r.code != 7 {
		t.Error(r)
	}
	if live := w.living("wundertreos"); live[old].ID == "" {
		t.Error("the old one is gone, and its secret was the last one kept")
	}
}
