package view_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	account, user := "Sandbox Inc", "me@example.com"
	full := view.Account{Provider: "zyntro", Profile: "work", Origin: "https://api.example.com", Account: &account, User: &user, Checked: true, Fields: []string{"api_key", "org_id"}}
	want := render.View{Data: full, Names: []string{"zyntro"}, Facts: []render.Fact{
		{Label: "Provider", Value: "zyntro"},
		{Label: "Profile", Value: "work"},
		{Label: "Kept for", Value: "https://api.example.com"},
		{Label: "Kept", Value: "api_key, org_id"},
		{Label: "Account", Value: "Sandbox Inc"},
		{Label: "User", Value: "me@example.com"},
		{Label: "Checked", Value: "yes, the provider accepts them"},
	}}
	if diff := cmp.Diff(want, full.Render()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	unchecked := view.Account{Provider: "zyntro", Profile: "work", Origin: "https://api.example.com"}.Render()
	if last := unchecked.Facts[len(unchecked.Facts)-1]; len(unchecked.Facts) != 5 || last.Value != "no" {
		t.Errorf("unchecked: %+v", unchecked.Facts)
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	got := view.Logout{Provider: "zyntro", Profile: "work", Removed: []string{"https://a", "https://b"}}.Render()
	want := "Removed the credentials of zyntro in profile work for https://a.\nRemoved the credentials of zyntro in profile work for https://b.\n"
	if got.Text != want {
		t.Errorf("%q", got.Text)
	}
}
