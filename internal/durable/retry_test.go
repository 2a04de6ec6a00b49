package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
)

// TestOthersHaveItOpen: another program reads the file again and again, as a
// virus scanner does, and each rename over the file, each opening and the removal succeed.
func TestOthersHaveItOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	sys := durable.System()
	write := func(name string, text string) {
		f, err := sys.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = sys.Write(f, []byte(text))
		if err := errors.Join(err, sys.Close(f)); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "0")
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			f, err := os.Open(path)
			if err != nil {
				continue // between two names
			}
			_, _ = f.Read(make([]byte, 1))
			_ = f.Close()
		}
	})
	for i := range 20 {
		text := string(rune('0' + i%10))
		write(path+".new", text)
		if err := sys.Rename(path+".new", path); err != nil {
			t.Fatalf("rename %d: %v", i, err)
		}
		f, err := durable.OpenFile(path, os.O_RDONLY, 0)
		if err != nil {
			t.Fatalf("open %d: %v", i, err)
		}
		got := make([]byte, 1)
		_, err = f.Read(got)
		if err := errors.Join(err, f.Close()); err != nil || string(got) != text {
			t.Fatalf("round %d: read %q, %v", i, got, err)
		}
	}
	if err := sys.Remove(path); err != nil {
		t.Errorf("remove: %v", err)
	}
	close(stop)
	readers.Wait()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if err := sys.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("remove of nothing: %v", err)
	}
}
