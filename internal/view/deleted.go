package view

import (
	"slices"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
)

// Deleted is the JSON of one webhook that is gone, or would be.
type Deleted struct {
	Provider string  `json:"provider"`
	ID       string  `json:"id"`
	Name     *string `json:"name"`
	Origin   *string `json:"origin,omitempty"` // of the base URL, where that is not the provider's own
	Disabled bool    `json:"disabled"`         // the provider cannot delete: it is disabled instead
	DryRun   bool    `json:"dry_run,omitempty"`
}

// Deletions is the list of what is gone.
func Deletions(list []Deleted) render.View {
	columns := []render.Column{
		providerColumn(1, slices.ContainsFunc(list, func(d Deleted) bool { return d.Origin != nil })),
		{Title: "ID", Short: shortIDs(list, func(d Deleted) string { return d.ID })},
		{Title: "NAME", Flexible: true, Last: true},
		{Title: "NOW", Tone: toneOf},
	}
	return grid(list, columns, func(d Deleted) (row []string, name string) {
		now := "deleted"
		if d.Disabled {
			now = "disabled"
		}
		if d.DryRun {
			now = "would be " + now
		}
		return []string{at(d.Provider, provider.Text(d.Origin)), d.ID, word(d.Name), now}, d.Provider + "/" + d.ID
	})
}
