package view

import (
	"time"

	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
)

// KeptSecret is the JSON of one record of the store.
type KeptSecret struct {
	Provider    string   `json:"provider"`
	ID          string   `json:"id"`
	Name        *string  `json:"name"`
	URL         *string  `json:"url"`
	Profile     string   `json:"profile"`
	Origin      string   `json:"origin"`
	Elsewhere   bool     `json:"-"` // the origin is not the provider's own, and people are told
	Fingerprint string   `json:"fingerprint"`
	Older       []string `json:"older"` // the fingerprints of the secrets that it had before, newest first
	Store       string   `json:"store"`
	KeptSince   *string  `json:"kept_since"` // RFC 3339, UTC
	DeletedAt   *string  `json:"deleted_at"` // RFC 3339, UTC; null while the webhook lives
	Path        string   `json:"path"`
	// Value is the secret itself; `secrets show` alone sets it.
	Value   *string `json:"value,omitempty"`
	Removed bool    `json:"removed,omitempty"` // secrets remove only
	Changed *bool   `json:"changed,omitempty"` // secrets set only: false where this secret was kept already
	Sinks   []Sink  `json:"sinks,omitzero"`    // secrets push only
}

// NewKeptSecret describes r without its secret.
func NewKeptSecret(r secret.Record) KeptSecret {
	older := make([]string, len(r.Older))
	for i, o := range r.Older {
		older[i] = o.Fingerprint
	}
	return KeptSecret{
		Older:    older,
		Provider: r.Provider, ID: r.ID, Name: OrNull(r.Name), URL: OrNull(r.URL), Profile: r.Profile, Origin: r.Origin,
		Fingerprint: r.Fingerprint, Store: r.Store, KeptSince: instant(r.CreatedAt), DeletedAt: instant(r.DeletedAt), Path: r.Path,
	}
}

// OrNull is nil for an empty text.
func OrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// instant writes a time to the second; nil for the zero time.
func instant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}

// where is the provider's name, and where it is if not at its own origin.
func (s KeptSecret) where() string {
	if s.Elsewhere {
		return at(s.Provider, s.Origin)
	}
	return s.Provider
}

// Ref is how a command line names the record without doubt.
func (s KeptSecret) Ref() string { return s.Provider + "/" + s.ID }

// Render shows one record.
func (s KeptSecret) Render() render.View {
	return render.View{Data: s, Facts: s.facts(), Names: []string{s.Ref()}}
}

// KeptSecrets is a list of records; with profiles its table has a column for
// them.
func KeptSecrets(list []KeptSecret, profiles bool) render.View {
	ids, spare, address, gone := make([]string, len(list)), 3, 0, false
	for i, s := range list {
		ids[i] = s.ID
		if s.Elsewhere {
			spare = 0 // that it is another place must be seen
		}
		if s.DeletedAt != nil {
			address, gone = 1, true // and that it is no more, rather than the URL
		}
	}
	g := &render.Grid{Columns: []render.Column{
		{Title: "PROVIDER", Spare: spare, Flexible: spare == 0},
		{Title: "ID", Short: shortIDs(ids)},
		{Title: "NAME", Flexible: true, Last: true},
		{Title: "URL", Flexible: true, Short: withoutHTTPS, Spare: address},
		{Title: "FINGERPRINT", Spare: 2},
		{Title: "STORE", Optional: true},
		{Title: "KEPT SINCE", Optional: true},
		{Title: "DELETED", Optional: !gone, Short: func(_ int, cell string) string { return head(cell, len(time.DateOnly)) }},
	}}
	if profiles {
		g.Columns = append(g.Columns, render.Column{Title: "PROFILE"})
	}
	v := render.View{Data: list, Grid: g, Names: []string{}}
	for _, s := range list {
		row := []string{s.where(), orDash(s.ID), word(s.Name), word(s.URL), s.Fingerprint, s.Store, word(dated(s.KeptSince)), word(dated(s.DeletedAt))}
		if profiles {
			row = append(row, s.Profile)
		}
		g.Rows = append(g.Rows, row)
		v.Names = append(v.Names, s.Ref())
	}
	return v
}

// facts is the description of one record for people.
func (s KeptSecret) facts() []render.Fact {
	var facts []render.Fact
	add := func(label string, value *string) {
		if value != nil {
			facts = append(facts, render.Fact{Label: label, Value: *value})
		}
	}
	where := s.where()
	add("Provider", &where)
	add("ID", &s.ID)
	add("Name", s.Name)
	add("URL", s.URL)
	add("Profile", &s.Profile)
	add("Fingerprint", &s.Fingerprint)
	add("Store", &s.Store)
	add("Kept since", dated(s.KeptSince))
	add("Deleted", dated(s.DeletedAt))
	add("File", &s.Path)
	return append(facts, sinkFacts(s.Sinks)...)
}

func sinkFacts(sinks []Sink) []render.Fact {
	facts := make([]render.Fact, len(sinks))
	for i, s := range sinks {
		text, tone := s.Sink+": done", render.Good
		if s.Error != nil {
			text, tone = s.Sink+": failed: "+*s.Error, render.Bad
		}
		facts[i] = render.Fact{Label: "Sink", Value: text, Tone: tone}
	}
	return facts
}
