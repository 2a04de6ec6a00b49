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
	columns := []render.Column{{Title: "KEY"}, {Title: "VALUE", Flexible: true}, {Title: "SOURCE"}}
	return grid(all, columns, func(s config.Setting) (row []string, name string) {
		return []string{s.Key, s.Value, s.Source}, s.Key
	})
}

// ConfigPath shows where the settings are.
func ConfigPath(path string) render.View {
	type document struct {
		Path string `json:"path"`
	}
	return render.View{Data: document{path}, Text: path, Names: []string{path}}
}
