package custody

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// withOld is a world in which the webhook id-0 is kept and looks like spec.
func withOld(t *testing.T) *world {
	w := newWorld(t)
	rec := secret.Record{Provider: "toy", ID: "id-0", Profile: "default"}
	rec.Supersede(secret.New("old secret"), w.now)
	if err := w.store.Put(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	w.rows = []provider.Webhook{row("id-0", w.now)}
	w.deleted = func(id string) {
		var left []provider.Webhook
		for _, r := range w.rows {
			if r.ID != id {
				left = append(left, r)
			}
		}
		w.rows = left
	}
	return w
}

func TestReplaceRemovesTheOldOneLast(t *testing.T) {
	w := withOld(t)
	got, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false)
	if err != nil || len(w.notices) > 0 {
		t.Fatal(err, w.notices)
	}
	if got.Record.ID != "id-1" || got.Record.Replaces == nil || got.Record.Replaces.ID != "id-0" {
		t.Errorf("record %+v", got.Record)
	}
	old, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-0"})
	if err != nil || old.DeletedAt.IsZero() || old.Secret.Reveal() != "old secret" {
		t.Errorf("the old record %+v: %v", old, err)
	}
	if len(w.rows) != 0 || len(w.pending()) != 0 {
		t.Errorf("%d rows, %d entries left", len(w.rows), len(w.pending()))
	}
}

func TestReplaceWithOverlapKeepsBoth(t *testing.T) {
	w := withOld(t)
	if _, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, true); err != nil {
		t.Fatal(err)
	}
	if len(w.rows) != 1 || len(w.pending()) != 0 {
		t.Errorf("%d rows, %d entries left", len(w.rows), len(w.pending()))
	}
}

func TestReplaceOfALostSecretDoesNotTakeTheOldOneForTheNew(t *testing.T) {
	w := withOld(t)
	if err := w.store.Delete(context.Background(), secret.Ref{Provider: "toy", ID: "id-0"}); err != nil {
		t.Fatal(err)
	}
	w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(503) }
	_, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false)
	wantKind(t, err, fault.Unavailable)
	if len(w.rows) != 1 {
		t.Error("the old webhook was removed although there is no new one")
	}
}

func TestReplaceStopsBeforeTheRemoval(t *testing.T) {
	tests := map[string]struct {
		prepare func(*world)
		sinks   []sink.Sink
		kind    fault.Kind
	}{
		"a sink fails":       {sinks: []sink.Sink{&memorySink{word: "file:x", put: errors.New("no space")}}, kind: fault.Custody},
		"the removal fails":  {prepare: func(w *world) { w.failDelete = true }, kind: fault.Unavailable},
		"killed in between?": {prepare: func(w *world) { w.failDelete = true }, sinks: []sink.Sink{&memorySink{word: "file:x"}}, kind: fault.Unavailable},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := withOld(t)
			if tc.prepare != nil {
				tc.prepare(w)
			}
			_, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, tc.sinks, false)
			wantKind(t, err, tc.kind, "toy/id-0", "recover --delete toy/id-0")
			if len(w.rows) != 1 || len(w.pending()) != 1 {
				t.Fatalf("%d rows, %d entries", len(w.rows), len(w.pending()))
			}
			for range 2 { // it is found until the old one is gone
				var named bool
				for _, f := range w.recover() {
					named = named || f.ID == "id-0" && f.Next == "hookctl recover --delete toy/id-0" && f.Operation == OpRotate
				}
				if !named {
					t.Error("recover does not name the old webhook")
				}
			}
			w.failDelete = false
			if err := w.client.Delete(context.Background(), "id-0"); err != nil {
				t.Fatal(err)
			}
			w.recover()
			if left := w.pending(); len(left) != 0 {
				t.Errorf("%d entries after the removal", len(left))
			}
		})
	}
}

// A rotation with overlap that was interrupted leaves the old webhook alone: it
// was to stay.
func TestInterruptedOverlapIsSettled(t *testing.T) {
	w := withOld(t)
	in := w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"})
	in.Overlap = true
	entry, _, err := w.client.make(context.Background(), in, spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := entry.Release(); err != nil {
		t.Fatal(err)
	}
	for _, f := range w.recover() {
		if !f.Settled() {
			t.Errorf("found %+v", f)
		}
	}
	if len(w.pending()) != 0 || len(w.rows) != 1 {
		t.Errorf("%d entries, %d rows left", len(w.pending()), len(w.rows))
	}
}

// updating is a toy whose webhooks can be changed in place, though the provider
// does not know this one yet.
type updating struct{ provider.Provider }

func (updating) Update(context.Context, string, provider.Change) (provider.Webhook, error) {
	return provider.Webhook{}, fault.Errorf(fault.Refused, "no such webhook").WithCode("not-found")
}

// A new webhook that cannot be found says nothing of the old one.
func TestReplaceLeavesTheOldOneWhereTheNewOneIsNotFound(t *testing.T) {
	w := withOld(t)
	d := *w.client.driver
	d.Updates = true
	w.client.driver, w.client.raw = &d, updating{w.client.raw}
	paused := provider.Paused
	made, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0", Status: &paused}, spec, nil, false)
	wantKind(t, err, fault.Refused, "could not be paused", "recover --delete toy/id-0")
	old, gerr := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-0"})
	if made.OldGone || gerr != nil || !old.DeletedAt.IsZero() || len(w.rows) != 1 || len(w.pending()) != 1 {
		t.Errorf("the old record %+v (%v), %d rows, %d entries", old, gerr, len(w.rows), len(w.pending()))
	}
}

// Where webhooks can be deleted, a disabled one is there and can come back.
func TestRecoverNamesAnOldWebhookThatIsDisabled(t *testing.T) {
	w := withOld(t)
	disabled := provider.Disabled
	w.rows[0].Status = &disabled
	w.failDelete = true
	if _, err := w.client.Replace(context.Background(), OpRotate, w.rows[0], spec, nil, false); err == nil {
		t.Fatal("the removal did not fail")
	}
	d := *w.client.driver
	d.Deletes = true
	w.client.driver = &d
	for _, f := range w.recover() {
		if f.ID == "id-0" && f.Deletable {
			return
		}
	}
	t.Errorf("it is not named; %d entries are left", len(w.pending()))
}

// slow is a toy that does not answer a removal.
type slow struct {
	provider.Provider
	asked func()
}

func (s slow) Delete(ctx context.Context, _ string) error {
	s.asked()
	select {
	case <-ctx.Done():
		return fault.Wrap(fault.Interrupted, ctx.Err())
	case <-time.After(20 * time.Second):
		return errors.New("nobody stopped waiting")
	}
}

// Who interrupts twice does not wait for the removal either.
func TestReplaceStopsWaitingForTheRemoval(t *testing.T) {
	w := withOld(t)
	ctx, cancel := context.WithCancel(context.Background())
	hurry := make(chan struct{})
	w.client.custody.Abort = hurry
	w.client.raw = slow{w.client.raw, func() { cancel(); close(hurry) }}
	made, err := w.client.Replace(ctx, OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false)
	wantKind(t, err, fault.Interrupted, "its secret is kept", "recover --delete toy/id-0")
	if made.Record.ID != "id-1" || made.OldGone || len(w.pending()) != 1 {
		t.Errorf("made %+v, %d entries", made.Record, len(w.pending()))
	}
}

// Two that disable the old webhook at the same moment both succeed, and have
// left two.
func TestReplaceNamesWhatAnotherProcessMadeInTheSamePlace(t *testing.T) {
	w := withOld(t)
	w.deleted = func(string) {
		theirs := secret.Record{Provider: "toy", ID: "id-2", Profile: "default", Replaces: &secret.Ref{Provider: "toy", ID: "id-0"}}
		theirs.Supersede(secret.New("their secret"), w.now)
		if err := w.store.Put(context.Background(), theirs); err != nil {
			t.Error(err)
		}
		w.rows = []provider.Webhook{row("id-1", w.now), row("id-2", w.now)}
	}
	made, err := w.client.Replace(context.Background(), OpRotate, row("id-0", w.now), spec, nil, false)
	wantKind(t, err, fault.Refused, "toy/id-2", "hookctl delete toy/id-1")
	if fault.Code(err) != "conflict" || !made.OldGone || len(w.pending()) != 0 {
		t.Errorf("%s, gone %v, %d entries", fault.Code(err), made.OldGone, len(w.pending()))
	}
}

// The answer's beginning is lost, and with it the id: the list says whose secret
// it is. The old webhook is named by every recover until it is gone.
func TestRecoverNamesTheOldWebhookOfASalvagedSecret(t *testing.T) {
	w := withOld(t)
	w.answer = func(rw http.ResponseWriter) {
		rw.Header().Set("Content-Length", "1000")
		rw.WriteHeader(201)
		fmt.Fprintf(rw, `{"data":{"secret":%q,`, canary)
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	}
	_, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false)
	wantKind(t, err, fault.Custody)
	w.rows = append(w.rows, row("id-1", w.now))
	for range 3 {
		var kept, named bool
		for _, f := range w.recover() {
			kept = kept || f.ID == "id-1" && f.State == StateKept
			named = named || f.ID == "id-0" && f.Next == "hookctl recover --delete toy/id-0"
		}
		if !kept || !named || len(w.pending()) != 1 {
			t.Fatalf("kept %v, the old one named %v, %d entries", kept, named, len(w.pending()))
		}
	}
	if err := w.client.Delete(context.Background(), "id-0"); err != nil {
		t.Fatal(err)
	}
	if found := w.recover(); len(found) != 1 || !found[0].Settled() || len(w.pending()) != 0 {
		t.Errorf("afterwards %+v", found)
	}
}

// TestUndo: a caller that removes both webhooks of a replacement leaves nothing to
// recover; where the old one cannot be removed, nothing is said of one in its place.
func TestUndo(t *testing.T) {
	for _, removable := range []bool{true, false} {
		w := withOld(t)
		ctx, old := context.Background(), provider.Webhook{ID: "id-0"}
		w.failDelete = true
		made, err := w.client.Replace(ctx, OpReplace, old, spec, nil, false)
		if err == nil || !made.Kept || made.OldGone {
			t.Fatal(made, err)
		}
		w.failDelete = !removable
		if err := w.client.Undo(ctx, old, &made); (err == nil) != removable || made.OldGone != removable {
			t.Fatal(made.OldGone, err)
		}
		w.failDelete = false
		if err := w.client.Delete(ctx, made.Record.ID); err != nil {
			t.Fatal(err)
		}
		findings := w.recover()
		if removable {
			if len(findings) != 0 || len(w.pending()) != 0 {
				t.Errorf("%+v", findings)
			}
			continue
		}
		last := findings[len(findings)-1]
		if last.ID != "id-0" || !last.Deletable || last.Detail != "the webhook that should replace it was removed, and this one still exists" {
			t.Errorf("%+v", findings)
		}
	}
}
