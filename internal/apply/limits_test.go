package apply

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
	"github.com/hookctl/hookctl/internal/secret"
)

// TestLimits: what is just within each limit is taken.
func TestLimits(t *testing.T) {
	t.Parallel()
	env := environment(map[string]string{"FULL": strings.Repeat("x", maxExpanded), "OVER": strings.Repeat("x", maxExpanded+1)})
	one := oneHook + "  auth: {type: bearer, value: '"
	for name, c := range map[string]struct {
		text string
		bad  string
	}{
		"a file":             {oneHook + "#" + strings.Repeat("x", MaxSize-len(oneHook)-1), ""},
		"a file too long":    {oneHook + "#" + strings.Repeat("x", MaxSize-len(oneHook)), "split it into several files"},
		"documents":          {oneHook + strings.Repeat("---\n", maxDocuments-1), ""},
		"too many documents": {oneHook + strings.Repeat("---\n", maxDocuments), "more than 1000 documents"},
		"sinks":              {oneHook + "  secret_to: [" + strings.Repeat("'exec:x',", maxSinks-1) + "'exec:x']", ""},
		"a value":            {one + "${FULL}'}\n", ""},
		"a value too long":   {one + "${OVER}'}\n", "after the variables are replaced"},
		"an event":           {oneHook + "  allow_unknown_events: true\n  events: [" + strings.Repeat("e", maxEvent) + "]\n", ""},
		"an event too long":  {oneHook + "  allow_unknown_events: true\n  events: [" + strings.Repeat("e", maxEvent+1) + "]\n", "the limit is 4096"},
	} {
		_, err := Parse([]Source{{"a.yaml", []byte(c.text)}}, env)
		if (err == nil) != (c.bad == "") || err != nil && !strings.Contains(err.Error(), c.bad) {
			t.Errorf("%s: %.300v", name, err)
		}
	}
	var f faults
	f.add(Position{}, "%s", strings.Repeat("t", maxFaultText))
	f.add(Position{}, "%s", strings.Repeat("u", maxFaultText+1))
	if strings.HasSuffix(f.lines[0], "...") || !strings.HasSuffix(f.lines[1], "u...") {
		t.Errorf("%q", f.lines)
	}
	// Trust is spoken of where something asks for it alone.
	if hint := fault.HintOf(f.err()).String(); strings.Contains(hint, "trust") {
		t.Errorf("hint %q", hint)
	}
	if f.need("--allow-x"); !strings.HasSuffix(fault.HintOf(f.err()).String(), "add --allow-x") {
		t.Errorf("hint %q", fault.HintOf(f.err()).String())
	}
}

// What a list does not tell of a webhook, its record may.
func TestMatchingByWhatIsKept(t *testing.T) {
	t.Parallel()
	silent := row("1", "a", "https://a.test/")
	silent.Events = nil
	rec := kept(silent, "")
	for name, c := range map[string]struct {
		events []string
		want   []string
	}{"the same": {[]string{"deal.created"}, []string{}}, "others": {[]string{"deal.updated"}, []string{"replace 1 events"}}} {
		rec.Events = c.events
		p, err := compareRows(t, hooks("name: a, url: 'https://a.test/'"), State{Records: []secret.Record{rec}}, silent)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, short(p)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestPlanOfANewWebhook says all that it will have, and no more than is known.
func TestPlanOfANewWebhook(t *testing.T) {
	t.Parallel()
	for _, unreadable := range []bool{false, true} {
		var rows []provider.Webhook
		if unreadable {
			rows = append(rows, provider.Webhook{ID: "x", Unreadable: "no URL"})
		}
		p, err := compareRows(t, hooks("name: a, url: 'https://a.test/'", "url: 'https://b.test/'"), State{}, rows...)
		if err != nil || len(p.Changes) != 2 {
			t.Fatal(p, err)
		}
		names := [2]string{}
		for i, c := range p.Changes {
			for _, f := range c.Fields {
				names[i] += f.Name + " "
			}
		}
		if names != [2]string{"name url events ", "url events "} {
			t.Errorf("%q", names)
		}
		if warned := strings.Contains(strings.Join(p.Warnings, "\n"), "may already exist"); warned != unreadable {
			t.Errorf("warnings %q", p.Warnings)
		}
	}
}

// An auth type that nobody can write into a manifest keeps a webhook out of it,
// and variables of webhooks without a usable name are told apart by number.
func TestExportOfAuthentication(t *testing.T) {
	t.Parallel()
	odd := provider.Webhook{ID: "1", Name: ptr("Odd"), URL: ptr("https://example.com/1"), Events: []string{"new_note"}, AuthType: ptr("oauth9")}
	first := provider.Webhook{ID: "2", Name: ptr("é"), URL: ptr("https://example.com/2"), Events: []string{"new_note"}, AuthType: ptr("bearer")}
	second := provider.Webhook{ID: "3", Name: ptr("ü"), URL: ptr("https://example.com/3"), Events: []string{"new_note"}, AuthType: ptr("bearer")}
	out := NewExport([]Account{
		{Driver: driver("wundertreos"), Rows: []provider.Webhook{row("w", "Lead", "https://example.com/w")}},
		{Driver: driver("zyntro"), Rows: []provider.Webhook{odd, first, second}},
	}).YAML()
	for _, want := range []string{`Odd": its auth type "oauth9" is unknown`, "${WEBHOOK_2_AUTH_", "${WEBHOOK_3_AUTH_"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is not in\n%s", want, out)
		}
	}
}

// The record of a webhook says what the provider says of it now.
func TestUpdateBringsTheRecordUpToDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wundertreosfake.Options{})
	w.apply(both, false)
	changed := strings.NewReplacer("name: CRM", "name: Sales", "example.com/crm", "example.com/new", "new_contact", "new_note").Replace(both)
	id := w.id("zyntro")
	changed = strings.Replace(changed, "provider: zyntro", "provider: zyntro, id: "+id, 1)
	w.apply(changed, false)
	rec, err := w.store.Get(context.Background(), secret.Ref{Provider: "zyntro", ID: id})
	if err != nil || rec.Name != "Sales" || rec.URL != "https://example.com/new" || len(rec.Events) != 1 || rec.Events[0] != "new_note" {
		t.Errorf("%q, %q, %q, %v", rec.Name, rec.URL, rec.Events, err)
	}
}

// TestLeaves: a value leaves where a webhook is made, or where the very field is
// sent.
func TestLeaves(t *testing.T) {
	t.Parallel()
	sends := Reach{Does: Sends, Field: "auth value", Variable: "T"}
	fields := []Field{{Name: "auth"}}
	for name, c := range map[string]struct {
		change Change
		reach  Reach
		want   bool
	}{
		"a create":               {Change{Action: Create}, sends, true},
		"a replacement":          {Change{Action: Replace}, Reach{Does: Runs}, true},
		"the field is sent":      {Change{Action: Update, Fields: fields}, sends, true},
		"another field is sent":  {Change{Action: Update, Fields: []Field{{Name: "url"}}}, sends, false},
		"no new secret, no sink": {Change{Action: Update, Fields: fields}, Reach{Does: Runs, Field: "auth"}, false},
		"nothing is sent":        {Change{Action: Adopt, Fields: fields}, sends, false},
		"it is deleted":          {Change{Action: Delete, Fields: fields}, sends, false},
	} {
		if got := c.change.leaves(c.reach); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
