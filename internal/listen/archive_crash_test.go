package listen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/durable/durabletest"
)

// line is a record of a delivery, as a listener keeps it.
func line(n int) []byte {
	return fmt.Appendf(nil, recordHead+`2026-05-17T14:30:%02dZ","body":%q}`, n, strings.Repeat("x", 40*n))
}

// acknowledged marks a record that Append has reported as kept.
type acknowledged int

// recordArchive keeps three records, one after the other, and closes the archive.
// begin, if not empty, is what the file holds before.
func recordArchive(t *testing.T, begin string) (*durabletest.Recording, string) {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "new", "kept")
	if begin != "" {
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "d.ndjson"), []byte(begin), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	rec, err := durabletest.Record(root)
	if err != nil {
		t.Fatal(err)
	}
	a, err := OpenArchive(rec.Calls(), dir, "d.ndjson", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if _, err := a.Append(line(n)); err != nil {
			t.Fatal(err)
		}
		rec.Mark(acknowledged(n))
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return rec, dir
}

// afterCrash opens the archive again, and says what does not hold.
func afterCrash(dir string, x durabletest.Crash, whole string) (err error) {
	a, err := OpenArchive(durabletest.Quick(), dir, "d.ndjson", 0, nil)
	if err != nil {
		return err
	}
	_, err = a.Append(line(9))
	err = errors.Join(err, a.Close())
	text, rerr := os.ReadFile(a.Path())
	if err = errors.Join(err, rerr); err != nil {
		return err
	}
	rest, ok := bytes.CutPrefix(text, []byte(whole))
	if !ok {
		return fmt.Errorf("what was there before is gone: %q", text)
	}
	lines := bytes.Split(bytes.TrimSuffix(rest, []byte("\n")), []byte("\n"))
	for _, l := range lines {
		if !json.Valid(l) {
			return fmt.Errorf("a torn line: %q", l)
		}
	}
	for n, m := range append(x.Marks(), acknowledged(9)) {
		want := line(int(m.(acknowledged)))
		if n >= len(lines) || !bytes.Equal(lines[n], want) && n < len(x.Marks()) || !bytes.Contains(rest, want) {
			return fmt.Errorf("record %v was reported as kept, and is not: %q", m, text)
		}
	}
	return nil
}

func TestArchiveCrashes(t *testing.T) {
	t.Parallel()
	old := string(line(7)) + "\n"
	for name, test := range map[string]struct{ begin, whole string }{
		"new":                 {"", ""},
		"there already":       {old, old},
		"with a line cut off": {old + recordHead + "20", old},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, dir := recordArchive(t, test.begin)
			n, err := rec.Each(durabletest.Crashes{}, func(x durabletest.Crash) bool {
				err := afterCrash(dir, x, test.whole)
				if err != nil {
					t.Errorf("%v\n%s", err, x)
				}
				return err == nil
			})
			if err != nil || n < 10 {
				t.Errorf("%d crashes, %v", n, err)
			}
		})
	}
}

// TestArchiveSyncs: without any one of its syncs an archive loses what it has
// reported as kept.
func TestArchiveSyncs(t *testing.T) {
	t.Parallel()
	rec, dir := recordArchive(t, "")
	for _, site := range []string{"osFile).Sync < listen.(*Archive).store", "listen.openFile", "listen.openPrivate"} {
		lost := func(o durabletest.Op) bool {
			return (o.Kind == durabletest.Sync || o.Kind == durabletest.SyncDir) && strings.Contains(o.Site, site) &&
				(site != "listen.openFile" || !strings.Contains(o.Site, "openPrivate"))
		}
		found, made := false, false
		for _, o := range rec.Ops() {
			made = made || lost(o)
		}
		_, err := rec.Each(durabletest.Crashes{Backwards: true, Lost: lost}, func(x durabletest.Crash) bool {
			found = afterCrash(dir, x, "") != nil
			return !found
		})
		if err != nil || !made || !found {
			t.Errorf("without the sync of %s (made: %v) nothing is lost, %v", site, made, err)
		}
	}
}
