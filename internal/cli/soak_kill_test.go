//go:build soak && linux && amd64

package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// struck is a command that faults are put into.
type struck struct {
	name   string
	row    string // of a kill
	before func(w *soakWorld)
	args   []string
}

func createArgs(provider, name string) []string {
	event := "contact.created"
	if provider == "zyntro" {
		event = "new_contact"
	}
	return []string{"create", provider, "--name", name, "--url", "https://example.com/hook", "--event", event}
}

const soakName = "Soaked"

// struckCommands are the commands that have a secret in their hands.
func struckCommands() []struck {
	made := func(provider string) func(w *soakWorld) {
		return func(w *soakWorld) { w.must(createArgs(provider, soakName)...) }
	}
	return []struck{
		{"create, Zyntro", "A2", made("wundertreos"), createArgs("zyntro", "New")},
		{"create, WundertreOS, with sinks", "A2", made("zyntro"), append(createArgs("wundertreos", "New"), "--secret-to", "file:sink.secret", "--secret-to", "dotenv:sink.env:HOOK")},
		{"recover", "A7", leaveBehind, []string{"recover"}},
		{"rotate, Zyntro", "A8", made("zyntro"), []string{"rotate", soakName, "--yes"}},
		{"rotate, WundertreOS", "A8", made("wundertreos"), []string{"rotate", soakName, "--yes"}},
		{"update --replace", "A8", made("wundertreos"), []string{"update", soakName, "--url", "https://example.com/other", "--replace", "--yes"}},
		{"apply", "A8", func(w *soakWorld) {
			made("wundertreos")(w)
			text := "version: 1\nwebhooks:\n" +
				"  - {provider: zyntro, name: Z, url: 'https://example.com/z', events: [new_contact]}\n" +
				"  - {provider: wundertreos, name: " + soakName + ", url: 'https://example.com/new', events: [contact.created]}\n"
			if err := os.WriteFile(filepath.Join(w.dir, "hooks.yaml"), []byte(text), 0o600); err != nil {
				w.t.Fatal(err)
			}
		}, []string{"apply", "-f", "hooks.yaml", "--yes"}},
	}
}

// leaveBehind leaves what recover has something to do with: an answer in the
// journal, a create whose answer got lost, and a rotation that ended between
// making the new webhook and deleting the old one.
func leaveBehind(w *soakWorld) {
	killAt := func(name, under string, args ...string) {
		w.t.Helper()
		hit := false
		w.trace(func(_ int, c call) *fault {
			if hit || w.changed() == 0 || c.name != name || !strings.Contains(c.at, under) {
				return nil
			}
			hit = true
			return &fault{kill: true}
		}, args...)
		if !hit {
			w.t.Fatalf("%v has no %s of %s", args, name, under)
		}
	}
	w.must(createArgs("wundertreos", "Turned")...)
	w.changes = 0
	killAt("connect", "", "rotate", "Turned", "--yes")
	w.changes = 0
	killAt("openat", "/webhooks/", createArgs("zyntro", "In the journal")...)
	w.drop = true
	if r := w.run(createArgs("wundertreos", "Answer lost")...); r.code != 7 {
		w.t.Fatal(r)
	}
	w.drop = false
}

// world is one in which the command can be run, again and again.
func (s struck) world(t *testing.T) *soakWorld {
	t.Helper()
	needsTracer(t)
	w := newSoakWorld(t)
	s.before(w)
	w.save()
	return w
}

// atEach runs the command with a fault at its first call that pick chooses, at
// its second, and so on until it comes through without one.
func (w *soakWorld) atEach(n *tally, pick func(c call) bool, f fault, args []string) {
	w.t.Helper()
	for at := 0; ; at++ {
		w.back()
		k, hit := 0, false
		r := w.trace(func(_ int, c call) *fault {
			if !pick(c) {
				return nil
			}
			if k++; k-1 != at {
				return nil
			}
			hit = true
			return &f
		}, args...)
		if !hit && r.code != 0 && args[0] != "recover" {
			w.t.Errorf("%v without a fault: %s", args, r)
		}
		w.settle(n, args, r, hit)
		if !hit || w.t.Failed() {
			return
		}
	}
}

// TestSoakKill ends each command with SIGKILL at each of its calls.
func TestSoakKill(t *testing.T) {
	for _, s := range struckCommands() {
		t.Run(s.name, func(t *testing.T) {
			w := s.world(t)
			n := newTally(t, s.row, "SIGKILL at each system call: "+s.name)
			w.atEach(n, func(call) bool { return true }, fault{kill: true}, s.args)
			// Little is done between the answer and the journal.
			if s.args[0] != "recover" && n.named*10 > n.runs {
				t.Errorf("the secret is not kept in %d of %d runs", n.named, n.runs)
			}
		})
	}
}

// TestSoakKillMigrate ends secrets migrate at each of its calls: the secrets are
// in the file or in the keyring.
func TestSoakKillMigrate(t *testing.T) {
	needsTracer(t)
	for _, to := range []string{"keyring", "file"} {
		t.Run(to, func(t *testing.T) {
			n := newTally(t, "A9", "SIGKILL at each system call: secrets migrate --to "+to)
			w := newSoakWorld(t)
			ring := filepath.Join(t.TempDir(), "keyring")
			var err error
			if w.bin, err = exec.LookPath("hookctl"); err != nil { // with a keyring that stands in
				t.Fatal(err)
			}
			w.environ = append(w.environ, "HOOKCTL_TEST_KEYRING="+ring)
			w.must(createArgs("zyntro", "Z")...)
			w.must(createArgs("wundertreos", "W")...)
			if to == "file" {
				w.must("secrets", "migrate", "--to", "keyring")
			}
			saved := t.TempDir()
			copyTree(t, filepath.Join(saved, "config"), w.config)
			copyTree(t, filepath.Join(saved, "ring"), ring)
			for at, hit := 0, true; hit && !t.Failed(); at++ {
				for path, from := range map[string]string{w.config: "config", ring: "ring"} {
					if err := os.RemoveAll(path); err != nil {
						t.Fatal(err)
					}
					copyTree(t, path, filepath.Join(saved, from))
				}
				hit = false
				r := w.trace(func(k int, _ call) *fault {
					if k != at {
						return nil
					}
					hit = true
					return &fault{kill: true}
				}, "secrets", "migrate", "--to", to)
				if !hit && r.code != 0 {
					t.Errorf("without a fault: %s", r)
				}
				n.runs++
				if hit {
					n.struck++
				}
				good := true
				for ref, want := range w.told {
					if r := w.run("secrets", "show", ref); strings.TrimSpace(r.stdout) != want {
						good = false
						t.Errorf("killed at call %d, %s: %s", at, ref, r)
					}
				}
				if good {
					n.kept++
				} else {
					n.lost++
				}
				w.must("secrets", "migrate", "--to", to)
			}
		})
	}
}

// TestSoakErrors lets each call that changes the disk fail, one at a time.
func TestSoakErrors(t *testing.T) {
	onDisk := func(names ...string) func(c call) bool {
		return func(c call) bool { return c.at != "socket" && slices.Contains(names, c.name) }
	}
	faults := []struct {
		errno syscall.Errno
		calls []string
	}{
		{syscall.ENOSPC, []string{"write", "pwrite64", "fallocate", "openat", "mkdirat", "renameat", "fsync", "fdatasync"}},
		{syscall.EIO, []string{"write", "pwrite64", "openat", "fsync", "fdatasync", "renameat", "unlinkat", "ftruncate", "flock"}},
		{syscall.EDQUOT, []string{"write", "pwrite64", "openat", "mkdirat"}},
		{syscall.EMFILE, []string{"openat"}},
	}
	for _, s := range struckCommands() {
		if s.name == "rotate, WundertreOS" || s.name == "create, Zyntro" {
			continue // the same calls as their siblings
		}
		for _, f := range faults {
			t.Run(s.name+"/"+f.errno.Error(), func(t *testing.T) {
				w := s.world(t)
				w.atEach(newTally(t, "B1", fmt.Sprintf("%v at each system call: %s", errnoName(f.errno), s.name)), onDisk(f.calls...), fault{errno: f.errno}, s.args)
			})
		}
	}
}

func errnoName(e syscall.Errno) string {
	return map[syscall.Errno]string{syscall.ENOSPC: "ENOSPC", syscall.EIO: "EIO", syscall.EDQUOT: "EDQUOT", syscall.EMFILE: "EMFILE", syscall.ENOLCK: "ENOLCK", syscall.EOPNOTSUPP: "EOPNOTSUPP"}[e]
}

// TestSoakShortWrites lets every write to a file take ten bytes, or one.
func TestSoakShortWrites(t *testing.T) {
	for _, s := range struckCommands() {
		t.Run(s.name, func(t *testing.T) {
			w := s.world(t)
			n := newTally(t, "B5", "every write takes half, or 10 bytes, or 1: "+s.name)
			for _, short := range []uint64{10, 1} {
				w.back()
				hit := false
				r := w.trace(func(_ int, c call) *fault {
					if c.at == "socket" || c.name != "write" && c.name != "pwrite64" {
						return nil
					}
					hit = true
					return &fault{short: short}
				}, s.args...)
				if r.code != 0 && s.row != "A7" {
					t.Errorf("%s", r)
				}
				w.settle(n, s.args, r, hit)
			}
		})
	}
}

// TestSoakNoLocks: where locks cannot be had, nothing is sent, and what only
// reads works.
func TestSoakNoLocks(t *testing.T) {
	for _, e := range []syscall.Errno{syscall.ENOLCK, syscall.EOPNOTSUPP} {
		t.Run(errnoName(e), func(t *testing.T) {
			n := newTally(t, "B1", errnoName(e)+" at every flock: create, rotate, update, apply")
			noLocks := func(hit *bool) func(int, call) *fault {
				return func(_ int, c call) *fault {
					if c.name != "flock" {
						return nil
					}
					*hit = true
					return &fault{errno: e}
				}
			}
			for _, s := range struckCommands() {
				if s.args[0] == "recover" {
					continue
				}
				w := s.world(t)
				w.back()
				hit := false
				r := w.trace(noLocks(&hit), s.args...)
				if !hit || w.changed() != 0 {
					t.Errorf("%s: locked %v, %d requests: %s", s.name, hit, w.changed(), r)
				}
				if r.code != 1 {
					t.Errorf("%s: want exit 1: %s", s.name, r)
				}
				w.settle(n, s.args, r, hit)
				for _, args := range [][]string{{"list"}, {"secrets", "list"}, {"secrets", "check"}, {"doctor"}, {"get", soakName}} {
					if r := w.trace(noLocks(&hit), args...); r.code != 0 {
						t.Errorf("%v: %s", args, r)
					}
				}
			}
		})
	}
}
