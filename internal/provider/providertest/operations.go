package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// operationTests use the API as it is meant.
var operationTests = map[string]func(*testing.T, Harness){
	"create":            testCreate,
	"secret only once":  testSecretOnlyOnce,
	"answer paths":      testAnswerMembers,
	"list":              testList,
	"delete":            testDelete,
	"unknown ids":       testUnknownIDs,
	"wrong credentials": testWrongCredentials,
	"no credentials":    testNoCredentials,
	"who am I":          testWhoAmI,
	"update":            testUpdate,
	"live help":         testLiveHelp,
	"hostile strings":   testHostileStrings,
	"order of events":   testOrderOfEvents,
	"in parallel":       testParallel,
}

func testCreate(t *testing.T, h Harness) {
	f := start(t, h, nil)
	s := f.spec("First")
	made, value := f.create(t, s)
	exchanges := f.wire.seen()
	if len(exchanges) != 1 || exchanges[0].method != "POST" {
		t.Fatalf("a create took %d requests", len(exchanges))
	}
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if exchanges[0].header.Get(name) != "" {
			t.Errorf("%s is set: Go would send the request again on its own", name)
		}
	}
	// The answer need not repeat what was asked for, but must not contradict it.
	if made.URL != nil && *made.URL != s.URL || made.Name != nil && *made.Name != s.Name ||
		made.Events != nil && !slices.Equal(made.Events, s.Events) || made.Unreadable != "" {
		t.Errorf("made %+v of %+v", made, s)
	}
	got, err := f.Get(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !said(got.URL, s.URL) || !said(got.Name, s.Name) || !slices.Equal(got.Events, s.Events) ||
		got.Status == nil || *got.Status != provider.Active || got.ProviderStatus == nil || got.CreatedAt == nil {
		t.Errorf("made of %+v: %+v", s, got)
	}
	again, other := f.create(t, s)
	if again.ID == made.ID || other.Equal(value) {
		t.Error("two webhooks share an id or a secret")
	}
	if n := f.sandbox.Webhooks(); n != 2 {
		t.Errorf("the sandbox holds %d webhooks", n)
	}
}

func testSecretOnlyOnce(t *testing.T, h Harness) {
	f := start(t, h, nil)
	made, value := f.create(t, f.spec("Once"))
	f.wire.set(trouble{})
	if _, err := f.List(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := f.Get(t.Context(), made.ID); err != nil {
		t.Error(err)
	}
	if err := f.Delete(t.Context(), made.ID); err != nil {
		t.Error(err)
	}
	for _, e := range f.wire.seen() {
		if strings.Contains(string(e.answer), value.Reveal()) {
			t.Errorf("the fake tells the secret again, in %s %s", e.method, e.uri)
		}
	}
}

// testAnswerMembers checks the names that recovery reads a raw answer by.
func testAnswerMembers(t *testing.T, h Harness) {
	f := start(t, h, nil)
	made, value := f.create(t, f.spec("Paths"))
	raw := f.wire.seen()[0].answer
	if got := Member(raw, f.driver.IDMember); got != made.ID {
		t.Errorf("IDMember names %q, want %q", got, made.ID)
	}
	if got := Member(raw, f.driver.SecretMember); got != value.Reveal() {
		t.Error("SecretMember does not name the secret")
	}
}

// Member is the only text in a JSON document that is a member of that name; "" if
// there is none, or several that differ.
func Member(document []byte, name string) string {
	var texts []string
	var walk func(at any)
	walk = func(at any) {
		switch at := at.(type) {
		case map[string]any:
			if text, ok := at[name].(string); ok {
				texts = append(texts, text)
			}
			for _, v := range at {
				walk(v)
			}
		case []any:
			for _, v := range at {
				walk(v)
			}
		}
	}
	var root any
	if json.Unmarshal(document, &root) != nil {
		return ""
	}
	walk(root)
	slices.Sort(texts)
	if texts = slices.Compact(texts); len(texts) != 1 {
		return ""
	}
	return texts[0]
}

func testList(t *testing.T, h Harness) {
	f := start(t, h, nil)
	list, err := f.List(t.Context())
	if err != nil || len(list) != 0 {
		t.Fatalf("a new sandbox lists %v, %v", list, err)
	}
	for _, name := range []string{"a", "b", "c"} {
		made, _ := f.create(t, f.spec(name))
		got, err := f.Get(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != made.ID || !said(got.Name, name) {
			t.Errorf("created %+v, got %+v", made, got)
		}
		list, err := f.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sameWebhook(t, "list and get differ", got, find(t, list, made.ID))
	}
	if list, err = f.List(t.Context()); err != nil || len(list) != 3 {
		t.Errorf("%d rows, %v", len(list), err)
	}
}

func find(t *testing.T, list []provider.Webhook, id string) provider.Webhook {
	t.Helper()
	i := slices.IndexFunc(list, func(w provider.Webhook) bool { return w.ID == id })
	if i < 0 {
		t.Fatalf("%s is not in the list", id)
	}
	return list[i]
}

func testDelete(t *testing.T, h Harness) {
	f := start(t, h, nil)
	kept, _ := f.create(t, f.spec("kept"))
	gone, _ := f.create(t, f.spec("gone"))
	if err := f.Delete(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	got, err := f.Get(t.Context(), gone.ID)
	if f.driver.Deletes {
		wantKind(t, "get after delete", err, fault.Refused, "not-found")
		wantKind(t, "second delete", f.Delete(t.Context(), gone.ID), fault.Refused, "not-found")
	} else if err != nil || got.Status == nil || *got.Status != provider.Disabled {
		t.Errorf("after delete: %+v, %v", got, err)
	}
	if got, err := f.Get(t.Context(), kept.ID); err != nil || got.Status == nil || *got.Status != provider.Active {
		t.Errorf("the other webhook: %+v, %v", got, err)
	}
	if n := f.sandbox.Webhooks(); n != 1 {
		t.Errorf("the sandbox holds %d webhooks", n)
	}
}

func testUnknownIDs(t *testing.T, h Harness) {
	f := start(t, h, nil)
	made, _ := f.create(t, f.spec("here"))
	_, err := f.Get(t.Context(), "")
	wantKind(t, "get without an id", err, fault.Refused, "")
	wantKind(t, "delete without an id", f.Delete(t.Context(), ""), fault.Refused, "")
	ids := []string{
		" ", ".", "..", "../..", "a/b", "%2f", "%", "?", "#", "\x00", "Zoë ☕", `"`, "0",
		"00000000-0000-4000-8000-000000000000", made.ID + " ", made.ID[1:], strings.Repeat("x", 5000),
	}
	if upper := strings.ToUpper(made.ID); upper != made.ID {
		ids = append(ids, upper)
	}
	for _, id := range ids {
		_, err := f.Get(t.Context(), id)
		wantKind(t, "get "+id, err, fault.Refused, "not-found")
		wantKind(t, "delete "+id, f.Delete(t.Context(), id), fault.Refused, "not-found")
		if fault.HintOf(err).String() == "" {
			t.Errorf("get %q: no hint", id)
		}
	}
	if n := f.sandbox.Webhooks(); n != 1 {
		t.Errorf("the sandbox holds %d webhooks", n)
	}
}

func testWrongCredentials(t *testing.T, h Harness) {
	f := start(t, h, nil)
	made, _ := f.create(t, f.spec("here"))
	wrong := map[string]secret.Value{}
	for name := range f.sandbox.Credentials() {
		wrong[name] = secret.New("canary-" + name)
	}
	each(remote(f.with(wrong), f.spec("x"), made.ID), func(name string, call func(context.Context) error) {
		err := call(t.Context())
		wantKind(t, name, err, fault.Auth, "")
		if fault.HintOf(err).String() == "" {
			t.Errorf("%s: no hint", name)
		}
		if err != nil && strings.Contains(err.Error()+fault.ProviderMessage(err), "canary") {
			t.Errorf("%s: the error holds a credential: %v", name, err)
		}
		if name == "create" {
			wantCertain(t, err)
		}
	})
	if n := f.sandbox.Webhooks(); n != 1 {
		t.Errorf("the sandbox holds %d webhooks", n)
	}
}

// testNoCredentials: custody must learn that nothing was sent.
func testNoCredentials(t *testing.T, h Harness) {
	f := start(t, h, nil)
	_, _, err := f.with(nil).Create(t.Context(), f.spec("x"))
	wantKind(t, "create", err, fault.Auth, "")
	wantCertain(t, err)
}

func testWhoAmI(t *testing.T, h Harness) {
	f := start(t, h, nil)
	who, err := f.WhoAmI(t.Context())
	if err != nil || who.Account == "" {
		t.Errorf("%+v, %v", who, err)
	}
}

func testUpdate(t *testing.T, h Harness) {
	f := start(t, h, nil)
	made, _ := f.create(t, f.spec("before"))
	name, target, events := "after", "https://example.com/after", slugs(f.driver)[1:2]
	got, err := f.Update(t.Context(), made.ID, provider.Change{Name: &name, URL: &target, Events: events})
	if !f.driver.Updates {
		wantUnsupported(t, "update", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != made.ID {
		t.Errorf("update of %s returned %s", made.ID, got.ID)
	}
	if got, err = f.Get(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if !said(got.Name, name) || !said(got.URL, target) || !slices.Equal(got.Events, events) {
		t.Errorf("after the update: %+v", got)
	}
	for _, status := range []provider.Status{provider.Paused, provider.Active, provider.Disabled} {
		if _, err := f.Update(t.Context(), made.ID, provider.Change{Status: &status}); err != nil {
			t.Fatal(err)
		}
		got, err := f.Get(t.Context(), made.ID)
		if err != nil || got.Status == nil || *got.Status != status || !said(got.Name, name) {
			t.Errorf("set to %s: %+v, %v", status, got, err)
		}
	}
	_, err = f.Update(t.Context(), "no-such-id", provider.Change{Name: &name})
	wantKind(t, "update of nothing", err, fault.Refused, "not-found")
}

func testLiveHelp(t *testing.T, h Harness) {
	f := start(t, h, nil)
	anonymous := f.with(nil)
	text, err := anonymous.Help(t.Context())
	events, eventsErr := anonymous.LiveEvents(t.Context())
	if !f.driver.LiveHelp {
		wantUnsupported(t, "help", err)
		wantUnsupported(t, "live events", eventsErr)
		return
	}
	if err != nil || len(text) == 0 {
		t.Errorf("help: %d bytes, %v", len(text), err)
	}
	if eventsErr != nil {
		t.Error(eventsErr)
	}
	for _, slug := range slugs(f.driver) {
		if !slices.Contains(events, slug) {
			t.Errorf("%s is not among the live events", slug)
		}
	}
}

func wantUnsupported(t *testing.T, what string, err error) {
	t.Helper()
	wantKind(t, what, err, fault.Refused, "")
	if !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%s: %v does not wrap errors.ErrUnsupported", what, err)
	}
	if fault.HintOf(err).String() == "" {
		t.Errorf("%s: no hint", what)
	}
}

func testHostileStrings(t *testing.T, h Harness) {
	f := start(t, h, nil)
	for _, name := range []string{
		`"quoted" \back/`, "line\nbreak\ttab\r", "<b>&amp;</b>", "Zoë ☕ \U0001F600", "\u2028\u202e\u200b",
		"\x1b]0;title\x07", " space round it ", "$(id) `id` 'x'", "\x00", "null", "{{.}}", "%s%n",
	} {
		s := f.spec(name)
		s.URL = "https://example.com/h%2Fook?a=1&b=<x>&c=%22ë#frag"
		made, _ := f.create(t, s)
		got, err := f.Get(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !said(got.Name, name) || !said(got.URL, s.URL) {
			t.Errorf("sent %q %q, got %+v", name, s.URL, got)
		}
	}
}

func testOrderOfEvents(t *testing.T, h Harness) {
	f := start(t, h, nil)
	s := f.spec("order")
	s.Events = slugs(f.driver)
	slices.Reverse(s.Events)
	made, _ := f.create(t, s)
	got, err := f.Get(t.Context(), made.ID)
	if err != nil || !slices.Equal(got.Events, s.Events) {
		t.Errorf("sent %q, got %q, %v", s.Events, got.Events, err)
	}
}

func testParallel(t *testing.T, h Harness) {
	f := start(t, h, nil)
	const n = 20
	ids, secrets := make([]string, n), make([]string, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			made, value, err := f.Create(t.Context(), f.spec("parallel"))
			if err != nil {
				t.Error(err)
			}
			ids[i], secrets[i] = made.ID, value.Reveal()
		})
	}
	group.Wait()
	for what, list := range map[string][]string{"ids": ids, "secrets": secrets} {
		slices.Sort(list)
		if len(slices.Compact(list)) != n {
			t.Errorf("%s are not all different", what)
		}
	}
	if got := f.sandbox.Webhooks(); got != n {
		t.Errorf("the sandbox holds %d webhooks", got)
	}
}
