package view

import (
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/render"
)

// Setting shows one setting: for people its value alone, as scripts want it.
func Setting(s config.Setting) render.View {
	return render.View{Data: s, Text: s.Value + "\n", Names: []string{s.Key}}
}

// Settings shows all of them.
func Settings(all []config.Setting) render.View {
	g := &render.Grid{Columns: []render.Column{{Title: "KEY"}, {Title: "VALUE", Flexible: true}, {Title: "SOURCE"}}}
	v := render.View{Data: all, Grid: g, Names: []string{}}
	for _, s := range all {
		g.Rows = append(g.Rows, []string{s.Key, s.Value, s.Source})
		v.Names = append(v.Names, s.Key)
	}
	return v
}

// ConfigPath shows where the settings are.
func ConfigPath(path string) render.View {
	type document struct {
		Path string `json:"path"`
	}
	return render.View{Data: document{path}, Text: path, Names: []string{path}}
}
