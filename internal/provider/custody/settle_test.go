package custody

import (
	"bytes"
	"context"
	"encoding/json"
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
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// stuckJournal is the world's journal, in which one call fails from now on.
func (w *world) stuckJournal(call string) *secret.Journal {
	calls := durable.System()
	fail := func(path string) error { return &os.PathError{Op: call, Path: path, Err: errors.New("injected")} }
	closeFile, writeAt, sync := calls.Close, calls.WriteAt, calls.Sync
	answered := false
	switch call {
	case "Remove":
		calls.Remove = fail
	case "Create":
		calls.Create = func(path string) (*os.File, error) { return nil, fail(path) }
	case "Close": // of an entry that has an answer
		calls.WriteAt = func(f *os.File, p []byte, off int64) (int, error) {
			answered = answered || bytes.HasPrefix(p, []byte("HTTP"))
			return writeAt(f, p, off)
		}
		calls.Close = func(f *os.File) error {
			err := closeFile(f)
			if answered {
				err = errors.Join(err, fail(f.Name()))
			}
			return err
		}
	case "phase":
		calls.WriteAt = func(f *os.File, p []byte, off int64) (int, error) {
			if bytes.HasPrefix(p, []byte(`{"phase"`)) {
				return 0, fail(f.Name())
			}
			return writeAt(f, p, off)
		}
	case "Sync": // of an answer
		calls.WriteAt = func(f *os.File, p []byte, off int64) (int, error) {
			answered = answered || bytes.HasPrefix(p, []byte("HTTP"))
			return writeAt(f, p, off)
		}
		calls.Sync = func(f *os.File) error {
			if answered {
				return fail(f.Name())
			}
			return sync(f)
		}
	}
	return secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.clock, Disk: calls}).OpenJournal(filepath.Join(w.dir, "journal"))
}

// left puts an entry into the journal as a process leaves it that dies.
func (w *world) left(in secret.Intent, answer string, phases ...string) {
	w.t.Helper()
	entry, err := w.journal.Begin(context.Background(), in, answerRoom)
	if err != nil {
		w.t.Fatal(err)
	}
	if answer != "" {
		if _, err := fmt.Fprint(entry, answer); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, p := range phases {
		if err := entry.Phase(secret.Phase{Name: p, ID: "id-1", At: w.now}); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := entry.Release(); err != nil {
		w.t.Fatal(err)
	}
}

// answer201 is an answer as it comes from the wire; cut is left out of its end.
func answer201(body string, cut int) string {
	all := fmt.Sprintf("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return all[:len(all)-cut]
}

const madeBody = `{"data":{"id":"id-1","secret":"` + canary + `"}}`

func only(t *testing.T, found []Finding) Finding {
	t.Helper()
	if len(found) != 1 {
		t.Fatalf("found %+v", found)
	}
	return found[0]
}

// TestRecoverNamesWhatItCannotClaim: on a read-only file system, say, an entry is one
// for a human; the others are settled.
func TestRecoverNamesWhatItCannotClaim(t *testing.T) {
	w := newWorld(t)
	w.left(w.client.intent("create", spec, nil), answer201(madeBody, 0))
	r := w.recovery()
	r.Journal, r.Flags = w.stuckJournal("Create"), " --x"
	found, err := r.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f := only(t, found); f.State != StateUnknown || f.Settled() || f.Path == "" || !strings.Contains(f.Detail, "injected") || !strings.HasSuffix(f.Next, "run: hookctl recover --x") {
		t.Errorf("found %+v", f)
	}
	if f := only(t, w.recover()); f.State != StateKept {
		t.Errorf("found %+v", f)
	}
}

// TestRecoverKnowsWhatIsKept: a secret that is in the store already is not put
// there again, or its filled sinks would be named as unfilled.
func TestRecoverKnowsWhatIsKept(t *testing.T) {
	w := newWorld(t)
	in := w.client.intent("create", spec, nil)
	in.Sinks = []string{"file:x"}
	w.left(in, answer201(madeBody, 0))
	rec := secret.Record{Provider: "toy", ID: "id-1", Profile: "default"}
	rec.Supersede(secret.New(canary), w.now.Add(-time.Minute))
	if err := w.store.Put(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	if f := only(t, w.recover()); f.State != StateKept || f.Forgettable || !f.Settled() {
		t.Errorf("found %+v", f)
	}
	if now, err := w.store.Get(context.Background(), rec.Ref()); err != nil || !now.CreatedAt.Equal(rec.CreatedAt) || len(now.Unfilled) > 0 {
		t.Errorf("the record became %+v, %v", now, err)
	}
}

// An adapter that never came to reading the answer proves nothing.
func TestRecoverWhereTheAnswerIsNotRead(t *testing.T) {
	w := newWorld(t)
	w.left(w.client.intent("create", spec, nil), answer201(madeBody, 0))
	d := *toyDriver()
	d.Credentials = []provider.Field{{Name: "another"}, {Name: "key"}} // the toy sends nothing without a key
	r := w.recovery()
	r.Drivers = []*provider.Driver{&d}
	found, err := r.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f := only(t, found); f.State != StateKept || f.ID != "id-1" {
		t.Errorf("found %+v", f)
	}
}

// TestRecoverOfManyAlike: of two that cannot be told apart one row is one of
// them, and none is counted twice.
func TestRecoverOfManyAlike(t *testing.T) {
	for rows, want := range map[int]map[State]int{
		0: {StateNotCreated: 2},
		1: {StateOrphan: 1, StateNotCreated: 1},
		2: {StateOrphan: 2},
		3: {StateUnknown: 3},
	} {
		w := newWorld(t)
		for range 2 {
			w.left(w.client.intent("create", spec, nil), "")
		}
		for i := range rows {
			w.rows = append(w.rows, row(fmt.Sprintf("id-%d", i), w.now))
		}
		w.now = w.now.Add(time.Minute)
		got := map[State]int{}
		for _, f := range w.recover() {
			got[f.State]++
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d rows: %v, want %v", rows, got, want)
		}
	}
}

// TestGroups: entries are alike where no list could tell them apart.
func TestGroups(t *testing.T) {
	t.Parallel()
	base := secret.Intent{Provider: "toy", Profile: "p", Origin: "o", Account: "a", Name: "n", URL: "https://x.test", Events: []string{"a", "b"}}
	for name, c := range map[string]struct {
		change func(in *secret.Intent)
		alike  bool
	}{
		"the same":        {func(*secret.Intent) {}, true},
		"slash":           {func(in *secret.Intent) { in.URL += "/" }, true},
		"order of events": {func(in *secret.Intent) { in.Events = []string{"b", "a"} }, true},
		"another time":    {func(in *secret.Intent) { in.StartedAt = time.Unix(1, 0) }, true},
		"provider":        {func(in *secret.Intent) { in.Provider = "x" }, false},
		"profile":         {func(in *secret.Intent) { in.Profile = "x" }, false},
		"origin":          {func(in *secret.Intent) { in.Origin = "x" }, false},
		"account":         {func(in *secret.Intent) { in.Account = "x" }, false},
		"name":            {func(in *secret.Intent) { in.Name = "x" }, false},
		"URL":             {func(in *secret.Intent) { in.URL += "/x" }, false},
		"events":          {func(in *secret.Intent) { in.Events = []string{"a"} }, false},
	} {
		other := base
		c.change(&other)
		groups := groupUnsettled([]*unsettled{{OpenOperation: secret.OpenOperation{Intent: base}}, {OpenOperation: secret.OpenOperation{Intent: other}}})
		if alike := len(groups) == 1; alike != c.alike {
			t.Errorf("%s: alike is %v", name, alike)
		}
	}
}

// TestRecoverWaitsNoLongerThanNeeded: for the rest of the time after which an
// empty list proves something, and only where something hangs on it.
func TestRecoverWaitsNoLongerThanNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		age  time.Duration
		rows []string
		want time.Duration
	}{
		"young":           {2 * time.Second, nil, 3 * time.Second},
		"old":             {time.Minute, nil, 0},
		"just old enough": {settleAge, nil, 0},
		"found already":   {0, []string{"id-9"}, 0},
	} {
		w := newWorld(t)
		w.left(w.client.intent("create", spec, nil), "")
		for _, id := range c.rows {
			w.rows = append(w.rows, row(id, w.now))
		}
		w.now = w.now.Add(c.age)
		r := w.recovery()
		slept := []time.Duration{}
		r.Sleep = func(_ context.Context, d time.Duration) error {
			slept = append(slept, d)
			return nil
		}
		r.Notify = func(line string) {
			if c.want == 0 {
				t.Errorf("%s: said %q", name, line)
			}
		}
		if _, err := r.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if c.want == 0 && len(slept) > 0 || c.want > 0 && (len(slept) != 1 || slept[0] != c.want) {
			t.Errorf("%s: waited %s", name, slept)
		}
	}
}

// TestRecoverBesideTheSameCreate: what another process makes at this moment, or has
// made and kept meanwhile, is not what an interrupted create of the same webhook left.
func TestRecoverBesideTheSameCreate(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		answer string
		kept   bool // the other process has come to its end
		like   func(in *secret.Intent)
		state  State
	}{
		"kept":                {"", true, func(*secret.Intent) {}, StateNotCreated},
		"kept, with a secret": {answer201(`{"data":{"secret":"`+canary+`","id":"id-1"}}`, 8), true, func(*secret.Intent) {}, StateUnreadable},
		"under way":           {"", false, func(in *secret.Intent) { in.URL, in.Events = spec.URL, []string{"c.d", "a.b"} }, StateUnknown},
		"of another profile":  {"", false, func(in *secret.Intent) { in.Profile = "x" }, StateUnknown},
		"with a secret":       {answer201(`{"data":{"secret":"`+canary+`","id":"id-1"}}`, 8), false, func(*secret.Intent) {}, StateUnreadable},
		"of another name":     {"", false, func(in *secret.Intent) { in.Name = "x" }, StateOrphan},
		"of another URL":      {"", false, func(in *secret.Intent) { in.URL += "/x" }, StateOrphan},
		"of other events":     {"", false, func(in *secret.Intent) { in.Events = nil }, StateOrphan},
		"of another provider": {"", false, func(in *secret.Intent) { in.Provider = "x" }, StateOrphan},
		"at another base URL": {"", false, func(in *secret.Intent) { in.Origin = "https://x.test" }, StateOrphan},
	} {
		w := newWorld(t)
		w.left(w.client.intent("create", spec, nil), c.answer)
		r := w.recovery()
		r.Sleep = func(context.Context, time.Duration) error { // the other process begins
			w.mu.Lock()
			defer w.mu.Unlock()
			w.rows = []provider.Webhook{row("id-9", w.now)}
			if c.kept {
				rec := secret.Record{Provider: "toy", ID: "id-9"}
				rec.Supersede(secret.New("theirs"), w.now.Add(time.Second))
				return w.store.Put(ctx, rec)
			}
			in := w.client.intent("create", spec, nil)
			c.like(&in)
			entry, err := w.journal.Begin(ctx, in, 4096)
			t.Cleanup(func() { _ = entry.Release() })
			return err
		}
		found, err := r.Run(ctx)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if f := only(t, found); f.State != c.state || f.Deletable != (c.state == StateOrphan) {
			t.Errorf("%s: %+v", name, f)
		}
		if rec, err := w.store.Get(ctx, secret.Ref{Provider: "toy", ID: "id-9"}); (err == nil) != c.kept || c.kept && rec.Secret.Reveal() != "theirs" {
			t.Errorf("%s: the record %+v, %v", name, rec, err)
		}
	}
}

// An operation that recover itself has just settled is no other process's.
func TestRecoverBesideItsOwnEntries(t *testing.T) {
	w := withOld(t)
	w.left(w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"}), answer201(madeBody, 0))
	w.left(w.client.intent("create", spec, nil), "")
	w.rows = append(w.rows, row("id-1", w.now), row("id-2", w.now))
	found := w.recover()
	if last := found[len(found)-1]; len(found) != 3 || last.ID != "id-2" || last.State != StateOrphan {
		t.Errorf("found %+v", found)
	}
}

// A row that cannot be read proves nothing, but what was found is found.
func TestRecoverBesideAnUnreadableRow(t *testing.T) {
	w := newWorld(t)
	w.left(w.client.intent("create", spec, nil), "")
	w.rows = []provider.Webhook{{Unreadable: "no object"}, row("id-9", w.now)}
	if f := only(t, w.recover()); f.State != StateOrphan || f.ID != "id-9" {
		t.Errorf("found %+v", f)
	}
}

// What another process makes and keeps while the list is asked for is not the
// webhook of a create that failed.
func TestCreateThatFailsBesideAnother(t *testing.T) {
	w := newWorld(t)
	w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(500) }
	w.list = func(rw http.ResponseWriter) {
		rec := secret.Record{Provider: "toy", ID: "id-9"}
		rec.Supersede(secret.New("theirs"), w.now)
		if err := w.store.Put(context.Background(), rec); err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(rw).Encode([]provider.Webhook{row("id-9", w.now)})
	}
	_, err := w.client.Create(context.Background(), spec, nil)
	wantKind(t, err, fault.Unavailable, "nothing was created", "hookctl recover")
}

// TestOrphans: what is offered for a webhook whose secret nobody has.
func TestOrphans(t *testing.T) {
	for name, c := range map[string]struct {
		replaces bool
		rows     int
		rotate   bool
	}{
		"of a create":        {false, 1, true},
		"of a replacement":   {true, 1, false}, // deleting it brings back what was before
		"one of several":     {false, 2, false},
		"several, a replace": {true, 2, false},
	} {
		w := newWorld(t)
		in := w.client.intent("create", spec, nil)
		if c.replaces {
			in.Replaces = &secret.Ref{Provider: "toy", ID: "id-0"}
		}
		w.left(in, "")
		for i := range c.rows {
			w.rows = append(w.rows, row(fmt.Sprintf("id-%d", i+1), w.now))
		}
		w.rows[0].CreatedAt = nil
		found := w.recover()
		if len(found) != c.rows {
			t.Fatalf("%s: %+v", name, found)
		}
		for i, f := range found {
			verb, at := "--delete", ""
			if c.rotate {
				verb = "--rotate"
			}
			if i > 0 {
				at = *w.rows[i].CreatedAt
			}
			if !f.Deletable || f.Rotatable != c.rotate || f.Next != "hookctl recover "+verb+" toy/"+f.ID || f.CreatedAt != at ||
				strings.Contains(f.Detail, "to remove it instead") != c.rotate {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// TestRemoved: an entry whose webhook was removed because a person said so is
// settled, whatever arrived of the answer, and no other one.
func TestRemoved(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		find  func(f *Finding, in *secret.Intent)
		state State
	}{
		"the orphan":                {func(*Finding, *secret.Intent) {}, StateNotCreated},
		"what was only perhaps it":  {func(f *Finding, _ *secret.Intent) { f.State = StateUnknown }, StateUnreadable},
		"the one that was replaced": {func(f *Finding, in *secret.Intent) { in.Replaces = &secret.Ref{Provider: "toy", ID: f.ID} }, StateUnreadable},
		"the one that replaced":     {func(_ *Finding, in *secret.Intent) { in.Replaces = &secret.Ref{Provider: "toy", ID: "id-0"} }, StateNotCreated},
	} {
		w := newWorld(t)
		w.left(w.client.intent("create", spec, nil), answer201(madeBody, 20))
		w.rows = []provider.Webhook{row("id-1", w.now)}
		f := only(t, w.recover())
		in := w.pending()[0].Intent
		c.find(&f, &in)
		if err := w.recovery().Removed(ctx, in, f); err != nil {
			t.Fatal(err)
		}
		w.rows = nil
		w.now = w.now.Add(time.Minute)
		if f := only(t, w.recover()); f.State != c.state || (len(w.pending()) == 0) != (c.state == StateNotCreated) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	w := newWorld(t)
	w.left(w.client.intent("create", spec, nil), "")
	r := w.recovery()
	r.Journal = w.stuckJournal("phase")
	if err := r.Removed(ctx, w.pending()[0].Intent, Finding{State: StateOrphan}); err == nil {
		t.Error("the note was not written")
	}
	if err := w.recovery().Removed(ctx, secret.Intent{ID: strings.Repeat("0", 32)}, Finding{State: StateOrphan}); err != nil {
		t.Errorf("an entry that is settled meanwhile: %v", err)
	}
}

// A replacement whose answer lost its id is settled with both webhooks.
func TestRecoverJoinsASecretOfAReplacement(t *testing.T) {
	for name, gone := range map[string]bool{"the old one is there": false, "the old one is gone": true} {
		w := withOld(t)
		body := `{"data":{"secret":"` + canary + `","id":"id-1"}}`
		w.left(w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"}), answer201(body, 8))
		if gone {
			w.rows = nil
		}
		w.rows = append(w.rows, row("id-1", w.now))
		found := w.recover()
		if len(found) == 0 || found[0].State != StateKept || found[0].ID != "id-1" {
			t.Fatalf("%s: %+v", name, found)
		}
		if gone && (len(found) != 1 || len(w.pending()) != 0) ||
			!gone && (len(found) != 2 || found[1].ID != "id-0" || !found[1].Deletable || found[1].State != StateKept || len(w.pending()) != 1) {
			t.Errorf("%s: %+v, %d entries", name, found, len(w.pending()))
		}
	}
}

// TestRecoverKeepsWhatItCouldNotStore: while the store cannot take the secret of a
// replacement the entry is the only copy, and the old webhook nothing to delete.
func TestRecoverKeepsWhatItCouldNotStore(t *testing.T) {
	body := `{"data":{"secret":"` + canary + `","id":"id-1"}}`
	for name, cut := range map[string]int{"with its id": 0, "without": 8} {
		for _, overlap := range []bool{false, true} {
			w := withOld(t)
			in := w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"})
			in.Overlap = overlap
			w.left(in, answer201(body, cut))
			w.rows = append(w.rows, row("id-1", w.now))
			r := w.recovery()
			r.Store = brokenStore{Store: w.store, put: errors.New("disk full")}
			found, err := r.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if f := only(t, found); f.State != StateUnreadable || f.ID != "id-1" || f.Deletable || len(w.pending()) != 1 {
				t.Errorf("%s, overlap %v: %+v, %d entries", name, overlap, f, len(w.pending()))
			}
			if found := w.recover(); found[0].State != StateKept || found[0].ID != "id-1" {
				t.Errorf("%s, overlap %v, mended: %+v", name, overlap, found)
			}
		}
	}
}

// TestRecoverOfAnOldWebhook: what is said of the one that was to be replaced.
func TestRecoverOfAnOldWebhook(t *testing.T) {
	for name, c := range map[string]struct {
		status  provider.Status
		phase   bool // the new one's id is noted
		forget  bool // the old one's secret is not kept
		broken  bool // the list fails
		deletes bool
		state   State
		detail  string // part of it; "" : the old one is settled
	}{
		"active":                  {provider.Active, true, false, false, false, StateKept, "the old one still exists"},
		"its secret is lost":      {provider.Active, true, true, false, false, StateOrphan, "the old one still exists"},
		"paused":                  {provider.Paused, true, false, false, false, StateKept, "hookctl pause toy/id-1"},
		"paused, no phase":        {provider.Paused, false, false, false, false, StateKept, "the old one still exists"},
		"disabled":                {provider.Disabled, true, false, false, false, "", ""},
		"disabled, can be undone": {provider.Disabled, true, false, false, true, StateKept, "the old one still exists"},
		"nobody can tell":         {provider.Active, true, false, true, false, StateUnknown, "it is not known whether"},
	} {
		w := withOld(t)
		ctx := context.Background()
		w.rows = append(w.rows, row("id-1", w.now))
		w.rows[0].Status = &c.status
		d := *w.client.driver
		d.Deletes = c.deletes
		w.client.driver = &d
		var phases []string
		if c.phase {
			phases = []string{"kept"}
		}
		w.left(w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"}), answer201(madeBody, 0), phases...)
		if c.forget {
			if err := w.store.Delete(ctx, secret.Ref{Provider: "toy", ID: "id-0"}); err != nil {
				t.Fatal(err)
			}
		}
		if c.broken {
			w.list = func(rw http.ResponseWriter) { rw.WriteHeader(500) }
		}
		found := w.recover()
		if c.detail == "" {
			rec, err := w.store.Get(ctx, secret.Ref{Provider: "toy", ID: "id-0"})
			if len(found) != 1 || len(w.pending()) != 0 || err != nil || rec.DeletedAt.IsZero() {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
			continue
		}
		if len(found) != 2 || found[1].State != c.state || !strings.Contains(found[1].Detail, c.detail) || len(w.pending()) != 1 ||
			strings.Contains(found[1].Detail, "hookctl pause") != strings.Contains(c.detail, "hookctl pause") {
			t.Errorf("%s: %+v", name, found)
		}
		next := "hookctl recover --delete toy/id-0"
		if c.broken {
			next = "hookctl recover"
		}
		if found[1].Next != next || c.broken == found[1].Deletable {
			t.Errorf("%s: next is %q", name, found[1].Next)
		}
	}
}

// Of a webhook that is marked as deleted nobody is asked: a list may show it for
// a while.
func TestRecoverOfAnOldWebhookThatIsMarked(t *testing.T) {
	w := withOld(t)
	if err := w.client.markDeleted(context.Background(), "id-0"); err != nil {
		t.Fatal(err)
	}
	w.left(w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"}), answer201(madeBody, 0))
	if f := only(t, w.recover()); f.ID != "id-1" || f.State != StateKept || len(w.pending()) != 0 {
		t.Errorf("found %+v", f)
	}
}

// Who interrupts the question for the old webhook gets no answer to it.
func TestRecoverInterruptedAtTheOldWebhook(t *testing.T) {
	w := withOld(t)
	ctx, interrupt := context.WithCancel(context.Background())
	w.left(w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"}), answer201(madeBody, 0))
	r := w.recovery()
	r.Open = func(context.Context, secret.Intent) (*Client, error) {
		interrupt()
		return w.client, nil
	}
	if _, err := r.Run(ctx); !errors.Is(err, context.Canceled) || len(w.pending()) != 1 {
		t.Errorf("%v, %d entries", err, len(w.pending()))
	}
}

// changing is a toy whose webhooks can be changed in place, and are.
type changing struct {
	provider.Provider
	now     provider.Webhook
	getErr  error
	removed *bool
}

func (c changing) Get(context.Context, string) (provider.Webhook, error) { return c.now, c.getErr }

func (c changing) Delete(context.Context, string) error {
	*c.removed = true
	return nil
}

// TestReplaceLooksAgain: what somebody else has changed since the look is not
// removed.
func TestReplaceLooksAgain(t *testing.T) {
	paused, disabled := provider.Paused, provider.Disabled
	for name, c := range map[string]struct {
		now     func(w *provider.Webhook)
		err     error
		deletes bool
		code    string // of the error; "" : none
		removed bool
		gone    bool
	}{
		"as it was":                {now: func(*provider.Webhook) {}, removed: true, gone: true},
		"paused meanwhile":         {now: func(w *provider.Webhook) { w.Status = &paused }, code: "conflict"},
		"disabled is gone":         {now: func(w *provider.Webhook) { w.Status = &disabled }, gone: true},
		"disabled can be undone":   {now: func(w *provider.Webhook) { w.Status = &disabled }, deletes: true, code: "conflict"},
		"it cannot be looked at":   {now: func(*provider.Webhook) {}, err: fault.Errorf(fault.Unavailable, "no answer").WithCode("x").WithHint("wait"), code: "x"},
		"it is gone, says the API": {now: func(*provider.Webhook) {}, err: fault.Errorf(fault.Refused, "no").WithCode("not-found"), gone: true},
	} {
		w := withOld(t)
		old := row("id-0", w.now)
		now, removed := old, false
		c.now(&now)
		d := *w.client.driver
		d.Updates, d.Deletes = true, c.deletes
		w.client.driver, w.client.raw = &d, changing{w.client.raw, now, c.err, &removed}
		made, err := w.client.Replace(context.Background(), OpRotate, old, spec, nil, false)
		if err != nil && fault.Code(err) != c.code || (err == nil) != (c.code == "") || removed != c.removed || made.OldGone != c.gone || made.Record.ID != "id-1" {
			t.Errorf("%s: %v, removed %v, gone %v", name, err, removed, made.OldGone)
		}
		if err == nil {
			continue
		}
		hint := fault.HintOf(err).String()
		if !strings.HasSuffix(hint, "then remove the old one: hookctl recover --delete toy/id-0") || strings.HasPrefix(hint, "\n") || len(w.pending()) != 1 {
			t.Errorf("%s: hint %q", name, hint)
		}
		if name == "it cannot be looked at" && !strings.HasPrefix(hint, "wait\n") {
			t.Errorf("the hint of the cause is not there: %q", hint)
		}
	}
}

// A removal that was to wait is gone on with, once.
func TestReplaceOn(t *testing.T) {
	w := withOld(t)
	w.failDelete = true
	ctx := context.Background()
	old := provider.Webhook{ID: "id-0"}
	made, err := w.client.Replace(ctx, OpRotate, old, spec, nil, false)
	wantKind(t, err, fault.Unavailable)
	if fault.HintOf(err).String() != "then remove the old one: hookctl recover --delete toy/id-0" {
		t.Errorf("hint %q", fault.HintOf(err).String())
	}
	wantKind(t, w.client.ReplaceOn(ctx, old, &made), fault.Unavailable, "still exists")
	w.failDelete = false
	if err := w.client.ReplaceOn(ctx, old, &made); err != nil || !made.OldGone || len(w.rows) != 0 || len(w.pending()) != 0 {
		t.Errorf("%v, gone %v, %d rows", err, made.OldGone, len(w.rows))
	}
	if err := w.client.ReplaceOn(ctx, old, &made); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("an operation that is over: %v", err)
	}
}

// TestReplaceAlone: of those that look alike, the ones that count are neither
// the old one nor the new one, nor disabled.
func TestReplaceAlone(t *testing.T) {
	w := withOld(t)
	disabled := provider.Disabled
	off := row("id-3", w.now)
	off.Status = &disabled
	other := row("id-4", w.now)
	name := "another"
	other.Name = &name
	w.rows = []provider.Webhook{row("id-0", w.now), row("id-1", w.now), off, other}
	err := w.client.conflictingReplacements(context.Background(), row("id-0", w.now), row("id-1", w.now))
	if said := strings.Join(w.notices, "\n"); err != nil || !strings.Contains(said, "toy/id-0 was already deleted") {
		t.Errorf("%v, said %q", err, said)
	}
	w.rows = append(w.rows, row("id-5", w.now))
	err = w.client.conflictingReplacements(context.Background(), row("id-0", w.now), row("id-1", w.now))
	if wantKind(t, err, fault.Refused, "there is toy/id-5:"); fault.Code(err) != "conflict" {
		t.Error(err)
	}
	w.list = func(rw http.ResponseWriter) { rw.WriteHeader(500) }
	wantKind(t, w.client.conflictingReplacements(context.Background(), row("id-0", w.now), row("id-1", w.now)), fault.Unavailable, "it is not known whether")
}

// What apply made stays its own, whatever takes its place.
func TestReplaceKeepsWhoManagesIt(t *testing.T) {
	for _, managed := range []bool{true, false} {
		w := withOld(t)
		rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "toy", ID: "id-0"})
		if err != nil {
			t.Fatal(err)
		}
		rec.Managed = managed
		if err := w.store.Put(context.Background(), rec); err != nil {
			t.Fatal(err)
		}
		made, err := w.client.Replace(context.Background(), OpReplace, provider.Webhook{ID: "id-0"}, spec, nil, false)
		if err != nil || made.Record.Managed != managed {
			t.Errorf("managed %v became %v: %v", managed, made.Record.Managed, err)
		}
	}
}

// unlistedStore cannot be listed.
type unlistedStore struct{ secret.Store }

func (unlistedStore) List(context.Context) ([]secret.Record, []secret.Problem, error) {
	return nil, nil, errors.New("cannot be listed")
}

// TestWithoutTheList: a store that cannot be listed stops what depends on it,
// and nothing is lost.
func TestWithoutTheList(t *testing.T) {
	ctx := context.Background()
	w := withOld(t)
	w.client.custody.Snapshot = Snapshot{At: w.now}
	good := w.store
	w.client.custody.Store = unlistedStore{good}
	if _, err := w.client.Replace(ctx, OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false); err == nil || w.posts != 0 {
		t.Errorf("replace: %v, %d requests", err, w.posts)
	}
	if err := w.client.CheckNotSuccessor(ctx, "id-0"); err == nil {
		t.Error("newcomer")
	}
	if _, found, err := w.client.MadeSince(ctx, "n", "u"); err == nil || found {
		t.Error("made since")
	}
	// The list of the provider counts all the same, and that is said.
	w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(503) }
	_, err := w.client.Create(ctx, spec, nil)
	wantKind(t, err, fault.Custody, "toy/id-0")
	if said := strings.Join(w.notices, "\n"); !strings.Contains(said, "the store could not be listed: cannot be listed") {
		t.Errorf("said %q", said)
	}
	w.store = unlistedStore{good}
	if _, err := w.recovery().Run(ctx); err == nil || len(w.pending()) != 1 {
		t.Errorf("recover: %v, %d entries", err, len(w.pending()))
	}
}

// TestOutcome: what is certain of a create that failed.
func TestOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		status  int
		certain bool
	}{
		"not sent":        {&httpx.Error{Stage: httpx.NotSent}, 0, true},
		"answered":        {fmt.Errorf("x: %w", &httpx.Error{Stage: httpx.Answered, Status: 201}), 201, false},
		"something else":  {errors.New("x"), 0, false},
		"refused":         {&toyError{status: 400, certain: true}, 400, true},
		"a server failed": {&toyError{status: 503}, 503, false},
	} {
		if status, certain := outcome(c.err); status != c.status || certain != c.certain {
			t.Errorf("%s: %d, %v", name, status, certain)
		}
	}
}

// TestSee: what others are at is what living processes replace.
func TestSee(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.left(w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "dead"}), "")
	for _, old := range []*secret.Ref{nil, {Provider: "toy", ID: "id-0"}} {
		entry, err := w.journal.Begin(ctx, w.client.intent(OpRotate, spec, old), 100)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = entry.Remove() }()
	}
	seen, err := TakeSnapshot(ctx, w.now, w.journal)
	if err != nil || !seen.At.Equal(w.now) || len(seen.Underway) != 1 || seen.Underway[0].Replaces.ID != "id-0" {
		t.Fatalf("%+v, %v", seen, err)
	}
	under := seen.Underway[0]
	none, interrupt := context.WithCancel(ctx)
	interrupt()
	if _, err := TakeSnapshot(none, w.now, w.journal); !errors.Is(err, context.Canceled) {
		t.Errorf("who cannot look has seen: %v", err)
	}
	for name, c := range map[string]struct {
		seen Snapshot
		in   secret.Intent
		want bool
	}{
		"was under way": {seen, under, true},
		"begun since":   {seen, secret.Intent{ID: "x", StartedAt: w.now.Add(time.Second)}, true},
		"was there":     {seen, secret.Intent{ID: "x", StartedAt: w.now}, false},
		"nobody looked": {Snapshot{}, secret.Intent{ID: "x", StartedAt: w.now}, false},
	} {
		if got := c.seen.isNewIntent(c.in); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestMadeSince finds what another process has made, though a list may lag.
func TestMadeSince(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.client.custody.Snapshot = Snapshot{At: w.now}
	for id, change := range map[string]func(r *secret.Record){
		"it":         func(r *secret.Record) { r.CreatedAt = w.now.Add(time.Second) }, // the first in the list
		"other name": func(r *secret.Record) { r.Name = "m" },
		"other URL":  func(r *secret.Record) { r.URL = "v" },
		"deleted":    func(r *secret.Record) { r.Name, r.DeletedAt = "gone", w.now },
		"before":     func(r *secret.Record) { r.Name, r.CreatedAt = "old", w.now },
		"elsewhere":  func(r *secret.Record) { r.Name, r.Origin = "away", "https://elsewhere.test" },
	} {
		r := secret.Record{Provider: "toy", ID: id, Profile: "default", Origin: w.client.origin, Name: "n", URL: "u"}
		r.Supersede(secret.New(canary), w.now.Add(2*time.Second))
		change(&r)
		if err := w.store.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{"n": true, "gone": false, "old": false, "away": false, "none": false} {
		r, found, err := w.client.MadeSince(ctx, name, "u")
		if err != nil || found != want || found && r.ID != "it" {
			t.Errorf("%s: %+v, %v, %v", name, r, found, err)
		}
	}
}

// The log of an interrupted create has no false alarm in it.
func TestCreateThatIsRefusedIsQuiet(t *testing.T) {
	w := newWorld(t)
	w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(400) }
	_, err := w.client.Create(context.Background(), spec, []sink.Sink{&memorySink{word: "file:x"}})
	wantKind(t, err, fault.Refused, "nothing was created")
	if len(w.notices) > 0 {
		t.Errorf("said %q", w.notices)
	}
}

// TestRecoverOfARefusal: an answer that says no settles the entry, without the
// network.
func TestRecoverOfARefusal(t *testing.T) {
	for status, want := range map[string]State{"400 Bad Request": StateNotCreated, "503 Service Unavailable": StateOrphan} {
		w := newWorld(t)
		w.left(w.client.intent("create", spec, nil), "HTTP/1.1 "+status+"\r\nContent-Length: 2\r\n\r\n{}")
		w.rows = []provider.Webhook{row("id-9", w.now)} // somebody else's, where this one was refused
		f := only(t, w.recover())
		if f.State != want || want == StateNotCreated && (!strings.Contains(f.Detail, "Toy refused it") || len(w.pending()) > 0) {
			t.Errorf("%s: %+v", status, f)
		}
	}
}

// An entry that another version made stays for that one.
func TestRecoverOfAnUnknownProvider(t *testing.T) {
	w := newWorld(t)
	in := w.client.intent("create", spec, nil)
	in.Provider = "later"
	w.left(in, answer201(madeBody, 0))
	if f := only(t, w.recover()); f.State != StateUnreadable || !strings.Contains(f.Detail, `"later"`) || f.Next == "" || len(w.pending()) != 1 {
		t.Errorf("%+v", f)
	}
}

// TestRecoverSaysWhatIsUnderWay, and where the journal cannot be read.
func TestRecoverSaysWhatIsUnderWay(t *testing.T) {
	w := newWorld(t)
	entry, err := w.journal.Begin(context.Background(), w.client.intent("create", spec, nil), 100)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = entry.Remove() }()
	r := w.recovery()
	var said []string
	r.Notify = func(line string) { said = append(said, line) }
	if found, err := r.Run(context.Background()); err != nil || len(found) > 0 || len(said) != 1 || !strings.Contains(said[0], "another process (pid") {
		t.Errorf("%+v, %v, said %q", found, err, said)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// Each step that recovery cannot take ends it with an error, and the entry stays.
func TestRecoverFailsLoudly(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		prepare func(w *world, r *Recovery)
		answer  string
	}{
		"the entry cannot be removed": {func(w *world, r *Recovery) { r.Journal = w.stuckJournal("Remove") }, answer201(madeBody, 0)},
		"nothing was made, the same":  {func(w *world, r *Recovery) { r.Journal = w.stuckJournal("Remove") }, ""},
		"nobody waits": {func(_ *world, r *Recovery) {
			r.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
		}, ""},
		"the store cannot be listed": {func(w *world, r *Recovery) { r.Store = unlistedStore{w.store} }, answer201(madeBody, 0)},
	} {
		w := newWorld(t)
		w.left(w.client.intent("create", spec, nil), c.answer)
		r := w.recovery()
		c.prepare(w, &r)
		if _, err := r.Run(ctx); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestPhasesOfFailures: what is noted of a create for those who look into its
// entry, and for recover.
func TestPhasesOfFailures(t *testing.T) {
	answer := func(status int, body string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		list   func(http.ResponseWriter)
		rows   int
		phase  string
		id     string
		status int
	}{
		"unusable":   {answer(201, "no JSON"), nil, 0, "unusable", "", 201},
		"not listed": {answer(503, ""), nil, 0, "not-listed", "", 503},
		"listed":     {answer(503, ""), nil, 1, "orphan", "id-0", 503},
		"no list":    {answer(503, ""), answer(500, ""), 0, "unknown", "", 503},
	} {
		w := newWorld(t)
		w.answer, w.list = c.answer, c.list
		for i := range c.rows {
			w.rows = append(w.rows, row(fmt.Sprintf("id-%d", i), w.now))
		}
		if _, err := w.client.Create(context.Background(), spec, nil); err == nil {
			t.Fatalf("%s: no error", name)
		}
		p := w.pending()
		if len(p) != 1 || len(p[0].Phases) != 1 {
			t.Fatalf("%s: %+v", name, p)
		}
		if got := p[0].Phases[0]; got.Name != c.phase || got.ID != c.id || got.Status != c.status || !got.At.Equal(w.now) {
			t.Errorf("%s: %+v", name, got)
		}
		if asked := strings.Contains(strings.Join(w.notices, "\n"), "reading the list of Toy"); asked != (c.phase != "unusable") {
			t.Errorf("%s: said %q", name, w.notices)
		}
	}
}
