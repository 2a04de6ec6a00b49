package cli

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type listEventsOptions struct {
	filter   string
	match    string
	category string
	live     bool
}

func newListEventsCmd(g *globals) *cobra.Command {
	o := &listEventsOptions{}
	c := &cobra.Command{
		Use:   "list-events [provider]",
		Short: "List the events that a webhook can subscribe to",
		Example: `  hookctl list-events wundertreos
  hookctl list-events --filter invoice
  hookctl list-events zyntro --match 'subscription.*' -o name
  hookctl list-events zyntro --live`,
		Long: `List the events of one provider or of all of them, from the built-in catalogue: no
network and no credentials are needed. Filters can be combined.

--live compares the catalogue with the provider's own documentation, and prints the
differences; if there are any, the exit code is 3. Which words in that documentation
are events is a guess, because its format is not documented.`,
		Args:              atMostOneProvider,
		ValidArgsFunction: g.completeProviders,
		RunE: g.run(anyProfile, func(ctx context.Context, a *app, args []string) error {
			drivers, all, err := g.env.driversFor(args...)
			if err != nil {
				return eventsMeant(err, g.env.Drivers, args[0])
			}
			if o.live {
				return runListLiveEvents(ctx, a, drivers, all)
			}
			return o.run(a, drivers)
		}),
	}
	f := c.Flags()
	f.StringVar(&o.filter, "filter", "", "only events with this text in their slug, category or description")
	f.StringVar(&o.match, "match", "", "only events whose slug matches this glob, such as 'invoice_*'")
	f.StringVar(&o.category, "category", "", "only events in categories that begin with this text")
	f.BoolVar(&o.live, "live", false, "compare the catalogue with the provider's live documentation; exit 3 if they differ")
	excludes(c, "live", "filter", "match", "category")
	_ = c.RegisterFlagCompletionFunc("category", g.completeCategories)
	freeText(c, "filter", "match", "category")
	return c
}

// eventsMeant adds to err, that word is no provider, how to look for the events that it
// fits.
func eventsMeant(err error, drivers []*provider.Driver, word string) error {
	flag, o := "filter", listEventsOptions{filter: word}
	if strings.ContainsAny(word, "*?[") {
		flag, o = "match", listEventsOptions{match: word}
	}
	if slices.ContainsFunc(drivers, func(d *provider.Driver) bool { return slices.ContainsFunc(d.Catalogue, o.wants) }) {
		return fault.WithHint(err, fault.Run("hookctl list-events --%s %s", flag, term.ShellWord(word)))
	}
	return err
}

func (o *listEventsOptions) run(a *app, drivers []*provider.Driver) error {
	if _, err := path.Match(o.match, ""); err != nil {
		return fault.Usagef("--match: %q is not a valid pattern", o.match).
			WithHint("* matches any text, ? one character, [a-z] one of several")
	}
	names := categories(drivers)
	if !slices.ContainsFunc(names, func(c string) bool { return hasPrefixFold(c, o.category) }) {
		return fault.Usagef("there is no category %q", o.category).WithHint("the categories are: %s", strings.Join(names, ", "))
	}
	events := []view.Event{}
	for _, d := range drivers {
		for _, e := range d.Catalogue {
			if o.wants(e) {
				events = append(events, view.Event{Provider: d.Name, Category: e.Category, Event: e.Slug, Description: e.Description})
			}
		}
	}
	if len(events) == 0 {
		a.note("No event matches.")
	}
	return a.out.Print(view.Events(events))
}

// wants reports whether e passes every filter.
func (o *listEventsOptions) wants(e provider.EventType) bool {
	matches, _ := path.Match(o.match, e.Slug) // the pattern is checked already
	return (matches || o.match == "") && hasPrefixFold(e.Category, o.category) && slices.ContainsFunc([]string{e.Slug, e.Category, e.Description}, func(text string) bool {
		return strings.Contains(strings.ToLower(text), strings.ToLower(o.filter))
	})
}

// categories are those of the drivers, each once, in the order of the catalogue.
func categories(drivers []*provider.Driver) []string {
	var names []string
	for _, d := range drivers {
		for _, e := range d.Catalogue {
			if !slices.Contains(names, e.Category) {
				names = append(names, e.Category)
			}
		}
	}
	return names
}

func hasPrefixFold(s, prefix string) bool {
	return strings.HasPrefix(strings.ToLower(s), strings.ToLower(prefix))
}

// completeCategories completes --category, for the provider that was named.
func (g *globals) completeCategories(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	drivers, _, err := g.env.driversFor(args...)
	if err != nil {
		drivers = g.env.Drivers
	}
	return categories(drivers), cobra.ShellCompDirectiveNoFileComp
}

// runListLiveEvents prints what the live documentation has and the catalogue
// lacks, and the other way round.
func runListLiveEvents(ctx context.Context, a *app, drivers []*provider.Driver, all bool) error {
	changes := []view.EventChange{}
	for _, d := range drivers {
		if all && !d.LiveHelp {
			continue
		}
		client, err := a.anonymous(d)
		if err != nil {
			return err
		}
		live, err := client.LiveEvents(ctx)
		if err != nil {
			return err
		}
		changes = append(changes, eventChanges(d, live)...)
	}
	if len(changes) == 0 {
		a.note("The live documentation has the same events as the catalogue.")
	}
	if err := a.out.Print(view.EventChanges(changes)); err != nil || len(changes) == 0 {
		return err
	}
	return fault.Errorf(fault.Negative, "the live documentation differs from the catalogue in %s", count(len(changes), "event")).
		WithCode("events-differ").
		WithHint("to use an added event: hookctl create --allow-unknown-events")
}

// eventChanges compares d's catalogue with the slugs that its live
// documentation names.
func eventChanges(d *provider.Driver, live []string) []view.EventChange {
	var changes []view.EventChange
	for _, e := range d.Catalogue {
		if !slices.Contains(live, e.Slug) {
			changes = append(changes, view.EventChange{Provider: d.Name, Event: e.Slug, Change: "missing"})
		}
	}
	for _, slug := range live {
		if !d.KnowsEvent(slug) {
			changes = append(changes, view.EventChange{Provider: d.Name, Event: slug, Change: "added"})
		}
	}
	return changes
}
