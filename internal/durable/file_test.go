package durable_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

func TestWriteFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret file")
	for _, mode := range []fs.FileMode{0, 0o600, 0o644, 0o400} { // 0: no file yet
		if mode != 0 {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		text := fmt.Sprintf("%s %o", "canary", mode)
		if err := errors.Join(durable.System().CheckFile(path), durable.System().WriteFile(path, []byte(text))); err != nil {
			t.Fatal(err)
		}
		got, err := durable.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
		if fi, err := os.Stat(path); err != nil || durable.HasModes && fi.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", fi, err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); len(left) != 1 || err != nil {
		t.Error(left, err)
	}
	if _, err := durable.ReadFile(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := durable.System().WriteFile(path, make([]byte, durable.MaxFile+1)); err == nil {
		t.Error("too much was written")
	}
}

func TestWriteFileRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim, link := filepath.Join(dir, "victim"), filepath.Join(dir, "link")
	if err := os.WriteFile(victim, []byte("victim"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{link, dir, filepath.Join(dir, "none", "x"), filepath.Join(victim, "x")} {
		edit := func([]byte) ([]byte, error) { return nil, nil }
		for what, err := range map[string]error{
			"CheckFile":  durable.System().CheckFile(path),
			"WriteFile":  durable.System().WriteFile(path, []byte("x")),
			"UpdateFile": durable.System().UpdateFile(context.Background(), path, edit),
		} {
			if err == nil || !strings.Contains(err.Error(), dir) || fault.ExitCode(err) != 1 {
				t.Errorf("%s %s: %v", what, path, err)
			}
		}
	}
	if got, err := os.ReadFile(victim); string(got) != "victim" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if left, err := os.ReadDir(dir); len(left) != 2 || err != nil {
		t.Error(left, err)
	}
}

// TestUpdateFileTogether: no update is lost.
func TestUpdateFileTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".env")
	var wg sync.WaitGroup
	const n = 20
	for i := range n {
		wg.Go(func() {
			err := durable.System().UpdateFile(context.Background(), path, func(old []byte) ([]byte, error) {
				return fmt.Appendf(old, "V%d=1\n", i), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := os.ReadFile(path)
	if want := n; err != nil || strings.Count(string(got), "\n") != want {
		t.Errorf("%d of %d: %v", strings.Count(string(got), "\n"), want, err)
	}
	fail := errors.New("no")
	if err := durable.System().UpdateFile(context.Background(), path, func([]byte) ([]byte, error) { return nil, fail }); !errors.Is(err, fail) {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); string(after) != string(got) || err != nil {
		t.Error("changed by a failed edit", err)
	}
}

func TestUpdateFileWaits(t *testing.T) {
	t.Parallel()
	if !durable.HasModes {
		t.Skip("directories cannot be locked here")
	}
	dir := t.TempDir()
	fl := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if ok, err := fl.TryLock(); !ok || err != nil {
		t.Skip(ok, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := durable.System().UpdateFile(ctx, filepath.Join(dir, "x"), func([]byte) ([]byte, error) { return nil, nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := fl.Unlock(); err != nil {
		t.Error(err)
	}
}

// TestWhatIsNoFile says what stands there instead.
func TestWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "none"), link); err != nil {
		t.Skip(err)
	}
	for path, what := range map[string]string{dir: "is a directory", link: "is a symbolic link"} {
		if _, err := durable.ReadFile(path); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", path, err)
		}
	}
	// The directory of the store may be a link, but one that leads somewhere.
	if err := durable.CheckDir(link, "--save DIR"); err == nil || !strings.Contains(err.Error(), link) {
		t.Error(err)
	}
	home := filepath.Join(dir, "home")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o700), os.Symlink("real", home)); err != nil {
		t.Fatal(err)
	}
	if err := durable.CheckDir(home, "--save DIR"); err != nil {
		t.Error(err)
	}
}

// TestLastByteOfAFile: as much as is read is written, and no more.
func TestLastByteOfAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	full := bytes.Repeat([]byte("x"), durable.MaxFile)
	if err := durable.System().WriteFile(path, full); err != nil {
		t.Fatal(err)
	}
	if got, err := durable.ReadFile(path); err != nil || !bytes.Equal(got, full) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := durable.System().WriteFile(path, append(full, 'x')); err == nil {
		t.Error("written, and nobody can read it")
	}
}
