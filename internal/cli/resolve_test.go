package cli

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/secret"
)

// TestPickPrefers: of several that fit equally well, those at the base URL in
// force are meant, and of those the living; where several are left, each is
// described.
func TestPickPrefers(t *testing.T) {
	t.Parallel()
	a := &app{env: &Env{Drivers: all.Drivers()}}
	rnd := rand.New(rand.NewPCG(1, 2))
	rank := func(c candidate) int {
		r := 0
		if c.elsewhere {
			r += 2
		}
		if c.gone != "" {
			r++
		}
		return r
	}
	refs := []string{"Lead", "a1", "a1b", "zyntro/a1", "wundertreos/a1b", "wundertre/a1", "nobody"}
	for range 20000 {
		var list []candidate
		for i := range rnd.IntN(6) {
			c := candidate{
				provider: []string{"zyntro", "wundertreos"}[rnd.IntN(2)], id: []string{"a1", "a1b", "a1bc", "b2"}[rnd.IntN(4)], name: []string{"", "Lead", "a1"}[rnd.IntN(3)],
				elsewhere: rnd.IntN(2) == 0, url: "https://example.com/" + string(rune('a'+i)), created: "2026-05-17T14:30:00Z",
			}
			if rnd.IntN(2) == 0 {
				c.gone = "deleted"
			}
			if c.elsewhere {
				c.origin = "http://127.0.0.1:1"
			}
			list = append(list, c)
		}
		ref, prefix := refs[rnd.IntN(len(refs))], rnd.IntN(2) == 0
		// What fits best, counted apart from what is preferred.
		provider, id, qualified := strings.Cut(ref, "/")
		provider = strings.Replace(provider+"/", "wundertre/", "wundertreos/", 1)
		level := func(c candidate) int {
			switch {
			case qualified && c.provider+"/" == provider && c.id == id:
				return 0
			case c.id == ref:
				return 1
			case c.name == ref:
				return 2
			case prefix && strings.HasPrefix(c.id, ref):
				return 3
			case prefix && qualified && c.provider+"/" == provider && strings.HasPrefix(c.id, id):
				return 4
			}
			return 9
		}
		best := []int{}
		for i, c := range list {
			switch {
			case level(c) == 9:
			case len(best) == 0 || level(c) < level(list[best[0]]) || level(c) == level(list[best[0]]) && rank(c) < rank(list[best[0]]):
				best = []int{i}
			case level(c) == level(list[best[0]]) && rank(c) == rank(list[best[0]]):
				best = append(best, i)
			}
		}
		got, err := a.match(ref, list, prefix)
		switch {
		case len(best) == 0:
			if got != -1 || err != nil {
				t.Fatalf("%q among %+v: %d, %v", ref, list, got, err)
			}
		case len(best) == 1:
			if got != best[0] || err != nil {
				t.Fatalf("%q among %+v: %d, %v; want %d", ref, list, got, err, best[0])
			}
		case fault.Code(err) != "ambiguous" || fault.KindOf(err) != fault.Usage:
			t.Fatalf("%q among %+v: %d, %v; want one of %v", ref, list, got, err, best)
		default:
			for i, c := range list {
				meant := false
				for _, b := range best {
					meant = meant || b == i
				}
				if strings.Contains(err.Error(), "\n"+c.line()) != meant {
					t.Fatalf("%q: the line of %+v: %v", ref, c, err)
				}
			}
		}
	}
}

func TestCandidateLine(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]candidate{
		"zyntro/1": {provider: "zyntro", id: "1"},
		"zyntro/1 at http://127.0.0.1:1, https://example.com/ x, created then, deleted": {
			provider: "zyntro", id: "1", name: "N", elsewhere: true, gone: "deleted", url: "https://example.com/\nx", origin: "http://127.0.0.1:1", created: "then",
		},
	} {
		if got := c.line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestNameAtTheBaseURL: the real account and a sandbox have webhooks of one
// name; a name means the one that is at the base URL in force.
func TestNameAtTheBaseURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(0, "create", "wundertreos", "--name", "Lead", "--url", "https://example.com/l", "--event", "contact.created")
	other := secret.Record{
		Provider: "wundertreos", ID: "real", Profile: "default", Origin: "https://api.wundertreos.com", Name: "Lead", URL: "https://example.com/l",
		Secret: secret.New("the real one's"),
	}
	st := secret.OpenFileStore(w.dir, secret.FileStoreOptions{Now: w.env.Now})
	check(t, st.Put(t.Context(), other))
	here := w.run(0, "secrets", "show", "Lead")
	if strings.Contains(here, "the real one's") {
		t.Error("the other account's webhook is meant")
	}
	signed := w.sign("--webhook", "Lead")
	if signed != w.sign() {
		t.Error("without --webhook another one signs")
	}
	w.env.Environ = append(w.env.Environ, "HOOKCTL_WUNDERTREOS_BASE_URL=https://api.wundertreos.com/functions/v1")
	if got := w.run(0, "secrets", "show", "Lead"); got != "the real one's\n" {
		t.Errorf("at the provider's own: %q", got)
	}
	if w.sign("--webhook", "Lead") == signed || w.sign() == signed {
		t.Error("the sandbox's webhook signs")
	}
	// Elsewhere neither is, and both are described.
	w.env.Environ = append(w.env.Environ, "HOOKCTL_WUNDERTREOS_BASE_URL=http://127.0.0.1:9/functions/v1")
	for _, args := range [][]string{
		{"secrets", "show", "Lead"}, {"secrets", "push", "Lead", "--to", "stdout"}, {"secrets", "remove", "Lead", "--yes"},
		{"verify", "-", "--webhook", "Lead"}, {"sign", "-", "--webhook", "Lead"}, {"sign", "-", "--provider", "wundertreos"}, {"send", "http://127.0.0.1:9", "--event", "contact.created", "--webhook", "Lead"},
		{"listen", "--timeout", "1ms", "--addr", "127.0.0.1:0", "--webhook", "Lead"},
	} {
		w.run(2, args...)
		w.said("wundertreos/real", "https://example.com/l", "created 2026-05-17 14:30:00 UTC", " at http://127.0.0.1:")
		if strings.Contains(w.errs.String(), "real at ") {
			t.Errorf("%q: the provider's own origin is named: %s", args, &w.errs)
		}
	}
	// A deleted one is not meant while another one lives, and is marked.
	other.DeletedAt = w.now
	check(t, st.Put(t.Context(), other))
	if got := w.run(0, "secrets", "show", "Lead"); got != here {
		t.Errorf("the deleted one is meant: %q", got)
	}
	other.ID, other.Secret = "real2", secret.New("another")
	check(t, st.Put(t.Context(), other))
	w.env.Environ = append(w.env.Environ, "HOOKCTL_WUNDERTREOS_BASE_URL=https://api.wundertreos.com/functions/v1")
	w.run(2, "secrets", "show", "Lead")
	w.said("created 2026-05-17 14:30:00 UTC, deleted")
}

// sign is what hookctl sign prints for a fixed payload.
func (w *world) sign(flags ...string) string {
	w.t.Helper()
	w.env.Streams.In = strings.NewReader("{}")
	return w.run(0, append([]string{"sign", "-", "--provider", "wundertreos", "-o", "name"}, flags...)...)
}

// TestMatchRecordIsMatch: that few of the records are looked at closely changes
// nothing.
func TestMatchRecordIsMatch(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	drivers := all.Drivers()
	cfg, err := config.Load(config.Input{Dir: t.TempDir(), Getenv: func(string) string { return "" }, Keys: settingKeys(drivers)})
	if err != nil {
		t.Fatal(err)
	}
	a := &app{env: &Env{Drivers: drivers}, cfg: cfg}
	rnd := rand.New(rand.NewPCG(3, 4))
	words := []string{"", "a", "a1", "a1b", "A1", "zyntro", "zyntro/", "zyntro/a1", "wundertreos/a", "wundertre/a1", "nobody/a1", "/a1", "a1/", "zyntro/zyntro/a1", "/"}
	word := func() string { return words[rnd.IntN(len(words))] }
	found, ambiguous := 0, 0
	for range 20_000 {
		recs := make([]secret.Record, rnd.IntN(5))
		list := make([]candidate, len(recs))
		for i := range recs {
			recs[i] = secret.Record{Provider: []string{"zyntro", "wundertreos", "other"}[rnd.IntN(3)], ID: word(), Name: word(), Origin: []string{"https://app.zyntrohq.com", ""}[rnd.IntN(2)]}
			list[i] = a.keptCandidate(recs[i])
		}
		ref, prefix := word(), rnd.IntN(2) == 0
		i, werr := a.match(ref, list, prefix)
		got, ok, err := a.matchRecord(ref, recs, prefix)
		if fmt.Sprint(err) != fmt.Sprint(werr) || ok != (werr == nil && i >= 0) || ok && !reflect.DeepEqual(got, recs[i]) {
			t.Fatalf("%q among %+v: %+v %v %v, want %d %v", ref, recs, got, ok, err, i, werr)
		}
		if ok {
			found++
		} else if err != nil && ref != "" {
			ambiguous++
		}
	}
	if found == 0 || ambiguous == 0 {
		t.Errorf("%d found, %d ambiguous", found, ambiguous)
	}
}
