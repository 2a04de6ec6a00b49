package durabletest

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/durable"
)

// outcomes are the contents of the file f, as crashes leave it: "-" is no file.
func outcomes(t *testing.T, do func(c *durable.Calls, dir string) error) []string {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "f"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Record(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := do(r.Calls(), root); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	if _, err := r.Each(Crashes{}, func(Crash) bool {
		data, err := os.ReadFile(filepath.Join(root, "f"))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			data = []byte("-")
		case err != nil:
			t.Fatal(err)
		}
		seen[string(data)] = true
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(seen))
}

// TestWhatACrashLeaves pins the model of the disk.
func TestWhatACrashLeaves(t *testing.T) {
	t.Parallel()
	replace := func(sync, syncDir bool) func(c *durable.Calls, dir string) error {
		return func(c *durable.Calls, dir string) error {
			f, err := c.Create(filepath.Join(dir, "tmp"))
			if err != nil {
				return err
			}
			_, err = c.Write(f, []byte("ab"))
			if sync {
				err = errors.Join(err, c.Sync(f))
			}
			err = errors.Join(err, c.Close(f), c.Rename(filepath.Join(dir, "tmp"), filepath.Join(dir, "f")))
			if syncDir {
				err = errors.Join(err, c.SyncDir(dir))
			}
			return err
		}
	}
	edit := func(do func(c *durable.Calls, f *os.File) error) func(*durable.Calls, string) error {
		return func(c *durable.Calls, dir string) error {
			f, err := c.Open(filepath.Join(dir, "f"))
			if err != nil {
				return err
			}
			return errors.Join(do(c, f), c.Close(f))
		}
	}
	at := func(c *durable.Calls, f *os.File, text string, off int64) error {
		_, err := c.WriteAt(f, []byte(text), off)
		return err
	}
	for name, test := range map[string]struct {
		do   func(c *durable.Calls, dir string) error
		want []string
	}{
		"replaced":                       {replace(true, true), []string{"ab", "old"}},
		"replaced without a sync":        {replace(false, true), []string{"", "a", "ab", "old"}},
		"replaced without the name":      {replace(true, false), []string{"ab", "old"}},
		"removed":                        {func(c *durable.Calls, dir string) error { return c.Remove(filepath.Join(dir, "f")) }, []string{"-", "old"}},
		"two writes, the first may lack": {edit(func(c *durable.Calls, f *os.File) error { return errors.Join(at(c, f, "AB", 0), at(c, f, "!", 4)) }), []string{"ABd", "ABd\x00!", "Ald", "old", "old\x00!"}},
		"a synced write, and one that is not": {edit(func(c *durable.Calls, f *os.File) error {
			return errors.Join(at(c, f, "A", 0), c.Sync(f), at(c, f, "B", 1))
		}), []string{"ABd", "Ald", "old"}},
		"cut": {edit(func(c *durable.Calls, f *os.File) error { return c.Truncate(f, 1) }), []string{"o", "old"}},
		"appended": {func(c *durable.Calls, dir string) error {
			f, err := c.Append(filepath.Join(dir, "f"))
			if err != nil {
				return err
			}
			_, err = c.Write(f, []byte("er"))
			return errors.Join(err, c.SyncData(f), c.Close(f))
		}, []string{"old", "olde", "older"}},
		"in a directory that is lost": {func(c *durable.Calls, dir string) error {
			sub := filepath.Join(dir, "sub")
			f, err := c.Create(filepath.Join(dir, "unused"))
			return errors.Join(err, c.Close(f), c.Mkdir(sub), c.SyncDir(sub))
		}, []string{"old"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, outcomes(t, test.do)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLostCalls: a sync that counts as not made is as if it were not there.
func TestLostCalls(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	r, err := Record(root)
	if err != nil {
		t.Fatal(err)
	}
	c := r.Calls()
	f, err := c.Create(filepath.Join(root, "f"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.SyncDir(root), c.Close(f)); err != nil {
		t.Fatal(err)
	}
	r.Mark("synced")
	for _, lost := range []bool{false, true} {
		gone := false
		_, err := r.Each(Crashes{Backwards: true, Lost: func(o Op) bool { return lost && o.Kind == SyncDir }}, func(x Crash) bool {
			_, err := os.Lstat(filepath.Join(root, "f"))
			gone = gone || err != nil && slices.Equal(x.Marks(), []any{"synced"})
			return true
		})
		if err != nil || gone != lost {
			t.Errorf("lost %v, gone %v: %v", lost, gone, err)
		}
	}
}
