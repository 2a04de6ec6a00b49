//go:build soak && linux && amd64

package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// in is the program with its configuration in another directory.
func (p *program) in(config string) *program {
	other := *p
	other.config = config
	other.environ = append(slices.DeleteFunc(slices.Clone(p.environ), func(kv string) bool { return strings.HasPrefix(kv, "HOOKCTL_CONFIG_DIR=") }), "HOOKCTL_CONFIG_DIR="+config)
	return &other
}

// mount mounts a file system until the test ends, and skips the test where that
// is not possible.
func mount(t *testing.T, at string, args ...string) {
	t.Helper()
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", append(args, at)...).CombinedOutput(); err != nil {
		t.Skipf("needs root and mounts: mount %v: %v: %s", args, err, out)
	}
	t.Cleanup(func() { unmount(t, at) })
}

func unmount(t *testing.T, at string) {
	t.Helper()
	if err := syscall.Unmount(at, 0); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("unmounting %s: %v", at, err)
	}
}

// loopDisk is an ext4 file system in a file. What no fsync has reached is in the
// page cache of the file system above, and not in the file: a copy of the file
// is what a power cut leaves.
type loopDisk struct {
	t         *testing.T
	image, at string
	cuts      int
}

func newLoopDisk(t *testing.T, at string) *loopDisk {
	t.Helper()
	mkfs, err := exec.LookPath("mkfs.ext4")
	if err != nil {
		t.Skip("needs mkfs.ext4")
	}
	d := &loopDisk{t: t, image: filepath.Join(t.TempDir(), "disk.img"), at: at}
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, 16<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(mkfs, "-q", d.image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	// Nothing is committed but by fsync, so that a copy is one point in time.
	mount(t, at, "-o", "loop,commit=300", d.image)
	return d
}

// cut copies the disk as it is now.
func (d *loopDisk) cut() string {
	d.t.Helper()
	d.cuts++
	copied := d.image + ".cut"
	if out, err := exec.Command("cp", "--sparse=always", d.image, copied).CombinedOutput(); err != nil {
		d.t.Fatalf("cp: %v: %s", err, out)
	}
	return copied
}

// after lets do look at the copied disk.
func (d *loopDisk) after(copied, at string, do func()) {
	d.t.Helper()
	if err := os.MkdirAll(at, 0o700); err != nil {
		d.t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-o", "loop", copied, at).CombinedOutput(); err != nil {
		d.t.Fatalf("mounting what the power cut left: %v: %s", err, out)
	}
	defer unmount(d.t, at)
	do()
}

// TestSoakPowerCut cuts the power at once after exit 0. What the command said
// must be on the disk.
func TestSoakPowerCut(t *testing.T) {
	for _, provider := range []string{"zyntro", "wundertreos"} {
		t.Run(provider, func(t *testing.T) {
			w := newSoakWorld(t)
			disk := newLoopDisk(t, filepath.Join(w.dir, "disk"))
			now, cut := w.in(filepath.Join(disk.at, "config")), w.in(filepath.Join(w.dir, "cut", "config"))
			n := newTally(t, "A5", "power cut after exit 0: create, rotate, "+provider)
			unsynced := 0
			for i := range soakRuns(t, 20) {
				args := createArgs(provider, fmt.Sprint("Hook ", i))
				if i%2 == 1 {
					args = []string{"rotate", fmt.Sprint("Hook ", i-1), "--yes"}
				}
				w.program = now
				r := w.must(args...)
				// Something that is not synced shows that the cut is one.
				control := fmt.Sprint("control", i)
				if err := os.WriteFile(filepath.Join(disk.at, control), []byte(control), 0o600); err != nil {
					t.Fatal(err)
				}
				disk.after(disk.cut(), filepath.Join(w.dir, "cut"), func() {
					if text, err := os.ReadFile(filepath.Join(w.dir, "cut", control)); err != nil || string(text) != control {
						unsynced++
					}
					w.program = cut
					w.settled = 0 // no create on the copy
					kept := w.kept()
					for _, ref := range w.living() {
						if !w.has(kept, ref) {
							t.Errorf("%v: %s is not on the disk", args, ref)
						}
					}
					w.settle(n, args, r, true)
				})
			}
			if t.Logf("%d of %d files that were not synced are lost", unsynced, n.runs); unsynced*2 < n.runs {
				t.Error("the cut keeps what was not synced: this proves nothing")
			}
		})
	}
}

// TestSoakPowerCutDuring cuts the power at each system call of a command.
func TestSoakPowerCutDuring(t *testing.T) {
	for _, s := range struckCommands() {
		t.Run(s.name, func(t *testing.T) {
			needsTracer(t)
			w := newSoakWorld(t)
			disk := newLoopDisk(t, filepath.Join(w.dir, "disk"))
			now, cut := w.in(filepath.Join(disk.at, "config")), w.in(filepath.Join(w.dir, "cut", "config"))
			w.program = now
			s.before(w)
			w.save()
			n := newTally(t, "A6", "power cut at each system call: "+s.name)
			for at, hit := 0, true; hit && !t.Failed(); at++ {
				w.program = now
				w.back()
				syscall.Sync() // what was there before is on the disk
				copied := ""
				hit = false
				r := w.trace(func(k int, _ call) *fault {
					if k != at {
						return nil
					}
					hit = true
					return &fault{first: func() { copied = disk.cut() }, kill: true}
				}, s.args...)
				if !hit {
					copied = disk.cut()
				}
				disk.after(copied, filepath.Join(w.dir, "cut"), func() {
					w.program = cut
					w.settle(n, s.args, r, hit)
				})
			}
		})
	}
}

// TestSoakFullDisk runs commands at each fill level of a small file system. The
// disk is full for the first recover, too.
func TestSoakFullDisk(t *testing.T) {
	for _, s := range struckCommands() {
		t.Run(s.name, func(t *testing.T) {
			w := newSoakWorld(t)
			at := filepath.Join(w.dir, "full")
			mount(t, at, "-t", "tmpfs", "-o", "size=8m", "tmpfs")
			w.program = w.in(filepath.Join(at, "config"))
			s.before(w)
			w.save()
			n := newTally(t, "B2", "full disk at each level: "+s.name)
			filler := filepath.Join(at, "filler")
			try := func(free int64) bool {
				w.back()
				var fs syscall.Statfs_t
				if err := syscall.Statfs(at, &fs); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filler, make([]byte, max(int64(fs.Bavail)*fs.Bsize-free, 0)), 0o600); err != nil {
					t.Fatal(err)
				}
				r := w.run(s.args...)
				struck := r.code != 0
				if _, r := w.recover(); r.code != 0 && r.code != 7 {
					t.Logf("recover with %d bytes free: %s", free, r)
				}
				if err := os.Remove(filler); err != nil {
					t.Fatal(err)
				}
				w.settle(n, s.args, r, struck)
				return !struck || s.args[0] == "recover" && r.code == 7
			}
			const page = 4 << 10
			low, high := int64(0), int64(4<<20)
			for high-low > page {
				if middle := (low + high) / 2 / page * page; try(middle) {
					high = middle
				} else {
					low = middle
				}
			}
			// Around where it begins to work, and all the way down to nothing.
			for free := max(high-16*page, 0); free < high+4*page; free += page {
				try(free)
			}
			for free := int64(0); free < high; free += max(high/24/page, 1) * page {
				try(free)
			}
		})
	}
}

// limited runs the program under a limit of the shell. Where Go's runtime cannot
// go on it prints a trace, which must not hold a secret, and the program counts as
// killed.
func (w *soakWorld) limited(limit string, args ...string) result {
	w.t.Helper()
	c := exec.Command("sh", append([]string{"-c", "ulimit " + limit + ` && exec "$0" "$@"`, w.bin}, args...)...)
	c.Env, c.Dir = w.environ, w.dir
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	var ee *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &ee) {
		w.t.Fatal(err)
	}
	r := result{out.String(), errs.String(), c.ProcessState.ExitCode()}
	switch {
	case strings.Contains(r.stderr, "panic: "):
		w.t.Errorf("ulimit %s: %s", limit, r)
	case strings.Contains(r.stderr, "fatal error: "):
		r.code = -1
	}
	for _, s := range w.told {
		leaks(w.t, "ulimit "+limit, r.stdout+r.stderr, s)
	}
	return r
}

// TestSoakLimits runs commands without inodes, without descriptors and without
// memory.
func TestSoakLimits(t *testing.T) {
	t.Run("inodes", func(t *testing.T) {
		n := newTally(t, "B6", "a file system with 2 to 24 inodes: create")
		for inodes := 2; inodes <= 24; inodes++ {
			w := newSoakWorld(t)
			at := filepath.Join(w.dir, "few")
			mount(t, at, "-t", "tmpfs", "-o", fmt.Sprintf("size=8m,nr_inodes=%d,mode=700", inodes), "tmpfs")
			w.program = w.in(filepath.Join(at, "config"))
			args := createArgs("zyntro", "New")
			r := w.run(args...)
			if out, err := exec.Command("mount", "-o", "remount,nr_inodes=100", at).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			w.settle(n, args, r, r.code != 0)
		}
	})
	for _, s := range struckCommands() {
		if s.args[0] == "recover" {
			continue
		}
		t.Run("descriptors/"+s.name, func(t *testing.T) {
			n := newTally(t, "B6", "ulimit -n 3 to 24: "+s.name)
			w := s.world(t)
			for limit := 3; limit <= 24; limit++ {
				w.back()
				r := w.limited("-n "+strconv.Itoa(limit), s.args...)
				w.settle(n, s.args, r, r.code != 0)
			}
		})
	}
	t.Run("memory", func(t *testing.T) {
		n := newTally(t, "A11", "ulimit -v 300 MB to 1.3 GB; GOMEMLIMIT 1 MiB to 64 MiB: create, rotate")
		for _, s := range []struck{struckCommands()[0], struckCommands()[4]} {
			w := s.world(t)
			for mb := 300; mb <= 1300; mb += 50 {
				w.back()
				r := w.limited("-v "+strconv.Itoa(mb*1000), s.args...)
				w.settle(n, s.args, r, r.code != 0)
			}
			for mib := 1; mib <= 64; mib *= 2 {
				w.back()
				r := w.with(fmt.Sprintf("GOMEMLIMIT=%dMiB", mib)).run(s.args...)
				if r.code != 0 {
					t.Errorf("GOMEMLIMIT=%dMiB: %s", mib, r)
				}
				w.settle(n, s.args, r, true)
			}
		}
	})
	t.Run("names", func(t *testing.T) {
		n := newTally(t, "B6", "a path of 4096 bytes, a name of 256: create")
		w := newSoakWorld(t)
		args := createArgs("wundertreos", "New")
		for _, dir := range []string{filepath.Join(w.dir, strings.Repeat("d", 256)), w.dir + strings.Repeat("/"+strings.Repeat("p", 99), 41)} {
			w.mu.Lock()
			w.restart()
			w.changes = 0
			w.mu.Unlock()
			r := w.in(dir).run(args...)
			if r.code != 1 || w.changed() != 0 {
				t.Errorf("%d requests: %s", w.changed(), r)
			}
			w.settle(n, args, r, true)
		}
		args = append(args, "--secret-to", "file:"+strings.Repeat("s", 256))
		r := w.run(args...)
		w.settle(n, args, r, true)
	})
}
