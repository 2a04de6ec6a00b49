package view_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

var errFull = errors.New("disk full")

func TestRecovery(t *testing.T) {
	t.Parallel()
	list := view.NewRecovered([]custody.Finding{
		{Operation: "create", Provider: "zyntro", Name: "CRM\n  next: rm -rf", URL: "https://example.com/hook", ID: "42", State: custody.StateOrphan,
			Next: "hookctl recover --delete zyntro/42", Detail: "nobody has its secret", Path: "/journal/1.op", CreatedAt: "2026-05-17 14:30:00"},
		{State: custody.StateUnreadable, Detail: "not an entry", Path: "/journal/2.op", Next: "look"},
		{Operation: "create", Provider: "zyntro", State: custody.StateNotCreated, Detail: "nothing was made"},
	})
	got := view.Recovery(list)
	text := render.Layout(got.Lines, 80, false)
	got.Lines = nil
	want := render.View{Data: list, Names: []string{"zyntro/42"}}
	const wantText = `orphan: create on zyntro of 42
  name:     CRM   next: rm -rf
  url:      https://example.com/hook
  created:  2026-05-17 14:30:00
  found:    nobody has its secret
  next:     hookctl recover --delete zyntro/42

unreadable
  found:    not an entry
  next:     look

not-created: create on zyntro
  found:    nothing was made
`
	if diff := cmp.Diff(wantText, text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantJSON := `{
 "operation": "create",
 "provider": "zyntro",
 "name": null,
 "url": null,
 "id": null,
 "state": "not-created",
 "next": null,
 "detail": "nothing was made",
 "path": null,
 "created_at": null
}`
	if diff := cmp.Diff(wantJSON, asJSON(t, list[2])); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestStoreFindings(t *testing.T) {
	t.Parallel()
	zyntro, id, path := "zyntro", "42", "/store/1.json"
	list := []health.Finding{
		{Problem: "no-secret", Provider: &zyntro, ID: &id, Message: "not kept", Fix: "one\nother"},
		{Problem: "unreadable", Path: &path, Message: "torn\nfile", Fix: "put it back"},
	}
	got := view.StoreFindings(list)
	const text = `no-secret: not kept
  fix: one
       other
unreadable: torn file
  fix: put it back
`
	if diff := cmp.Diff(text, render.Layout(got.Lines, 80, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got.Lines = nil
	if diff := cmp.Diff(render.View{Data: list, Names: []string{"zyntro/42", "/store/1.json"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
