package view

import (
	"strings"

	"github.com/hookctl/hookctl/internal/render"
)

// StoreFinding is the JSON of one thing that is not in order with what is kept.
// What is not known is null.
type StoreFinding struct {
	Problem  string  `json:"problem"` // "unusable", "unreadable", "lost", "interrupted", "no-webhook", "no-secret"
	Provider *string `json:"provider"`
	ID       *string `json:"id"`
	Name     *string `json:"name"`
	Path     *string `json:"path"`
	Message  string  `json:"message"`
	Fix      string  `json:"fix"`
}

// StoreFindings shows what `secrets check` found.
func StoreFindings(list []StoreFinding) render.View {
	v := render.View{Data: list}
	var b strings.Builder
	for _, f := range list {
		b.WriteString(f.Problem + ": " + line(f.Message) + "\n  fix: " + strings.ReplaceAll(f.Fix, "\n", "\n       ") + "\n")
		v.Names = append(v.Names, f.subject())
	}
	v.Text = b.String()
	return v
}

// subject is the webhook or file that the finding is about.
func (f StoreFinding) subject() string {
	if f.Provider != nil && f.ID != nil {
		return *f.Provider + "/" + *f.ID
	}
	return word(f.Path)
}
