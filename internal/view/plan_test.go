package view_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/view"
)

func aPlan() *apply.Plan {
	z := &provider.Driver{Name: "zyntro", Title: "Zyntro", Updates: true}
	w := &provider.Driver{Name: "wundertreos", Title: "WundertreOS", Deletes: true}
	at := apply.Position{File: "hooks.yaml", Line: 4, Column: 3}
	return &apply.Plan{
		Profile: "default", Unchanged: 3, Warnings: []string{"one\x1b[31m\nline"},
		Changes: []*apply.Change{
			{Action: apply.Create, Driver: z, Name: "CRM\n+ evil", URL: "https://a.test", At: at, SecretTo: []string{"file:x"}, Fields: []apply.Field{
				{Name: "name", To: "CRM"}, {Name: "url", To: "https://a.test"}, {Name: "events", To: []string{"a", "b"}}, {Name: "timeout", To: 30}, {Name: "auth", To: "bearer"},
			}},
			{Action: apply.Update, Driver: z, ID: "1", Name: "U", At: at, Kept: true, Fields: []apply.Field{
				{Name: "events", From: []string{"a", "b"}, To: []string{"b", "c"}}, {Name: "timeout", From: 30, To: 31}, {Name: "auth", From: "bearer", To: "bearer", Note: "value changed"},
			}},
			{Action: apply.Replace, Driver: w, ID: "2", Name: "", URL: "https://b.test", At: at, Kept: true, Fields: []apply.Field{{Name: "name", From: "", To: "R"}}},
			{Action: apply.Delete, Driver: w, ID: "3", Name: "D", Kept: true},
			{Action: apply.Delete, Driver: z, ID: "4", Name: "E", Kept: true},
			{Action: apply.Adopt, Driver: w, ID: "5", Name: "A", At: at, Kept: true},
		},
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	const want = `+   create zyntro "CRM + evil"
      url      https://a.test
      events   a, b
      timeout  30
      auth     bearer
      secret   new; to the store, file:x
~   update zyntro "U" (1)
      events   +c -a
      timeout  30 -> 31
      auth     bearer (value changed)
-/+ replace wundertreos (no name) (2): NEW SECRET
      name     (none) -> R
      secret   NEW: WundertreOS cannot change a webhook in place, and the old secret stops working; to the store
-   delete wundertreos "D" (3)
-   disable zyntro "E" (4)
=   adopt wundertreos "A" (5)

warning: one` + "\ufffd" + `[31m line

Plan: 1 to create, 1 to update, 1 to replace (NEW SECRET), 2 to delete or disable, 1 to adopt, 3 unchanged.
`
	v := view.Plan(aPlan())
	if diff := cmp.Diff(want, render.Layout(v.Lines, 200, false)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"zyntro/CRM\n+ evil", "zyntro/1", "wundertreos/2", "wundertreos/3", "zyntro/4", "wundertreos/5"}, v.Names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	none := render.Layout(view.PlanLines(&apply.Plan{Unchanged: 2, Changes: aPlan().Changes[5:]}), 200, false)
	if none != "=   adopt wundertreos \"A\" (5)\n\nPlan: 1 to adopt, 2 unchanged.\nNothing will change at a provider.\n" {
		t.Errorf("%s", none)
	}
}

func reaching() *apply.Plan {
	at := apply.Position{File: "m\x1b.yaml", Line: 7, Column: 3}
	return &apply.Plan{Unchanged: 1, Reach: []apply.Reach{
		{At: at, Does: apply.Sends, Field: "auth bearer", Variable: "CRM_TOKEN"},
		{At: at, Does: apply.Sends, Field: "url", Variable: "AWS_X", Needs: "--allow-env AWS_X"},
		{At: at, Does: apply.Runs, Sink: "exec:touch \x1b[2Jx", Needs: "--allow-exec"},
		{At: at, Does: apply.Writes, Sink: "file:/etc/x"},
	}}
}

func TestPlanReach(t *testing.T) {
	t.Parallel()
	const want = `A manifest is code. This manifest:
      sends    auth bearer from ${CRM_TOKEN} (m?.yaml:7:3)
      sends    url from ${AWS_X} (m?.yaml:7:3): apply REFUSES this without --allow-env AWS_X
      runs     exec:touch ?[2Jx (m?.yaml:7:3): apply REFUSES this without --allow-exec
      writes   file:/etc/x, outside the manifest's directory (m?.yaml:7:3)

No changes: 1 unchanged.
`
	if diff := cmp.Diff(strings.ReplaceAll(want, "?", "\ufffd"), render.Layout(view.PlanLines(reaching()), 200, false)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for name, v := range map[string]render.View{"plan": view.Plan(reaching()), "apply": view.Applied(reaching(), nil)} {
		at := "m\x1b.yaml:7:3"
		if diff := cmp.Diff([]any{
			map[string]any{"does": "send", "at": at, "field": "auth bearer", "variable": "CRM_TOKEN", "sink": nil, "needs": nil},
			map[string]any{"does": "send", "at": at, "field": "url", "variable": "AWS_X", "sink": nil, "needs": "--allow-env AWS_X"},
			map[string]any{"does": "run", "at": at, "field": nil, "variable": nil, "sink": "exec:touch \x1b[2Jx", "needs": "--allow-exec"},
			map[string]any{"does": "write", "at": at, "field": nil, "variable": nil, "sink": "file:/etc/x", "needs": nil},
		}, document(t, v)["reach"]); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

// document prints v as JSON and reads it back.
func document(t *testing.T, v render.View) map[string]any {
	t.Helper()
	var out bytes.Buffer
	p, err := render.New(&out, render.Options{Format: render.JSON})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Print(v); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestPlanDocument(t *testing.T) {
	t.Parallel()
	doc := document(t, view.Plan(aPlan()))
	changes := doc["changes"].([]any)
	if diff := cmp.Diff(map[string]any{
		"action": "update", "provider": "zyntro", "id": "1", "name": "U", "url": "", "at": "hooks.yaml:4:3", "new_secret": false, "secret_kept": true, "secret_to": []any{},
		"fields": []any{
			map[string]any{"name": "events", "from": []any{"a", "b"}, "to": []any{"b", "c"}},
			map[string]any{"name": "timeout", "from": 30.0, "to": 31.0},
			map[string]any{"name": "auth", "from": "bearer", "to": "bearer", "note": "value changed"},
		},
	}, changes[1]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	first := changes[0].(map[string]any)
	if first["id"] != nil || first["new_secret"] != true || changes[3].(map[string]any)["at"] != nil {
		t.Errorf("%v", first)
	}
	delete(doc, "changes")
	if diff := cmp.Diff(map[string]any{
		"format_version": 1.0, "profile": "default", "differences": true, "warnings": []any{"one\x1b[31m\nline"},
		"summary": map[string]any{"create": 1.0, "update": 1.0, "replace": 1.0, "delete": 2.0, "adopt": 1.0, "unchanged": 3.0},
	}, doc); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	empty := document(t, view.Plan(&apply.Plan{}))
	if len(empty["changes"].([]any)) != 0 || len(empty["warnings"].([]any)) != 0 || empty["differences"] != false {
		t.Errorf("%v", empty)
	}
}

func TestApplied(t *testing.T) {
	t.Parallel()
	p := aPlan()
	c := p.Changes
	out := []apply.Outcome{
		{Change: c[0], Result: apply.Done, ID: "new", Kept: true, Sinks: []sink.Result{{Sink: "file:x"}}},
		{Change: c[1], Result: apply.Conflict, ID: "1", Err: errors.New("changed")},
		{Change: c[2], Result: apply.Failed, ID: "22", Kept: true, Err: fault.Errorf(fault.Custody, "no sink")},
		{Change: c[3], Result: apply.Skipped, ID: "3"},
		{Change: c[4], Result: apply.Done, ID: "4"},
		{Change: c[5], Result: apply.Failed, ID: "5", Err: errors.New("no")},
	}
	v := view.Applied(p, out)
	const want = `+   zyntro "CRM + evil" (new): created, secret kept, and sent to its sinks
~   zyntro "U" (1): conflict, not changed
-/+ wundertreos (no name) (22): created, secret kept, but the steps after that were not all done
-   wundertreos "D" (3): not started
-   zyntro "E" (4): disabled
=   wundertreos "A" (5): failed

Done: 2; failed: 2; conflicts: 1; not started: 1; 3 unchanged. Run apply again to continue.
`
	if diff := cmp.Diff(want, render.Layout(v.Lines, 200, false)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var said []string
	for _, o := range []apply.Outcome{
		{Change: c[2], Result: apply.Failed, ID: "2", Kept: true, Err: fault.Errorf(fault.Custody, "lost")}, // the secret of the old one
		{Change: c[2], Result: apply.Failed, ID: "22", Kept: true, Err: fault.Errorf(fault.Unavailable, "not deleted")},
		{Change: c[2], Result: apply.Conflict, ID: "22", Kept: true, Err: fault.Errorf(fault.Refused, "replaced twice")},
		{Change: c[0], Result: apply.Conflict, ID: "9", Err: fault.Errorf(fault.Refused, "somebody else has created it")},
	} {
		_, text, _ := strings.Cut(view.Applied(p, []apply.Outcome{o}).Lines[0].Text, ": ")
		said = append(said, text)
	}
	const after = "created, secret kept, but the steps after that were not all done"
	if diff := cmp.Diff([]string{"failed", after, after, "conflict, not changed"}, said); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	changes := document(t, v)["changes"].([]any)
	first, third := changes[0].(map[string]any), changes[2].(map[string]any)
	if first["result"] != "done" || first["new_id"] != "new" || first["error"] != nil || len(first["sinks"].([]any)) != 1 {
		t.Errorf("%v", first)
	}
	if third["result"] != "failed" || third["new_id"] != "22" || third["error"] != "no sink" {
		t.Errorf("%v", third)
	}
	lines := view.Applied(p, []apply.Outcome{
		{Change: c[1], Result: apply.Done, ID: "1"}, {Change: c[2], Result: apply.Done, ID: "22"}, {Change: c[3], Result: apply.Done, ID: "3"}, {Change: c[5], Result: apply.Done, ID: "5"},
	}).Lines
	done := render.Layout(lines, 200, false)
	for _, line := range []string{"(1): updated\n", "(22): replaced, NEW SECRET kept\n", "(3): deleted\n", "(5): adopted\n", "\nDone: 4; 3 unchanged.\n"} {
		if !strings.Contains(done, line) {
			t.Errorf("lacks %q:\n%s", line, done)
		}
	}
	if text := render.Layout(view.Applied(&apply.Plan{Unchanged: 7}, nil).Lines, 80, false); text != "Nothing to do: 7 unchanged.\n" {
		t.Errorf("%s", text)
	}
}

// TestPlanIsDocumented looks for every member of the documents in docs/manifest.md.
func TestPlanIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "manifest.md"))
	if err != nil {
		t.Fatal(err)
	}
	p := aPlan()
	p.Reach = reaching().Reach
	doc := document(t, view.Applied(p, []apply.Outcome{{Change: p.Changes[0], Sinks: []sink.Result{{Sink: "file:x", Err: errors.New("no")}}}}))
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				if !bytes.Contains(page, []byte("`"+name+"`")) && !bytes.Contains(page, []byte(`"`+name+`"`)) {
					t.Errorf("docs/manifest.md does not name %s", name)
				}
				look(inner)
			}
		case []any:
			for _, inner := range v {
				look(inner)
			}
		}
	}
	look(doc)
}
