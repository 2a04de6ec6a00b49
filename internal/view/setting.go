package view

import (
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/render"
)

// Setting is the JSON of one setting.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// NewSetting describes s.
func NewSetting(s config.Setting) Setting { return Setting(s) }

// Render shows one setting: for people its value alone, as scripts want it.
func (s Setting) Render() render.View {
	return render.View{Data: s, Text: s.Value + "\n", Names: []string{s.Key}}
}

// Settings shows all of them.
func Settings(all []config.Setting) render.View {
	data := make([]Setting, len(all))
	g := &render.Grid{Columns: []render.Column{{Title: "KEY"}, {Title: "VALUE", Flexible: true}, {Title: "SOURCE"}}}
	v := render.View{Grid: g, Names: []string{}}
	for i, s := range all {
		data[i] = NewSetting(s)
		g.Rows = append(g.Rows, []string{s.Key, s.Value, s.Source})
		v.Names = append(v.Names, s.Key)
	}
	v.Data = data
	return v
}
