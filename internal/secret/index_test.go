package secret

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/durable/durabletest"
	"github.com/hookctl/hookctl/internal/norace"
)

// indexDir is a store that has an index from the first record on, and trusts
// what is older by any time at all.
func indexDir(dir string, disk *durable.Calls) *FileStore {
	d := OpenFileStore(dir, FileStoreOptions{Now: time.Now, Disk: disk})
	d.indexFrom, d.margin = 1, 0
	return d
}

// fromFiles is List without an index.
func fromFiles(t testing.TB, dir string) ([]Record, []Problem) {
	t.Helper()
	d := OpenFileStore(dir, FileStoreOptions{})
	d.indexFrom = math.MaxInt
	records, problems, err := d.ListFiles(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return records, problems
}

// glance is what Glance tells.
func glance(d *FileStore) ([]Record, error) {
	var records []Record
	err := d.Glance(context.Background(), func(r *Record) { records = append(records, *r) })
	return records, err
}

// decode is all of an index.
func decode(data []byte) (index, bool) {
	var x index
	c := open(data)
	c.head(&x)
	ok := c.records(&x)
	return x, ok
}

func isIndex(data []byte) bool { _, ok := decode(data); return ok }

var sameFault = cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })

// indexSeeds is raised by hand for a longer look.
const indexSeeds = 6

// TestIndexIsRight: whatever happens to the files and to the index, List tells
// what the files say, and so does Glance unless a file was edited in place.
func TestIndexIsRight(t *testing.T) {
	t.Parallel()
	if _, ok := durable.StampOf(t.TempDir()); !ok {
		t.Skip("this system has no stamps")
	}
	told, glanced := 0, 0
	for seed := range uint64(indexSeeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &indexWorld{T: t, rng: rand.New(rand.NewPCG(seed, 7)), dir: filepath.Join(t.TempDir(), "cfg")}
			w.open()
			for range 120 {
				story := w.step()
				w.look(story)
			}
			told, glanced = told+w.told, glanced+w.glanced
		})
	}
	if told == 0 || glanced == 0 {
		t.Errorf("the index told %d records and %d glances: it was not tested", told, glanced)
	}
}

// indexWorld is a directory that two processes use, among others.
type indexWorld struct {
	*testing.T
	rng           *rand.Rand
	dir           string
	stores        []*FileStore
	story         []string
	edited        bool // in place, and not listed since
	told, glanced int
}

func (w *indexWorld) open() {
	w.stores = []*FileStore{indexDir(w.dir, unsynced()), indexDir(w.dir, unsynced())}
}

// unsynced is the disk for tests in which no power goes.
func unsynced() *durable.Calls {
	disk := durable.System()
	disk.Sync, disk.SyncDir = func(*os.File) error { return nil }, func(string) error { return nil }
	return disk
}

func (w *indexWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("%v\n%s", err, strings.Join(w.story, "\n"))
	}
}

// step does one thing that may happen.
func (w *indexWorld) step() string {
	ctx, d := context.Background(), w.stores[w.rng.IntN(2)]
	files, err := filepath.Glob(filepath.Join(w.dir, "webhooks", "*.json"))
	w.must(err)
	some := ""
	if len(files) > 0 {
		some = files[w.rng.IntN(len(files))]
	}
	id := fmt.Sprint(w.rng.IntN(9))
	switch n := w.rng.IntN(16); {
	case n < 4 || some == "":
		r := Record{Provider: "p", ID: id, Name: fmt.Sprint("name ", w.rng.IntN(10)), Secret: New("canary"), CreatedAt: at.Add(time.Duration(w.rng.IntN(9)) * time.Hour)}
		if w.rng.IntN(3) == 0 {
			r.Auth, r.Replaces = NewAuthMark("basic", New("x")), &Ref{"p", "other"}
		}
		_ = d.Put(ctx, r) // fails where the file is damaged
		return "put " + id
	case n == 4:
		_ = d.Delete(ctx, Ref{"p", id})
		return "delete " + id
	case n == 5: // the same length: nothing but the times tells
		data, err := os.ReadFile(some)
		w.must(err)
		i := bytes.Index(data, []byte("name "))
		if i < 0 {
			return "nothing"
		}
		data[i+5] = byte('0' + w.rng.IntN(10))
		w.must(os.WriteFile(some, data, 0o600))
		w.edited = true
		return "edit in place"
	case n == 6: // as a backup that is put back with its times
		fi, err := os.Stat(some)
		w.must(err)
		data, err := os.ReadFile(some)
		w.must(err)
		data = bytes.Replace(data, []byte("name "), []byte("NAME "), 1)
		w.must(os.WriteFile(some+".new", data, 0o600))
		w.must(os.Chtimes(some+".new", fi.ModTime(), fi.ModTime()))
		w.must(os.Rename(some+".new", some))
		return "replace by one of the same time"
	case n == 7:
		when := time.Now().Add(time.Duration(w.rng.IntN(48)-24) * time.Hour)
		w.must(os.Chtimes(some, when, when))
		w.edited = true
		return "set times"
	case n == 8:
		w.must(os.WriteFile(some, []byte(`{"version": 99}`), 0o600))
		w.edited = true
		return "damage a record"
	case n == 9:
		w.must(os.Remove(some))
		return "remove"
	case n == 10:
		w.must(os.Chmod(some, fs.FileMode([]int{0o600, 0o644}[w.rng.IntN(2)])))
		w.edited = true
		return "chmod"
	case n == 11:
		return w.spoilIndex()
	case n == 12: // the times of the copies are those of the originals
		to := fmt.Sprint(w.dir, "x")
		w.must(copyTimes(w.dir, to))
		w.must(os.RemoveAll(w.dir))
		w.dir = to
		w.open()
		return "copy the directory"
	case n == 13:
		w.must(os.WriteFile(filepath.Join(w.dir, "webhooks", "junk.json"), []byte("junk"), 0o600))
		return "junk"
	}
	time.Sleep(5 * time.Millisecond) // a tick of any kernel
	return "wait"
}

// spoilIndex does something to the index alone.
func (w *indexWorld) spoilIndex() string {
	path := w.stores[0].indexPath()
	data, err := os.ReadFile(path)
	if err != nil {
		return "no index yet"
	}
	switch w.rng.IntN(5) {
	case 0:
		w.must(os.Remove(path))
	case 1:
		w.must(os.WriteFile(path, data[:w.rng.IntN(len(data))], 0o600))
	case 2:
		data[w.rng.IntN(len(data))] ^= byte(1 << w.rng.IntN(8))
		w.must(os.WriteFile(path, data, 0o600))
	case 3:
		w.must(os.WriteFile(path, bytes.Replace(data, []byte("index 3"), []byte("index 4"), 1), 0o600))
	case 4:
		w.must(os.Chmod(path, 0o644))
	}
	return "spoil the index"
}

// copyTimes copies a directory, its files with their times.
func copyTimes(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		fi, err := e.Info()
		if err == nil && e.IsDir() {
			return os.Mkdir(target, 0o700)
		}
		data, rerr := os.ReadFile(path)
		return errors.Join(err, rerr, os.WriteFile(target, data, fi.Mode()), os.Chmod(target, fi.Mode()), os.Chtimes(target, fi.ModTime(), fi.ModTime()))
	})
}

// look compares what the index tells with what the files say.
func (w *indexWorld) look(story string) {
	ctx := context.Background()
	w.story = append(w.story, story)
	d := w.stores[w.rng.IntN(2)]
	records, problems := fromFiles(w, w.dir)
	if w.rng.IntN(2) == 0 && !w.edited {
		if x := d.readIndex(); len(x.records) > 0 {
			if dir, ok := durable.StampOf(d.webhooks); ok && d.trusts(x, x.dir, dir) {
				w.glanced++
			}
		}
		got, err := glance(d)
		w.must(err)
		for i := range got {
			got[i].Auth = nil
		}
		for i := range records {
			records[i].Auth, records[i].Path = nil, ""
		}
		if diff := cmp.Diff(slices.Clip(records), slices.Clip(got)); diff != "" && len(records)+len(got) > 0 {
			w.Fatalf("at a glance: %s\n%s", diff, strings.Join(w.story, "\n"))
		}
		return
	}
	x := d.readIndex()
	for i, from := range x.sources {
		if now, ok := durable.StampOf(x.records[i].Path); ok && d.trusts(x, from.stamp, now) {
			w.told++
		}
	}
	w.edited = false
	if len(records) > 0 { // one of them alone is the same
		want := records[w.rng.IntN(len(records))]
		if got, err := d.Look(ctx, want.Ref()); err != nil || !cmp.Equal(want, got) {
			w.Fatalf("by its id: %v %s\n%s", err, cmp.Diff(want, got), strings.Join(w.story, "\n"))
		}
	}
	got, bad, err := d.List(ctx)
	w.must(err)
	if diff := cmp.Diff(records, got) + cmp.Diff(problems, bad, sameFault); diff != "" && len(records)+len(got)+len(problems)+len(bad) > 0 {
		w.Fatalf("%s\n%s", diff, strings.Join(w.story, "\n"))
	}
}

// TestIndexIsUsed, by List and Glance, and not by ListFiles nor Get.
func TestIndexIsUsed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	if _, ok := durable.StampOf(t.TempDir()); !ok {
		t.Skip("this system has no stamps")
	}
	d := indexDir(filepath.Join(t.TempDir(), "cfg"), nil)
	ref := Ref{"p", "1"}
	if err := d.Put(ctx, Record{Provider: ref.Provider, ID: ref.ID, Name: "file", Secret: New("canary")}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	if _, _, err := d.List(ctx); err != nil {
		t.Fatal(err)
	}
	x := d.readIndex()
	if len(x.records) != 1 {
		t.Fatal("there is no index")
	}
	x.records[0].Name = "index"
	d.writeIndex(x)
	var got []string
	note := func(records []Record, err error) {
		if err != nil || len(records) != 1 {
			t.Fatal(records, err)
		}
		got = append(got, records[0].Name)
	}
	listed, _, err := d.List(ctx)
	note(listed, err)
	note(glance(d))
	r, err := d.Get(ctx, ref)
	note([]Record{r}, err)
	listed, _, err = d.ListFiles(ctx)
	note(listed, err)
	if want := []string{"index", "index", "file", "file"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestIndexHoldsAllButSecrets: a member of Record is in the index, or it is one
// that must not be.
func TestIndexHoldsAllButSecrets(t *testing.T) {
	t.Parallel()
	full := fullRecord()
	full.Auth = &AuthMark{Key: "mark-key-canary", MAC: "mark-mac-canary"}
	full.Keyring, full.Fingerprint = strings.Repeat("a", 32), full.Secret.Fingerprint()
	full.place("/dir/webhooks/file.json")
	for v, i := reflect.ValueOf(full), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not in this test", v.Type().Field(i).Name)
		}
	}
	odd := Record{Provider: "\xff", ID: "\x00", CreatedAt: time.Time{}, Path: "/dir/webhooks/odd.json"}
	x := index{dir: durable.Stamp{Inode: 1, Size: 2, Modified: 3, Changed: math.MinInt64}, records: []Record{full, odd}, sources: []source{{durable.Stamp{Size: 9}, true}, {}}}
	data := x.encode()
	for _, text := range []string{canary, "0lder", "mark-key", "mark-mac"} {
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("the index holds %q", text)
		}
	}
	got, ok := decode(data)
	if !ok {
		t.Fatal("not read")
	}
	want := x
	want.records = slices.Clone(x.records)
	r := &want.records[0]
	r.Older = slices.Clone(r.Older)
	r.forget()
	r.Auth = nil
	for i := range want.records {
		got.records[i].place("/dir/webhooks/" + got.records[i].Path)
		want.records[i].place(want.records[i].Path)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(index{}, source{})); diff != "" {
		t.Error(diff)
	}
}

// TestIndexHasNoSecret: of what the store writes beside its records.
func TestIndexHasNoSecret(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := indexDir(filepath.Join(t.TempDir(), "cfg"), nil)
	if _, ok := durable.StampOf(t.TempDir()); !ok {
		t.Skip("this system has no stamps")
	}
	mark := NewAuthMark("basic", New(canary))
	for range 2 {
		r := fullRecord()
		r.Auth = mark
		if err := d.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		if _, err := glance(d); err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.List(ctx); err != nil {
			t.Fatal(err)
		}
	}
	fi, err := os.Stat(d.indexPath())
	if err != nil || durable.HasModes && fi.Mode().Perm() != 0o600 {
		t.Fatal(fi, err)
	}
	for _, text := range []string{canary, "0lder", mark.Key, mark.MAC} {
		if found := onDisk(t, filepath.Dir(d.webhooks), text); len(found) > 1 || len(found) == 1 && found[0] != d.recordPath(fullRecord().Ref()) {
			t.Errorf("%v hold a secret", found)
		}
	}
}

// TestIndexOfAnyBytes: what has the right sum and is still no index is refused.
func TestIndexOfAnyBytes(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	x := index{records: []Record{fullRecord(), fullRecord()}, sources: make([]source, 2)}
	whole := x.encode()
	const body = len(indexHead) + 4
	for range 20_000 {
		data := bytes.Clone(whole)
		for range 1 + rng.IntN(3) {
			data[body+rng.IntN(len(data)-body)] = byte(rng.IntN(256))
		}
		data = data[:body+rng.IntN(len(data)-body+1)]
		binary.LittleEndian.PutUint32(data[len(indexHead):], indexSum(data[body:]))
		got, ok := decode(data)
		if ok && len(got.records) > len(data) {
			t.Fatalf("%d records in %d bytes", len(got.records), len(data))
		}
		// One by one they are the same.
		var all []Record
		c := open(data)
		c.head(new(index))
		if c.each(func(r *Record) { all = append(all, *r) }) != ok {
			t.Fatalf("all together %v, one by one not", ok)
		}
		for i := range got.records {
			got.records[i].place("")
		}
		if diff := cmp.Diff(got.records, all); ok && len(all) > 0 && diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestIndexAfterACrash: what a power cut leaves of an index that is written is a
// whole one, or none.
func TestIndexAfterACrash(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	root := filepath.Join(t.TempDir(), "cfg")
	d := indexDir(root, nil)
	if _, ok := durable.StampOf(t.TempDir()); !ok {
		t.Skip("this system has no stamps")
	}
	for _, id := range []string{"a", "b", "c"} {
		if err := d.Put(ctx, Record{Provider: "p", ID: id, Secret: New("canary-" + id)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		if _, _, err := d.List(ctx); err != nil {
			t.Fatal(err)
		}
	}
	older, err := os.ReadFile(d.indexPath())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(ctx, Ref{"p", "b"}); err != nil {
		t.Fatal(err)
	}
	recording, err := durabletest.Record(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := indexDir(root, recording.Calls()).List(ctx); err != nil {
		t.Fatal(err)
	}
	newer, err := os.ReadFile(d.indexPath())
	if err != nil || bytes.Equal(older, newer) {
		t.Fatal("nothing was written", err)
	}
	n, err := recording.Each(durabletest.Crashes{}, func(c durabletest.Crash) bool {
		data, err := os.ReadFile(d.indexPath())
		if (err != nil || !bytes.Equal(data, older) && !bytes.Equal(data, newer)) && isIndex(data) {
			t.Errorf("%s\n%v, %d bytes", c, err, len(data))
		}
		want, _ := fromFiles(t, root)
		got, _, err := indexDir(root, nil).List(ctx)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || len(got) != 2 {
			t.Errorf("%s\n%s %v", c, diff, err)
		}
		return !t.Failed()
	})
	if err != nil || n < 3 {
		t.Fatal(n, err)
	}
}

// TestIndexCannotBeWritten: List and Glance are as they were without one.
func TestIndexCannotBeWritten(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "cfg")
	if err := indexDir(dir, nil).Put(ctx, fullRecord()); err != nil {
		t.Fatal(err)
	}
	full := &failNth{err: fs.ErrPermission, n: 1}
	d := indexDir(dir, full.calls())
	time.Sleep(5 * time.Millisecond)
	for _, look := range []func() ([]Record, error){
		func() ([]Record, error) { records, _, err := d.List(ctx); return records, err },
		func() ([]Record, error) { return glance(d) },
	} {
		full.seen = 0
		if records, err := look(); err != nil || len(records) != 1 {
			t.Error(records, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Error(left, err)
	}
}

// TestFewRecordsHaveNoIndex, since their files are read as quickly.
func TestFewRecordsHaveNoIndex(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := OpenFileStore(filepath.Join(t.TempDir(), "cfg"), FileStoreOptions{Now: time.Now, Disk: unsynced()})
	d.margin = 0
	for i := range indexFrom {
		if _, err := os.Lstat(d.indexPath()); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%d records: %v", i, err)
		}
		if err := d.Put(ctx, Record{Provider: "p", ID: fmt.Sprint(i), Secret: New("canary")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		if _, err := glance(d); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkList and BenchmarkGlance are what a command costs that looks for a
// webhook, and a Tab, where so many are kept.
func BenchmarkList(b *testing.B) {
	benchmarkIndex(b, func(ctx context.Context, d *FileStore) (int, error) {
		records, _, err := d.List(ctx)
		return len(records), err
	})
}

func BenchmarkGlance(b *testing.B) {
	benchmarkIndex(b, func(ctx context.Context, d *FileStore) (int, error) {
		n := 0
		err := d.Glance(ctx, func(*Record) { n++ })
		return n, err
	})
}

// BenchmarkPut is a new record. The disk is not waited for.
func BenchmarkPut(b *testing.B) {
	put := 0
	benchmarkIndex(b, func(ctx context.Context, d *FileStore) (int, error) {
		put++
		ref := Ref{"zyntro", fmt.Sprint("new ", put)}
		err := errors.Join(d.Check(ctx), d.Put(ctx, Record{Provider: ref.Provider, ID: ref.ID, Secret: New("canary")}), d.Delete(ctx, ref))
		return 0, err
	})
}

func benchmarkIndex(b *testing.B, do func(context.Context, *FileStore) (int, error)) {
	ctx := context.Background()
	for _, n := range []int{1, 1_000, 10_000} {
		b.Run(fmt.Sprint("kept=", n), func(b *testing.B) {
			d := OpenFileStore(filepath.Join(b.TempDir(), "cfg"), FileStoreOptions{Now: time.Now, Disk: unsynced()})
			d.margin = 0
			for i := range n {
				r := Record{Provider: "zyntro", ID: fmt.Sprint(i), Name: fmt.Sprint("CRM ", i), URL: fmt.Sprint("https://example.com/", i), Secret: New("canary")}
				if err := d.Put(ctx, r); err != nil {
					b.Fatal(err)
				}
			}
			time.Sleep(10 * time.Millisecond)
			for range 2 {
				if _, err := glance(d); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if got, err := do(ctx, d); err != nil || got != n && got != 0 {
					b.Fatal(got, err)
				}
			}
		})
	}
}
