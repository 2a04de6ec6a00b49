package listen

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// brokenFile is a real file whose calls can be made to fail.
type brokenFile struct {
	osFile
	mu       sync.Mutex
	write    func(p []byte) (int, error) // the answer instead of writing it all; n bytes are written
	sync     func() error
	truncate error
	size     error
	syncs    int
}

func (f *brokenFile) fail(write func(p []byte) (int, error), sync func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.write, f.sync = write, sync
}

func (f *brokenFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.write == nil {
		return f.osFile.Write(p)
	}
	n, err := f.write(p)
	if n, werr := f.osFile.Write(p[:n]); werr != nil {
		return n, werr
	}
	return n, err
}

func (f *brokenFile) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.syncs++
	if f.sync != nil {
		return f.sync()
	}
	return f.osFile.Sync()
}

func (f *brokenFile) Truncate(n int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.truncate != nil {
		return f.truncate
	}
	return f.osFile.Truncate(n)
}

func (f *brokenFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size != nil {
		return 0, f.size
	}
	return f.osFile.Size()
}

// breakable is an archive on a brokenFile.
func breakable(t *testing.T) (*Archive, *brokenFile) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deliveries.ndjson")
	raw, err := openPrivate(durable.System(), path)
	if err != nil {
		t.Fatal(err)
	}
	f := &brokenFile{osFile: *raw}
	a := newArchive(durable.System(), path, f, 0, func(string) {}, 0, false)
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a, f
}

// TestArchiveIsFull: beyond the limit nothing is kept, what is there stays, and
// a smaller record may still fit.
func TestArchiveIsFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, line := range []string{"12345", "123456", "1234567", "123"} {
		a, err := OpenArchive(nil, dir, "invalid.ndjson", 10, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Append([]byte(line)); (err == nil) != (len(line) <= 5) {
			t.Errorf("%q: %v", line, err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := content(t, filepath.Join(dir, "invalid.ndjson")); got != "12345\n123\n" {
		t.Errorf("the file holds %q", got)
	}
}

// TestArchiveMadeLater: a file with a limit is there once it holds a record, and is
// not begun again where it is there already.
func TestArchiveMadeLater(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "captures", "invalid.ndjson")
	for _, records := range [][]string{nil, {"1", "2"}, nil, {"3"}} {
		a, err := OpenArchive(nil, filepath.Dir(path), "invalid.ndjson", 10, func(line string) { t.Error(line) })
		if err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		for i, r := range records {
			if at, err := a.Append([]byte(r)); err != nil || at != int64(len(before)+2*i) {
				t.Errorf("%s: at %d, %v", r, at, err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err == nil) != (len(before)+len(records) > 0) {
			t.Errorf("after %q: %v", records, err)
		}
	}
	if got := content(t, path); got != "1\n2\n3\n" {
		t.Errorf("the file holds %q", got)
	}
}

func content(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGroupCommit(t *testing.T) {
	t.Parallel()
	a, f := breakable(t)
	f.fail(nil, func() error {
		time.Sleep(2 * time.Millisecond)
		return nil
	})
	const writers, each = 20, 10
	var wg sync.WaitGroup
	var failed atomic.Int64
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				line := fmt.Sprintf(`{"w":%d,"i":%d}`, w, i)
				if _, err := a.Append([]byte(line)); err != nil {
					failed.Add(1)
				}
				// Durable already: it is in the file when Append returns.
				if !strings.Contains(content(t, a.Path()), line+"\n") {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d appends failed", failed.Load())
	}
	lines := strings.Split(strings.TrimSuffix(content(t, a.Path()), "\n"), "\n")
	if len(lines) != writers*each {
		t.Errorf("%d lines", len(lines))
	}
	slices.Sort(lines)
	if len(slices.Compact(lines)) != writers*each {
		t.Error("lines stand twice")
	}
	if f.syncs >= writers*each/2 {
		t.Errorf("%d syncs for %d records: they are not grouped", f.syncs, writers*each)
	}
}

var errDisk = errors.New("no space left on device")

// TestArchiveFailures breaks each call, and wants to see what was kept, nothing
// that was not, and no torn line, once the disk works again.
func TestArchiveFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		write    func(p []byte) (int, error)
		sync     func() error
		truncate error
		size     error
		want     string
	}{
		{name: "nothing written", write: func([]byte) (int, error) { return 0, errDisk }, want: "one\nthree\n"},
		{name: "half written", write: func(p []byte) (int, error) { return len(p) / 2, errDisk }, want: "one\nthree\n"},
		{name: "not synced", sync: func() error { return errDisk }, want: "one\nthree\n"},
		{name: "half written, not taken back", write: func(p []byte) (int, error) { return len(p) / 2, errDisk }, truncate: errDisk, want: "one\ntw\nthree\n"},
		{name: "not synced, not taken back", sync: func() error { return errDisk }, truncate: errDisk, want: "one\ntwo\n\nthree\n"},
		{name: "half written, size unknown", write: func(p []byte) (int, error) { return len(p) / 2, errDisk }, size: errDisk, want: "one\ntw\nthree\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, f := breakable(t)
			if _, err := a.Append([]byte("one")); err != nil {
				t.Fatal(err)
			}
			f.fail(c.write, c.sync)
			f.truncate, f.size = c.truncate, c.size
			for range 3 {
				if _, err := a.Append([]byte("two")); !errors.Is(err, errDisk) {
					t.Fatalf("reported as kept: %v", err)
				}
				if c.truncate != nil || c.size != nil {
					break // each attempt leaves its traces
				}
			}
			f.fail(nil, nil)
			f.truncate, f.size = nil, nil
			if _, err := a.Append([]byte("three")); err != nil {
				t.Fatal(err)
			}
			if got := content(t, a.Path()); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestArchiveForeignBytes: what another process has appended is not taken back.
func TestArchiveForeignBytes(t *testing.T) {
	t.Parallel()
	a, f := breakable(t)
	f.fail(func(p []byte) (int, error) {
		other, err := os.OpenFile(a.Path(), os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = other.WriteString("theirs\n")
		}
		return 0, errors.Join(err, other.Close(), errDisk)
	}, nil)
	if _, err := a.Append([]byte("ours")); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	f.fail(nil, nil)
	if _, err := a.Append([]byte("ours")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, a.Path()); got != "theirs\n\nours\n" {
		t.Errorf("%q", got)
	}
}

func TestArchiveTornLine(t *testing.T) {
	t.Parallel()
	whole := string(capture.AppendRecord(nil, capture.Record{ReceivedAt: time.Unix(0, 0), Body: []byte("a")}))
	long := string(capture.AppendRecord(nil, capture.Record{ReceivedAt: time.Unix(0, 0), Body: make([]byte, 200_000)}))
	for _, c := range []struct{ name, before, kept, said string }{
		{"a record", whole + "\n" + whole[:20], whole + "\n", "was removed"},
		{"its first byte", whole + "\n" + whole[:1], whole + "\n", "was removed"},
		{"a record alone", whole[:20], "", "was removed"},
		{"a long record", whole + "\n" + long[:len(long)-1], whole + "\n", "was removed"},
		{"only the line end", whole + "\n" + whole, whole + "\n" + whole + "\n", "It stays"},
		{"of somebody else", "not ours", "not ours\n", "It stays"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "deliveries.ndjson")
		if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		var said []string
		for range 2 { // the second time nothing is torn any more
			a, err := OpenArchive(nil, dir, "deliveries.ndjson", 0, func(line string) { said = append(said, line) })
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				at, err := a.Append([]byte(whole))
				if err != nil {
					t.Fatal(err)
				}
				if line, err := a.Record(at); err != nil || string(line) != whole+"\n" {
					t.Errorf("%s: at %d stands %q, %v", c.name, at, line, err)
				}
			}
			if err := errors.Join(a.Close(), a.Close()); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Append(nil); !errors.Is(err, errArchiveClosed) {
				t.Errorf("%s: appended to a closed archive: %v", c.name, err)
			}
		}
		if diff := cmp.Diff(c.kept+strings.Repeat(whole+"\n", 4), content(t, path)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if len(said) != 1 || !strings.Contains(said[0], c.said) {
			t.Errorf("%s: said %q", c.name, said)
		}
	}
}

func TestArchiveModes(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	a, err := OpenArchive(nil, filepath.Join(base, "a", "b"), "deliveries.ndjson", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Append(bytes.Repeat([]byte("x"), spareBatch)); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode here")
	}
	for path, want := range map[string]os.FileMode{"a": 0o700, "a/b": 0o700, "a/b/deliveries.ndjson": 0o600} {
		info, err := os.Stat(filepath.Join(base, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := os.Chmod(a.Path(), 0o644); err != nil {
		t.Fatal(err)
	}
	var said []string
	a, err = OpenArchive(nil, filepath.Join(base, "a", "b"), "deliveries.ndjson", 0, func(line string) { said = append(said, line) })
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "0644") {
		t.Errorf("said %q", said)
	}
}

func TestArchiveRefuses(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	if err := os.WriteFile(filepath.Join(base, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(base, "taken", "deliveries.ndjson"), 0o700); err != nil {
		t.Fatal(err)
	}
	dirs := []string{"file", "file/below", "taken"}
	if runtime.GOOS != "windows" {
		if err := os.Mkdir(filepath.Join(base, "linked"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(base, "file"), filepath.Join(base, "linked", "deliveries.ndjson")); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, "linked")
	}
	for _, dir := range dirs {
		names := filepath.FromSlash(dir)
		if runtime.GOOS == "windows" && dir == "file/below" {
			names = "file" // what stands in the way is named
		}
		_, err := OpenArchive(nil, filepath.Join(base, dir), "deliveries.ndjson", 0, nil)
		if err == nil || fault.KindOf(err) != fault.Other || !strings.Contains(err.Error(), names) || fault.HintOf(err).String() == "" {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if content(t, filepath.Join(base, "file")) != "" {
		t.Error("a file was written through a symbolic link")
	}
}
