package view

import (
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/render"
)

// Profile is the JSON of one profile and what there is of it on this machine.
type Profile struct {
	Name        string   `json:"name"`
	Current     bool     `json:"current"`
	Configured  bool     `json:"configured"`  // config.yaml names it
	Secrets     int      `json:"secrets"`     // webhooks whose secrets are kept
	Credentials []string `json:"credentials"` // providers with credentials in the store
}

// Profiles is the table of `profile list`.
func Profiles(list []Profile) render.View {
	columns := []render.Column{{Title: "PROFILE"}, {Title: "CURRENT"}, {Title: "SECRETS"}, {Title: "CREDENTIALS", Flexible: true}, {Title: "CONFIG"}}
	return grid(list, columns, func(p Profile) (row []string, name string) {
		current, configured := "", "-"
		if p.Current {
			current = "*"
		}
		if p.Configured {
			configured = "config.yaml"
		}
		return []string{p.Name, current, fmt.Sprint(p.Secrets), orDash(strings.Join(p.Credentials, ", ")), configured}, p.Name
	})
}

// Render shows one profile after a change, for people with text.
func (p Profile) Render(text string) render.View {
	return render.View{Data: p, Text: text, Names: []string{p.Name}}
}

// RemovedProfile is the JSON of what became of a profile that was removed.
type RemovedProfile struct {
	Name        string   `json:"name"`
	Removed     bool     `json:"removed"`
	Credentials []string `json:"credentials"` // "provider origin", removed from the store
	SecretsLeft int      `json:"secrets_left"`
}

// Render shows what was removed.
func (p RemovedProfile) Render() render.View {
	text := "Removed the profile " + p.Name
	if n := len(p.Credentials); n > 0 {
		text += ", and the credentials of " + strings.Join(p.Credentials, ", ")
	}
	return render.View{Data: p, Text: text + ".", Names: []string{p.Name}}
}
