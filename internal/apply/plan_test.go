package apply

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

func ptr[T any](v T) *T { return &v }

// row is a webhook of a list.
func row(id, name, url string) provider.Webhook {
	return provider.Webhook{ID: id, Name: &name, URL: &url, Events: []string{"deal.created"}, Status: ptr(provider.Active)}
}

// kept is a managed record of row.
func kept(w provider.Webhook, replaces string) secret.Record {
	r := secret.Record{Provider: "wundertreos", ID: w.ID, Profile: "default", Name: provider.Text(w.Name), URL: provider.Text(w.URL), Managed: true}
	if replaces != "" {
		r.Replaces = &secret.Ref{Provider: "wundertreos", ID: replaces}
	}
	return r
}

// hooks writes a manifest of WundertreOS webhooks, a YAML flow mapping each.
func hooks(entries ...string) string {
	text := "version: 1\ndefaults: {provider: wundertreos, events: [deal.created]}\nwebhooks:\n"
	if len(entries) == 0 {
		return "version: 1\nwebhooks: []\n"
	}
	for _, e := range entries {
		text += "- {" + e + "}\n"
	}
	return text
}

func compareRows(t *testing.T, text string, s State, rows ...provider.Webhook) (*Plan, error) {
	t.Helper()
	m, err := Parse([]Source{{"a.yaml", []byte(text)}}, environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	s.Profile = "default"
	s.Accounts = []Account{{Driver: driver("wundertreos"), Origin: "https://api.test", Rows: rows}}
	return Compare(m, s)
}

// short is a plan in few words: action and id, or the name where there is none.
func short(p *Plan) []string {
	out := []string{}
	for _, c := range p.Changes {
		s := string(c.Action) + " " + c.Ref()[len("wundertreos/"):]
		for _, f := range c.Fields {
			if c.Action != Create {
				s += " " + f.Name
			}
		}
		out = append(out, s)
	}
	return out
}

func TestMatching(t *testing.T) {
	t.Parallel()
	a, b := row("1", "a", "https://a.test/"), row("2", "b", "https://b.test/")
	gone := row("3", "a", "https://a.test/")
	gone.Status = ptr(provider.Disabled)
	twin := row("4", "a", "https://other.test/")
	unnamed := row("5", "", "https://u.test/x")
	unnamed.Name = nil
	zap := row("9", "z", "https://hooks.zapier.com/9")
	all := func(rows ...provider.Webhook) []secret.Record {
		var out []secret.Record
		for _, r := range rows {
			out = append(out, kept(r, ""))
		}
		return out
	}
	const wantA = "name: a, url: 'https://a.test/'"
	for name, tc := range map[string]struct {
		text    string
		rows    []provider.Webhook
		records []secret.Record
		want    []string // or one error, with "!" before a part of it
	}{
		"by name":                      {hooks(wantA), []provider.Webhook{b, a}, all(a, b), []string{}},
		"disabled ones do not count":   {hooks(wantA), []provider.Webhook{gone}, all(gone), []string{"create a"}},
		"a disabled twin":              {hooks(wantA), []provider.Webhook{gone, a}, all(gone, a), []string{}},
		"the slash of an empty path":   {hooks("name: a, url: 'https://a.test'"), []provider.Webhook{a}, all(a), []string{}},
		"the slash of a path":          {hooks("name: p, url: 'https://a.test/x/'"), []provider.Webhook{row("7", "p", "https://a.test/x")}, nil, []string{"replace 7 url"}},
		"the slash of a path, missing": {hooks("name: p, url: 'https://a.test/x'"), []provider.Webhook{row("7", "p", "https://a.test/x/")}, nil, []string{"replace 7 url"}},
		"by URL, a new name":           {hooks("name: c, url: 'https://a.test/'"), []provider.Webhook{a, b}, all(a, b), []string{"replace 1 name"}},
		"the name goes before the URL": {hooks("name: a, url: 'https://b.test/'"), []provider.Webhook{a, b}, all(a, b),
			[]string{"replace 1 url"}},
		"another entry has the webhook of the URL": {hooks(wantA, "name: n, url: 'https://a.test/'"), []provider.Webhook{a}, all(a), []string{"create n"}},
		"without a name":             {hooks("url: 'https://a.test/'"), []provider.Webhook{a}, all(a), []string{}},
		"an unnamed one":             {hooks("url: 'https://u.test/x'"), []provider.Webhook{unnamed}, all(unnamed), []string{}},
		"an unnamed one gets a name": {hooks("name: u, url: 'https://u.test/x'"), []provider.Webhook{unnamed}, all(unnamed), []string{"replace 5 name"}},
		"a Zap's is not replaced": {hooks("name: z, url: 'https://z.test/'"), []provider.Webhook{zap}, nil,
			[]string{`!a.yaml:4:3: wundertreos "z" matches wundertreos/9, which belongs to a Zap`}},
		"a Zap's that is as it shall be": {hooks("name: z, url: 'https://hooks.zapier.com/9'"), []provider.Webhook{zap}, nil, []string{}},
		"a Zap's that was made here":     {hooks("name: z, url: 'https://z.test/'"), []provider.Webhook{zap}, all(zap), []string{"replace 9 url"}},
		"a name twice":                   {hooks(wantA), []provider.Webhook{a, twin}, all(a, twin), []string{`!a.yaml:4:3: wundertreos "a" is the name of 2 webhooks: wundertreos/1, wundertreos/4; choose one with id: ID`}},
		"a name twice, with an id":       {hooks(wantA + ", id: '1'"), []provider.Webhook{a, twin}, all(a, twin), []string{}},
		"both by id":                     {hooks(wantA+", id: '1'", "name: a, url: 'https://other.test/', id: '4'"), []provider.Webhook{a, twin}, all(a, twin), []string{}},
		"a URL twice": {hooks("url: 'https://a.test/'"), []provider.Webhook{a, row("6", "z", "https://a.test/")}, all(a),
			[]string{"!no webhook has this name, and 2 have this URL"}},
		"two entries, one URL": {hooks("name: x, url: 'https://a.test/'", "name: y, url: 'https://a.test/'"), []provider.Webhook{a}, all(a),
			[]string{`!a.yaml:5:3: wundertreos "x" and wundertreos "y" both match wundertreos/1 by its URL: give one of them id: 1`}},
		"an unknown id":             {hooks(wantA + ", id: '9'"), []provider.Webhook{a}, all(a), []string{`!has no webhook with the id "9": remove id`}},
		"a disabled id":             {hooks(wantA + ", id: '3'"), []provider.Webhook{a, gone}, all(a), []string{"!the webhook 3 is disabled"}},
		"an id and another's name":  {hooks("name: b, url: 'https://b.test/', id: '1'", "name: c, url: 'https://b.test/'"), []provider.Webhook{a, b}, all(a, b), []string{"replace 1 name url", "replace 2 name"}},
		"replaced, both still live": {hooks(wantA), []provider.Webhook{a, twin}, []secret.Record{kept(a, ""), kept(twin, "1")}, []string{"replace 4 url"}},
		"replaced, the id of the old one": {hooks("name: a, url: 'https://other.test/', id: '1'"), []provider.Webhook{a, twin}, []secret.Record{kept(a, ""), kept(twin, "1")},
			[]string{}},
		"replaced, the old one gone": {hooks("name: a, url: 'https://other.test/', id: '1'"), []provider.Webhook{twin}, []secret.Record{kept(a, ""), kept(twin, "1")},
			[]string{}},
		"replaced, both by id": {hooks(wantA+", id: '1'", "name: a, url: 'https://other.test/', id: '4'"), []provider.Webhook{a, twin}, []secret.Record{kept(a, ""), kept(twin, "1")},
			[]string{}},
		"each replaces the other": {hooks(wantA), []provider.Webhook{a, twin}, []secret.Record{kept(a, "4"), kept(twin, "1")}, nil},
		"events in another order": {hooks("name: a, url: 'https://a.test/', events: [deal.updated, deal.created, deal.updated]"),
			[]provider.Webhook{{ID: "1", Name: ptr("a"), URL: ptr("https://a.test/"), Events: []string{"deal.created", "deal.updated"}}}, all(a), []string{}},
		"what is not told does not differ": {hooks(wantA), []provider.Webhook{{ID: "1", Name: ptr("a")}}, nil, []string{}},
		"what is not told comes from the record": {hooks("name: a, url: 'https://new.test/'"), []provider.Webhook{{ID: "1"}}, all(a),
			[]string{"replace 1 url"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := compareRows(t, tc.text, State{Records: tc.records}, tc.rows...)
			if len(tc.want) == 1 && tc.want[0][0] == '!' {
				if err == nil || !strings.Contains(err.Error(), tc.want[0][1:]) || fault.KindOf(err) != fault.Usage {
					t.Errorf("got %v, want %s", err, tc.want[0])
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, short(p)); diff != "" && tc.want != nil {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	mine, theirs, elsewhere, away, unkept := row("1", "mine", "https://1.test/"), row("2", "theirs", "https://2.test/"),
		row("3", "elsewhere", "https://3.test/"), row("4", "away", "https://4.test/"), row("5", "unkept", "https://5.test/")
	adopted := kept(theirs, "")
	adopted.Managed = false
	profile := kept(elsewhere, "")
	profile.Profile = "other"
	origin := kept(away, "")
	origin.Origin = "https://sandbox.test"
	missing := kept(row("6", "missing", "https://6.test/"), "")
	s := State{Prune: true, Records: []secret.Record{kept(mine, ""), adopted, profile, origin, missing}}
	p, err := compareRows(t, hooks(), s, mine, theirs, elsewhere, away, unkept)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"delete 1"}, short(p)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	s.Prune = false
	if p, err = compareRows(t, hooks(), s, mine, theirs, elsewhere, away, unkept); err != nil || len(p.Changes) != 0 || len(p.Warnings) != 0 {
		t.Errorf("without prune: %v, %v, %v", short(p), p.Warnings, err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	old, unreadable := row("1", "a", "https://a.test/"), provider.Webhook{ID: "x", Unreadable: "no URL"}
	now := row("2", "a", "https://a.test/")
	p, err := compareRows(t, hooks("name: a, url: 'https://a.test/'", "name: b, url: 'https://b.test/'", "name: c, url: 'https://c.test/'"),
		State{Records: []secret.Record{kept(old, ""), kept(now, "1")}, Prune: true}, old, now, unreadable, row("7", "c", "https://c.test/"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"create b"}, short(p)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	all := strings.Join(p.Warnings, "\n")
	for _, part := range []string{
		`a row of WundertreOS's list was skipped because it cannot be read (id "x"): no URL`,
		`wundertreos "b" may already exist: 1 row(s)`,
		`wundertreos "c" (wundertreos/7): its secret is not kept here`, "hookctl rotate wundertreos/7",
		`wundertreos "a" (wundertreos/1) was replaced and still exists; if nothing needs it: hookctl delete wundertreos/1`,
	} {
		if !strings.Contains(all, part) {
			t.Errorf("lacks %q:\n%s", part, all)
		}
	}
	if p.Unchanged != 2 || !p.Differs() || p.Count(Create) != 1 {
		t.Errorf("unchanged %d", p.Unchanged)
	}
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	a := row("1", "a", "https://a.test/")
	rec := kept(a, "")
	rec.Managed = false
	p, err := compareRows(t, hooks("name: a, url: 'https://a.test/'"), State{Records: []secret.Record{rec}}, a)
	if err != nil || p.Differs() || !slices.Equal(short(p), []string{"adopt 1"}) || p.Unchanged != 0 || !p.Changes[0].Kept {
		t.Errorf("%v, %v", short(p), err)
	}
}

func TestAuthIsComparedByItsMark(t *testing.T) {
	t.Parallel()
	o := environment(map[string]string{"T": "t0ken"})
	entry := "version: 1\nwebhooks:\n- {provider: zyntro, name: a, url: 'https://a.test/', events: [new_contact], auth: {type: bearer, value: '${T}'}}\n"
	m, err := Parse([]Source{{"a.yaml", []byte(entry)}}, o)
	if err != nil {
		t.Fatal(err)
	}
	live := row("1", "a", "https://a.test/")
	live.Events, live.AuthType = []string{"new_contact"}, ptr("bearer")
	data := m.Webhooks[0].Auth.Data
	for name, tc := range map[string]struct {
		mark *secret.AuthMark
		kept bool
		kind string
		want []Field
		note bool
	}{
		"the same":      {secret.NewAuthMark("bearer", data), true, "bearer", nil, false},
		"value changed": {secret.NewAuthMark("bearer", secret.New("{}")), true, "bearer", []Field{{"auth", "bearer", "bearer", "value changed"}}, false},
		"not known":     {nil, true, "bearer", []Field{{"auth", "bearer", "bearer", "unknown here, so it is sent again"}}, false},
		"another type":  {secret.NewAuthMark("bearer", data), true, "none", []Field{{"auth", "none", "bearer", ""}}, false},
		"not told":      {secret.NewAuthMark("bearer", data), true, "", nil, false},
		"nothing kept":  {nil, false, "bearer", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := live
			if w.AuthType = &tc.kind; tc.kind == "" {
				w.AuthType = nil
			}
			s := State{Profile: "default", Accounts: []Account{{Driver: driver("zyntro"), Rows: []provider.Webhook{w}}}}
			if tc.kept {
				s.Records = []secret.Record{{Provider: "zyntro", ID: "1", Managed: true, Auth: tc.mark}}
			}
			p, err := Compare(m, s)
			if err != nil {
				t.Fatal(err)
			}
			var got []Field
			for _, c := range p.Changes {
				got = append(got, c.Fields...)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if noted := strings.Contains(fmt.Sprint(p.Warnings), "cannot be compared"); noted != tc.note {
				t.Errorf("warnings %v", p.Warnings)
			}
		})
	}
}

func TestCheckSinks(t *testing.T) {
	t.Parallel()
	p := &Plan{Changes: []*Change{
		{Action: Create, At: Position{"a.yaml", 4, 3}, entry: &Webhook{Driver: driver("zyntro"), Sinks: []sink.Sink{badSink{}}}},
		{Action: Update, entry: &Webhook{Driver: driver("zyntro"), Sinks: []sink.Sink{badSink{}}}},
	}}
	if err := p.CheckSinks(context.Background()); err == nil || err.Error() != "nothing was sent: the sink file:x/y cannot take a secret now: a.yaml:4:3: no such directory" {
		t.Errorf("%v", err)
	}
}

type badSink struct{}

func (badSink) String() string                         { return "file:x/y" }
func (badSink) For(sink.Item) string                   { return "file:x/y" }
func (badSink) Check(context.Context, sink.Item) error { return errors.New("no such directory") }
func (badSink) Put(context.Context, sink.Item) error   { return errors.New("no such directory") }

// TestPlanIsQuick plans 500 webhooks that differ all, parsing included.
func TestPlanIsQuick(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 1\nwebhooks:\n")
	var rows []provider.Webhook
	var records []secret.Record
	for i := range 500 {
		entry{provider: "wundertreos", name: fmt.Sprint("hook ", i), url: fmt.Sprintf("https://h%d.test/new", i), events: []string{"all"}}.write(&b)
		w := row(fmt.Sprint(i), fmt.Sprint("hook ", i), fmt.Sprintf("https://h%d.test/", i))
		rows, records = append(rows, w), append(records, kept(w, ""))
	}
	best := time.Hour
	for range 3 {
		runtime.GC()
		start := cpu()
		p, err := compareRows(t, b.String(), State{Records: records}, rows...)
		best = min(best, cpu()-start)
		if err != nil || p.Count(Replace) != 500 {
			t.Fatalf("%v", err)
		}
	}
	most := 250 * time.Millisecond
	if norace.Race {
		most *= 15
	}
	if best > most {
		t.Errorf("takes %v", best)
	}
}
