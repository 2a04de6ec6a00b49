package view

import (
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
)

// Account is the JSON of what login kept.
type Account struct {
	Provider string   `json:"provider"`
	Profile  string   `json:"profile"`
	Origin   string   `json:"origin"`  // the only one that the credentials are sent to
	Account  *string  `json:"account"` // null where it was not checked or the provider does not say
	User     *string  `json:"user"`
	Checked  bool     `json:"checked"`
	Fields   []string `json:"fields"` // the names of the credentials that are kept
}

// Render shows an account.
func (a Account) Render() render.View {
	checked := "no"
	if a.Checked {
		checked = "yes, the provider accepts them"
	}
	f := facts{
		{Label: "Provider", Value: a.Provider},
		{Label: "Profile", Value: a.Profile},
		{Label: "Kept for", Value: a.Origin},
		{Label: "Kept", Value: strings.Join(a.Fields, ", ")},
	}
	f.add("Account", provider.Text(a.Account))
	f.add("User", provider.Text(a.User))
	f.add("Checked", checked)
	return render.View{Data: a, Facts: f, Names: []string{a.Provider}}
}

// Logout is the JSON of what logout removed.
type Logout struct {
	Provider    string   `json:"provider"`
	Profile     string   `json:"profile"`
	Removed     []string `json:"removed"`     // the origins whose credentials are gone
	Environment []string `json:"environment"` // variables that still authenticate
}

// Render shows what logout removed, an origin a line.
func (l Logout) Render() render.View {
	var b strings.Builder
	for _, origin := range l.Removed {
		b.WriteString("Removed the credentials of " + l.Provider + " in profile " + l.Profile + " for " + line(origin) + ".\n")
	}
	return render.View{Data: l, Text: b.String(), Names: l.Removed}
}
