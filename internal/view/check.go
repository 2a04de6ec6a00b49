package view

import (
	"strings"

	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/render"
)

// StoreFindings shows what `secrets check` found.
func StoreFindings(list []health.Finding) render.View {
	v := render.View{Data: list}
	var b strings.Builder
	for _, f := range list {
		b.WriteString(f.Problem + ": " + line(f.Message) + "\n  fix: " + strings.ReplaceAll(f.Fix, "\n", "\n       ") + "\n")
		v.Names = append(v.Names, subject(f))
	}
	v.Text = b.String()
	return v
}

// subject is the webhook or file that the finding is about.
func subject(f health.Finding) string {
	if f.Provider != nil && f.ID != nil {
		return *f.Provider + "/" + *f.ID
	}
	return word(f.Path)
}
