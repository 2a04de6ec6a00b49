//go:build unix

package secret

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// TestNoRegularFile: nothing that stands in a record's place makes a reader
// wait, and nothing is followed.
func TestNoRegularFile(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"directory":     func(p string) error { return os.Mkdir(p, 0o700) },
		"FIFO":          func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"dangling link": func(p string) error { return os.Symlink("/nowhere", p) },
		"/dev/zero":     func(p string) error { return os.Symlink("/dev/zero", p) },
		"link to copy": func(p string) error {
			data, err := os.ReadFile(filepath.Join(filepath.Dir(p), "copy"))
			if err != nil {
				return err
			}
			target := filepath.Join(filepath.Dir(p), "victim")
			return errors.Join(os.WriteFile(target, data, 0o600), os.Symlink(target, p))
		},
		"sparse": func(p string) error {
			return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, 1<<30))
		},
		"socket": func(p string) error {
			// A socket's path is short by nature: bind elsewhere, then move it.
			short, err := os.MkdirTemp("", "s")
			if err != nil {
				return err
			}
			defer func() { _ = os.RemoveAll(short) }()
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short + "/s", Net: "unix"})
			if err != nil {
				return err
			}
			l.SetUnlinkOnClose(false)
			return errors.Join(os.Rename(short+"/s", p), l.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ref, data := dirWithNeighbour(t)
			path := d.recordPath(ref)
			if err := errors.Join(os.WriteFile(filepath.Join(d.webhooks, "copy"), data, 0o600), os.Remove(path)); err != nil {
				t.Fatal(err)
			}
			if err := put(path); err != nil {
				t.Skip(err)
			}
			done := make(chan struct{})
			go func() { defer close(done); special(t, d, ref) }()
			select {
			case <-done:
			case <-time.After(time.Minute):
				t.Fatal("hangs")
			}
			fi, err := os.Lstat(path)
			if err != nil || fi.Mode().IsRegular() && name != "sparse" {
				t.Errorf("it was replaced: %v %v", fi, err)
			}
		})
	}
}

// special is damaged without reading the thing itself.
func special(t *testing.T, d *FileStore, ref Ref) {
	ctx := context.Background()
	path := d.recordPath(ref)
	if _, err := d.Get(ctx, ref); err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), path) {
		t.Errorf("Get: %v", err)
	}
	if err := d.Put(ctx, Record{Provider: ref.Provider, ID: ref.ID, Secret: New("x")}); err == nil {
		t.Error("Put succeeded")
	}
	if err := d.Delete(ctx, ref); err == nil {
		t.Error("Delete succeeded")
	}
	records, problems, err := d.List(ctx)
	if len(records) != 1 || len(problems) != 1 || err != nil {
		t.Errorf("List: %v, %v, %v", records, problems, err)
	}
}

func TestLoosePermissionsAreRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const elsewhere = "choose another directory with --config DIR or HOOKCTL_CONFIG_DIR"
	for _, c := range []struct {
		what string
		path func(d *FileStore, ref Ref) string
		mode fs.FileMode
		cmd  string // "" means accepted
	}{
		{"file", (*FileStore).recordPath, 0o644, "chmod 600 "},
		{"file", (*FileStore).recordPath, 0o640, "chmod 600 "},
		{"file", (*FileStore).recordPath, 0o602, "chmod 600 "},
		{"file", (*FileStore).recordPath, 0o400, ""},
		{"webhooks", func(d *FileStore, _ Ref) string { return d.webhooks }, 0o755, "chmod 700 "},
		{"webhooks", func(d *FileStore, _ Ref) string { return d.webhooks }, 0o710, "chmod 700 "},
		{"webhooks", func(d *FileStore, _ Ref) string { return d.webhooks }, 0o777, "chmod 700 "},
		{"config", func(d *FileStore, _ Ref) string { return filepath.Dir(d.webhooks) }, 0o755, ""},
		{"config", func(d *FileStore, _ Ref) string { return filepath.Dir(d.webhooks) }, 0o775, "chmod go-w "},
		{"config", func(d *FileStore, _ Ref) string { return filepath.Dir(d.webhooks) }, 0o777 | fs.ModeSticky, elsewhere},
		{"config", func(d *FileStore, _ Ref) string { return filepath.Dir(d.webhooks) }, 0o770 | fs.ModeSticky, elsewhere},
	} {
		d, ref, _ := dirWithNeighbour(t)
		path := c.path(d, ref)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := d.Get(ctx, ref)
		if c.cmd == "" {
			if err != nil {
				t.Errorf("%s %o: %v", c.what, c.mode, err)
			}
			continue
		}
		hint := "run: " + c.cmd + path
		if c.cmd == elsewhere { // it is not for this user to change
			hint = elsewhere
		}
		if err == nil || fault.HintOf(err).String() != hint {
			t.Errorf("%s %o: %v, hint %q", c.what, c.mode, err, fault.HintOf(err).String())
		}
		perr := d.Put(ctx, fullRecord())
		if perr == nil || fault.HintOf(perr).String() != hint {
			t.Errorf("%s %o: Put: %v, hint %q", c.what, c.mode, perr, fault.HintOf(perr).String())
		}
		if c.what != "file" {
			if err := d.Check(ctx); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s %o: Check: %v", c.what, c.mode, err)
			}
		}
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != c.mode.Perm() {
			t.Errorf("%s %o: the mode was changed: %v %v", c.what, c.mode, fi, err)
		}
	}
}

func TestForeignOwnerIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	ctx := context.Background()
	const elsewhere = "choose another directory with --config DIR or HOOKCTL_CONFIG_DIR"
	for what, fix := range map[string]string{"file": "sudo chown ", "webhooks": elsewhere + "; if everything in it is yours: sudo chown -R ", "config": elsewhere} {
		d, ref, _ := dirWithNeighbour(t)
		path := map[string]string{"file": d.recordPath(ref), "webhooks": d.webhooks, "config": filepath.Dir(d.webhooks)}[what]
		if err := os.Chown(path, 12345, 12345); err != nil {
			t.Skip(err)
		}
		if _, err := d.Get(ctx, ref); err == nil || !strings.Contains(err.Error(), "12345") || !strings.Contains(fault.HintOf(err).String(), fix) {
			t.Errorf("%s: %v, hint %q", what, err, fault.HintOf(err).String())
		}
		if hint := fault.HintOf(d.Put(ctx, fullRecord())).String(); !strings.Contains(hint, fix) || what == "config" && hint != elsewhere {
			t.Errorf("%s: Put: hint %q", what, hint)
		}
	}
	// A link of ours is followed, a stranger's is not.
	d, ref, _ := dirWithNeighbour(t)
	cfg := filepath.Dir(d.webhooks)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(cfg, link); err != nil {
		t.Fatal(err)
	}
	through := OpenFileStore(link, FileStoreOptions{})
	if _, err := through.Get(ctx, ref); err != nil {
		t.Error(err)
	}
	if err := os.Lchown(link, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if _, err := through.Get(ctx, ref); err == nil || !strings.Contains(err.Error(), "symbolic link of another user") {
		t.Error(err)
	}
	if err := through.Check(ctx); err == nil {
		t.Error("Check went through a stranger's link")
	}
}

func TestUnusableDirectories(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	base := t.TempDir()
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(base, "dangling")
	if err := os.Symlink("/nowhere/at/all", dangling); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), dangling, filepath.Join(base, strings.Repeat("n", 300)), "/proc/hookctl"} {
		d := OpenFileStore(dir, FileStoreOptions{})
		for what, err := range map[string]error{"Check": d.Check(ctx), "Put": d.Put(ctx, fullRecord())} {
			if err == nil || fault.ExitCode(err) != 1 || !strings.Contains(err.Error(), dir[:min(len(dir), 200)]) || fault.HintOf(err).String() == "" {
				t.Errorf("%s in %.40s: %v (hint %q)", what, dir, err, fault.HintOf(err).String())
			}
		}
	}
}

// TestModesUnderUmask starts this test binary again, since the umask belongs
// to the whole process.
func TestModesUnderUmask(t *testing.T) {
	if mask := os.Getenv("HOOKCTL_TEST_UMASK"); mask != "" {
		n, err := strconv.ParseInt(mask, 8, 32)
		if err != nil {
			t.Fatal(err)
		}
		syscall.Umask(int(n))
		everything(t, os.Getenv("HOOKCTL_TEST_DIR"))
		return
	}
	t.Parallel()
	for _, mask := range []string{"000", "022", "077", "777"} {
		dir := filepath.Join(t.TempDir(), "a", "cfg")
		cmd := exec.Command(os.Args[0], "-test.run=^TestModesUnderUmask$", "-test.count=1")
		cmd.Env = append(os.Environ(), "HOOKCTL_TEST_UMASK="+mask, "HOOKCTL_TEST_DIR="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("umask %s: %v\n%s", mask, err, out)
		}
		err := filepath.WalkDir(filepath.Dir(dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			fi, err := e.Info()
			want := fs.FileMode(0o600)
			if e.IsDir() {
				want = 0o700
			}
			if err != nil || fi.Mode().Perm() != want {
				return fmt.Errorf("umask %s: %s has mode %o, want %o (%v)", mask, path, fi.Mode().Perm(), want, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// everything makes one of each file.
func everything(t *testing.T, dir string) {
	ctx := context.Background()
	d := OpenFileStore(dir, FileStoreOptions{})
	e, err := OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(dir, "journal")).Begin(ctx, Intent{Operation: "create"}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		d.Check(ctx), d.Put(ctx, fullRecord()), d.PutCredential(ctx, Credential{Provider: "p"}),
		e.Release(), durable.System().WriteFile(filepath.Join(dir, "sink"), []byte(canary)),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestFileSizeLimit meets a real limit of the system, in a child process: no
// file may grow past 32 KiB there.
func TestFileSizeLimit(t *testing.T) {
	ctx := context.Background()
	if dir := os.Getenv("HOOKCTL_TEST_LIMIT"); dir != "" {
		limit := syscall.Rlimit{Cur: 32 << 10, Max: 32 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		d, j := OpenFileStore(dir, FileStoreOptions{}), OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(dir, "journal"))
		large := Record{Provider: "p", ID: "i", Secret: New("new"), Name: strings.Repeat("n", 40<<10)}
		_, begun := j.Begin(ctx, Intent{Operation: "create"}, 64<<10)
		for what, err := range map[string]error{"Check": d.Check(ctx), "Put": d.Put(ctx, large), "Begin": begun} {
			if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%s: %v", what, err)
			}
		}
		return
	}
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cfg")
	d := OpenFileStore(dir, FileStoreOptions{})
	if err := d.Put(ctx, Record{Provider: "p", ID: "i", Secret: New("old")}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileSizeLimit$", "-test.count=1")
	cmd.Env = append(os.Environ(), "HOOKCTL_TEST_LIMIT="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	onlyWhole(t, dir)
	if r, err := d.Get(ctx, Ref{"p", "i"}); err != nil || r.Secret.Reveal() != "old" {
		t.Error(err)
	}
}
