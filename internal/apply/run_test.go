package apply

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
	"github.com/hookctl/hookctl/internal/secret"
)

const both = `version: 1
webhooks:
- {provider: zyntro, name: CRM, url: https://example.com/crm, events: [new_contact], timeout: 30}
- {provider: wundertreos, name: Lead, url: https://example.com/leads, events: [deal.created]}
`

// results is what became of each change.
func results(outcomes []Outcome) []string {
	var out []string
	for _, o := range outcomes {
		out = append(out, fmt.Sprintf("%s %s %s", o.Change.Action, o.Change.Name, o.Result))
	}
	return out
}

func (w *world) run(text string, prune bool, keepGoing bool) []Outcome {
	w.t.Helper()
	r := w.runner()
	r.KeepGoing = keepGoing
	return r.Run(context.Background(), w.plan(text, prune))
}

func wantResults(t *testing.T, got []Outcome, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, results(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestApplyKeepsAndMarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	dir := t.TempDir()
	text := strings.Replace(both, "timeout: 30", "timeout: 30, secret_to: ['dotenv:"+filepath.ToSlash(dir)+"/.env:HOOK_{{.Name}}']", 1)
	for _, o := range w.apply(text, false) {
		rec, err := w.store.Get(context.Background(), secret.Ref{Provider: o.Change.Driver.Name, ID: o.ID})
		if err != nil || !rec.Managed || rec.Secret.IsZero() || !o.Kept {
			t.Errorf("%s: %+v, %v", o.ID, rec, err)
		}
		if o.Change.Driver.Name == "zyntro" {
			env, err := os.ReadFile(filepath.Join(dir, ".env"))
			if err != nil || string(env) != "HOOK_CRM="+rec.Secret.Reveal()+"\n" {
				t.Errorf("%q, %v", env, err)
			}
		}
	}
	if left, _, err := w.journal.List(context.Background()); err != nil || len(left) != 0 {
		t.Errorf("%d journal entries, %v", len(left), err)
	}
}

func TestReplaceKeepsTheOldSecretAndGivesANewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	old := w.apply(both, false)[1]
	text := strings.Replace(both, "deal.created", "deal.updated", 1)
	got := w.apply(text, false)
	wantResults(t, got, "replace Lead done")
	rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "wundertreos", ID: got[0].ID})
	if err != nil || !rec.Managed || rec.Replaces == nil || rec.Replaces.ID != old.ID {
		t.Errorf("%+v, %v", rec, err)
	}
	before, err := w.store.Get(context.Background(), secret.Ref{Provider: "wundertreos", ID: old.ID})
	if err != nil || before.DeletedAt.IsZero() || before.Secret.IsZero() {
		t.Errorf("the old record: %+v, %v", before, err)
	}
	if w.wunder.Webhooks() != 1 {
		t.Errorf("%d webhooks", w.wunder.Webhooks())
	}
}

func TestReplaceOfAnUnnamedEntryKeepsTheName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	w.apply(both, false)
	w.apply(hooks("url: 'https://example.com/leads', events: [deal.updated]"), false)
	rows, err := w.clients["wundertreos"].List(context.Background())
	if err != nil || len(rows) != 1 || provider.Text(rows[0].Name) != "Lead" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestAdoptMarksTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	made, err := w.clients["wundertreos"].Create(context.Background(), provider.Spec{Name: "Lead", URL: "https://example.com/leads", Events: []string{"deal.created"}}, nil)
	if err != nil || made.Record.Managed {
		t.Fatal(made, err)
	}
	text := hooks("name: Lead, url: 'https://example.com/leads'")
	wantResults(t, w.apply(text, false), "adopt Lead done")
	if rec, err := w.store.Get(context.Background(), made.Record.Ref()); err != nil || !rec.Managed {
		t.Errorf("%+v, %v", rec, err)
	}
	wantResults(t, w.apply(hooks(), true), "delete Lead done")
	if w.wunder.Webhooks() != 0 {
		t.Error("it is still there")
	}
}

// TestConflicts changes a webhook between plan and apply.
func TestConflicts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	changedName := strings.NewReplacer("example.com/crm", "example.com/new", "deal.created", "deal.updated").Replace(both)
	for name, tc := range map[string]struct {
		meddle func(t *testing.T, w *world)
		text   string
		prune  bool
		want   string // of the Zyntro change, or the WundertreOS one
		say    string
	}{
		"changed": {func(t *testing.T, w *world) {
			w.must(w.raw("zyntro").Update(ctx, w.id("zyntro"), provider.Change{Name: ptr("Theirs")}))
		},
			changedName, false, "update CRM conflict", "has changed"},
		"paused": {func(t *testing.T, w *world) {
			w.must(w.raw("zyntro").Update(ctx, w.id("zyntro"), provider.Change{Status: ptr(provider.Paused)}))
		}, changedName, false, "update CRM conflict", "the status"},
		"disabled": {func(t *testing.T, w *world) { w.check(w.raw("zyntro").Delete(ctx, w.id("zyntro"))) },
			changedName, false, "update CRM conflict", "the status"},
		"deleted": {func(t *testing.T, w *world) { w.check(w.raw("wundertreos").Delete(ctx, w.id("wundertreos"))) },
			changedName, false, "replace Lead conflict", "has deleted"},
		"pruned and changed": {func(t *testing.T, w *world) {
			w.must(w.raw("zyntro").Update(ctx, w.id("zyntro"), provider.Change{Events: []string{"new_note"}}))
		}, hooks(), true, "delete CRM conflict", "the events"},
		"made meanwhile": {func(t *testing.T, w *world) {
			_, _, err := w.raw("zyntro").Create(ctx, provider.Spec{Name: "Second", URL: "https://example.com/x", Events: []string{"new_note"}})
			w.check(err)
		}, both + "- {provider: zyntro, name: Second, url: https://example.com/2, events: [new_contact]}\n", false, "create Second conflict", "has created it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, wundertreosfake.Options{})
			w.apply(both, false)
			p := w.plan(tc.text, tc.prune)
			tc.meddle(t, w)
			before := fmt.Sprintf("%+v", w.looks())
			r := w.runner()
			r.KeepGoing = true
			var found bool
			for _, o := range r.Run(ctx, p) {
				if got := results([]Outcome{o})[0]; got != tc.want {
					continue
				}
				found = true
				if fault.Code(o.Err) != "conflict" || fault.KindOf(o.Err) != fault.Refused || !strings.Contains(o.Err.Error(), tc.say) {
					t.Errorf("%v", o.Err)
				}
				word := strings.Fields(tc.want)[1]
				for _, line := range w.looks() {
					if strings.Contains(line, word) && !strings.Contains(before, line) {
						t.Errorf("overwritten: %s\nbefore: %s", line, before)
					}
				}
			}
			if !found {
				t.Errorf("no %q", tc.want)
			}
		})
	}
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) must(_ provider.Webhook, err error) { w.t.Helper(); w.check(err) }

// id is the id of the only webhook of a provider that is not disabled.
func (w *world) id(name string) string {
	w.t.Helper()
	for _, acc := range w.accounts() {
		if acc.Driver.Name == name {
			return acc.Rows[0].ID
		}
	}
	return ""
}

// looks is each webhook in a line.
func (w *world) looks() []string {
	var out []string
	for _, acc := range w.accounts() {
		for _, r := range acc.Rows {
			out = append(out, fmt.Sprint(r.ID, " ", provider.Text(r.Name), " ", provider.Text(r.URL), " ", r.Events, " ", *r.Status))
		}
	}
	return out
}

// refuse makes the fake answer 400 to creates of webhooks with this name.
func refuse(name string) wundertreosfake.Options {
	return wundertreosfake.Options{Inject: func(r *http.Request) wundertreosfake.Injection {
		if r.Method == http.MethodPost && strings.Contains(peek(r), `"`+name+`"`) {
			return wundertreosfake.Injection{Answer: &fakekit.Answer{Status: http.StatusBadRequest, Body: []byte(`{"error":"invalid_request","message":"no"}`)}}
		}
		return wundertreosfake.Injection{}
	}}
}

func TestStopsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	var entries []string
	for i := range 20 {
		entries = append(entries, fmt.Sprintf("name: n%d, url: 'https://example.com/%d'", i, i))
	}
	for _, keepGoing := range []bool{false, true} {
		w := newWorld(t, refuse("n2"))
		w.apply(strings.Replace(both, "Lead", "Old", 1), false)
		got := w.run(hooks(entries...), true, keepGoing)
		count := map[Result]int{}
		for _, o := range got {
			count[o.Result]++
			if (o.Err != nil) != (o.Result == Failed) {
				t.Errorf("%s: %v", o.Result, o.Err)
			}
			if o.Change.Action == Delete && o.Result != Skipped {
				t.Errorf("pruned after a failure: %s", o.Result)
			}
		}
		switch {
		case count[Failed] != 1, !keepGoing && count[Done] > 2+2*atOnce, keepGoing && count[Done] != 19:
			t.Errorf("keep going %v: %v", keepGoing, count)
		}
		// What was done is kept, and going on does the rest.
		w.fix()
		w.apply(hooks(entries...), true)
		if w.wunder.Webhooks() != 20 || w.zyntro.Webhooks() != 0 {
			t.Errorf("%d and %d webhooks", w.wunder.Webhooks(), w.zyntro.Webhooks())
		}
	}
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	var now, most atomic.Int32
	var mu sync.Mutex
	var second sync.Once
	met := make(chan struct{}) // closed once two are there together
	w.before = func(r *http.Request) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/api-webhook-subscriptions") { // Zyntro lists by POST
			return
		}
		n := now.Add(1)
		mu.Lock()
		most.Store(max(most.Load(), n))
		mu.Unlock()
		if n > 1 {
			second.Do(func() { close(met) })
		}
		select {
		case <-met:
			time.Sleep(10 * time.Millisecond) // so that more of them meet
		case <-time.After(time.Minute):
		}
		now.Add(-1)
	}
	var entries []string
	for i := range 16 {
		entries = append(entries, fmt.Sprintf("name: n%d, url: 'https://example.com/%d'", i, i))
	}
	w.apply(hooks(entries...), false)
	if n := most.Load(); n < 2 || n > atOnce {
		t.Errorf("%d at once", n)
	}
}

// TestRateLimit makes more webhooks than the provider takes in one window.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{RateLimit: 5, RateWindow: 300 * time.Millisecond, Now: time.Now})
	var entries []string
	for i := range 12 {
		entries = append(entries, fmt.Sprintf("name: n%d, url: 'https://example.com/%d'", i, i))
	}
	w.apply(hooks(entries...), false)
	if w.wunder.Webhooks() != 12 {
		t.Errorf("%d webhooks", w.wunder.Webhooks())
	}
}

func TestRateLimitThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	p := w.plan(hooks("name: a, url: 'https://a.test/'"), false)
	w.fresh(wundertreosfake.Options{Inject: func(*http.Request) wundertreosfake.Injection {
		return wundertreosfake.Injection{Answer: &fakekit.Answer{Status: http.StatusTooManyRequests, Body: []byte(`{"error":"rate_limited","message":"no"}`)}}
	}})
	for interrupt, want := range map[int]int{2: 2, 50: slowTries - 1} {
		slept := 0
		w.notes = nil
		r := w.runner()
		r.Sleep = func(context.Context, time.Duration) error {
			if slept++; slept == interrupt {
				return context.Canceled
			}
			return nil
		}
		got := r.Run(context.Background(), p)
		if len(got) != 1 || got[0].Result != Failed || fault.Code(got[0].Err) != "rate-limited" || slept != want || len(w.notes) != want {
			t.Errorf("%+v, slept %d", got, slept)
		}
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	p := w.plan(both, false)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, o := range w.runner().Run(ctx, p) {
		if o.Result == Done {
			t.Errorf("%s was done", o.Change.Ref())
		}
	}
	if w.wunder.Webhooks()+w.zyntro.Webhooks() != 0 {
		t.Error("something was made")
	}
}

func TestSinkFailureLeavesAManagedRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	dir := t.TempDir()
	text := hooks("name: a, url: 'https://a.test/', secret_to: ['file:" + filepath.ToSlash(dir) + "/gone/{{.ID}}']")
	p := w.plan(text, false)
	if err := p.CheckSinks(context.Background()); err == nil {
		t.Error("a missing directory is not found")
	}
	p.Changes[0].entry.Sinks[0] = lateFailure{p.Changes[0].entry.Sinks[0]}
	got := w.runner().Run(context.Background(), p)
	if got[0].Result != Failed || fault.KindOf(got[0].Err) != fault.Custody || !got[0].Kept || !strings.Contains(fault.HintOf(got[0].Err).String(), "secrets push") ||
		!strings.HasSuffix(fault.HintOf(got[0].Err).String(), "/gone/"+got[0].ID) {
		t.Fatalf("%+v", got[0])
	}
	rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "wundertreos", ID: got[0].ID})
	if err != nil || !rec.Managed {
		t.Errorf("%+v, %v", rec, err)
	}
	if p := w.plan(text, true); len(p.Changes) != 0 {
		t.Errorf("%v", short(p))
	}
}

func TestManageReportsAStoreThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	w.apply(both, false)
	p := w.plan(strings.Replace(both, "timeout: 30", "timeout: 31", 1), false)
	r := w.runner()
	r.Store = failing{r.Store}
	got := r.Run(context.Background(), p)
	if len(got) != 1 || got[0].Result != Failed || !strings.Contains(got[0].Err.Error(), "cannot mark the record") {
		t.Errorf("%+v", got)
	}
}

type failing struct{ secret.Store }

func (failing) Put(context.Context, secret.Record) error { return errors.New("no space") }

// TestReplaceWhoseDeletionIsRateLimited makes the new webhook once, however
// often the deletion of the old one has to be tried.
func TestReplaceWhoseDeletionIsRateLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	w.apply(both, false)
	p := w.plan(strings.Replace(both, "deal.created", "deal.updated", 1), false)
	w.wunder.Inject(func(r *http.Request) wundertreosfake.Injection {
		if r.Method != http.MethodDelete {
			return wundertreosfake.Injection{}
		}
		return wundertreosfake.Injection{Answer: &fakekit.Answer{Status: http.StatusTooManyRequests, Body: []byte(`{"error":"rate_limited","message":"no"}`)}}
	})
	r := w.runner()
	r.Sleep = func(context.Context, time.Duration) error {
		w.fix()
		return nil
	}
	got := r.Run(context.Background(), p)
	wantResults(t, got, "replace Lead done")
	if w.wunder.Webhooks() != 1 || w.id("wundertreos") != got[0].ID {
		t.Errorf("%d webhooks", w.wunder.Webhooks())
	}
	if left, _, err := w.journal.List(context.Background()); err != nil || len(left) > 0 {
		t.Errorf("%d operations are not settled (%v)", len(left), err)
	}
}

// TestDisabledMeanwhileIsNoConflict creates although a disabled twin appeared.
func TestDisabledMeanwhileIsNoConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	p := w.plan(both, false)
	raw := w.raw("zyntro")
	twin, _, err := raw.Create(context.Background(), provider.Spec{Name: "CRM", URL: "https://example.com/x", Events: []string{"new_note"}})
	w.check(err)
	w.check(raw.Delete(context.Background(), twin.ID))
	wantResults(t, w.runner().Run(context.Background(), p), "create CRM done", "create Lead done")
}
