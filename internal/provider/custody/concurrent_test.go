package custody

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// TestSeen goes through when another process began to replace a webhook, when it
// kept the new one, and when this one looked.
func TestSeen(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	old := secret.Ref{Provider: "toy", ID: "id-0"}
	other := secret.Ref{Provider: "toy", ID: "id-9"}
	begun := func(ref secret.Ref) []secret.Intent {
		return []secret.Intent{{ID: "op", Replaces: &ref, StartedAt: at.Add(-time.Minute)}}
	}
	for name, c := range map[string]struct {
		seen     Snapshot
		replaces *secret.Ref
		made     time.Duration // after this one looked
		want     bool          // it was not there yet
	}{
		"made before":                        {Snapshot{At: at}, &old, -time.Second, false},
		"made at the same moment":            {Snapshot{At: at}, &old, 0, false},
		"made after":                         {Snapshot{At: at}, &old, time.Nanosecond, true},
		"made before, by one still at it":    {Snapshot{at, begun(old)}, &old, -time.Second, true},
		"made when that began":               {Snapshot{at, begun(old)}, &old, -time.Minute, true},
		"made before that began":             {Snapshot{at, begun(old)}, &old, -time.Hour, false},
		"made before; another is replaced":   {Snapshot{at, begun(other)}, &old, -time.Second, false},
		"a new one, not in place of another": {Snapshot{at, begun(old)}, nil, time.Second, false},
		"nobody looked":                      {Snapshot{}, &old, time.Hour, false},
	} {
		r := secret.Record{Provider: "toy", ID: "id-1", Replaces: c.replaces, CreatedAt: at.Add(c.made)}
		if got := c.seen.NewSuccessor(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestReplaceOfTheReplaced: what another process has put in the place since is
// named, at the end of the chain, and nothing is sent.
func TestReplaceOfTheReplaced(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		made   time.Duration // of the first successor, after the look
		origin string
		want   string
	}{
		"since":                  {time.Second, "", "toy/id-8"},
		"long before":            {-time.Hour, "", ""},
		"at another account":     {time.Second, "https://elsewhere.test", ""},
		"replaced, then deleted": {time.Second, "", "toy/id-8"},
	} {
		w := withOld(t)
		w.client.custody.Snapshot = Snapshot{At: w.now}
		for _, step := range [][2]string{{"id-0", "id-7"}, {"id-7", "id-8"}} {
			r := secret.Record{Provider: "toy", ID: step[1], Profile: "default", Origin: w.client.origin, Replaces: &secret.Ref{Provider: "toy", ID: step[0]}}
			if c.origin != "" {
				r.Origin = c.origin
			}
			r.Supersede(secret.New("theirs"), w.now.Add(c.made))
			if strings.Contains(name, "deleted") {
				r.DeletedAt = w.now
			}
			if err := w.store.Put(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		for what, do := range map[string]func() error{
			"replace": func() error {
				_, err := w.client.Replace(ctx, OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, true)
				return err
			},
			"delete": func() error { return w.client.Delete(ctx, "id-0") },
		} {
			rows := len(w.rows)
			err := do()
			if c.want == "" {
				if err != nil {
					t.Errorf("%s: %s: %v", name, what, err)
				}
				continue
			}
			if fault.KindOf(err) != fault.Refused || fault.Code(err) != "conflict" || !strings.Contains(err.Error(), "toy/id-0") || !strings.Contains(err.Error(), c.want) ||
				!strings.Contains(fault.HintOf(err).String(), c.want) || len(w.rows) != rows || w.posts != 0 || len(w.pending()) != 0 {
				t.Errorf("%s: %s: %v, hint %q, %d rows", name, what, err, fault.HintOf(err).String(), len(w.rows))
			}
		}
		if err := w.client.CheckNotSuccessor(ctx, "id-7"); (fault.Code(err) == "conflict") != (c.want != "") {
			t.Errorf("%s: the newcomer: %v", name, err)
		}
		if err := w.client.CheckNotSuccessor(ctx, "id-0"); err != nil {
			t.Errorf("%s: it was always there: %v", name, err)
		}
	}
}

// TestReplaceOfTheDeleted: what another process has deleted since does not come
// back.
func TestReplaceOfTheDeleted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deleted time.Duration // after the look
		want    bool
	}{"since": {time.Second, true}, "long before, and it is there again": {-time.Hour, false}} {
		w := withOld(t)
		ref := secret.Ref{Provider: "toy", ID: "id-0"}
		rec, err := w.store.Get(context.Background(), ref)
		if err != nil {
			t.Fatal(err)
		}
		rec.DeletedAt = w.now.Add(c.deleted)
		if err := w.store.Put(context.Background(), rec); err != nil {
			t.Fatal(err)
		}
		w.client.custody.Snapshot = Snapshot{At: w.now}
		_, err = w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false)
		if c.want != (fault.Code(err) == "conflict") || c.want != (w.posts == 0) || c.want && fault.HintOf(err).String() == "" {
			t.Errorf("%s: %v, %d requests", name, err, w.posts)
		}
	}
}

// TestReplaceOfTheUnsettled: what another process has left undone since may have
// made a webhook already.
func TestReplaceOfTheUnsettled(t *testing.T) {
	t.Parallel()
	w := withOld(t)
	w.client.custody.Snapshot = Snapshot{At: w.now.Add(-time.Second)}
	in := w.client.intent(OpRotate, spec, &secret.Ref{Provider: "toy", ID: "id-0"})
	entry, err := w.client.custody.Journal.Begin(context.Background(), in, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := entry.Release(); err != nil {
		t.Fatal(err)
	}
	_, err = w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false)
	wantKind(t, err, fault.Custody, "started to replace toy/id-0", "hookctl recover")
	if w.posts != 0 {
		t.Errorf("%d requests", w.posts)
	}
	// One that is older was there to be seen.
	w.client.custody.Snapshot = Snapshot{At: w.now.Add(time.Second)}
	if _, err = w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false); err != nil {
		t.Error(err)
	}
}

// TestLockOf: one waits for the same webhook or place alone, for so long, and
// gives all up where it does not get all.
func TestLockOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	turn := func(ctx context.Context, wait time.Duration, keys ...string) (func(), error) {
		release, _, err := w.client.lock(ctx, wait, keys...)
		return release, err
	}
	held, err := turn(ctx, lockTimeout, idKey("a"), placeKey("n", "u"), idKey("a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, free := range []string{idKey("b"), idKey("n"), placeKey("n", "v"), placeKey("nu", ""), placeKey("", "nu")} {
		release, err := turn(ctx, lockTimeout, free)
		if err != nil {
			t.Fatalf("%q: %v", free, err)
		}
		release()
	}
	for _, taken := range []string{idKey("a"), placeKey("n", "u")} {
		_, err := turn(ctx, time.Nanosecond, taken, idKey("b"), idKey("z"))
		if fault.Code(err) != "busy" || fault.KindOf(err) != fault.Other || fault.HintOf(err).String() == "" {
			t.Errorf("%q: %v", taken, err)
		}
		if said := strings.Join(w.notices, "\n"); !strings.Contains(said, "Another process is working on this webhook") {
			t.Errorf("%q: said %q", taken, said)
		}
		w.notices = nil
		done, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := turn(done, lockTimeout, taken); fault.KindOf(err) != fault.Interrupted {
			t.Errorf("%q: interrupted: %v", taken, err)
		}
	}
	held()
	release, err := turn(ctx, lockTimeout, idKey("z"), idKey("b"), idKey("a"), placeKey("n", "u")) // none of them is kept
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// changeable is a toy with one webhook that can be changed in place.
type changeable struct {
	provider.Provider
	row *provider.Webhook
}

func (c changeable) Get(context.Context, string) (provider.Webhook, error) { return *c.row, nil }

func (c changeable) Update(_ context.Context, _ string, ch provider.Change) (provider.Webhook, error) {
	if ch.Events != nil {
		c.row.Events = ch.Events
	}
	c.row.Name, c.row.URL, c.row.Status = cmp.Or(ch.Name, c.row.Name), cmp.Or(ch.URL, c.row.URL), cmp.Or(ch.Status, c.row.Status)
	return *c.row, nil
}

// TestChangesTakeTurns: a change in place waits for who replaces or removes the
// webhook, or makes one where it is or is to be; and who has waited for a change
// replaces no webhook that is not any more what was asked for.
func TestChangesTakeTurns(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	name, url, paused := "other", "https://example.com/other", provider.Paused
	change := provider.Change{Name: &name, URL: &url, Status: &paused}
	for what, key := range map[string]string{
		"the webhook": idKey("id-0"), "where it is": placeKey(spec.Name, spec.URL), "where it is to be": placeKey(name, url),
		"where a change of the name alone leads": placeKey(name, spec.URL), "another webhook": idKey("id-9"),
	} {
		w := withOld(t)
		d := *w.client.driver
		d.Updates = true
		old := provider.Webhook{ID: "id-0", Name: &spec.Name, URL: &spec.URL}
		at := old
		w.client.driver, w.client.raw = &d, changeable{w.client.raw, &at}
		held, _, err := w.client.lock(ctx, lockTimeout, key)
		if err != nil {
			t.Fatal(err)
		}
		ch := change
		if strings.Contains(what, "alone") {
			ch.URL = nil
		}
		waiting, interrupt := context.WithCancel(ctx)
		w.client.custody.Notify = func(string) { interrupt() }
		_, err = w.client.Update(waiting, old, ch)
		interrupt()
		free := what == "another webhook"
		if (err == nil) != free || (at.Status != nil) != free {
			t.Errorf("%s: %v, %+v", what, err, at)
		}
		held()
		if _, err = w.client.Update(ctx, old, change); err != nil || provider.Text(at.Name) != name {
			t.Errorf("%s: afterwards: %v, %+v", what, err, at)
		}
		rec, err := w.store.Get(ctx, secret.Ref{Provider: "toy", ID: "id-0"})
		if err != nil || rec.Name != name || rec.URL != url {
			t.Errorf("%s: the record: %+v, %v", what, rec, err)
		}
	}
	for what, change := range map[string]func(r *secret.Record){
		"a rotation":        func(r *secret.Record) { r.ID, r.Replaces = "id-7", &secret.Ref{Provider: "toy", ID: "id-0"} },
		"a deletion":        func(r *secret.Record) { r.DeletedAt = r.CreatedAt.Add(time.Second) },
		"of something else": func(r *secret.Record) { r.ID = "id-8" },
	} {
		w := withOld(t)
		d := *w.client.driver
		d.Updates = true
		at := provider.Webhook{ID: "id-0", Name: &spec.Name, URL: &spec.URL}
		w.client.driver, w.client.raw = &d, changeable{w.client.raw, &at}
		w.client.custody.Snapshot = Snapshot{At: w.now}
		held, _, err := w.client.lock(ctx, lockTimeout, idKey("id-0"))
		if err != nil {
			t.Fatal(err)
		}
		w.client.custody.Notify = func(string) { // it waits now
			r := secret.Record{Provider: "toy", ID: "id-0", Profile: "default", Origin: w.client.origin}
			r.Supersede(secret.New("theirs"), w.now.Add(time.Second))
			change(&r)
			if err := w.store.Put(ctx, r); err != nil {
				t.Error(err)
			}
			held()
		}
		_, err = w.client.Update(ctx, at, provider.Change{Status: &paused})
		if want := what != "of something else"; (fault.Code(err) == "conflict") != want || (at.Status == nil) != want {
			t.Errorf("%s: %v, %+v", what, err, at)
		}
	}
	for what, change := range map[string]func(*provider.Webhook){
		"nothing": func(*provider.Webhook) {},
		"a name":  func(at *provider.Webhook) { at.Name = &name },
		"a pause": func(at *provider.Webhook) { at.Status = &paused },
	} {
		w := withOld(t)
		d := *w.client.driver
		d.Updates = true
		old := provider.Webhook{ID: "id-0", Name: &spec.Name, URL: &spec.URL}
		at := old
		w.client.driver, w.client.raw = &d, changeable{w.client.raw, &at}
		held, _, err := w.client.lock(ctx, lockTimeout, idKey("id-0"))
		if err != nil {
			t.Fatal(err)
		}
		w.client.custody.Notify = func(string) { // it waits now
			change(&at)
			held()
		}
		_, err = w.client.Replace(ctx, OpRotate, old, spec, nil, true)
		if want := what != "nothing"; (fault.Code(err) == "conflict") != want || (w.posts == 0) != want || want && len(w.pending()) != 0 {
			t.Errorf("%s: %v, %d requests", what, err, w.posts)
		}
	}
}

// TestEditsOfEvents: a change of the list is made of what the webhook has when it is
// this process's turn, whatever it had before.
func TestEditsOfEvents(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	add := func(now []string) ([]string, error) { return append(slices.Clone(now), "mine"), nil }
	for what, c := range map[string]struct {
		now  []string
		edit func([]string) ([]string, error)
		want []string
	}{
		"as it was":        {[]string{"a"}, add, []string{"seen", "mine"}},
		"changed":          {[]string{"a", "theirs"}, add, []string{"a", "theirs", "mine"}},
		"not told":         {nil, add, []string{"seen", "mine"}},
		"cannot be edited": {[]string{"b"}, func([]string) ([]string, error) { return nil, fault.Usagef("none left") }, []string{"b"}},
	} {
		w := withOld(t)
		d := *w.client.driver
		d.Updates = true
		old := provider.Webhook{ID: "id-0", Name: &spec.Name, URL: &spec.URL, Events: []string{"a"}}
		at := old
		w.client.driver, w.client.raw = &d, changeable{w.client.raw, &at}
		held, _, err := w.client.lock(ctx, lockTimeout, idKey("id-0"))
		if err != nil {
			t.Fatal(err)
		}
		w.client.custody.Notify = func(string) { // it waits now
			at.Events = c.now
			held()
		}
		_, err = w.client.Update(ctx, old, provider.Change{Events: []string{"seen", "mine"}, Edit: c.edit})
		if !slices.Equal(at.Events, c.want) || (err != nil) != (what == "cannot be edited") {
			t.Errorf("%s: %v, %v", what, at.Events, err)
		}
	}
}

// TestCreateUnless makes nothing where there is one, and where that cannot be told.
func TestCreateUnless(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found bool
		err   error
		posts int
	}{"absent": {posts: 1}, "there": {found: true}, "nobody knows": {err: errors.New("no")}} {
		w := newWorld(t)
		made, err := w.client.CreateUnless(context.Background(), spec, nil, func() (bool, error) { return c.found, c.err })
		if !errors.Is(err, c.err) || w.posts != c.posts || (made.Record.ID != "") != (c.posts == 1) || len(w.pending()) != 0 {
			t.Errorf("%s: %v, %d requests", name, err, w.posts)
		}
		release, _, err := w.client.lock(context.Background(), time.Nanosecond, placeKey(spec.Name, spec.URL))
		if err != nil {
			t.Fatalf("%s: the turn is not over: %v", name, err)
		}
		ctx, interrupt := context.WithCancel(context.Background())
		interrupt()
		if _, err := w.client.CreateUnless(ctx, spec, nil, func() (bool, error) { t.Error("it looks"); return false, nil }); fault.KindOf(err) != fault.Interrupted || w.posts != c.posts {
			t.Errorf("%s: interrupted: %v", name, err)
		}
		release()
	}
}

func TestHeir(t *testing.T) {
	t.Parallel()
	link := func(id, of string) secret.Record {
		r := secret.Record{Provider: "toy", ID: id}
		if of != "" {
			r.Replaces = &secret.Ref{Provider: "toy", ID: of}
		}
		return r
	}
	chain := []secret.Record{link("c", "b"), link("a", ""), link("b", "a"), link("x", "y"), link("y", "x")}
	for id, want := range map[string]string{"a": "c", "b": "c", "c": "c", "n": "n"} {
		if got := Successor(chain, secret.Ref{Provider: "toy", ID: id}); got != want {
			t.Errorf("%s: %s", id, got)
		}
	}
	if got := Successor(chain, secret.Ref{Provider: "toy", ID: "x"}); !slices.Contains([]string{"x", "y"}, got) { // and it comes to an end
		t.Error(got)
	}
	if got := Successor(chain, secret.Ref{Provider: "other", ID: "a"}); got != "a" {
		t.Error(got)
	}
}
