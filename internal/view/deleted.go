package view

import (
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
	ids, spare := make([]string, len(list)), 1
	for i, d := range list {
		ids[i] = d.ID
		if d.Origin != nil {
			spare = 0 // that it is another place must be seen
		}
	}
	v := render.View{Data: list, Grid: &render.Grid{Columns: []render.Column{
		{Title: "PROVIDER", Spare: spare, Flexible: spare == 0},
		{Title: "ID", Short: shortIDs(ids)},
		{Title: "NAME", Flexible: true, Last: true},
		{Title: "NOW", Tone: toneOf},
	}}}
	for _, d := range list {
		now := "deleted"
		if d.Disabled {
			now = "disabled"
		}
		if d.DryRun {
			now = "would be " + now
		}
		v.Grid.Rows = append(v.Grid.Rows, []string{at(d.Provider, provider.Text(d.Origin)), d.ID, word(d.Name), now})
		v.Names = append(v.Names, d.Provider+"/"+d.ID)
	}
	return v
}
