package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/view"
)

// lost are creates, by provider, whose answers will get lost.
var lost = map[string][]string{
	"zyntro":      {"create", "zyntro", "--name", "Lost", "--url", "https://example.com/lost", "--event", "new_contact"},
	"wundertreos": {"create", "wundertreos", "--name", "Lost", "--url", "https://example.com/lost", "--event", "contact.created"},
}

// loseOne makes a webhook whose secret nobody has.
func (w *world) loseOne(provider string) {
	w.t.Helper()
	w.lose.Store(true)
	w.run(7, lost[provider]...)
	w.lose.Store(false)
}

func (w *world) recovered(want int, args ...string) []view.Recovered {
	w.t.Helper()
	out := w.run(want, append([]string{"recover", "-o", "json"}, args...)...)
	var list []view.Recovered
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		w.t.Fatalf("%v in %s", err, out)
	}
	return list
}

func TestRecoverDeletes(t *testing.T) {
	t.Parallel()
	for provider, verb := range map[string]string{"zyntro": "Disable", "wundertreos": "Delete"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.loseOne(provider)
			found := w.recovered(7)
			if len(found) != 1 || found[0].ID == nil {
				t.Fatalf("found %+v", found)
			}
			ref := provider + "/" + *found[0].ID
			next, name, url, operation := "hookctl recover --rotate "+ref, "Lost", "https://example.com/lost", "create"
			entries, err := filepath.Glob(filepath.Join(w.dir, "journal", "*.op"))
			if err != nil || len(entries) != 1 {
				t.Fatalf("entries %v, %v", entries, err)
			}
			origin := w.origin(provider)
			want := []view.Recovered{{
				Operation: &operation, Provider: &provider, Origin: &origin, Name: &name, URL: &url, ID: found[0].ID, State: "orphan", Next: &next,
				Detail: "it exists at the provider, and its secret is not kept here (the secret is lost, unless another machine made this webhook); to remove it instead: hookctl recover --delete " + ref, Path: &entries[0], CreatedAt: found[0].CreatedAt,
			}}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("finding (-want +got):\n%s", diff)
			}

			p := &person{confirms: map[string]bool{verb + " " + ref: false}}
			w.at(p)
			w.run(130, "recover", "--delete", ref)
			if n := w.boxes[provider].Webhooks(); n != 1 || len(p.asked) != 1 {
				t.Errorf("%d webhooks are left, asked %q", n, p.asked)
			}
			p.confirms[verb+" "+ref] = true
			after := w.recovered(0, "--delete", *found[0].ID)
			if len(after) != 1 || after[0].State != "not-created" || after[0].Next != nil {
				t.Errorf("afterwards %+v", after)
			}
			w.said(verb + "d " + ref)
			if n := w.boxes[provider].Webhooks(); n != 0 {
				t.Errorf("%d webhooks are left", n)
			}
			if again := w.recovered(0); len(again) != 0 {
				t.Errorf("again %+v", again)
			}
		})
	}
}

func TestRecoverDeletesWithYes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.loseOne("zyntro")
	w.loseOne("wundertreos")
	args := []string{"--yes"}
	for _, f := range w.recovered(7) {
		args = append(args, "--delete", *f.Provider+"/"+*f.ID)
	}
	// A wrong name among them: nothing is deleted at all.
	w.run(2, append([]string{"recover", "--delete", "zyntro/other"}, args...)...)
	if w.boxes["zyntro"].Webhooks()+w.boxes["wundertreos"].Webhooks() != 2 {
		t.Error("something was deleted")
	}
	w.recovered(0, args...)
	if w.boxes["zyntro"].Webhooks()+w.boxes["wundertreos"].Webhooks() != 0 {
		t.Error("something is left")
	}
}

// One of two that fit is another person's: recover cannot know which.
func TestRecoverAmbiguous(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(0, append([]string{"--config", filepath.Join(t.TempDir(), "other")}, lost["wundertreos"]...)...)
	w.loseOne("wundertreos")
	found := w.recovered(7)
	if len(found) != 2 || found[0].State != "unknown" || found[1].State != "unknown" || found[0].CreatedAt == nil {
		t.Fatalf("found %+v", found)
	}
	w.run(2, "recover", "--delete", *found[1].ID, "--yes")
	w.said("may belong to another person", "without --yes")
	w.run(2, "recover", "--delete", *found[1].ID)
	w.at(&person{confirms: map[string]bool{"Several webhooks match": true}})
	w.run(2, "recover", "--delete", *found[1].ID, "-y")
	if n := w.boxes["wundertreos"].Webhooks(); n != 2 {
		t.Fatalf("%d webhooks are left", n)
	}
	w.recovered(7, "--delete", *found[1].ID)
	if n := w.boxes["wundertreos"].Webhooks(); n != 1 {
		t.Errorf("%d webhooks are left", n)
	}
}

// A replacement was interrupted before the old webhook was removed: recover
// names that one, and can remove it although its secret is kept.
func TestRecoverRemovesTheReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(0, lost["wundertreos"]...)
	old := strings.TrimSpace(w.run(0, "secrets", "list", "--jq", ".[].id"))
	g := &globals{env: w.env, set: newRoot(&globals{env: w.env}).PersistentFlags()}
	a, err := g.offline()
	if err != nil {
		t.Fatal(err)
	}
	d, err := g.env.Drivers.Find("wundertreos")
	if err != nil {
		t.Fatal(err)
	}
	client, err := a.online(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	w.hold.Store(true)
	s := provider.Spec{Name: "New", URL: "https://example.com/new", Events: []string{"contact.created"}}
	if _, err := client.Replace(t.Context(), custody.OpReplace, provider.Webhook{ID: old}, s, nil, false); err == nil {
		t.Fatal("the old webhook was removed after all")
	}
	w.hold.Store(false)

	found := w.recovered(7)
	if len(found) != 2 || found[0].State != "kept" || *found[1].ID != old || found[1].Next == nil {
		t.Fatalf("found %+v", found)
	}
	p := &person{confirms: map[string]bool{"Delete wundertreos/" + old + " (a new webhook replaces it) at": true}}
	w.at(p)
	w.recovered(0, "--delete", "wundertreos/"+old)
	if len(p.asked) != 1 || w.boxes["wundertreos"].Webhooks() != 1 {
		t.Errorf("asked %q, %d webhooks are left", p.asked, w.boxes["wundertreos"].Webhooks())
	}
	if again := w.recovered(0); len(again) != 0 {
		t.Errorf("again %+v", again)
	}
	// What is kept of a webhook that lives is never offered.
	w.run(2, "recover", "--delete", *found[0].ID, "-y")
}

// A new webhook takes the place of the one whose secret nobody has; what is
// asked, refused and kept is what rotate would ask, refuse and keep.
func TestRecoverRotates(t *testing.T) {
	t.Parallel()
	for provider, verb := range map[string]string{"zyntro": "disable", "wundertreos": "delete"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.loseOne(provider)
			lost := *w.recovered(7)[0].ID
			ref := provider + "/" + lost
			p := &person{confirms: map[string]bool{"Replace " + ref: false}}
			w.at(p)
			w.run(130, "recover", "--rotate", ref)
			if len(p.asked) != 1 || !strings.Contains(p.asked[0], "and "+verb+" the old one") {
				t.Errorf("asked %q", p.asked)
			}
			w.run(2, "recover", "--rotate", ref, "--delete", lost)
			w.said("appears twice")
			w.run(2, "recover", "--rotate", provider+"/other")
			w.said("recover does not name", ref)
			p.confirms["Replace "+ref] = true
			file := filepath.Join(t.TempDir(), "secret")
			after := w.recovered(0, "--rotate", lost, "--secret-to", "file:"+file)
			if len(after) != 2 || after[0].State != "kept" || *after[0].Operation != "rotate" || after[1].State != "not-created" {
				t.Fatalf("afterwards %+v", after)
			}
			if *after[0].ID == lost || w.boxes[provider].Webhooks() != 1 {
				t.Errorf("new id %s, %d webhooks are left", *after[0].ID, w.boxes[provider].Webhooks())
			}
			kept := w.run(0, "secrets", "show", provider+"/"+*after[0].ID)
			sunk, err := os.ReadFile(file)
			if err != nil || strings.TrimSpace(string(sunk)) != strings.TrimSpace(kept) || kept == "" {
				t.Errorf("the sink has %d bytes, %v", len(sunk), err)
			}
			if again := w.recovered(0); len(again) != 0 {
				t.Errorf("again %+v", again)
			}
		})
	}
}

// Zyntro never tells authentication data again: without it nothing is sent.
func TestRecoverRotateNeedsAuthData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	auth := filepath.Join(t.TempDir(), "auth.json")
	if err := os.WriteFile(auth, []byte(`{"value":"token"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.lose.Store(true)
	w.run(7, append(slices.Clone(lost["zyntro"]), "--auth-type", "bearer", "--auth-data", "@"+auth)...)
	w.lose.Store(false)
	found := w.recovered(7)[0]
	id := *found.ID
	if *found.Next != "hookctl recover --rotate zyntro/"+id+" --auth-data @FILE" {
		t.Error(*found.Next)
	}
	w.run(2, "recover", "--answer", "") // of a variable that is not set
	w.said(`the journal has no entry ""`)
	w.run(2, "recover", "--rotate", id, "--yes")
	w.said("never returns the data for that again", "--auth-data @FILE")
	if n := w.boxes["zyntro"].Webhooks(); n != 1 {
		t.Fatalf("%d webhooks", n)
	}
	w.recovered(0, "--rotate", id, "--yes", "--auth-data", "@"+auth)
	if n := w.boxes["zyntro"].Webhooks(); n != 1 {
		t.Errorf("%d webhooks are left", n)
	}
}

// A rotation that fails half-way is named by the same run: the old webhook is
// still there, the new one kept.
func TestRecoverRotateFails(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the sink is a shell script")
	}
	w := newWorld(t)
	w.loseOne("wundertreos")
	id := *w.recovered(7)[0].ID
	dir := filepath.Join(t.TempDir(), "fails")
	if err := os.WriteFile(dir, []byte("#!/bin/sh\ncat >/dev/null\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	list := w.recovered(7, "--rotate", id, "--yes", "--secret-to", "exec:"+dir)
	if len(list) < 2 || *list[0].Operation != "rotate" || list[0].State != "kept" {
		t.Fatalf("found %+v", list)
	}
	w.said("secrets push")
	named := false
	for _, f := range list {
		named = named || f.ID != nil && *f.ID == id && f.Next != nil
	}
	if !named {
		t.Errorf("the old webhook is not named in %+v", list)
	}
	if again := w.recovered(7, "--delete", id, "--yes"); !strings.HasPrefix(*again[0].Next, "hookctl secrets push ") {
		t.Errorf("the sink that failed is not named in %+v", again)
	}
	if n := w.boxes["wundertreos"].Webhooks(); n != 1 {
		t.Errorf("%d webhooks are left", n)
	}
	// It stays named until it is told otherwise.
	again := w.recovered(7)
	if len(again) != 1 || *again[0].Operation != "push" || !strings.HasSuffix(again[0].Detail, "recover --forget wundertreos/"+*again[0].ID) {
		t.Fatalf("again %+v", again)
	}
	if again := w.recovered(0, "--forget", *again[0].ID); len(again) != 0 {
		t.Errorf("after --forget %+v", again)
	}
}

// TestForgetNames: what recover prints of a webhook names it, unless two have it.
func TestForgetNames(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no command that is called false")
	}
	w := newWorld(t)
	for _, name := range []string{"One", "Two", "Two"} {
		w.run(7, "create", "wundertreos", "--name", name, "--url", "https://example.com/"+name, "--event", "contact.created", "--secret-to", "exec:false")
	}
	w.run(2, "recover", "--forget", "Two")
	w.said(`"Two" matches 2 webhooks:`)
	w.recovered(7, "--forget", "One")
	left := w.recovered(7, "--forget", "wundertreos/"+*w.recovered(7)[0].ID)
	if len(left) != 1 || *left[0].Name != "Two" {
		t.Fatalf("%+v", left)
	}
	if left = w.recovered(0, "--forget", "Two"); len(left) != 0 {
		t.Errorf("%+v", left)
	}
	w.run(2, "recover", "--delete", "Two", "--yes")
}

func TestRecoverFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tc := range []struct {
		says string
		args []string
	}{
		{"--secret-to needs --rotate", []string{"--secret-to", "file:x"}},
		{"--store-only needs --rotate", []string{"--store-only"}},
		{"--auth-data needs --rotate", []string{"--auth-data", "@x"}},
		{"are for one webhook, but 2 are named", []string{"--rotate", "a", "--rotate", "b", "--secret-to", "file:x"}},
		{"standard output already has the findings of recover", []string{"--rotate", "a", "--secret-to", "stdout"}},
		{"no webhook now that can be rotated", []string{"--rotate", "a"}},
	} {
		w.run(2, append([]string{"recover"}, tc.args...)...)
		w.said(tc.says)
	}
	w.env.Environ = append(w.env.Environ, "CI=true")
	w.run(2, "recover", "--rotate", "a", "--yes")
	w.said("--store-only")
}

// A delete that fails leaves the orphan, and says so.
func TestRecoverDeleteFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.loseOne("wundertreos")
	id := *w.recovered(7)[0].ID
	w.env.Environ = append(w.env.Environ, "HOOKCTL_WUNDERTREOS_API_KEY=sandbox-wundertreos-read-key")
	w.run(2, "recover", "--delete", id, "--yes") // another account's, as far as anybody can tell
	w.said("recover does not name")
	w.run(7, "recover", "--same-account", "--delete", id, "--yes")
	w.said("webhooks:write")
	if !strings.Contains(w.out.String(), "orphan: create on wundertreos of "+id) {
		t.Errorf("printed:\n%s", &w.out)
	}
}
