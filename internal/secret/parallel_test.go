package secret

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestManyAtOnce: creates, readers and deletes that know nothing of each other,
// from an empty directory on. Everything is kept, and nobody sees half of it.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "cfg")
	open := func() (*FileStore, *Journal) {
		return OpenFileStore(dir, FileStoreOptions{}), OpenFileStore("", FileStoreOptions{}).OpenJournal(filepath.Join(dir, "journal"))
	}
	n := 20
	if os.Getenv("HOOKCTL_TEST_FULL") == "1" {
		n = 60
	}
	stop := make(chan struct{})
	var creators, readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			d, j := open()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, problems, err := d.List(ctx); len(problems) > 0 || err != nil {
					t.Error(problems, err)
				}
				all, problems, err := j.List(ctx)
				if len(problems) > 0 || err != nil {
					t.Error(problems, err)
				}
				for _, p := range all {
					if !p.Live {
						t.Errorf("entry %s was taken for dead", p.Intent.ID)
					}
				}
			}
		})
	}
	for i := range n {
		creators.Go(func() {
			d, j := open()
			r := Record{Provider: "p", ID: fmt.Sprint(i), Secret: New(fmt.Sprint("secret of ", i))}
			gone := Record{Provider: "p", ID: fmt.Sprint("gone ", i), Secret: New("x")}
			if err := d.Check(ctx); err != nil {
				t.Error(err)
			}
			e, err := j.Begin(ctx, Intent{Operation: "create"}, 1000)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(e.Phase(Phase{Name: "sent"}), d.Put(ctx, r), d.Put(ctx, gone), d.Delete(ctx, gone.Ref()), e.Remove()); err != nil {
				t.Error(err)
			}
		})
	}
	creators.Wait()
	close(stop)
	readers.Wait()
	d, j := open()
	records, problems, err := d.List(ctx)
	if len(records) != n || len(problems) > 0 || err != nil {
		t.Error(len(records), problems, err)
	}
	for i := range n {
		r, err := d.Get(ctx, Ref{"p", fmt.Sprint(i)})
		if err != nil || r.Secret.Reveal() != fmt.Sprint("secret of ", i) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if all, problems, err := j.List(ctx); len(all)+len(problems) > 0 || err != nil {
		t.Error(all, problems, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if len(left) != n || err != nil {
		t.Errorf("%d files: %q, %v", len(left), left, err)
	}
}
