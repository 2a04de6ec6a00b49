//go:build soak && linux && amd64

package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tour is a run of each command, and of those that start other programs several.
// The program's directory is the working directory of a project.
func tour(t *testing.T, p *program) [][]string {
	t.Helper()
	body := `{"id":"e1","event_type":"contact.created","data":{}}`
	for name, text := range map[string]string{
		"payload.json": body, "given.http": "POST /hook HTTP/1.1\nX-Wunder-Signature: sha256=" + signature(canarySecret, body) + "\n\n" + body,
		"hooks.yaml": "version: 1\nwebhooks:\n  - {provider: wundertreos, name: B, url: 'https://example.com/', events: [contact.created]}\n",
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	z, w := zyntroDialect.create, wundertreosDialect.create
	slow := "exec:sh -c 'cat >/dev/null; sleep 0.1'"
	with := func(args []string, more ...string) []string { return append(slices.Clone(args), more...) }
	zyntro, wundertreos := "zyntro/"+someID, "wundertreos/"+someID
	return [][]string{
		{"login", "wundertreos"}, {"login", "zyntro"}, w, with(z, "-o", "json"), with(w, "--secret-to", slow), with(z, "--secret-to", slow), with(w, "--curl"), with(z, "--dry-run"),
		{"list"}, {"list", "-o", "json"}, {"get", zyntro}, {"get", wundertreos}, {"list-events", "zyntro", "--live"}, {"secrets", "list"}, {"secrets", "check"}, {"secrets", "push", wundertreos, "--to", slow},
		{"secrets", "migrate", "--to", "file"}, {"update", zyntro, "--name", "New"}, {"pause", zyntro}, {"resume", zyntro}, {"rotate", wundertreos, "--yes", "--secret-to", slow},
		{"verify", "given.http"}, {"verify", "given.http", "-o", "json"}, {"sign", "payload.json", "--webhook", wundertreos}, {"send", "http://127.0.0.1:9/", "--event", "contact.created", "--webhook", wundertreos},
		{"replay", "given.http", "--to", "http://127.0.0.1:9/"}, {"listen", "--timeout", "100ms"}, {"export"}, {"plan", "-f", "hooks.yaml"}, {"apply", "-f", "hooks.yaml", "--yes", "--secret-to", slow},
		{"recover"}, {"doctor"}, {"config", "list"}, {"config", "set", "output", "table"}, {"config", "get", "output"}, {"config", "path"}, {"config", "unset", "output"},
		{"profile", "create", "other"}, {"profile", "list"}, {"profile", "use", "default"}, {"profile", "remove", "other", "--yes"}, {"api", "wundertreos", "/oauth-me"},
		{"sandbox", "--", "sleep", "0.1"}, {"sandbox", "--", "sh", "-c", `"$0" create zyntro --name S --url https://example.com/ --event new_contact --secret-to "exec:sleep 0.1"`, p.bin},
		{"demo"}, {"version"}, {"help", "environment"}, {"completion", "bash"}, {"__complete", "get", ""}, {"secrets", "remove", zyntro, "--yes"}, {"delete", wundertreos, "--yes"}, {"logout", "zyntro"}, {"logout", "wundertreos"},
	}
}

// toured is the program for a tour, with a canary in every credential.
func toured(t *testing.T) *program {
	addr := babbler(t, "well").addr
	return newProgram(t, zyntroDialect.variable+"=http://"+addr, wundertreosDialect.variable+"=http://"+addr+"/functions/v1",
		"HOOKCTL_ZYNTRO_API_KEY="+canaryKey, "HOOKCTL_ZYNTRO_ORG_ID="+canaryOrg, "HOOKCTL_ZYNTRO_DEVELOPER_SECRET="+canaryDev, "HOOKCTL_WUNDERTREOS_API_KEY="+canaryKey)
}

// TestSoakProcesses reads the command line and the environment of every process
// of each command, again and again while it runs.
func TestSoakProcesses(t *testing.T) {
	p := toured(t)
	n := newTally(t, "F1", "command lines and environments, sampled; *struck* counts processes looked at")
	n.leaks = true
	samples := 0
	for _, args := range tour(t, p) {
		c, out, errs := p.command(args...)
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		leader := c.Process.Pid
		exited := make(chan error, 1)
		go func() { exited <- c.Wait() }()
		seen := map[int]bool{}
		hits := map[string]bool{}
		var err error
		for running := true; running; {
			select {
			case err = <-exited:
				running = false
			default:
			}
			for _, pid := range processes(t) {
				if group, err := syscall.Getpgid(pid); err != nil || group != leader {
					continue
				}
				argv, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may be gone
				environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
				seen[pid] = true
				samples++
				// A child that is not another program yet has its parent's memory.
				given := pid == leader || len(argv) == 0 || string(argv) == strings.Join(c.Args, "\x00")+"\x00"
				for _, canary := range secretCanaries {
					for how, form := range disguises(canary) {
						if bytes.Contains(argv, []byte(form)) || bytes.Contains(environ, []byte(form)) && !given {
							hits[fmt.Sprintf("%q (%s) is in the command line or the environment of %q", canary, how, argv)] = true
						}
					}
				}
				if bytes.Contains(environ, []byte(canarySecret)) {
					hits["a secret is in the environment of "+string(argv)] = true
				}
			}
		}
		r := p.finish(c, err, out, errs)
		if strings.Contains(r.stderr, "unknown flag") || strings.Contains(r.stderr, "unknown command") || r.code == 2 {
			t.Errorf("%v is no command: %s", args, r)
		}
		n.runs++
		n.struck += len(seen)
		n.lost += len(hits)
		for hit := range hits {
			t.Errorf("%v: %s", args, hit)
		}
	}
	t.Logf("%d samples", samples)
}

func processes(t *testing.T) []int {
	t.Helper()
	d, err := os.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	names, err := d.Readdirnames(-1)
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// TestSoakGit adds everything in the working directory to git after each
// command. Nothing that it adds holds a secret.
func TestSoakGit(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("needs git")
	}
	n := newTally(t, "F11", "git add -A after each command; *struck* counts files added")
	n.leaks = true
	p := toured(t)
	project := filepath.Join(p.dir, "project")
	run := func(args ...string) string {
		t.Helper()
		c := exec.Command(git, args...)
		c.Dir, c.Env = project, append(slices.Clone(p.environ), "GIT_CONFIG_NOSYSTEM=1")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	if err := os.Mkdir(project, 0o700); err != nil {
		t.Fatal(err)
	}
	run("init", "-q")
	in := *p
	in.dir = project
	for _, args := range tour(t, &in) {
		in.run(args...)
		run("add", "-A")
		n.runs++
		for _, file := range strings.Fields(run("ls-files")) {
			n.struck++
			text := run("show", ":"+file)
			for _, canary := range allCanaries {
				for how, form := range disguises(canary) {
					if strings.Contains(text, form) || strings.Contains(file, form) {
						n.lost++
						t.Errorf("after %v, git has %q (%s) in %s", args, canary, how, file)
					}
				}
			}
		}
	}
}

// TestSoakTraces ends the program with a signal that prints a trace or dumps its
// memory while it has secrets in its hands.
func TestSoakTraces(t *testing.T) {
	n := newTally(t, "F5", "SIGQUIT, SIGABRT, GOTRACEBACK=crash, with core dumps allowed")
	n.leaks = true
	// It tells half of what it says of a create, the secret in it, and no more of anything.
	var asked atomic.Int64
	hanging := newPeer(t, func(c *net.TCPConn, r request) {
		for _, d := range dialects {
			if d.isCreate(r) {
				whole := answer(d.status, d.made(quote(someID), quote(canarySecret)))
				send(c, whole[:len(whole)-3])
			}
		}
		asked.Add(1)
		_, _ = io.Copy(io.Discard, c)
	})
	p := newProgram(t, zyntroDialect.variable+"=http://"+hanging.addr, wundertreosDialect.variable+"=http://"+hanging.addr+"/functions/v1",
		"HOOKCTL_ZYNTRO_API_KEY="+canaryKey, "HOOKCTL_ZYNTRO_ORG_ID="+canaryOrg, "HOOKCTL_WUNDERTREOS_API_KEY="+canaryKey)
	if err := os.WriteFile(filepath.Join(p.dir, "secret.txt"), []byte(canaryOther), 0o600); err != nil {
		t.Fatal(err)
	}
	c, out, errs := p.command("secrets", "set", "wundertreos/"+someID, "--from-file", "secret.txt")
	if r := p.finish(c, c.Run(), out, errs); r.code != 0 {
		t.Fatal(r)
	}
	if !dumps(t) {
		t.Log("this machine writes no core file into the working directory: only traces are looked at")
	}
	for _, args := range [][]string{
		{"list"}, {"get", "zyntro/x"}, wundertreosDialect.create, zyntroDialect.create, {"login", "wundertreos"}, {"api", "wundertreos", "/oauth-me"},
		{"rotate", "wundertreos/" + someID, "--yes"}, {"secrets", "push", "wundertreos/" + someID, "--to", "exec:sleep 20"},
		{"secrets", "set", "zyntro/y", "--from-file", "-"}, {"verify", "-", "--secret-file", "secret.txt"}, {"listen", "--secret-file", "secret.txt", "--provider", "wundertreos"},
	} {
		for _, how := range []struct {
			signal syscall.Signal
			more   string
		}{{syscall.SIGQUIT, "GOTRACEBACK=all"}, {syscall.SIGABRT, "GOTRACEBACK=system"}, {syscall.SIGQUIT, "GOTRACEBACK=crash"}} {
			c := exec.Command("sh", append([]string{"-c", `ulimit -c unlimited; exec "$0" "$@"`, p.bin}, args...)...)
			c.Env, c.Dir = append(slices.Clone(p.environ), how.more), p.dir
			var out, errs bytes.Buffer
			c.Stdout, c.Stderr = &out, &errs
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			before := asked.Load()
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(in, canaryOther); err != nil {
				t.Fatal(err)
			}
			for range 40 {
				if asked.Load() > before {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(20 * time.Millisecond)
			_ = c.Process.Signal(how.signal)
			c.WaitDelay = time.Second // a sink may live on
			_ = c.Wait()
			n.runs++
			if said := errs.String(); strings.Contains(said, "goroutine ") {
				n.struck++
			}
			for _, canary := range secretCanaries {
				for form, s := range disguises(canary) {
					if strings.Contains(out.String()+errs.String(), s) {
						n.lost++
						t.Errorf("%v, %v: the trace has %q (%s)", args, how, canary, form)
					}
				}
			}
			if cores, err := filepath.Glob(filepath.Join(p.dir, "core*")); err != nil || len(cores) > 0 {
				n.lost++
				t.Errorf("%v, %v: a core: %v %v", args, how, cores, err)
			}
		}
	}
	if n.struck*2 < n.runs {
		t.Errorf("only %d of %d runs printed a trace", n.struck, n.runs)
	}
}

// dumps reports whether a program that is no secret's leaves a core file.
func dumps(t *testing.T) bool {
	t.Helper()
	c := exec.Command("sh", "-c", "ulimit -c unlimited; kill -ABRT $$")
	c.Dir = t.TempDir()
	_ = c.Run()
	cores, err := filepath.Glob(filepath.Join(c.Dir, "core*"))
	return err == nil && len(cores) > 0
}

// TestSoakSymlinks swaps what the program is about to write with a symbolic link,
// all the time while it runs.
func TestSoakSymlinks(t *testing.T) {
	for _, target := range []struct {
		what, path string
		dir        bool
		args       []string
	}{
		{"a file sink", "sink.secret", false, append(createArgs("zyntro", "New"), "--secret-to", "file:sink.secret")},
		{"a dotenv sink", "sink.env", false, append(createArgs("wundertreos", "New"), "--secret-to", "dotenv:sink.env:HOOK")},
		{"the directory of the records", "config/webhooks", true, createArgs("wundertreos", "New")},
		{"the journal", "config/journal", true, createArgs("zyntro", "New")},
		{"the store", "config", true, []string{"rotate", soakName, "--yes"}},
	} {
		t.Run(target.what, func(t *testing.T) {
			n := newTally(t, "F7", target.what+" becomes a symbolic link to what others own, again and again")
			w := newSoakWorld(t)
			w.must(createArgs("wundertreos", soakName)...)
			w.save()
			path := filepath.Join(w.dir, filepath.FromSlash(target.path))
			link, victim := filepath.Join(w.dir, "link"), filepath.Join(t.TempDir(), "victim")
			switch {
			case os.Geteuid() != 0:
				t.Skip("needs root, to give the victim to another user")
			case target.dir:
				if err := os.Mkdir(victim, 0o700); err != nil {
					t.Fatal(err)
				}
			default:
				if err := os.WriteFile(victim, []byte("VICTIM=1\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chown(victim, 65534, 65534); err != nil {
				t.Fatal(err)
			}
			for range soakRuns(t, 40) {
				w.back()
				if err := errors.Join(os.RemoveAll(link), os.Symlink(victim, link)); err != nil {
					t.Fatal(err)
				}
				if !target.dir {
					if err := os.WriteFile(path, nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				swaps := 0
				var over atomic.Bool
				var swapper sync.WaitGroup
				swapper.Go(func() {
					// Not a moment without either: both exist, and change places.
					exchange := func() {
						if unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE) == nil {
							swaps++
						}
						spin(rand.N(2 * time.Millisecond))
					}
					for !over.Load() {
						exchange()
					}
					if info, err := os.Lstat(path); err == nil && info.Mode().Type() == os.ModeSymlink {
						exchange()
					}
				})
				r := w.run(target.args...)
				over.Store(true)
				swapper.Wait()
				w.settle(n, target.args, r, swaps > 0)
				if target.dir {
					openTo(t, n, victim, slices.Collect(maps.Values(w.told)))
				} else if text, err := os.ReadFile(victim); err != nil || string(text) != "VICTIM=1\n" {
					n.lost++
					t.Errorf("the file of another user has %q %v\n%s", text, err, r)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// openTo looks for a secret that the owner of a directory could read. Names in a
// directory that others exchange may come to stand in theirs; what they name is
// closed to them.
func openTo(t *testing.T, n *tally, dir string, secrets []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		private := info.Mode().Perm() == 0o600 && info.Sys().(*syscall.Stat_t).Uid == uint32(os.Geteuid())
		for _, s := range secrets {
			if strings.Contains(string(text), s) && !private {
				n.lost++
				t.Errorf("%s has a secret, and mode %v", path, info.Mode())
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSoakDeadIPv6: a name that stands for both families reaches the one that
// answers.
func TestSoakDeadIPv6(t *testing.T) {
	n := newTally(t, "E8", "a name for IPv6 and IPv4, with nobody behind IPv6: create")
	for _, d := range dialects {
		a := newAccount(t, d, someID, someSecret, nil)
		_, port, _ := net.SplitHostPort(a.addr)
		silent(t, port)
		p := newProgram(t, d.environ("localhost:"+port)...)
		hosts := filepath.Join(p.dir, "hosts")
		if err := os.WriteFile(hosts, []byte("::1 localhost\n127.0.0.1 localhost\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		private := []string{"-m", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, hosts}
		if out, err := exec.Command("unshare", append(private, "true")...).CombinedOutput(); err != nil {
			t.Skipf("needs root, and a mount namespace of its own: %v: %s", err, out)
		}
		c, out, errs := p.command()
		c.Path, c.Args = lookPath(t, "unshare"), append(append(append([]string{"unshare"}, private...), p.bin), d.create...)
		start := time.Now()
		r := p.finish(c, c.Run(), out, errs)
		t.Logf("%s: %v", d.name, time.Since(start))
		n.runs++
		n.struck++
		if r.code != 0 || p.kept()[someID] != someSecret {
			n.lost++
			t.Error(r)
			continue
		}
		n.kept++
	}
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	return path
}

// silent takes a port of ::1 so that connections to it are neither accepted nor
// refused: its backlog is full.
func silent(t *testing.T, port string) {
	t.Helper()
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet6{Port: number, Addr: [16]byte(net.IPv6loopback)}); err != nil {
		t.Skipf("the port is taken: %v", err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		c, err := net.DialTimeout("tcp6", "[::1]:"+port, 200*time.Millisecond)
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Skip("the backlog does not fill up")
}
