package custody

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
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
	wantKind(t, err, fault.Custody, "id-1", "another secret than the one written", w.pending()[0].Path, "hookctl recover")
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
	journal := secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.clock, Disk: calls}).OpenJournal(filepath.Join(w.dir, "journal"))
	w.client.custody.Journal = journal
}

// TestRecoverSettlesByThePhase: where nothing of the answer is there, the phase
// says that the secret is kept, and so what is left of the replacement to do.
func TestRecoverSettlesByThePhase(t *testing.T) {
	w := withOld(t)
	w.deafJournal()
	broken := &memorySink{word: "file:x", put: errors.New("no space")}
	_, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, []sink.Sink{broken}, false)
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
			w.rows = []provider.Webhook{row("id-9", w.now.Add(-tc.before))}
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

// strictStore does nothing for who has been interrupted.
type strictStore struct{ secret.Store }

func (s strictStore) Put(ctx context.Context, r secret.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Store.Put(ctx, r)
}

func (s strictStore) Get(ctx context.Context, ref secret.Ref) (secret.Record, error) {
	if err := ctx.Err(); err != nil {
		return secret.Record{}, err
	}
	return s.Store.Get(ctx, ref)
}

// interrupting is a provider whose user interrupts while it answers.
type interrupting struct {
	provider.Provider
	interrupt func()
	rows      []provider.Webhook
}

func (p interrupting) Update(_ context.Context, id string, _ provider.Change) (provider.Webhook, error) {
	p.interrupt()
	return provider.Webhook{ID: id}, nil
}

func (p interrupting) Delete(context.Context, string) error {
	p.interrupt()
	return nil
}

func (p interrupting) List(context.Context) ([]provider.Webhook, error) {
	p.interrupt()
	return p.rows, nil
}

// TestInterruptAfterTheAnswerReachesNoRecord: what the provider has done is
// written down, whatever the user does meanwhile.
func TestInterruptAfterTheAnswerReachesNoRecord(t *testing.T) {
	kind, data := "bearer", secret.New(`{"token":"t"}`)
	marked := func(r secret.Record) bool { return r.Auth != nil && r.Auth.Fits(kind, data) }
	deleted := func(r secret.Record) bool { return !r.DeletedAt.IsZero() }
	for name, c := range map[string]struct {
		do   func(ctx context.Context, c *Client) error
		done func(r secret.Record) bool
	}{
		"update": {func(ctx context.Context, c *Client) error {
			_, err := c.Update(ctx, provider.Webhook{ID: "id-1"}, provider.Change{AuthType: &kind, AuthData: data})
			return err
		}, marked},
		"delete": {func(ctx context.Context, c *Client) error { return c.Delete(ctx, "id-1") }, deleted},
		"gone": {func(ctx context.Context, c *Client) error {
			_, err := c.MarkGone(ctx, "id-1")
			return err
		}, deleted},
	} {
		w := newWorld(t)
		if _, err := w.client.Create(context.Background(), spec, nil); err != nil {
			t.Fatal(err)
		}
		ctx, interrupt := context.WithCancel(context.Background())
		w.client.custody.Store = strictStore{w.store}
		w.client.raw = interrupting{Provider: w.client.raw, interrupt: interrupt}
		if err := c.do(ctx, w.client); err != nil || ctx.Err() == nil {
			t.Errorf("%s: %v", name, err)
		}
		if r, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"}); err != nil || !c.done(r) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	// And the secret of a create, and the mark beside it.
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	w.client.custody.Store = strictStore{w.store}
	answer := w.answer
	w.answer = func(rw http.ResponseWriter) {
		answer(rw)
		interrupt()
	}
	with := spec
	with.AuthType, with.AuthData = kind, data
	if made, err := w.client.Create(ctx, with, nil); err != nil || made.Record.Secret.Reveal() != canary || !marked(made.Record) {
		t.Errorf("create: %+v, %v", made.Record.Auth, err)
	}
}

// TestInterruptWhileTheJournalIsMade: nothing was sent, so nothing is left.
func TestInterruptWhileTheJournalIsMade(t *testing.T) {
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	calls := durable.System()
	sync := calls.SyncDir
	calls.SyncDir = func(dir string) error {
		if filepath.Base(dir) == "journal" {
			interrupt() // the entry is there now
		}
		return sync(dir)
	}
	w.client.custody.Journal = secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.clock, Disk: calls}).OpenJournal(filepath.Join(w.dir, "journal"))
	_, err := w.client.Create(ctx, spec, nil)
	wantKind(t, err, fault.Interrupted, "before anything was sent")
	if ctx.Err() == nil || w.posts != 0 || len(w.pending()) != 0 {
		t.Errorf("%d requests, %d entries", w.posts, len(w.pending()))
	}
}

// hookSink does something when it is given the secret.
type hookSink struct {
	memorySink
	put func()
}

func (s *hookSink) Put(ctx context.Context, it sink.Item) error {
	s.put()
	return s.memorySink.Put(ctx, it)
}

// TestBeforeTheSinks: when a sink gets the secret, it is masked and kept, and
// nobody waits for the webhook's turn any more: the sink may use hookctl itself.
func TestBeforeTheSinks(t *testing.T) {
	for name, do := range map[string]func(w *world, to sink.Sink) error{
		"create": func(w *world, to sink.Sink) error {
			_, err := w.client.CreateUnless(context.Background(), spec, []sink.Sink{to}, func() (bool, error) { return false, nil })
			return err
		},
		"replace": func(w *world, to sink.Sink) error {
			_, err := w.client.Replace(context.Background(), OpRotate, row("id-0", w.now), spec, []sink.Sink{to}, true)
			return err
		},
	} {
		w := withOld(t)
		masked := ""
		w.client.custody.Mask = func(s secret.Value) { masked = s.Reveal() }
		filled := false
		to := &hookSink{memorySink{word: "exec:x"}, func() {
			filled = true
			if masked != canary {
				t.Errorf("%s: the secret is not masked", name)
			}
			if r, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-1"}); err != nil || r.Secret.Reveal() != canary {
				t.Errorf("%s: the secret is not kept: %v", name, err)
			}
			if p := w.pending(); len(p) != 1 || p[0].Intent.Overlap != (name == "replace") {
				t.Errorf("%s: entries %+v", name, p)
			}
			release, _, err := w.client.lock(context.Background(), time.Nanosecond, placeKey(spec.Name, spec.URL), idKey("id-0"))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			release()
		}}
		if err := do(w, to); err != nil || !filled {
			t.Errorf("%s: filled %v: %v", name, filled, err)
		}
	}
}

// TestNotesThatFail: what is only a note stops nothing, and is said.
func TestNotesThatFail(t *testing.T) {
	ctx := context.Background()
	for call, word := range map[string]string{
		"Remove": "the secret is kept, but the journal entry ",
		"phase":  "could not be updated: ",
	} {
		w := newWorld(t)
		w.client.custody.Journal = w.stuckJournal(call)
		if made, err := w.client.Create(ctx, spec, nil); err != nil || made.Record.Secret.Reveal() != canary || !strings.Contains(strings.Join(w.notices, "\n"), word) {
			t.Errorf("%s: %v, said %q", call, err, w.notices)
		}
	}
	w := newWorld(t)
	w.client.custody.Journal = w.stuckJournal("Remove")
	w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(400) }
	_, err := w.client.Create(ctx, spec, nil)
	if wantKind(t, err, fault.Refused, "nothing was created"); !strings.Contains(strings.Join(w.notices, "\n"), "could not be removed: ") {
		t.Errorf("said %q", w.notices)
	}
}

// forgetfulStore cannot read back what it was given.
type forgetfulStore struct{ secret.Store }

func (forgetfulStore) Get(context.Context, secret.Ref) (secret.Record, error) {
	return secret.Record{}, errors.New("input/output error")
}

// What cannot be read back is not kept, and the cause is said, not its symptom.
func TestAStoreThatCannotReadBack(t *testing.T) {
	w := newWorld(t)
	w.client.custody.Store = forgetfulStore{w.store}
	w.client.custody.Journal = w.stuckJournal("Close")
	_, err := w.client.Create(context.Background(), spec, nil)
	wantKind(t, err, fault.Custody, "input/output error", "hookctl recover")
	if said := strings.Join(w.notices, "\n"); strings.Contains(err.Error(), "another secret") || !strings.Contains(said, "could not be released: ") {
		t.Errorf("%v, said %q", err, said)
	}
}

// TestLastResortWhereTheAnswerIsNotDurable: the journal has the secret, but the
// next power cut may take it.
func TestLastResortWhereTheAnswerIsNotDurable(t *testing.T) {
	w := newWorld(t)
	w.client.custody.Journal = w.stuckJournal("Sync")
	w.client.custody.Store = brokenStore{Store: w.store, put: errors.New("disk full")}
	shown := ""
	w.client.custody.LastResort = func(_ secret.Ref, s secret.Value) bool {
		shown = s.Reveal()
		return true
	}
	_, err := w.client.Create(context.Background(), spec, nil)
	if wantKind(t, err, fault.Custody, "disk full", "shown above"); shown != canary {
		t.Errorf("shown %q", shown)
	}
}

// TestDeleteStops: before its turn nothing is sent, and what the provider does
// not remove is not marked.
func TestDeleteStops(t *testing.T) {
	w := withOld(t)
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	release, _, err := w.client.lock(context.Background(), lockTimeout, idKey("id-0"))
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, w.client.Delete(ctx, "id-0"), fault.Interrupted, "before anything was sent")
	_, err = w.client.Replace(ctx, OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false)
	wantKind(t, err, fault.Interrupted, "before anything was sent")
	release()
	w.failDelete = true
	wantKind(t, w.client.Delete(context.Background(), "id-0"), fault.Unavailable)
	rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-0"})
	if err != nil || !rec.DeletedAt.IsZero() || len(w.rows) != 1 || w.posts != 0 {
		t.Errorf("%+v, %v, %d rows, %d requests", rec, err, len(w.rows), w.posts)
	}
	// And where it is, nobody waits for its turn.
	w.failDelete = false
	for range 2 {
		if err := w.client.Delete(context.Background(), "id-0"); err != nil {
			t.Fatal(err)
		}
	}
}

// lostStore has lost the secrets of its records.
type lostStore struct{ secret.Store }

func (lostStore) Get(context.Context, secret.Ref) (secret.Record, error) {
	return secret.Record{}, fmt.Errorf("the keyring: %w", secret.ErrLost)
}

// A record whose secret is lost stands in nobody's way.
func TestDeleteWhereTheSecretIsLost(t *testing.T) {
	w := withOld(t)
	w.client.custody.Store = lostStore{w.store}
	err := w.client.Delete(context.Background(), "id-0")
	if said := strings.Join(w.notices, "\n"); err != nil || len(w.rows) != 0 || !strings.Contains(said, "toy/id-0 is not marked as deleted: the keyring") {
		t.Errorf("%v, said %q", err, said)
	}
}

// A replacement whose old webhook is gone, and whose record does not say so, is
// not over; one that leaves the old webhook says all the same what failed.
func TestReplaceSaysWhatFailed(t *testing.T) {
	w := withOld(t)
	good := w.store
	w.deleted = func(string) { w.client.custody.Store = brokenStore{Store: good, put: errors.New("disk full")} }
	made, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false)
	if wantKind(t, err, fault.Other, "id-0 was removed at the provider", "disk full"); !made.OldGone || len(w.pending()) != 1 || len(w.pending()[0].Phases) != 2 {
		t.Errorf("gone %v, entries %+v", made.OldGone, w.pending())
	}
	w = withOld(t)
	_, err = w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, []sink.Sink{&memorySink{word: "file:x", put: errors.New("no space")}}, true)
	if wantKind(t, err, fault.Custody, "no space"); len(w.rows) != 1 || len(w.pending()) != 0 {
		t.Errorf("%d rows, %d entries", len(w.rows), len(w.pending()))
	}
}

// A base URL that is none is refused before anything is opened.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	if c, err := Open(toyDriver(), provider.Access{BaseURL: "not a URL"}, Env{}); err == nil || c != nil {
		t.Errorf("%v, %v", c, err)
	}
}
