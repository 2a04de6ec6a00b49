package custody

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/secret"
)

// ring is a keyring in memory; while it is locked nothing works.
type ring struct {
	items  map[string]string
	locked bool
}

func (r *ring) check() error {
	if r.locked {
		return errors.New("failed to unlock")
	}
	return nil
}

func (r *ring) Set(name, value string) error {
	if err := r.check(); err != nil {
		return err
	}
	r.items[name] = value
	return nil
}

func (r *ring) Get(name string) (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	value, ok := r.items[name]
	if !ok {
		return "", secret.ErrNotFound
	}
	return value, nil
}

func (r *ring) Delete(name string) error {
	if err := r.check(); err != nil {
		return err
	}
	delete(r.items, name)
	return nil
}

// interrupted is a world in which a rotation of id-0 was killed after its
// sealed answer had arrived, in full or in part.
func interrupted(t *testing.T, answer string) (*world, *ring) {
	t.Helper()
	w, keys := withOld(t), &ring{items: map[string]string{}}
	dir := secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.clock, Keep: secret.InKeyring, Keyring: keys})
	w.store, w.journal = dir, dir.OpenJournal(filepath.Join(w.dir, "journal"))
	in := w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"})
	entry, err := w.journal.Begin(context.Background(), in, answerRoom)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(entry, answer); err != nil {
		t.Fatal(err)
	}
	if err := entry.Release(); err != nil {
		t.Fatal(err)
	}
	w.rows = append(w.rows, row("id-1", w.now))
	return w, keys
}

const createdAnswer = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 53\r\n\r\n" + `{"data":{"id":"id-1","secret":"` + canary + `"}}`

// An answer that cannot be opened now may hold the secret: neither the new
// webhook nor the old one is offered for removal.
func TestRecoverSealed(t *testing.T) {
	w, keys := interrupted(t, strings.Replace(createdAnswer, "53", fmt.Sprint(len(`{"data":{"id":"id-1","secret":"`+canary+`"}}`)), 1))
	keys.locked = true
	got := w.recover()
	if len(got) != 1 || got[0].State != StateUnreadable || !strings.Contains(got[0].Detail, "failed to unlock") || strings.Contains(got[0].Next, "--delete") {
		t.Fatalf("%+v", got)
	}
	if len(w.pending()) != 1 {
		t.Fatal("the entry is gone")
	}
	keys.locked = false
	w.store = secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.clock, Keep: secret.InKeyring, Keyring: keys})
	got = w.recover()
	if len(got) != 2 || got[0].State != StateKept || got[0].ID != "id-1" || got[1].ID != "id-0" || !strings.Contains(got[1].Next, "--delete toy/id-0") {
		t.Fatalf("%+v", got)
	}
	rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"})
	if err != nil || rec.Secret.Reveal() != canary || rec.Store != secret.InKeyring {
		t.Errorf("%+v %v", rec, err)
	}
}

func TestRecoverSealedKeyLost(t *testing.T) {
	w, keys := interrupted(t, createdAnswer)
	clear(keys.items)
	got := w.recover()
	if len(got) != 1 || got[0].State != StateUnreadable || !strings.Contains(got[0].Next, "keyring is lost: remove ") {
		t.Fatalf("%+v", got)
	}
}

// A part of an answer is where it can be read: not in the file itself.
func TestRecoverSealedPart(t *testing.T) {
	w, _ := interrupted(t, createdAnswer[:len(createdAnswer)-20])
	got := w.recover()
	if len(got) == 0 || !strings.Contains(got[0].Detail, "hookctl recover --answer ") {
		t.Fatalf("%+v", got)
	}
}
