package view

import (
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/snippet"
)

// Snippet shows a handler as the code alone, so that it can go into a file; as JSON
// with what belongs to it.
func Snippet(provider string, s snippet.Snippet) render.View {
	return render.View{Text: s.Code, Names: []string{s.File}, Data: struct {
		Framework string  `json:"framework"`
		Title     string  `json:"title"`
		Provider  string  `json:"provider"`
		File      string  `json:"file"`
		Install   *string `json:"install"`
		Run       string  `json:"run"`
		Code      string  `json:"code"`
	}{s.Framework, s.Title, provider, s.File, OrNull(s.Install), s.Run, s.Code}}
}
