package view

import (
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/render"
)

// Webhooks is a list of webhooks: the table of `list`, and a JSON array. A row
// without an id has no name for other commands.
func Webhooks(list []Webhook) render.View {
	g := &render.Grid{Columns: []render.Column{
		{Title: "PROVIDER"},
		{Title: "ID"},
		{Title: "NAME", Flexible: true},
		{Title: "URL", Flexible: true},
		{Title: "EVENTS", Flexible: true},
		{Title: "STATUS"},
		{Title: "HEALTH", Optional: true},
		{Title: "SECRET"},
	}}
	v := render.View{Data: list, Grid: g, Names: []string{}}
	for _, w := range list {
		g.Rows = append(g.Rows, []string{
			w.Provider, orDash(w.ID), word(w.Name), word(w.URL), orDash(strings.Join(w.Events, ",")),
			w.state(), w.Health.word(), w.kept(),
		})
		if w.ID != "" {
			v.Names = append(v.Names, w.Ref())
		}
	}
	return v
}

// Ref is how a command line names the webhook without doubt.
func (w Webhook) Ref() string { return w.Provider + "/" + w.ID }

// state is the status in one word.
func (w Webhook) state() string {
	switch {
	case w.Error != nil:
		return "unreadable"
	case w.Status != nil:
		return *w.Status
	default:
		return word(w.ProviderStatus)
	}
}

// word is the health in a few words: the last delivery's, and how many failed.
func (h *Health) word() string {
	if h == nil {
		return "-"
	}
	if h.Failures == nil || *h.Failures <= 0 {
		return word(h.LastStatus)
	}
	failures := fmt.Sprintf("%d failures", *h.Failures)
	if *h.Failures == 1 {
		failures = "1 failure"
	}
	if h.LastStatus == nil || *h.LastStatus == "" {
		return failures
	}
	return *h.LastStatus + ", " + failures
}

// kept says whether the secret is kept; of a webhook without a known id nobody
// can tell.
func (w Webhook) kept() string {
	switch {
	case w.Secret.Kept:
		return "kept"
	case w.ID == "":
		return "-"
	default:
		return "not kept"
	}
}

// word is a text that may not be there.
func word(p *string) string {
	if p == nil {
		return "-"
	}
	return orDash(*p)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
