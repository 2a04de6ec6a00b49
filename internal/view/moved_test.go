package view_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

func TestMovedList(t *testing.T) {
	t.Parallel()
	kept := fullRecord
	kept.Store = secret.InKeyring
	failed := errors.New("the keyring cannot be used")
	list := []view.Moved{
		view.NewMovedSecret(fullRecord, secret.InKeyring, true, nil),
		view.NewMovedSecret(kept, secret.InKeyring, false, nil),
		view.NewMovedSecret(bareRecord, secret.InKeyring, false, failed),
		// The new place has it, and the old one could not be emptied.
		view.NewMovedCredential(secret.Credential{Provider: "zyntro", Profile: "work", Origin: "https://api.example.com", Keyring: "0a"}, secret.InFile, true, failed),
		view.NewMovedCredential(secret.Credential{Provider: "zyntro", Profile: "work", Origin: "https://api.example.com"}, secret.InKeyring, false, failed),
	}
	v := view.MovedList(list)
	want := [][]string{
		{"secret", "zyntro", "42", "CRM Sync", "work", "keyring", "moved"},
		{"secret", "zyntro", "42", "CRM Sync", "work", "keyring", "unchanged"},
		{"secret", "wundertreos", "a", "-", "default", "file", "failed: the keyring cannot be used"},
		{"credential", "zyntro", "-", "https://api.example.com", "work", "file", "failed: the keyring cannot be used"},
		{"credential", "zyntro", "-", "https://api.example.com", "work", "file", "failed: the keyring cannot be used"},
	}
	if diff := cmp.Diff(want, v.Grid.Rows); diff != "" {
		t.Error(diff)
	}
	names := []string{"zyntro/42", "zyntro/42", "wundertreos/a", "zyntro https://api.example.com", "zyntro https://api.example.com"}
	if diff := cmp.Diff(names, v.Names); diff != "" {
		t.Error(diff)
	}
	wantJSON := `{
 "kind": "secret",
 "provider": "zyntro",
 "id": "42",
 "name": "CRM Sync",
 "profile": "work",
 "origin": "https://api.example.com",
 "store": "keyring",
 "moved": true,
 "error": null
}`
	if diff := cmp.Diff(wantJSON, asJSON(t, list[0])); diff != "" {
		t.Error(diff)
	}
}

func TestImportedList(t *testing.T) {
	t.Parallel()
	list := []view.Imported{view.NewImported(fullRecord, view.ImportNewer), view.NewImported(bareRecord, view.ImportAdded)}
	v := view.ImportedList(list)
	if last := v.Grid.Columns[len(v.Grid.Columns)-1].Title; last != "RESULT" {
		t.Errorf("the last column is %s", last)
	}
	for i, row := range v.Grid.Rows {
		if len(row) != len(v.Grid.Columns) || row[len(row)-1] != list[i].Result {
			t.Errorf("row %q of %d columns", row, len(v.Grid.Columns))
		}
	}
	if diff := cmp.Diff(v.Data, any(list)); diff != "" {
		t.Error(diff)
	}
}
