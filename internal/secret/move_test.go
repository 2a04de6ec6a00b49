package secret

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/durable"
)

func TestMove(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	dir := filepath.Join(t.TempDir(), "cfg")
	d := ringDir(t, dir, InFile, ring)
	r := fullRecord()
	c := Credential{Provider: "zyntro", Profile: "default", Origin: "https://api.example", SavedAt: at, Fields: map[string]Value{"api_key": New(canary + "-key"), "none": {}}}
	if err := errors.Join(d.Put(ctx, r), d.PutCredential(ctx, c)); err != nil {
		t.Fatal(err)
	}
	move := func(to string, want bool) {
		t.Helper()
		moved, err := d.Move(ctx, r.Ref(), to)
		movedToo, errToo := d.MoveCredential(ctx, c.Provider, c.Profile, c.Origin, to)
		if moved != want || movedToo != want || err != nil || errToo != nil {
			t.Errorf("to %s: %v %v, %v %v", to, moved, err, movedToo, errToo)
		}
		got, err := d.Get(ctx, r.Ref())
		wantRecord := kept(d, r)
		if wantRecord.Store = to; to == InKeyring {
			wantRecord.Keyring = d.namespace
		}
		if diff := cmp.Diff(wantRecord, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		cred, err := d.GetCredential(ctx, c.Provider, c.Profile, c.Origin)
		if err != nil || !sameFields(cred.Fields, c.Fields) || !cred.SavedAt.Equal(at) {
			t.Error(cred, err)
		}
	}
	for range 2 {
		move(InFile, false)
		if len(ring.items) > 0 {
			t.Errorf("left in the keyring: %v", ring.items)
		}
		move(InKeyring, true)
		move(InKeyring, false)
		if found := onDisk(t, dir, canary); found != nil {
			t.Errorf("left in %s", found)
		}
		if len(ring.items) != 3 {
			t.Errorf("items %v", ring.items)
		}
		move(InFile, true)
	}
	if _, err := d.Move(ctx, Ref{"p", "none"}, InFile); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := d.MoveCredential(ctx, "p", "", "", InFile); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// What the keyring has lost is not moved as something else.
func TestMoveLost(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	d := ringDir(t, filepath.Join(t.TempDir(), "cfg"), InKeyring, ring)
	r := fullRecord()
	if err := d.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	listed, err := d.look(r.Ref())
	if err != nil {
		t.Fatal(err)
	}
	present := recordItemName(listed, listed.Fingerprint)
	value := ring.items[present]
	delete(ring.items, present)
	if moved, err := d.Move(ctx, r.Ref(), InFile); moved || !errors.Is(err, ErrLost) {
		t.Error(moved, err)
	}
	ring.items[present] = value
	delete(ring.items, recordItemName(listed, listed.Older[0].Fingerprint))
	if moved, err := d.Move(ctx, r.Ref(), InFile); !moved || err != nil {
		t.Error(moved, err)
	}
	if got, err := d.Get(ctx, r.Ref()); err != nil || !got.Secret.Equal(r.Secret) || len(got.Older) > 0 {
		t.Errorf("%+v %v", got, err)
	}
}

// A change that another process makes while the keyring takes its time wins.
func TestMoveMeetsAnother(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	dir := filepath.Join(t.TempDir(), "cfg")
	d, other := ringDir(t, dir, InFile, ring), ringDir(t, dir, InFile, nil)
	other.patience = 10 * time.Millisecond // it is not its turn, but its secret must be kept
	r := fullRecord()
	if err := d.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	ring.set = func(name, value string) error {
		ring.set, ring.items[name] = nil, value
		r.Supersede(New("newest"), at)
		return other.Put(ctx, r)
	}
	if moved, err := d.Move(ctx, r.Ref(), InKeyring); moved || err == nil || !strings.Contains(err.Error(), "another process") {
		t.Error(moved, err)
	}
	if got, err := d.Get(ctx, r.Ref()); err != nil || got.Secret.Reveal() != "newest" {
		t.Error(got, err)
	}
	if moved, err := d.Move(ctx, r.Ref(), InKeyring); !moved || err != nil || !slices.Contains(ring.values(), "newest") {
		t.Error(moved, err)
	}
}

// It wins over a move of a credential too, which keeps no older ones.
func TestMoveOfCredentialMeetsAnother(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ring := newFakeRing()
	dir := filepath.Join(t.TempDir(), "cfg")
	d, other := ringDir(t, dir, InFile, ring), ringDir(t, dir, InFile, nil)
	c := Credential{Provider: "zyntro", Profile: "default", Origin: "https://api.example", Fields: map[string]Value{"api_key": New("first")}, SavedAt: at}
	if err := d.PutCredential(ctx, c); err != nil {
		t.Fatal(err)
	}
	ring.set = func(name, value string) error {
		ring.set, ring.items[name] = nil, value
		c.Fields = map[string]Value{"api_key": New("newest")}
		return other.PutCredential(ctx, c)
	}
	if moved, err := d.MoveCredential(ctx, c.Provider, c.Profile, c.Origin, InKeyring); moved || err == nil || !strings.Contains(err.Error(), "another process") {
		t.Error(moved, err)
	}
	if got, err := d.GetCredential(ctx, c.Provider, c.Profile, c.Origin); err != nil || got.Fields["api_key"].Reveal() != "newest" {
		t.Error(got, err)
	}
	if moved, err := d.MoveCredential(ctx, c.Provider, c.Profile, c.Origin, InKeyring); !moved || err != nil || !slices.Contains(ring.values(), "newest") {
		t.Error(moved, err)
	}
}

// Whichever operation fails, of the disk or the keyring, every secret is there
// afterwards, and moving again finishes it.
func TestMoveFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, to := range []string{InKeyring, InFile} {
		for n := 1; ; n++ {
			ring := newFakeRing()
			dir := filepath.Join(t.TempDir(), "cfg")
			from := InKeyring
			if to == InKeyring {
				from = InFile
			}
			d := ringDir(t, dir, from, ring)
			r := fullRecord()
			if err := d.Put(ctx, r); err != nil {
				t.Fatal(err)
			}
			f := &failNth{n: n, err: errors.New("injected")}
			d.sys = f.calls()
			d.keyring.ring = failingRing{ring, f}
			_, err := d.Move(ctx, r.Ref(), to)
			if f.failed == "" {
				if err != nil || n < 10 {
					t.Fatal(n, err)
				}
				break
			}
			d.sys, d.keyring.ring = durable.System(), ring
			if got, gerr := d.Get(ctx, r.Ref()); gerr != nil || !got.Secret.Equal(r.Secret) || !got.Older[0].Secret.Equal(r.Older[0].Secret) {
				t.Errorf("to %s, %s failed (%v): %v", to, f.failed, err, gerr)
			}
			if _, err := d.Move(ctx, r.Ref(), to); err != nil {
				t.Errorf("to %s, again after %s: %v", to, f.failed, err)
			}
			settled(t, d, dir, ring.items, r, to)
		}
	}
}

// failingRing counts its calls among those of the disk.
type failingRing struct {
	*fakeRing
	f *failNth
}

func (r failingRing) Set(name, value string) error {
	return errors.Join(r.f.next("keyring set"), r.fakeRing.Set(name, value))
}

func (r failingRing) Get(name string) (string, error) {
	if err := r.f.next("keyring get"); err != nil {
		return "", err
	}
	return r.fakeRing.Get(name)
}

func (r failingRing) Delete(name string) error {
	if err := r.f.next("keyring delete"); err != nil {
		return err
	}
	return r.fakeRing.Delete(name)
}

// settled checks that r lies in place, whole, and nowhere else.
func settled(t *testing.T, d *FileStore, dir string, items map[string]string, r Record, place string) {
	t.Helper()
	got, err := d.Get(context.Background(), r.Ref())
	if err != nil || got.Store != place || !got.Secret.Equal(r.Secret) || !got.Older[0].Secret.Equal(r.Older[0].Secret) {
		t.Errorf("in the %s: %+v %v", place, got, err)
	}
	if found := onDisk(t, dir, canary); place == InKeyring && found != nil {
		t.Errorf("left in %s", found)
	}
	if place == InFile && len(items) > 0 {
		t.Errorf("left in the keyring: %v", items)
	}
}
