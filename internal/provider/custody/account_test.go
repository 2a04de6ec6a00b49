package custody

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	d := &provider.Driver{Credentials: []provider.Field{{Name: "b", Account: true}, {Name: "a", Account: true}, {Name: "key"}}}
	swapped := &provider.Driver{Credentials: []provider.Field{{Name: "a", Account: true}, {Name: "key"}, {Name: "b", Account: true}}}
	given := map[string]secret.Value{"a": secret.New("1"), "b": secret.New("2"), "key": secret.New("x")}
	first := account(d, given)
	if len(first) != 8 || strings.Trim(first, "0123456789abcdef") != "" || account(swapped, given) != first {
		t.Errorf("fingerprints %q, %q", first, account(swapped, given))
	}
	for name, other := range map[string]map[string]secret.Value{
		"another value":      {"a": secret.New("1"), "b": secret.New("3")},
		"values swapped":     {"a": secret.New("2"), "b": secret.New("1")},
		"one is missing":     {"a": secret.New("1")},
		"the other instead":  {"b": secret.New("1")},
		"a text like two":    {"a": secret.New("1\nb 1 2")},
		"none that tells it": {"key": secret.New("x")},
	} {
		if got := account(d, other); got == first || (got == "") != (name == "none that tells it") {
			t.Errorf("%s: fingerprint %q", name, got)
		}
	}
	given["key"] = secret.New("y")
	if account(d, given) != first {
		t.Error("a field that says nothing of the account counts")
	}
}

// The list of another account proves nothing about a create.
func TestRecoverOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	w.answer = func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	if _, err := w.client.Create(context.Background(), spec, nil); fault.KindOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
	w.openAs("another key")
	for range 2 {
		found := w.recover()
		if len(found) != 1 || found[0].State != StateUnknown || found[0].Deletable || found[0].Rotatable || found[0].Settled() ||
			!strings.Contains(found[0].Detail, "another Toy account") || !strings.Contains(found[0].Detail, "--same-account") {
			t.Fatalf("found %+v", found)
		}
	}
	r := w.recovery()
	r.SameAccount = true
	found, err := r.Run(context.Background())
	if err != nil || len(found) != 1 || found[0].State != StateNotCreated || len(w.pending()) != 0 {
		t.Errorf("found %+v: %v", found, err)
	}
}

func TestRecoverOfAnotherAccountLeavesTheReplaced(t *testing.T) {
	w := withOld(t)
	w.failDelete = true
	if _, err := w.client.Replace(context.Background(), OpRotate, provider.Webhook{ID: "id-0"}, spec, nil, false); err == nil {
		t.Fatal("the old one is gone")
	}
	w.rows = nil // another account does not know it
	w.openAs("another key")
	found := w.recover()
	if len(found) != 2 || found[1].ID != "id-0" || found[1].State != StateUnknown || !strings.Contains(found[1].Detail, "--same-account") {
		t.Fatalf("found %+v", found)
	}
	if len(w.pending()) != 1 {
		t.Error("the entry was settled")
	}
}

// Two creates of the same webhook in two accounts are told apart.
func TestRecoverOfTwoAccounts(t *testing.T) {
	w := newWorld(t)
	w.answer = func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for _, key := range []string{"a", "b"} {
		w.openAs(key)
		if _, err := w.client.Create(context.Background(), spec, nil); fault.KindOf(err) != fault.Unavailable {
			t.Fatal(err)
		}
	}
	states := map[State]int{}
	for _, f := range w.recover() {
		states[f.State]++
	}
	if states[StateNotCreated] != 1 || states[StateUnknown] != 1 {
		t.Errorf("states %v", states)
	}
}

// Entries of older versions do not say whose they are.
func TestRecoverOfAnUnknownAccount(t *testing.T) {
	w := newWorld(t)
	entry, err := w.journal.Begin(context.Background(), secret.Intent{Operation: "create", Provider: "toy", Name: spec.Name, URL: spec.URL, Events: spec.Events, StartedAt: w.now}, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if err := entry.Release(); err != nil {
		t.Fatal(err)
	}
	if found := w.recover(); len(found) != 1 || found[0].State != StateNotCreated {
		t.Errorf("found %+v", found)
	}
}
