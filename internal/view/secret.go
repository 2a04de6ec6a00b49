package view

import (
	"slices"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
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
	return new(t.UTC().Format(time.RFC3339))
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
	var f facts
	f.add("Provider", s.where())
	f.add("ID", s.ID)
	f.add("Name", provider.Text(s.Name))
	f.add("URL", provider.Text(s.URL))
	f.add("Profile", s.Profile)
	f.add("Fingerprint", s.Fingerprint)
	f.add("Store", s.Store)
	f.add("Kept since", provider.Text(dated(s.KeptSince)))
	f.add("Deleted", provider.Text(dated(s.DeletedAt)))
	f.add("File", s.Path)
	return render.View{Data: s, Facts: append(f, sinkFacts(s.Sinks)...), Names: []string{s.Ref()}}
}

// KeptSecrets is a list of records; with profiles its table has a column for
// them.
func KeptSecrets(list []KeptSecret, profiles bool) render.View {
	address, gone := 0, slices.ContainsFunc(list, func(s KeptSecret) bool { return s.DeletedAt != nil })
	if gone {
		address = 1 // that it is no more must be seen, rather than the URL
	}
	columns := []render.Column{
		providerColumn(3, slices.ContainsFunc(list, func(s KeptSecret) bool { return s.Elsewhere })),
		{Title: "ID", Short: shortIDs(list, func(s KeptSecret) string { return s.ID })},
		{Title: "NAME", Flexible: true, Last: true},
		{Title: "URL", Flexible: true, Short: withoutHTTPS, Spare: address},
		{Title: "FINGERPRINT", Spare: 2},
		{Title: "STORE", Optional: true},
		{Title: "KEPT SINCE", Optional: true},
		{Title: "DELETED", Optional: !gone, Short: func(_ int, cell string) string { return head(cell, len(time.DateOnly)) }},
	}
	if profiles {
		columns = append(columns, render.Column{Title: "PROFILE"})
	}
	return grid(list, columns, func(s KeptSecret) (row []string, name string) {
		row = []string{s.where(), orDash(s.ID), word(s.Name), word(s.URL), s.Fingerprint, s.Store, word(dated(s.KeptSince)), word(dated(s.DeletedAt))}
		if profiles {
			row = append(row, s.Profile)
		}
		return row, s.Ref()
	})
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
