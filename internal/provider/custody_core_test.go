package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// askingSink asks its context, at the moment at which it is given the secret.
type askingSink struct {
	memorySink
	ctxErr error
}

func (s *askingSink) Put(ctx context.Context, it sink.Item) error {
	s.ctxErr = ctx.Err()
	return s.memorySink.Put(ctx, it)
}

// TestInterruptAfterTheAnswerReachesNoSink: a sink that runs a program would be
// killed half way.
func TestInterruptAfterTheAnswerReachesNoSink(t *testing.T) {
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	answer := w.answer
	w.answer = func(rw http.ResponseWriter) {
		answer(rw)
		interrupt()
	}
	to := &askingSink{memorySink: memorySink{word: "exec:x"}}
	if _, err := w.client.Create(ctx, spec, []sink.Sink{to}); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil || to.ctxErr != nil || to.got != canary {
		t.Errorf("the sink was told that %v", to.ctxErr)
	}
}

// otherStore gives back another secret than it was given.
type otherStore struct{ secret.Store }

func (s otherStore) Get(ctx context.Context, ref secret.Ref) (secret.Record, error) {
	rec, err := s.Store.Get(ctx, ref)
	if err == nil {
		rec.Secret = secret.New("what the disk made of it")
	}
	return rec, err
}

func TestAStoreThatGivesBackAnotherSecret(t *testing.T) {
	w := newWorld(t)
	good := w.store
	w.store = otherStore{good}
	w.open()
	to := &memorySink{word: "file:x"}
	got, err := w.client.Create(context.Background(), spec, []sink.Sink{to})
	wantKind(t, err, fault.Custody, "id-1", "another secret than it was given", w.pending()[0].Path, "hookctl recover")
	if fault.Code(err) != "secret-not-stored" || got.Webhook.ID != "id-1" || to.got != "" {
		t.Errorf("code %q, webhook %q, sink %q", fault.Code(err), got.Webhook.ID, to.got)
	}
	// Recover does not believe it either.
	if found := w.recover(); len(found) == 0 || found[0].State != StateUnreadable || len(w.pending()) != 1 {
		t.Errorf("found %+v", found)
	}
	w.store = good
	if found := w.recover(); len(found) != 1 || found[0].State != StateKept || len(w.pending()) != 0 {
		t.Errorf("with a good store found %+v", found)
	}
}

// plainStore keeps what it is given, and nothing of what it held.
type plainStore map[secret.Ref]secret.Record

func (plainStore) Name() string                { return "plain" }
func (plainStore) Check(context.Context) error { return nil }
func (s plainStore) Put(_ context.Context, r secret.Record) error {
	s[r.Ref()] = r
	return nil
}
func (s plainStore) Get(_ context.Context, ref secret.Ref) (secret.Record, error) {
	r, ok := s[ref]
	if !ok {
		return r, secret.ErrNotFound
	}
	return r, nil
}
func (s plainStore) Delete(_ context.Context, ref secret.Ref) error {
	delete(s, ref)
	return nil
}
func (s plainStore) List(context.Context) ([]secret.Record, []secret.Problem, error) {
	var all []secret.Record
	for _, r := range s {
		all = append(all, r)
	}
	return all, nil, nil
}

// TestAnIDThatIsGivenOutAgain: its older secrets are not dropped, whatever the
// store does.
func TestAnIDThatIsGivenOutAgain(t *testing.T) {
	for name, store := range map[string]func(w *world) secret.Store{
		"plain": func(*world) secret.Store { return plainStore{} },
		"file":  func(w *world) secret.Store { return w.store },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.store = store(w)
			w.open()
			var kept []time.Time
			for i := range 3 {
				w.answer = func(rw http.ResponseWriter) {
					rw.WriteHeader(201)
					fmt.Fprintf(rw, `{"data":{"id":"id-1","secret":"secret-%d"}}`, i)
				}
				if _, err := w.client.Create(context.Background(), spec, nil); err != nil {
					t.Fatal(err)
				}
				kept = append(kept, w.now)
				w.now = w.now.Add(time.Hour)
			}
			rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"})
			if err != nil || rec.Secret.Reveal() != "secret-2" || !rec.CreatedAt.Equal(kept[2]) || len(rec.Older) != 2 {
				t.Fatalf("record %+v, %v", rec, err)
			}
			for i, old := range rec.Older {
				if n := 1 - i; old.Secret.Reveal() != fmt.Sprintf("secret-%d", n) || !old.KeptAt.Equal(kept[n]) {
					t.Errorf("older secret %d: kept at %s", i, old.KeptAt)
				}
			}
		})
	}
}

// deafJournal is a journal in which no byte of an answer arrives. Phases do.
func (w *world) deafJournal() {
	calls := durable.System()
	writeAt := calls.WriteAt
	calls.WriteAt = func(f *os.File, p []byte, off int64) (int, error) {
		if len(p) > 0 && p[0] != '{' {
			return 0, &os.PathError{Op: "write", Path: f.Name(), Err: errors.New("injected")}
		}
		return writeAt(f, p, off)
	}
	journal := secret.OpenDir(w.dir, secret.DirOptions{Now: w.clock, Disk: calls}).OpenJournal(filepath.Join(w.dir, "journal"))
	w.client.custody.Journal = journal
}

// TestRecoverSettlesByThePhase: where nothing of the answer is there, the phase
// says that the secret is kept, and so what is left of the replacement to do.
func TestRecoverSettlesByThePhase(t *testing.T) {
	w := withOld(t)
	w.deafJournal()
	broken := &memorySink{word: "file:x", put: errors.New("no space")}
	_, err := w.client.Replace(context.Background(), OpRotate, Webhook{ID: "id-0"}, spec, []sink.Sink{broken}, false)
	wantKind(t, err, fault.Custody, "no space")
	w.rows = append(w.rows, row("id-1", w.now))
	p := w.pending()
	if len(p) != 1 || len(p[0].Answer) != 0 || len(p[0].Phases) != 1 || p[0].Phases[0].Name != "kept" || p[0].Phases[0].ID != "id-1" {
		t.Fatalf("entries %+v", p)
	}
	found := w.recover()
	if len(found) != 2 || found[0].State != StateKept || found[0].ID != "id-1" || !found[0].Forgettable ||
		found[1].ID != "id-0" || !found[1].Deletable {
		t.Errorf("found %+v", found)
	}
	if len(w.pending()) != 1 {
		t.Error("the entry is gone, and the old webhook is still there")
	}
}

// TestClocksApart: what a provider dates without a zone, or by a clock that is
// wrong, is still found; what is older is not taken for it.
func TestClocksApart(t *testing.T) {
	for _, tc := range []struct {
		before time.Duration
		want   State
	}{
		{-25 * time.Hour, StateOrphan},
		{0, StateOrphan},
		{25 * time.Hour, StateOrphan},
		{26 * time.Hour, StateOrphan},
		{26*time.Hour + time.Minute, StateNotCreated},
	} {
		t.Run(tc.before.String(), func(t *testing.T) {
			w := newWorld(t)
			w.answer = func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
			w.list = func(rw http.ResponseWriter) { rw.WriteHeader(503) } // the create itself learns nothing
			_, err := w.client.Create(context.Background(), spec, nil)
			wantKind(t, err, fault.Custody)
			w.list = nil
			w.rows = []Webhook{row("id-9", w.now.Add(-tc.before))}
			w.now = w.now.Add(time.Minute)
			if found := w.recover(); len(found) != 1 || found[0].State != tc.want {
				t.Errorf("found %+v", found)
			}
		})
	}
}

// TestCreateMarksItsAuthData: what the provider never shows is compared by its
// mark.
func TestCreateMarksItsAuthData(t *testing.T) {
	w := newWorld(t)
	with := spec
	with.AuthType, with.AuthData = "basic", secret.New(`{"username":"u","password":"p"}`)
	got, err := w.client.Create(context.Background(), with, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"})
	if err != nil || rec.Auth == nil || got.Record.Auth == nil {
		t.Errorf("no mark: %+v, %v", rec.Auth, err)
	}
}
