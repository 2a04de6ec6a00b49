package view

import "github.com/hookctl/hookctl/internal/render"

// Event is the JSON of one entry of the event catalogue. Description is empty
// where the provider documents none.
type Event struct {
	Provider    string `json:"provider"`
	Category    string `json:"category"`
	Event       string `json:"event"`
	Description string `json:"description"`
}

// Events is the event catalogue: the table of `list-events`, and a JSON array.
func Events(list []Event) render.View {
	spare := 4 // what is the same in each line goes first
	for _, e := range list {
		if e.Provider != list[0].Provider {
			spare = 1
		}
	}
	columns := []render.Column{
		{Title: "PROVIDER", Spare: spare},
		{Title: "CATEGORY", Spare: 3},
		{Title: "EVENT"},
		{Title: "DESCRIPTION", Flexible: true, Spare: 2},
	}
	return grid(list, columns, func(e Event) (row []string, name string) {
		return []string{e.Provider, e.Category, e.Event, e.Description}, e.Event
	})
}

// EventChange is the JSON of one difference between the live documentation and
// the catalogue: Change is "added" or "missing", as the documentation has it.
type EventChange struct {
	Provider string `json:"provider"`
	Event    string `json:"event"`
	Change   string `json:"change"`
}

// EventChanges lists differences; their names are slugs with + or - before them.
func EventChanges(list []EventChange) render.View {
	columns := []render.Column{{Title: "PROVIDER"}, {Title: "EVENT"}, {Title: "CHANGE", Tone: toneOf}}
	return grid(list, columns, func(c EventChange) (row []string, name string) {
		sign := "+"
		if c.Change == "missing" {
			sign = "-"
		}
		return []string{c.Provider, c.Event, c.Change}, sign + c.Event
	})
}
