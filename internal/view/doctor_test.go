package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/render"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	zyntro, fix := "zyntro", "do this\nthen that"
	list := []health.Check{
		{Check: "version", Status: health.Info, Message: "hookctl 1"},
		{Check: "clock", Provider: &zyntro, Status: health.Fault, Message: "off\nby far", Fix: &fix},
		{Check: "store", Status: health.Fault, Message: "full"},
	}
	got := Checks(list)
	const text = "info     version: hookctl 1\nfault    clock zyntro: off by far\n         fix: do this\n              then that\nfault    store: full\n"
	if diff := cmp.Diff(text, render.Layout(got.Lines, 80, false)); diff != "" {
		t.Error(diff)
	}
	got.Lines = nil
	if diff := cmp.Diff(render.View{Data: list, Names: []string{"clock/zyntro", "store"}}, got); diff != "" {
		t.Error(diff)
	}
}
