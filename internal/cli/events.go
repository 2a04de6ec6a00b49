package cli

import (
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
)

// expandEvents turns --event values into slugs, see [provider.Driver.ExpandEvents].
// The second answer lists each expansion, for the user to see. Slugs that the
// catalogue lacks are an error, unless unknown is set.
func (a *app) expandEvents(d *provider.Driver, values []string, unknown bool) (slugs, shown []string, err error) {
	ex := d.ExpandEvents(values, unknown)
	for _, bad := range ex.Bad {
		if bad.Why != "" {
			return nil, nil, fault.Usagef("--event: %s", bad.Why)
		}
	}
	if len(ex.Bad) > 0 {
		return nil, nil, a.unknownEvents(d, ex.Bad)
	}
	return ex.Slugs, ex.Shown, nil
}

func (a *app) unknownEvents(d *provider.Driver, bad []provider.BadEvent) error {
	var hints, words []string
	for _, b := range bad {
		line := term.Clean(b.Word) + ": no such event"
		if i := slices.IndexFunc(a.env.Drivers, func(d *provider.Driver) bool { return d.KnowsEvent(b.Word) }); i >= 0 {
			line = term.Clean(b.Word) + " is an event of " + a.env.Drivers[i].Title
		} else if len(b.Near) > 0 {
			line = term.Clean(b.Word) + ": did you mean " + strings.Join(b.Near, ", ") + "?"
		}
		hints = append(hints, line)
		words = append(words, term.ShellWord(b.Word))
	}
	hints = append(hints, "all events: hookctl list-events "+d.Name, "to send it anyway: --allow-unknown-events")
	return fault.Usagef("%s does not know the event(s) %s", d.Title, strings.Join(words, ", ")).
		WithCode(codeUnknownEvent).WithHint("%s", strings.Join(hints, "\n"))
}

// eventOwner is the provider of that name, or else the one that has the event.
func (a *app) eventOwner(event, name string) (d *provider.Driver, err error) {
	if name == "" {
		d, err = a.eventsOwner([]string{event}, "no provider has an event %q", "all events: hookctl list-events")
	} else {
		d, err = a.env.Drivers.Find(name)
	}
	if err == nil && !d.KnowsEvent(event) {
		_, _, err = a.expandEvents(d, []string{event}, false)
		if err == nil { // a glob or a list
			err = fault.Usagef("%q is not one event", event).WithHint("all events: hookctl list-events %s", d.Name)
		}
	}
	return d, err
}

// eventsOwner is the one provider that has all of these events. Of words that are
// events of none, none is the message, and more the end of its hint.
func (a *app) eventsOwner(events []string, none, more string) (*provider.Driver, error) {
	var found []*provider.Driver
	var unknown, near []string
	for i, d := range a.env.Drivers {
		ex := d.ExpandEvents(events, false)
		if len(ex.Bad) == 0 {
			found = append(found, d)
		}
		var bad []string
		for _, b := range ex.Bad {
			near = append(near, b.Near...)
			if i == 0 || slices.Contains(unknown, b.Word) {
				bad = append(bad, b.Word)
			}
		}
		unknown = bad
	}
	several := strings.Join(events, ",") + " matches events of several providers"
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, a.env.Drivers.NameOne(several)
	case len(unknown) == 0:
		return nil, fault.Usagef("%s", several).WithHint("send the events of one provider at a time")
	}
	slices.Sort(unknown)
	if len(near) > 0 {
		near = term.Rank(near, mostSuggestions*len(unknown), func(slug string) (int, bool) { // a few for each word
			least := len(slug)
			for _, w := range unknown {
				least = min(least, term.Edits(strings.ToLower(w), slug))
			}
			return least, true
		})
		more = "did you mean " + strings.Join(near, ", ") + "?\n" + more
	}
	return nil, fault.Usagef(none, strings.Join(unknown, ", ")).WithCode(codeUnknownEvent).WithHint("%s", more)
}

// codeUnknownEvent is the code of the error for an event that is in no catalogue.
const codeUnknownEvent = "unknown-event"
