package durable_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/durable/durabletest"
)

// TestOrderOfCalls: nothing is renamed before it is synced, and no name is left
// to chance.
func TestOrderOfCalls(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for what, tt := range map[string]struct {
		do   func(sys *durable.Calls, root string) error
		want string
	}{
		"WritePrivate": {func(sys *durable.Calls, root string) error {
			return sys.WritePrivate(filepath.Join(root, "old"), []byte("a"), []byte("b"))
		}, "create, write, write, sync, rename, sync directory"},
		"WriteFile": {func(sys *durable.Calls, root string) error {
			return sys.WriteFile(filepath.Join(root, "old"), []byte("a"))
		}, "create, write, sync, rename, sync directory"},
		"UpdateFile": {func(sys *durable.Calls, root string) error {
			return sys.UpdateFile(ctx, filepath.Join(root, "old"), func(old []byte) ([]byte, error) { return append(old, 'x'), nil })
		}, "create, write, sync, rename, sync directory"},
		"RemoveFile": {func(sys *durable.Calls, root string) error {
			return sys.RemoveFile(filepath.Join(root, "old"))
		}, "remove, sync directory"},
		"CheckFile": {func(sys *durable.Calls, root string) error {
			return sys.CheckFile(filepath.Join(root, "new"))
		}, "create, write, sync, remove"},
		"Probe": {func(sys *durable.Calls, root string) error {
			return sys.Probe(root, 10)
		}, "create, write, sync, rename, sync directory, remove, sync directory"},
		"MakePrivateDir": {func(sys *durable.Calls, root string) error {
			return sys.MakePrivateDir(filepath.Join(root, "a", "b"), "--dir")
		}, "mkdir, sync directory, mkdir, sync directory"},
		"Lock": {func(sys *durable.Calls, root string) error {
			lock, err := sys.Lock(ctx, filepath.Join(root, "lock"), nil)
			if err != nil {
				return err
			}
			return lock.Remove()
		}, "create, remove"},
	} {
		if what == "Lock" && !durable.HasModes {
			continue // the file is removed once it is closed
		}
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, "old"), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		rec, err := durabletest.Record(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := tt.do(rec.Calls(), root); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		var kinds []string
		for _, o := range rec.Ops() {
			kinds = append(kinds, string(o.Kind))
		}
		if got := strings.Join(kinds, ", "); got != tt.want {
			t.Errorf("%s: %s, want %s", what, got, tt.want)
		}
	}
}

// TestWriteFails: whatever fails is said, with the path; the file is the old one
// or the whole new one, and nothing else is left.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for what, harm := range map[string]func(*durable.Calls){
		"create":         func(c *durable.Calls) { c.Create = func(string) (*os.File, error) { return nil, broken } },
		"write":          func(c *durable.Calls) { c.Write = func(*os.File, []byte) (int, error) { return 0, broken } },
		"sync":           func(c *durable.Calls) { c.Sync = func(*os.File) error { return broken } },
		"close":          func(c *durable.Calls) { c.Close = func(*os.File) error { return broken } },
		"rename":         func(c *durable.Calls) { c.Rename = func(string, string) error { return broken } },
		"sync directory": func(c *durable.Calls) { c.SyncDir = func(string) error { return broken } },
		"other bytes": func(c *durable.Calls) {
			c.Write = func(f *os.File, p []byte) (int, error) { return f.Write(bytes.ToUpper(p)) }
		},
	} {
		for how, write := range map[string]func(c *durable.Calls, path string) error{
			"WritePrivate": func(c *durable.Calls, path string) error { return c.WritePrivate(path, []byte("new")) },
			"WriteFile":    func(c *durable.Calls, path string) error { return c.WriteFile(path, []byte("new")) },
		} {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			sys := durable.System()
			harm(sys)
			err := write(sys, path)
			if err == nil || what != "other bytes" && !errors.Is(err, broken) || strings.Count(err.Error(), path) != 1 {
				t.Errorf("%s, %s: %v", how, what, err)
			}
			want := "old"
			if slices.Contains([]string{"sync directory", "other bytes"}, what) {
				want = "new"
			}
			if got, err := os.ReadFile(path); err != nil || strings.ToLower(string(got)) != want {
				t.Errorf("%s, %s: %q, %v", how, what, got, err)
			}
			if left, err := os.ReadDir(filepath.Dir(path)); len(left) != 1 || err != nil {
				t.Errorf("%s, %s: left behind %v, %v", how, what, left, err)
			}
		}
	}
}

// TestProbeSaysItOnce: where a file can be neither made nor removed, the cause is said once.
func TestProbeSaysItOnce(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{syscall.EROFS, syscall.EACCES} {
		sys := durable.System()
		sys.Create = func(path string) (*os.File, error) { return nil, &fs.PathError{Op: "open", Path: path, Err: cause} }
		sys.Remove = func(path string) error { return &fs.PathError{Op: "remove", Path: path, Err: cause} }
		if err := sys.Probe(t.TempDir(), 10); !errors.Is(err, cause) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v", cause, err)
		}
	}
}
