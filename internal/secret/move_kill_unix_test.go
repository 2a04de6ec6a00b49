//go:build unix

package secret

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/hookctl/hookctl/internal/durable"
)

// fileRing is a keyring that outlives its process, for the tests below.
type fileRing struct{ dir string }

func (r fileRing) path(name string) string {
	return filepath.Join(r.dir, hex.EncodeToString([]byte(New(name).Fingerprint())))
}

func (r fileRing) Set(name, value string) error {
	return os.WriteFile(r.path(name), []byte(value), 0o600)
}

func (r fileRing) Get(name string) (string, error) {
	data, err := os.ReadFile(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotFound
	}
	return string(data), err
}

func (r fileRing) Delete(name string) error {
	err := os.Remove(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return err
}

func (r fileRing) items(t *testing.T) map[string]string {
	t.Helper()
	names, err := os.ReadDir(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	items := map[string]string{}
	for _, n := range names {
		items[n.Name()] = ""
	}
	return items
}

// dieNth kills its process before the nth operation on disk or keyring, and
// after it if after is set.
type dieNth struct {
	failNth
	after bool
}

func (d *dieNth) do(op func() error) error {
	d.seen++
	if d.seen == d.n && !d.after {
		die()
	}
	err := op()
	if d.seen == d.n && d.after {
		die()
	}
	return err
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
}

func (d *dieNth) calls() *durable.Calls {
	real := durable.System()
	c := *real
	c.Mkdir = func(p string) error { return d.do(func() error { return real.Mkdir(p) }) }
	c.Remove = func(p string) error { return d.do(func() error { return real.Remove(p) }) }
	c.SyncDir = func(p string) error { return d.do(func() error { return real.SyncDir(p) }) }
	c.Rename = func(from, to string) error { return d.do(func() error { return real.Rename(from, to) }) }
	c.Sync = func(f *os.File) error { return d.do(func() error { return real.Sync(f) }) }
	c.Close = func(f *os.File) error { return d.do(func() error { return real.Close(f) }) }
	c.Write = func(f *os.File, p []byte) (n int, err error) {
		return n, d.do(func() error { n, err = real.Write(f, p); return err })
	}
	c.Create = func(p string) (f *os.File, err error) {
		return f, d.do(func() error { f, err = real.Create(p); return err })
	}
	return &c
}

// mortalRing is a keyring whose calls count too.
type mortalRing struct {
	Keyring
	d *dieNth
}

func (r mortalRing) Set(name, value string) error {
	return r.d.do(func() error { return r.Keyring.Set(name, value) })
}

func (r mortalRing) Get(name string) (value string, err error) {
	err = r.d.do(func() (err error) {
		value, err = r.Keyring.Get(name)
		return err
	})
	return value, err
}

func (r mortalRing) Delete(name string) error {
	return r.d.do(func() error { return r.Keyring.Delete(name) })
}

// TestMover is the process that is killed.
func TestMover(t *testing.T) {
	dir := os.Getenv("HOOKCTL_TEST_MOVE")
	if dir == "" {
		t.Skip("runs in a child process only")
	}
	n, err := strconv.Atoi(os.Getenv("HOOKCTL_TEST_DIE"))
	if err != nil {
		t.Fatal(err)
	}
	d := ringDir(t, filepath.Join(dir, "cfg"), InFile, nil)
	f := &dieNth{after: os.Getenv("HOOKCTL_TEST_AFTER") != ""}
	f.n = n
	d.sys = f.calls()
	d.keyring.ring = mortalRing{fileRing{filepath.Join(dir, "ring")}, f}
	if _, err := d.Move(context.Background(), fullRecord().Ref(), os.Getenv("HOOKCTL_TEST_TO")); err != nil {
		t.Fatal(err)
	}
}

func TestMoveKilled(t *testing.T) {
	t.Parallel()
	for _, to := range []string{InKeyring, InFile} {
		for _, after := range []string{"", "yes"} {
			t.Run(to+after, func(t *testing.T) {
				t.Parallel()
				for n := 1; killedMove(t, to, after, n); n++ {
				}
			})
		}
	}
}

// killedMove kills a process that moves to the place at its nth operation. It
// reports false where the process came to its end instead.
func killedMove(t *testing.T, to, after string, n int) bool {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	ring := fileRing{filepath.Join(dir, "ring")}
	if err := os.Mkdir(ring.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	from := InFile
	if to == InFile {
		from = InKeyring
	}
	d := ringDir(t, filepath.Join(dir, "cfg"), from, ring)
	r := fullRecord()
	if err := d.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestMover$", "-test.count=1")
	cmd.Env = append(os.Environ(), "HOOKCTL_TEST_MOVE="+dir, "HOOKCTL_TEST_TO="+to, "HOOKCTL_TEST_AFTER="+after, "HOOKCTL_TEST_DIE="+strconv.Itoa(n), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled()
	if err != nil && !killed {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, err := d.Get(ctx, r.Ref()); err != nil || !got.Secret.Equal(r.Secret) || !got.Older[0].Secret.Equal(r.Older[0].Secret) {
		t.Errorf("killed at %d: %+v %v", n, got, err)
	}
	if _, err := d.Move(ctx, r.Ref(), to); err != nil {
		t.Errorf("killed at %d, again: %v", n, err)
	}
	// What a killed process was writing is swept after an hour; it may hold the
	// secret until then only on the way into files.
	settled(t, d, filepath.Join(dir, "cfg"), ring.items(t), r, to)
	if !killed && n < 10 {
		t.Errorf("only %d operations", n-1)
	}
	return killed
}
