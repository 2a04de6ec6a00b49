package listen

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
)

// TestFullDisk fills a small file system, and wants 503 instead of a 2xx for
// what is not durable; then makes room, and wants to be back.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=700"); err != nil {
		t.Skipf("no file system can be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 128<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := OpenArchive(nil, dir, "deliveries.ndjson", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	o := testOptions()
	o.Kept = a
	r := start(t, o)
	body := event("1", strings.Repeat("x", 10_000))
	acknowledged, refused := 0, 0
	send := func() {
		switch status, text := r.post(signed(body), body); status {
		case http.StatusOK:
			acknowledged++
		case http.StatusServiceUnavailable:
			refused++
			if strings.Contains(text, dir) {
				t.Errorf("the sender is told %q", text)
			}
		default:
			t.Fatalf("answered %d", status)
		}
	}
	for range 20 {
		send()
	}
	if refused == 0 {
		t.Fatal("the disk is not full")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	before := acknowledged
	send()
	if acknowledged != before+1 {
		t.Error("refused although there is room again")
	}
	kept := records(t, a.Path())
	if len(kept) != acknowledged {
		t.Errorf("%d records, %d acknowledged", len(kept), acknowledged)
	}
	for _, k := range kept {
		if k == nil || string(k.Body) != string(body) {
			t.Error("a record is torn")
		}
	}
	d := r.end()
	if r.summary.NotSaved != refused || r.summary.Saved != acknowledged {
		t.Errorf("%+v", r.summary)
	}
	for _, one := range d {
		if one.Status == http.StatusServiceUnavailable && (one.Saved || len(one.Notes) != 1 || !strings.Contains(one.Notes[0], "no space left")) {
			t.Errorf("%+v", one)
		}
	}
}

// TestArchiveRemoved: what is acknowledged after the file was removed is in the
// one that takes its place.
func TestArchiveRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "captures")
	var said []string
	a, err := OpenArchive(nil, dir, "deliveries.ndjson", 0, func(line string) { said = append(said, line) })
	if err != nil {
		t.Fatal(err)
	}
	for i, remove := range []func() error{
		func() error { return nil },
		func() error { return os.Remove(a.Path()) },
		func() error { return os.RemoveAll(filepath.Dir(dir)) },
		func() error { // others may have put something there
			return errors.Join(os.Remove(a.Path()), os.WriteFile(a.Path(), []byte("theirs"), 0o600))
		},
		func() error { return errors.Join(os.Remove(a.Path()), os.Mkdir(a.Path(), 0o700)) },
		func() error { return os.Remove(a.Path()) },
	} {
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		_, err := a.Append([]byte("delivery"))
		if i == 4 {
			if err == nil {
				t.Error("kept in a directory")
			}
			continue
		}
		want := "delivery\n"
		if i == 3 {
			want = "theirs\ndelivery\n"
		}
		if got := content(t, a.Path()); err != nil || got != want {
			t.Errorf("%d: %v, the file holds %q", i, err, got)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Join(said, "\n"), "was removed, with all deliveries in it"); n != 4 {
		t.Errorf("said %q", said)
	}
}

// TestArchiveLock: a file is open in one process at a time.
func TestArchiveLock(t *testing.T) {
	t.Parallel()
	a := archive(t)
	_, err := OpenArchive(nil, filepath.Dir(a.Path()), "deliveries.ndjson", 0, nil)
	if err == nil || fault.KindOf(err) != fault.Other || !strings.Contains(err.Error(), "another process") {
		t.Errorf("%v", err)
	}
}

// TestArchiveSpecialFile: opening a pipe neither waits nor succeeds.
func TestArchiveSpecialFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "deliveries.ndjson"), 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := OpenArchive(nil, dir, "deliveries.ndjson", 0, nil)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a pipe is an archive")
		}
	case <-time.After(time.Minute):
		t.Error(errors.New("it waits for a reader"))
	}
}
