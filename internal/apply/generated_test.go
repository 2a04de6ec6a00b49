package apply

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
	"github.com/hookctl/hookctl/internal/secret"
)

// entry is a webhook of a generated manifest.
type entry struct {
	provider, name, url string
	events              []string
	timeout             int    // 0: not said
	auth                string // "", none, or a type
	token               string // the environment variable of its credential
}

func (e entry) write(b *strings.Builder) {
	fmt.Fprintf(b, "- provider: %s\n  url: %s\n  events:\n", e.provider, scalar(escape(e.url)))
	for _, slug := range e.events {
		fmt.Fprintf(b, "  - %s\n", scalar(slug))
	}
	if e.name != "" {
		fmt.Fprintf(b, "  name: %s\n", scalar(escape(e.name)))
	}
	if e.timeout != 0 {
		fmt.Fprintf(b, "  timeout: %d\n", e.timeout)
	}
	if e.auth != "" {
		fmt.Fprintf(b, "  auth:\n    type: %s\n", e.auth)
		for _, m := range driver(e.provider).AuthMembers[e.auth] {
			fmt.Fprintf(b, "    %s: ${%s}\n", m, e.token)
		}
	}
}

func manifestOf(entries []entry) string {
	var b strings.Builder
	b.WriteString("version: 1\nwebhooks:\n")
	if len(entries) == 0 {
		return "version: 1\nwebhooks: []\n"
	}
	for _, e := range entries {
		e.write(&b)
	}
	return b.String()
}

// oddNames are hard for YAML, for a terminal or for a reader.
var oddNames = []string{
	"CRM Sync", "yes", "null", "123", "1e3", "0x1f", "~", "- a", "a: b", "a #b", "'", `"`, `\`, "${HOME}", "$${x}", "größe", "日本語", "🪝 hook",
	"line\nbreak", "tab\there", "\x1b[31m", "\u202eevil", "{{.Name}}", "&a", "*a", "!!x", "%", "@", "`", "on", " a ", "-", ":", "?", "<<", "=", "\ufeffx", "\u0085", "e\u0301",
}

type generator struct {
	*rand.Rand
	n int
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

func (g *generator) name() string {
	for {
		g.n++
		name := fmt.Sprintf("hook-%d", g.n)
		if g.IntN(2) == 0 {
			name = fmt.Sprintf("%s %d", pick(g, oddNames), g.n)
		}
		if accepted("name", provider.Spec{Name: name}) {
			return name
		}
	}
}

// accepted reports whether no provider finds fault with this field of s.
func accepted(field string, s provider.Spec) bool {
	return !slices.ContainsFunc(drivers, func(d *provider.Driver) bool {
		return slices.ContainsFunc(d.Validate(s), func(f provider.Violation) bool { return f.Field == field })
	})
}

func (g *generator) url() string {
	for {
		g.n++
		url := fmt.Sprintf("https://h%d.example.com/%s", g.n, pick(g, []string{"", "hook", "a?b=c&d=${e}", "x#y", "%7B", "ü"}))
		if accepted("url", provider.Spec{URL: url}) {
			return url
		}
	}
}

func (g *generator) events(d *provider.Driver) []string {
	var out []string
	for range 1 + g.IntN(4) {
		if slug := pick(g, d.Catalogue).Slug; !slices.Contains(out, slug) {
			out = append(out, slug)
		}
	}
	return out
}

func (g *generator) auth(e *entry) {
	e.auth, e.token = pick(g, driver("zyntro").AuthTypes), pick(g, []string{"TOKEN_A", "TOKEN_B"})
}

func (g *generator) entry() entry {
	d := pick(g, drivers)
	e := entry{provider: d.Name, name: g.name(), url: g.url(), events: g.events(d)}
	if d.Name == "zyntro" {
		if g.IntN(2) == 0 {
			e.timeout = 5 + g.IntN(116)
		}
		if g.IntN(2) == 0 {
			g.auth(&e)
		}
	} else if g.IntN(4) == 0 {
		e.name = ""
	}
	return e
}

// mutate changes one field of e and names it; "" where it could not.
func (g *generator) mutate(e *entry) string {
	switch g.IntN(5) {
	case 0:
		if e.name == "" {
			return ""
		}
		e.name = g.name()
		return "name"
	case 1:
		if e.name == "" {
			return "" // nothing would be left to find it by
		}
		e.url = g.url()
		return "url"
	case 2:
		before := e.events
		e.events = g.events(driver(e.provider))
		if provider.SameEvents(before, e.events) {
			return ""
		}
		return "events"
	case 3:
		if e.timeout == 0 {
			return ""
		}
		e.timeout = 5 + (e.timeout-5+1+g.IntN(114))%116
		return "timeout"
	default:
		before := *e
		if e.auth == "" {
			return ""
		}
		g.auth(e)
		if e.auth == before.auth && (e.auth == "none" || e.token == before.token) {
			return ""
		}
		return "auth"
	}
}

// step is a change in the form that tests expect.
type step struct {
	Action   Action
	Provider string
	Fields   []string
}

func steps(p *Plan) []step {
	var out []step
	for _, c := range p.Changes {
		s := step{Action: c.Action, Provider: c.Driver.Name}
		if c.Action == Update || c.Action == Replace {
			for _, f := range c.Fields {
				s.Fields = append(s.Fields, f.Name)
			}
		}
		out = append(out, s)
	}
	return out
}

// TestGeneratedManifests applies many manifests. After each, a plan is empty,
// the export round-trips, and one difference in the manifest or at the provider
// gives exactly that change.
func TestGeneratedManifests(t *testing.T) {
	t.Parallel()
	manifests := 80
	if norace.Race {
		manifests = 20
	}
	if os.Getenv("HOOKCTL_TEST_FULL") == "1" {
		manifests = 1000
	}
	const lanes = 4
	for lane := range lanes {
		t.Run(fmt.Sprint(lane), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, wundertreosfake.Options{})
			w.store, w.clients = nil, nil
			w.env = map[string]string{"TOKEN_A": "a-token", "TOKEN_B": "b-token"}
			for n := lane; n < manifests; n += lanes {
				w.fresh(wundertreosfake.Options{})
				w.inMemory()
				g := &generator{Rand: rand.New(rand.NewPCG(1, uint64(n)))}
				var entries []entry
				for range g.IntN(4) {
					entries = append(entries, g.entry())
				}
				check(t, w, g, entries, n)
				if t.Failed() {
					t.Fatalf("manifest %d:\n%s", n, manifestOf(entries))
				}
			}
		})
	}
}

// check does to the nth manifest what every one needs, and by turns the rest. Some
// differences are settled by another apply, which is most of the work.
func check(t *testing.T, w *world, g *generator, entries []entry, n int) {
	settle := n%4 < 2
	text := manifestOf(entries)
	w.apply(text, false)
	if p := w.plan(text, true); len(p.Changes) != 0 || len(p.Warnings) != 0 || p.Unchanged != len(entries) {
		t.Errorf("a plan after apply: %+v, %v", steps(p), p.Warnings)
	}
	if n%3 == 0 {
		exported := NewExport(w.accounts())
		back := w.withExportVariables(exported, entries)
		if p := back.plan(exported.YAML(), true); len(p.Changes) != 0 {
			t.Errorf("a plan of the export: %+v\n%s", steps(p), exported.YAML())
		}
	}
	if len(entries) == 0 {
		return
	}

	// In the manifest.
	i := g.IntN(len(entries))
	mutated := slices.Clone(entries)
	if field := g.mutate(&mutated[i]); field != "" {
		want := []step{{Update, "zyntro", []string{field}}}
		if entries[i].provider == "wundertreos" {
			want = []step{{Replace, "wundertreos", []string{field}}}
		}
		p := w.plan(manifestOf(mutated), true)
		if diff := cmp.Diff(want, steps(p)); diff != "" {
			t.Errorf("%s changed in the manifest: (-want +got)\n%s", field, diff)
		}
		for _, c := range p.Changes {
			if line := fmt.Sprintf("%+v", c.Fields); strings.Contains(line, "a-token") || strings.Contains(line, "b-token") {
				t.Errorf("the plan holds a credential: %s", line)
			}
		}
		if settle {
			entries = mutated
			text = manifestOf(entries)
			w.apply(text, false)
			if p := w.plan(text, false); len(p.Changes) != 0 {
				t.Errorf("a plan after the change: %+v", steps(p))
			}
		}
	}

	if n%2 == 0 { // at the provider
		want := w.meddle(g, entries[i])
		if diff := cmp.Diff(want, steps(w.plan(text, false))); diff != "" {
			t.Errorf("meddled with at the provider: (-want +got)\n%s", diff)
		}
		if !settle {
			return
		}
		w.apply(text, false)
		if p := w.plan(text, false); len(p.Changes) != 0 {
			t.Errorf("a plan after mending: %+v", steps(p))
		}
		return
	}

	// Gone from the manifest.
	without := slices.Delete(slices.Clone(entries), i, i+1)
	if diff := cmp.Diff([]step{{Action: Delete, Provider: entries[i].provider}}, steps(w.plan(manifestOf(without), true))); diff != "" {
		t.Errorf("removed from the manifest: (-want +got)\n%s", diff)
	}
	if p := w.plan(manifestOf(without), false); len(p.Changes) != 0 {
		t.Errorf("removed from the manifest, without prune: %+v", steps(p))
	}
	if !settle {
		return
	}
	w.apply(manifestOf(without), true)
	if p := w.plan(manifestOf(without), true); len(p.Changes) != 0 {
		t.Errorf("a plan after prune: %+v", steps(p))
	}
}

// meddle is somebody else at the provider, and what a plan says of it.
func (w *world) meddle(g *generator, e entry) []step {
	w.t.Helper()
	var id string
	for _, acc := range w.accounts() {
		for _, row := range acc.Rows {
			if acc.Driver.Name == e.provider && provider.Text(row.URL) == e.url && (row.Status == nil || *row.Status != provider.Disabled) {
				id = row.ID
			}
		}
	}
	var ch provider.Change
	field := ""
	other := "another name"
	switch kind := g.IntN(6); {
	case e.provider == "wundertreos" || kind == 0:
		if err := w.raw(e.provider).Delete(context.Background(), id); err != nil {
			w.t.Fatal(err)
		}
		return []step{{Action: Create, Provider: e.provider}}
	case kind == 1:
		field, ch.Name = "name", &other
	case kind == 2:
		other = g.url()
		field, ch.URL = "url", &other
	case kind == 3:
		field, ch.Events = "events", []string{"account_suspended", "terms_violation"}
	case kind == 4 && e.timeout != 0:
		seconds := 5 + (e.timeout-5+1)%116
		field, ch.Timeout = "timeout", &seconds
	case kind == 5 && e.auth != "" && e.auth != "bearer":
		other = "bearer"
		field, ch.AuthType, ch.AuthData = "auth", &other, secret.New(`{"value":"theirs"}`)
	default:
		paused := provider.Paused
		ch.Status = &paused
		if _, err := w.raw(e.provider).Update(context.Background(), id, ch); err != nil {
			w.t.Fatal(err)
		}
		return nil
	}
	if _, err := w.raw(e.provider).Update(context.Background(), id, ch); err != nil {
		w.t.Fatal(err)
	}
	return []step{{Update, e.provider, []string{field}}}
}

// withExportVariables is w with the variables that an export asks for.
func (w *world) withExportVariables(x Export, entries []entry) *world {
	out := &world{t: w.t, clients: w.clients, access: w.access, store: w.store, env: map[string]string{}}
	for _, e := range x.Webhooks {
		for _, have := range entries {
			if escape(have.name) != e.Name || have.provider != e.Provider {
				continue
			}
			for member, value := range e.Auth {
				if member != "type" {
					out.env[strings.Trim(value, "${}")] = w.env[have.token]
				}
			}
		}
	}
	return out
}
