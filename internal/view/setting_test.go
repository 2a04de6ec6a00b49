package view_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	got := view.Settings([]config.Setting{{Key: "output", Value: "table", Source: "default"}})
	want := render.View{
		Data: []config.Setting{{Key: "output", Value: "table", Source: "default"}},
		Grid: &render.Grid{
			Columns: []render.Column{{Title: "KEY"}, {Title: "VALUE", Flexible: true}, {Title: "SOURCE"}},
			Rows:    [][]string{{"output", "table", "default"}},
		},
		Names: []string{"output"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// An empty value is an empty line, not nothing.
	if one := view.Setting(config.Setting{Key: "k"}); one.Text != "\n" {
		t.Errorf("an empty value is %q", one.Text)
	}
}
