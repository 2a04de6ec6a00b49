package view

import (
	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/render"
)

// StoreFindings shows what `secrets check` found.
func StoreFindings(list []health.Finding) render.View {
	v := render.View{Data: list}
	for _, f := range list {
		v.Lines = append(v.Lines,
			render.Line{Lead: f.Problem + ": ", LeadTone: render.Bad, Text: line(f.Message)},
			render.Line{Lead: "  fix: ", Text: f.Fix})
		v.Names = append(v.Names, subject(f))
	}
	return v
}

// subject is the webhook or file that the finding is about.
func subject(f health.Finding) string {
	if f.Provider != nil && f.ID != nil {
		return *f.Provider + "/" + *f.ID
	}
	return word(f.Path)
}
