package custody

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// orderedSink notes when it is filled.
type orderedSink struct {
	memorySink
	order *[]string
}

func (s *orderedSink) Put(ctx context.Context, it sink.Item) error {
	*s.order = append(*s.order, s.word)
	return s.memorySink.Put(ctx, it)
}

// TestFill: those that mask the secret in a log come first, whatever fails, and
// the record forgets those alone that have it.
func TestFill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	rec := secret.Record{Provider: "toy", ID: "id-1", Name: "n", Unfilled: []string{"exec:a", "file:s/n", "file:other", "stdout"}}
	rec.Supersede(secret.New(canary), w.now)
	if err := w.store.Put(ctx, rec); err != nil {
		t.Fatal(err)
	}
	var order []string
	no := errors.New("no")
	results, err := Fill(ctx, w.store, rec, []sink.Sink{
		&orderedSink{memorySink{word: "exec:a", put: no}, &order},
		&orderedSink{memorySink{word: "file:s/{{.Name}}"}, &order},
		&orderedSink{memorySink{word: "stdout"}, &order},
	})
	if want := []string{"stdout", "exec:a", "file:s/{{.Name}}"}; err != nil || !slices.Equal(order, want) {
		t.Errorf("%v, %v", order, err)
	}
	if len(results) != 3 || results[0].Sink != "exec:a" || results[0].Err != no || results[1].Err != nil || results[2].Sink != "stdout" || results[2].Err != nil {
		t.Errorf("%+v", results)
	}
	if now, err := w.store.Get(ctx, rec.Ref()); err != nil || !slices.Equal(now.Unfilled, []string{"exec:a", "file:other"}) {
		t.Errorf("%q, %v", now.Unfilled, err)
	}
	// The note alone fails: the sink has the secret.
	rec.Unfilled = []string{"exec:a"}
	to := &memorySink{word: "exec:a"}
	if _, err := Fill(ctx, brokenStore{Store: w.store, put: no}, rec, []sink.Sink{to}); !errors.Is(err, no) || !strings.Contains(err.Error(), "the record of toy/id-1 could not be updated") || to.got != canary {
		t.Errorf("%v, %q", err, to.got)
	}
	// Nothing to note, nothing to write.
	rec.Unfilled = nil
	if _, err := Fill(ctx, brokenStore{Store: w.store, put: no}, rec, []sink.Sink{to}); err != nil {
		t.Error(err)
	}
}

// A create whose sink is filled is done, although its record does not say so.
func TestCreateWhoseNoteFails(t *testing.T) {
	w := newWorld(t)
	w.client.custody.Store = &onceStore{Store: w.store}
	if _, err := w.client.Create(context.Background(), spec, []sink.Sink{&memorySink{word: "file:x"}}); err != nil {
		t.Error(err)
	}
	if said := strings.Join(w.notices, "\n"); !strings.Contains(said, "the sinks have the secret, but the record of toy/id-1 could not be updated: disk full") {
		t.Errorf("said %q", said)
	}
}

// onceStore keeps one record, and is full then.
type onceStore struct {
	secret.Store
	kept bool
}

func (s *onceStore) Put(ctx context.Context, r secret.Record) error {
	if s.kept {
		return errors.New("disk full")
	}
	s.kept = true
	return s.Store.Put(ctx, r)
}

// TestPushTo: the command that is named is one that works as it stands.
func TestPushTo(t *testing.T) {
	t.Parallel()
	const plain = "hookctl secrets push toy/i --to file:x --to 'exec:a b'"
	for _, c := range []struct{ profile, current, want string }{
		{"", "work", plain},
		{"default", "default", plain},
		{"default", "work", plain + " --profile default"},
		{"work", "default", plain + " --profile work"},
		{"work", "work", plain + " --profile work"},
	} {
		if got := pushTo(secret.Record{Provider: "toy", ID: "i", Profile: c.profile}, []string{"file:x", "exec:a b"}, c.current); got != c.want {
			t.Errorf("%q, current %q: %s", c.profile, c.current, got)
		}
	}
	// What a hint names can be typed: no template that cannot be filled in.
	err := SinkError(secret.Record{Provider: "toy", ID: "é"}, []sink.Result{{Sink: "file:x", Err: errors.New("no")}, {Sink: "dotenv:.env:X_{{.ID}}", Err: errors.New("no")}})
	if hint := fault.HintOf(err).Command; hint != "hookctl secrets push toy/é --to file:x --to file:hook.secret" && hint != "hookctl secrets push 'toy/é' --to file:x --to file:hook.secret" {
		t.Errorf("%q", hint)
	}
}

func TestSinkNotReadySaysWhatToDo(t *testing.T) {
	w := newWorld(t)
	for hint, want := range map[string]string{"": "choose another sink with --secret-to", "mount the disk": "mount the disk"} {
		cause := fault.Errorf(fault.Other, "no such place")
		if hint != "" {
			cause = cause.WithHint("%s", hint)
		}
		_, err := w.client.Create(context.Background(), spec, []sink.Sink{&memorySink{word: "file:x", check: cause}})
		wantKind(t, err, fault.Other, "nothing was sent", "file:x", "no such place", want)
		if hint != "" && fault.HintOf(err).String() != hint {
			t.Errorf("hint %q", fault.HintOf(err).String())
		}
	}
}

// TestUnfilledRecords: without any entry in the journal, recover names the kept
// secrets that their sinks lack, until they have them or are forgotten.
func TestUnfilledRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	put := func(id, name string, change func(r *secret.Record)) {
		r := secret.Record{Provider: "toy", ID: id, Profile: "default", Name: name, URL: "u", Unfilled: []string{"file:" + id}}
		r.Supersede(secret.New(canary), w.now)
		change(&r)
		if err := w.store.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	put("wanted", "a", func(*secret.Record) {})
	put("filled", "b", func(r *secret.Record) { r.Unfilled = nil })
	put("gone", "c", func(r *secret.Record) { r.DeletedAt = w.now })
	put("busy", "d", func(*secret.Record) {})
	put("of another provider", "d", func(r *secret.Record) { r.Provider = "other" })
	put("of another URL", "d", func(r *secret.Record) { r.URL = "v" })
	entry, err := w.journal.Begin(ctx, secret.Intent{Operation: "create", Provider: "toy", Name: "d", URL: "u", StartedAt: w.now}, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = entry.Remove() }()
	r := w.recovery()
	r.Profile = "default"
	named := func() map[string]Finding {
		found, err := r.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]Finding{}
		for _, f := range found {
			all[f.ID] = f
		}
		if len(all) != len(found) {
			t.Errorf("named twice: %+v", found)
		}
		return all
	}
	found := named()
	f := found["wanted"]
	if len(found) != 3 || f.Next != "hookctl secrets push toy/wanted --to file:wanted" || !f.Forgettable || f.State != StateKept || found["of another provider"].ID == "" || found["of another URL"].ID == "" {
		t.Fatalf("%+v", found)
	}
	if err := r.Forget(ctx, f); err != nil {
		t.Fatal(err)
	}
	if found := named(); len(found) != 2 || found["wanted"].ID != "" {
		t.Errorf("after it was forgotten: %+v", found)
	}
	if rec, err := w.store.Get(ctx, secret.Ref{Provider: "toy", ID: "wanted"}); err != nil || rec.Secret.Reveal() != canary {
		t.Errorf("the secret was forgotten: %v", err)
	}
	r.Store = brokenStore{Store: w.store, put: errors.New("disk full")}
	if err := r.Forget(ctx, found["of another URL"]); err == nil || err.Error() != "disk full" {
		t.Error(err)
	}
	if err := r.Forget(ctx, Finding{Provider: "toy", ID: "no"}); !errors.Is(err, secret.ErrNotFound) {
		t.Error(err)
	}
}

// TestUnfilledThenDeleted: an operation that ended while it handed the secret on
// leaves nothing to do once its webhook is deleted.
func TestUnfilledThenDeleted(t *testing.T) {
	t.Parallel()
	for _, deleted := range []bool{false, true} {
		w := newWorld(t)
		ctx := context.Background()
		rec := secret.Record{Provider: "toy", ID: "id-1", Name: spec.Name, URL: spec.URL, Unfilled: []string{"exec:a"}}
		rec.Supersede(secret.New(canary), w.now)
		if err := w.store.Put(ctx, rec); err != nil {
			t.Fatal(err)
		}
		if deleted {
			if err := w.client.markDeleted(ctx, "id-1"); err != nil {
				t.Fatal(err)
			}
		}
		w.left(w.client.intent("create", spec, nil), answer201(madeBody, 0), "kept")
		if f := only(t, w.recover()); f.State != StateKept || f.Settled() != deleted || f.Forgettable == deleted || len(w.pending()) != 0 {
			t.Errorf("deleted %v: %+v", deleted, f)
		}
	}
}
