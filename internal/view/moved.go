package view

import (
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
)

// Moved is the JSON of one thing that `secrets migrate` looked at.
type Moved struct {
	Kind     string  `json:"kind"` // "secret" or "credential"
	Provider string  `json:"provider"`
	ID       *string `json:"id"` // null for a credential
	Name     *string `json:"name"`
	Profile  string  `json:"profile"`
	Origin   string  `json:"origin"`
	Store    string  `json:"store"` // where it lies now
	Moved    bool    `json:"moved"` // false: it lay there before, or see error
	Error    *string `json:"error"`
}

// NewMovedSecret describes what became of moving r, which lay in r.Store.
func NewMovedSecret(r secret.Record, to string, moved bool, err error) Moved {
	m := Moved{Kind: "secret", Provider: r.Provider, ID: &r.ID, Name: OrNull(r.Name), Profile: r.Profile, Origin: r.Origin, Store: r.Store}
	return m.became(to, moved, err)
}

// NewMovedCredential describes what became of moving c.
func NewMovedCredential(c secret.Credential, to string, moved bool, err error) Moved {
	m := Moved{Kind: "credential", Provider: c.Provider, Profile: c.Profile, Origin: c.Origin, Store: secret.InFile}
	if c.Keyring != "" {
		m.Store = secret.InKeyring
	}
	return m.became(to, moved, err)
}

func (m Moved) became(to string, moved bool, err error) Moved {
	if m.Moved, m.Error = moved, errorText(err); moved || err == nil {
		m.Store = to
	}
	return m
}

// MovedList shows what `secrets migrate` did.
func MovedList(list []Moved) render.View {
	columns := []render.Column{
		{Title: "KIND"},
		{Title: "PROVIDER"},
		{Title: "ID"},
		{Title: "NAME", Flexible: true},
		{Title: "PROFILE"},
		{Title: "STORE"},
		{Title: "RESULT", Flexible: true, Tone: toneOf},
	}
	return grid(list, columns, func(m Moved) (row []string, name string) {
		result := "unchanged"
		switch {
		case m.Error != nil:
			result = "failed: " + *m.Error
		case m.Moved:
			result = "moved"
		}
		called, name := word(m.Name), m.Provider+"/"+word(m.ID)
		if m.ID == nil {
			called, name = m.Origin, m.Provider+" "+m.Origin
		}
		return []string{m.Kind, m.Provider, word(m.ID), orDash(called), m.Profile, m.Store, result}, name
	})
}
