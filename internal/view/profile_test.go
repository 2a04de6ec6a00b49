package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/render"
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	list := []Profile{
		{Name: "default", Current: true, Credentials: []string{}},
		{Name: "work", Configured: true, Secrets: 12, Credentials: []string{"zyntro", "wundertreos"}},
	}
	got := Profiles(list)
	want := [][]string{{"default", "*", "0", "-", "-"}, {"work", "", "12", "zyntro, wundertreos", "config.yaml"}}
	if diff := cmp.Diff(want, got.Grid.Rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"default", "work"}, got.Names); diff != "" {
		t.Error(diff)
	}
}

func TestRemovedProfile(t *testing.T) {
	t.Parallel()
	p := RemovedProfile{Name: "work", Removed: true, Credentials: []string{"zyntro for https://x"}, SecretsLeft: 1}
	want := render.View{Data: p, Names: []string{"work"}, Text: "Removed the profile work, and the credentials of zyntro for https://x."}
	if diff := cmp.Diff(want, p.Render()); diff != "" {
		t.Error(diff)
	}
}
