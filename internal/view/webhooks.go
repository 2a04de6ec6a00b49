package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

// Webhooks is a list of webhooks: the table of `list`, and a JSON array. A row
// without an id has no name for other commands.
func Webhooks(list []Webhook) render.View {
	columns := []render.Column{
		providerColumn(2, slices.ContainsFunc(list, func(w Webhook) bool { return w.Origin != nil })),
		{Title: "ID", Short: shortIDs(list, func(w Webhook) string { return w.ID })},
		{Title: "NAME", Flexible: true, Last: true},
		{Title: "URL", Flexible: true, Short: withoutHTTPS, Spare: 1},
		{Title: "EVENTS", Flexible: true, Optional: true, Short: func(row int, cell string) string {
			if n := len(list[row].Events); n > 1 {
				return fmt.Sprintf("%d events", n)
			}
			return cell
		}},
		{Title: "STATUS", Tone: toneOf},
		{Title: "HEALTH", Optional: true, Tone: healthTone},
		{Title: "SECRET", Tone: toneOf},
	}
	return grid(list, columns, func(w Webhook) (row []string, name string) {
		if w.ID != "" {
			name = w.Ref()
		}
		return []string{
			at(w.Provider, provider.Text(w.Origin)), orDash(w.ID), word(w.Name), word(w.URL), w.eventsCell(),
			w.state(), w.Health.word(), w.kept(),
		}, name
	})
}

// grid shows a list. An element has a row, and a name for other commands, "" for none.
func grid[T any](list []T, columns []render.Column, of func(T) (row []string, name string)) render.View {
	v := render.View{Data: list, Grid: &render.Grid{Columns: columns}}
	for _, e := range list {
		row, name := of(e)
		if v.Grid.Rows = append(v.Grid.Rows, row); name != "" {
			v.Names = append(v.Names, name)
		}
	}
	return v
}

// providerColumn is the column of providers. That one is at another place must be seen.
func providerColumn(spare int, elsewhere bool) render.Column {
	if elsewhere {
		return render.Column{Title: "PROVIDER", Flexible: true}
	}
	return render.Column{Title: "PROVIDER", Spare: spare}
}

// mostEvents are how many events a table names: a webhook may have 77, and each
// line would be as long in a log.
const mostEvents = 5

func (w Webhook) eventsCell() string {
	if len(w.Events) > mostEvents {
		return fmt.Sprintf("%d events", len(w.Events))
	}
	return orDash(strings.Join(w.Events, ","))
}

// shortIDs cuts ids to 8 characters, which commands that read take for the
// whole, or to as many more as it takes to tell them apart. Ids that are no
// longer than that stay whole.
func shortIDs[T any](list []T, id func(T) string) func(int, string) string {
	n := 7
	for distinct := false; !distinct; {
		n++
		owners := map[string]string{}
		distinct = true
		for _, e := range list {
			short := head(id(e), n)
			if other, taken := owners[short]; taken && other != id(e) {
				distinct = false
			}
			owners[short] = id(e)
		}
	}
	return func(_ int, cell string) string { return head(cell, n) }
}

// head is the first n characters of s.
func head(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func withoutHTTPS(_ int, cell string) string { return strings.TrimPrefix(cell, "https://") }

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
	failures := term.Plural(*h.Failures, "failure", "failures")
	if provider.Text(h.LastStatus) == "" {
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
