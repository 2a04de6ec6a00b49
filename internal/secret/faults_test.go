package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// failNth makes the nth operation fail (from 1) and counts them all. A write
// that fails has written half of its bytes, a close that fails has closed.
type failNth struct {
	n, seen int
	err     error
	failed  string
}

func (f *failNth) next(op string) error {
	f.seen++
	if f.seen == f.n {
		f.failed = op
		return &fs.PathError{Op: op, Path: "injected", Err: f.err}
	}
	return nil
}

func (f *failNth) calls() *durable.Calls {
	real := durable.System()
	path := func(op string, do func(string) error) func(string) error {
		return func(p string) error {
			if err := f.next(op); err != nil {
				return err
			}
			return do(p)
		}
	}
	open := func(op string, do func(string) (*os.File, error)) func(string) (*os.File, error) {
		return func(p string) (*os.File, error) {
			if err := f.next(op); err != nil {
				return nil, err
			}
			return do(p)
		}
	}
	return &durable.Calls{
		Mkdir: path("mkdir", real.Mkdir), Remove: path("unlink", real.Remove), SyncDir: path("fsync directory", real.SyncDir),
		Create: open("create", real.Create), Open: open("open", real.Open),
		Write: func(file *os.File, p []byte) (int, error) {
			if err := f.next("write"); err != nil {
				n, werr := real.Write(file, p[:len(p)/2])
				return n, errors.Join(werr, err)
			}
			return real.Write(file, p)
		},
		WriteAt: func(file *os.File, p []byte, off int64) (int, error) {
			if err := f.next("pwrite"); err != nil {
				n, werr := real.WriteAt(file, p[:len(p)/2], off)
				return n, errors.Join(werr, err)
			}
			return real.WriteAt(file, p, off)
		},
		Sync: func(file *os.File) error {
			if err := f.next("fsync"); err != nil {
				return err
			}
			return real.Sync(file)
		},
		Close: func(file *os.File) error {
			err := f.next("close")
			return errors.Join(real.Close(file), err)
		},
		Rename: func(from, to string) error {
			if err := f.next("rename"); err != nil {
				return err
			}
			return real.Rename(from, to)
		},
	}
}

var injected = []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES, syscall.EMFILE}

// eachFault runs the test with the first, the second, ... operation failing,
// until none is left to fail. Each run has its own directory.
func eachFault(t *testing.T, run func(t *testing.T, dir string, f *failNth)) {
	t.Helper()
	for _, inject := range injected {
		for n := 1; ; n++ {
			f := &failNth{n: n, err: inject}
			t.Run(fmt.Sprintf("%v/%d", inject, n), func(t *testing.T) {
				run(t, filepath.Join(t.TempDir(), "cfg"), f)
			})
			if f.failed == "" {
				if n < 5 {
					t.Errorf("only %d operations were seen", n-1)
				}
				break
			}
			if n > 100 {
				t.Fatal("no end")
			}
		}
	}
}

// onlyWhole fails unless every file below dir is a readable record or entry,
// or a lock file.
func onlyWhole(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".json":
			_, err = readRecord(path)
		case entrySuffix:
			_, _, err = readEntry(path)
		case lockSuffix:
		default:
			err = fmt.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// reported checks the error of an injected fault.
func reported(t *testing.T, err error, f *failNth) {
	t.Helper()
	switch {
	case f.failed == "" && err != nil:
		t.Errorf("without a fault: %v", err)
	case f.failed != "" && err == nil:
		t.Errorf("%s failed and that was not reported", f.failed)
	case err != nil:
		if !errors.Is(err, f.err) || fault.ExitCode(err) != 1 || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: error %v", f.failed, err)
		}
		if !errors.Is(f.err, syscall.EIO) && fault.HintOf(err).String() == "" {
			t.Errorf("%s: no hint: %v", f.failed, err)
		}
	}
}

func TestPutFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	eachFault(t, func(t *testing.T, dir string, f *failNth) {
		d := OpenFileStore(dir, FileStoreOptions{})
		if f.n%2 == 0 { // every other one on a fresh directory: mkdir can fail too
			if err := d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New("old")}); err != nil {
				t.Fatal(err)
			}
		}
		d.sys = f.calls()
		reported(t, d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New(canary)}), f)
		onlyWhole(t, dir)
		got, err := OpenFileStore(dir, FileStoreOptions{}).Get(ctx, Ref{"p", "i"})
		switch renamed := f.failed == "" || f.failed == "fsync directory"; {
		case err == nil && got.Secret.Reveal() == canary && renamed:
		case err == nil && got.Secret.Reveal() == "old" && f.failed != "" && f.n%2 == 0:
		case errors.Is(err, ErrNotFound) && f.failed != "" && f.n%2 == 1:
		default:
			t.Errorf("after a failing %s: %v, %v", f.failed, got.Fingerprint, err)
		}
	})
}

// TestPutFaultsOverOldRecord: whatever fails, the old record or the new one is
// there.
func TestPutFaultsOverOldRecord(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	eachFault(t, func(t *testing.T, dir string, f *failNth) {
		d := OpenFileStore(dir, FileStoreOptions{})
		if err := d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New("old")}); err != nil {
			t.Fatal(err)
		}
		d.sys = f.calls()
		reported(t, d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New(canary)}), f)
		onlyWhole(t, dir)
		got, err := OpenFileStore(dir, FileStoreOptions{}).Get(ctx, Ref{"p", "i"})
		want := "old"
		if f.failed == "" || f.failed == "fsync directory" {
			want = canary
		}
		if err != nil || got.Secret.Reveal() != want {
			t.Errorf("after a failing %s: %v", f.failed, err)
		}
	})
}

func TestCheckFaults(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, dir string, f *failNth) {
		d := OpenFileStore(dir, FileStoreOptions{})
		d.sys = f.calls()
		reported(t, d.Check(context.Background()), f)
		if f.failed != "unlink" {
			onlyWhole(t, dir)
		}
	})
}

func TestDeleteFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for n := 1; n <= 2; n++ {
		d := testDir(t)
		if err := d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New("old")}); err != nil {
			t.Fatal(err)
		}
		f := &failNth{n: n, err: syscall.EIO}
		d.sys = f.calls()
		reported(t, d.Delete(ctx, Ref{"p", "i"}), f)
		onlyWhole(t, d.webhooks)
	}
}

func TestCredentialFaults(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, dir string, f *failNth) {
		d := OpenFileStore(dir, FileStoreOptions{})
		d.sys = f.calls()
		reported(t, d.PutCredential(context.Background(), Credential{Provider: "p"}), f)
		if left, _ := filepath.Glob(filepath.Join(d.credentials, ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestBeginFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	eachFault(t, func(t *testing.T, dir string, f *failNth) {
		j := OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(dir, "journal"))
		j.sys = f.calls()
		e, err := j.Begin(ctx, Intent{Operation: "create", Provider: "p"}, 5000)
		reported(t, err, f)
		onlyWhole(t, dir)
		j.sys, f.n = durable.System(), 0
		if err == nil {
			if err := e.Remove(); err != nil {
				t.Error(err)
			}
		}
		left, _ := filepath.Glob(filepath.Join(j.dir, "*"))
		hidden, _ := filepath.Glob(filepath.Join(j.dir, ".*"))
		if len(left)+len(hidden) > 0 {
			t.Errorf("after a failing %s: left behind %v %v", f.failed, left, hidden)
		}
	})
}

func TestPhaseFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for n := 1; n <= 2; n++ {
		j := OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(t.TempDir(), "cfg", "journal"))
		e, err := j.Begin(ctx, Intent{Operation: "create", Provider: "p"}, 5000)
		if err != nil {
			t.Fatal(err)
		}
		f := &failNth{n: n, err: syscall.EIO}
		j.sys = f.calls()
		reported(t, e.Phase(Phase{Name: "answered", ID: strings.Repeat("long", 500)}), f)
		onlyWhole(t, j.dir)
		// The next, shorter one takes its place, with nothing left of the first.
		if err := e.Phase(Phase{Name: "unknown"}); err != nil {
			t.Fatal(err)
		}
		p, _, err := readEntry(e.Path())
		if err != nil || len(p.Phases) != 1 || p.Phases[0].Name != "unknown" {
			t.Errorf("after a failing %s: %+v, %v", f.failed, p.Phases, err)
		}
		if err := e.Remove(); err != nil {
			t.Error(err)
		}
	}
	// A torn phase in an entry that another process takes over.
	j := OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(t.TempDir(), "cfg", "journal"))
	e, err := j.Begin(ctx, Intent{Operation: "create", Provider: "p"}, 5000)
	if err != nil {
		t.Fatal(err)
	}
	good := j.sys
	j.sys = (&failNth{n: 1, err: syscall.EIO}).calls()
	if err := e.Phase(Phase{Name: "answered", ID: strings.Repeat("long", 500)}); err == nil {
		t.Fatal("no error")
	}
	j.sys = good
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
	e, p, err := j.Claim(ctx, e.ID())
	if err != nil || len(p.Phases) != 0 {
		t.Fatal(p.Phases, err)
	}
	if err := errors.Join(e.Phase(Phase{Name: "a"}), e.Phase(Phase{Name: "b"}), e.Release()); err != nil {
		t.Fatal(err)
	}
	all, problems, err := j.List(ctx)
	if len(all) != 1 || len(all[0].Phases) != 2 || len(problems) > 0 || err != nil {
		t.Error(all, problems, err)
	}
}

func TestAnswerFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	j := OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(t.TempDir(), "cfg", "journal"))
	e, err := j.Begin(ctx, Intent{Operation: "create", Provider: "p"}, 5000)
	if err != nil {
		t.Fatal(err)
	}
	f := &failNth{n: 2, err: syscall.EIO}
	j.sys = f.calls()
	if n, err := e.Write([]byte("HTTP")); n != 4 || err != nil {
		t.Error(n, err)
	}
	if n, err := e.Write([]byte("/1.1")); n != 2 || !errors.Is(err, syscall.EIO) {
		t.Error(n, err)
	}
	if n, err := e.Write([]byte("1.1")); n != 3 || err != nil {
		t.Error(n, err)
	}
	if got := e.Answer(); string(got) != "HTTP/11.1" {
		t.Errorf("%q", got)
	}
	f.n = f.seen + 1
	if err := e.Sync(); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	f.n = f.seen + 1
	if err := e.Reset(); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	if err := e.Reset(); err != nil || len(e.Answer()) != 0 {
		t.Error(err)
	}
	f.n = f.seen + 2 // closing
	if err := e.Release(); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	claimed, _, err := j.Claim(ctx, e.ID())
	if err != nil {
		t.Fatal("not released:", err)
	}
	if err := claimed.Release(); err != nil {
		t.Error(err)
	}
}

func TestDoneFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for n := 1; n <= 4; n++ { // close, unlink, fsync of the directory, unlink of the lock file
		j := OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(t.TempDir(), "cfg", "journal"))
		e, err := j.Begin(ctx, Intent{Operation: "create", Provider: "p"}, 5000)
		if err != nil {
			t.Fatal(err)
		}
		f := &failNth{n: n, err: syscall.EIO}
		j.sys = f.calls()
		err = e.Remove()
		if (err == nil) != (n == 4) {
			t.Errorf("after a failing %s: %v", f.failed, err)
		}
		onlyWhole(t, j.dir)
		all, problems, lerr := j.List(ctx)
		if lerr != nil || len(problems) > 0 || len(all) > 1 || (len(all) == 1) != (f.failed == "unlink" && n == 2) {
			t.Errorf("after a failing %s: %v %v %v", f.failed, all, problems, lerr)
		}
		if len(all) == 1 && all[0].Live {
			t.Errorf("after a failing %s the entry is still held", f.failed)
		}
		if err := e.Release(); err != nil {
			t.Errorf("Release after Remove: %v", err)
		}
	}
}

// TestDirectorySyncUnsupported: network file systems without it are put up
// with, and that is said once.
func TestDirectorySyncUnsupported(t *testing.T) {
	t.Parallel()
	if !durable.HasModes {
		t.Skip("directories are not synced here")
	}
	for _, errno := range []error{syscall.EINVAL, syscall.ENOTSUP} {
		var said []string
		calls := durable.System()
		calls.SyncDir = func(string) error { return errno }
		d := OpenFileStore(filepath.Join(t.TempDir(), "cfg"), FileStoreOptions{Disk: calls, Warn: func(s string) { said = append(said, s) }})
		err := errors.Join(d.Check(context.Background()), d.Put(context.Background(), fullRecord()))
		if err != nil || len(said) != 1 || !strings.Contains(said[0], "cannot sync directories") {
			t.Errorf("%v: %v, %q", errno, err, said)
		}
	}
}

// TestReadBackDiffers: a disk that keeps something else is noticed.
func TestReadBackDiffers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, change := range map[string]func([]byte) []byte{
		"other bytes": func(p []byte) []byte { return bytes.ToUpper(p) },
		"cut":         func(p []byte) []byte { return p[:len(p)/2] },
		"longer":      func(p []byte) []byte { return append(bytes.Clone(p), '!') },
	} {
		d := testDir(t)
		write := d.sys.Write
		d.sys.Write = func(f *os.File, p []byte) (int, error) { return write(f, change(p)) }
		if err := d.Check(ctx); err == nil || !strings.Contains(err.Error(), d.webhooks) {
			t.Errorf("%s: Check: %v", name, err)
		}
		if err := d.Put(ctx, fullRecord()); err == nil {
			t.Errorf("%s: Put succeeded", name)
		}
		if err := d.PutCredential(ctx, Credential{Provider: "p"}); err == nil {
			t.Errorf("%s: PutCredential succeeded", name)
		}
		target := filepath.Join(t.TempDir(), "f")
		if err := d.sys.WriteFile(target, []byte("text")); err == nil {
			t.Errorf("%s: WriteFile succeeded", name)
		}
	}
}

// TestTargetFaults: a file outside the store is old or new, whatever fails.
func TestTargetFaults(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, dir string, f *failNth) {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, ".env")
		if err := os.WriteFile(path, []byte("OLD=1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		err := f.calls().UpdateFile(context.Background(), path, func(old []byte) ([]byte, error) {
			return append(old, "NEW=1\n"...), nil
		})
		reported(t, err, f)
		want := "OLD=1\n"
		if f.failed == "" || f.failed == "fsync directory" {
			want += "NEW=1\n"
		}
		if got, err := os.ReadFile(path); string(got) != want || err != nil {
			t.Errorf("after a failing %s: %q, %v", f.failed, got, err)
		}
		if names, err := os.ReadDir(dir); len(names) != 1 || err != nil {
			t.Errorf("after a failing %s: left behind %v, %v", f.failed, names, err)
		}
	})
}
