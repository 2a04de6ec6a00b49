package view_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/view"
)

var (
	fullRecord = secret.Record{
		Provider: "zyntro", ID: "42", Profile: "work", Origin: "https://api.example.com", Name: "CRM Sync", URL: "https://example.com/hook",
		Events: []string{"new_contact"}, Secret: secret.New("very-private"), Store: "file", Fingerprint: "sha256:1f2e3d4c", Path: "/store/1.json",
		CreatedAt: time.Date(2026, 5, 17, 16, 30, 0, 5, time.FixedZone("", 7200)), DeletedAt: time.Date(2026, 5, 18, 0, 0, 0, 0, time.UTC),
	}
	bareRecord = secret.Record{Provider: "wundertreos", ID: "a", Profile: "default", Fingerprint: "sha256:00000000", Store: "file", Path: "/store/2.json"}
)

// asJSON is what a script gets.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKeptSecretJSON(t *testing.T) {
	t.Parallel()
	want := `[
 {
  "provider": "zyntro",
  "id": "42",
  "name": "CRM Sync",
  "url": "https://example.com/hook",
  "profile": "work",
  "origin": "https://api.example.com",
  "fingerprint": "sha256:1f2e3d4c",
  "older": [],
  "store": "file",
  "kept_since": "2026-05-17T14:30:00Z",
  "deleted_at": "2026-05-18T00:00:00Z",
  "path": "/store/1.json"
 },
 {
  "provider": "wundertreos",
  "id": "a",
  "name": null,
  "url": null,
  "profile": "default",
  "origin": "",
  "fingerprint": "sha256:00000000",
  "older": [],
  "store": "file",
  "kept_since": null,
  "deleted_at": null,
  "path": "/store/2.json"
 }
]`
	list := []view.KeptSecret{view.NewKeptSecret(fullRecord), view.NewKeptSecret(bareRecord)}
	if diff := cmp.Diff(want, asJSON(t, list)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKeptSecrets(t *testing.T) {
	t.Parallel()
	list := []view.KeptSecret{view.NewKeptSecret(fullRecord), view.NewKeptSecret(bareRecord)}
	got := view.KeptSecrets(list, true)
	rows := [][]string{
		{"zyntro", "42", "CRM Sync", "https://example.com/hook", "sha256:1f2e3d4c", "file", "2026-05-17 14:30:00 UTC", "2026-05-18 00:00:00 UTC", "work"},
		{"wundertreos", "a", "-", "-", "sha256:00000000", "file", "-", "-", "default"},
	}
	if diff := cmp.Diff(rows, got.Grid.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"zyntro/42", "wundertreos/a"}, got.Names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if n := len(view.KeptSecrets(list, false).Grid.Columns); n != len(got.Grid.Columns)-1 {
		t.Errorf("%d columns without the profile, %d with it", n, len(got.Grid.Columns))
	}
	if empty := view.KeptSecrets([]view.KeptSecret{}, false); asJSON(t, empty.Data) != "[]" {
		t.Errorf("nothing is %s", asJSON(t, empty.Data))
	}
}

func TestKeptSecretFacts(t *testing.T) {
	t.Parallel()
	s := view.NewKeptSecret(fullRecord)
	s.Sinks = view.NewSinks([]sink.Result{{Sink: "file:a"}, {Sink: "file:b", Err: errFull}})
	want := render.View{Data: s, Names: []string{"zyntro/42"}, Facts: []render.Fact{
		{Label: "Provider", Value: "zyntro"},
		{Label: "ID", Value: "42"},
		{Label: "Name", Value: "CRM Sync"},
		{Label: "URL", Value: "https://example.com/hook"},
		{Label: "Profile", Value: "work"},
		{Label: "Fingerprint", Value: "sha256:1f2e3d4c"},
		{Label: "Store", Value: "file"},
		{Label: "Kept since", Value: "2026-05-17 14:30:00 UTC"},
		{Label: "Deleted", Value: "2026-05-18 00:00:00 UTC"},
		{Label: "File", Value: "/store/1.json"},
		{Label: "Sink", Value: "file:a: done", Tone: render.Good},
		{Label: "Sink", Value: "file:b: failed: disk full", Tone: render.Bad},
	}}
	if diff := cmp.Diff(want, s.Render()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
