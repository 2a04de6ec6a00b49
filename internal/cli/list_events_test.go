package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/view"
)

func TestEventChanges(t *testing.T) {
	t.Parallel()
	d := provider.NewDriver(provider.Driver{Name: "p", Catalogue: []provider.EventType{{Slug: "a.one"}, {Slug: "a.two"}}}, nil)
	tests := []struct {
		name string
		live []string
		want []view.EventChange
	}{
		{"the same", []string{"a.two", "a.one"}, nil},
		{"one more", []string{"a.one", "a.three", "a.two"}, []view.EventChange{{Provider: "p", Event: "a.three", Change: "added"}}},
		{"one less", []string{"a.one"}, []view.EventChange{{Provider: "p", Event: "a.two", Change: "missing"}}},
		{"case counts", []string{"A.one", "a.two"}, []view.EventChange{
			{Provider: "p", Event: "a.one", Change: "missing"}, {Provider: "p", Event: "A.one", Change: "added"}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, eventChanges(d, tt.live)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestWantsEvent(t *testing.T) {
	t.Parallel()
	e := provider.EventType{Slug: "invoice_paid", Category: "Invoice Events", Description: "Money came"}
	tests := []struct {
		o    listEventsOptions
		want bool
	}{
		{listEventsOptions{}, true},
		{listEventsOptions{filter: "PAID"}, true},
		{listEventsOptions{filter: "events"}, true},
		{listEventsOptions{filter: "money"}, true},
		{listEventsOptions{filter: "sent"}, false},
		{listEventsOptions{match: "invoice_*"}, true},
		{listEventsOptions{match: "invoice"}, false},
		{listEventsOptions{match: "Invoice_*"}, false},
		{listEventsOptions{category: "INVOICE"}, true},
		{listEventsOptions{category: "events"}, false},
		{listEventsOptions{filter: "paid", match: "invoice_*", category: "call"}, false},
	}
	for _, tt := range tests {
		if got := tt.o.wants(e); got != tt.want {
			t.Errorf("%+v: %v", tt.o, got)
		}
	}
}
