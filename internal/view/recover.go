package view

import (
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

// Recovered is the JSON of what became of one interrupted operation. What is
// not known is null; next is null where nothing is left to do.
type Recovered struct {
	Operation *string `json:"operation"`
	Provider  *string `json:"provider"`
	Name      *string `json:"name"`
	URL       *string `json:"url"`
	ID        *string `json:"id"`
	Origin    *string `json:"origin,omitempty"` // where the operation was begun, if not at the provider's own
	State     string  `json:"state"`
	Next      *string `json:"next"`
	Detail    string  `json:"detail"`
	Path      *string `json:"path"`
	CreatedAt *string `json:"created_at"` // the provider's word
}

// NewRecovered describes findings.
func NewRecovered(findings []custody.Finding) []Recovered {
	out := make([]Recovered, len(findings))
	for i, f := range findings {
		out[i] = Recovered{
			Operation: OrNull(f.Operation), Provider: OrNull(f.Provider), Origin: OrNull(f.Origin), Name: OrNull(f.Name), URL: OrNull(f.URL), ID: OrNull(f.ID),
			State: string(f.State), Next: OrNull(f.Next), Detail: f.Detail, Path: OrNull(f.Path), CreatedAt: OrNull(f.CreatedAt),
		}
	}
	return out
}

// Recovery shows what became of interrupted operations: for people a paragraph
// each, since what was found and what to type do not fit into columns.
func Recovery(list []Recovered) render.View {
	v := render.View{Data: list, Names: []string{}}
	for i, r := range list {
		if i > 0 {
			v.Lines = append(v.Lines, render.Line{})
		}
		v.Lines = append(v.Lines, r.paragraph()...)
		if r.Provider != nil && r.ID != nil {
			v.Names = append(v.Names, *r.Provider+"/"+*r.ID)
		}
	}
	return v
}

func (r Recovered) paragraph() []render.Line {
	what := ""
	if r.Operation != nil {
		what = ": " + *r.Operation
	}
	if r.Provider != nil {
		what += " on " + line(*r.Provider)
	}
	if r.ID != nil {
		what += " of " + line(*r.ID)
	}
	lines := []render.Line{{Lead: r.State, LeadTone: toneOf(r.State), Text: what}}
	for _, f := range []struct {
		label string
		value *string
	}{{"at", r.Origin}, {"name", r.Name}, {"url", r.URL}, {"created", OrNull(term.Dated(provider.Text(r.CreatedAt)))}, {"found", OrNull(r.Detail)}, {"next", r.Next}} {
		if f.value != nil {
			lines = append(lines, render.Line{Lead: fmt.Sprintf("  %-9s ", f.label+":"), Text: line(*f.value)})
		}
	}
	return lines
}

// line makes text one line, so that no name can pass for another label.
func line(text string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(text) }
