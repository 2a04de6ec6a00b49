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
		line := term.Clean(b.Word) + ": no event matches"
		if i := slices.IndexFunc(a.env.Drivers, func(d *provider.Driver) bool { return d.KnowsEvent(b.Word) }); i >= 0 {
			line = term.Clean(b.Word) + " is an event of " + a.env.Drivers[i].Title
		} else if len(b.Near) > 0 {
			line = term.Clean(b.Word) + ": did you mean " + strings.Join(b.Near, ", ") + "?"
		}
		hints = append(hints, line)
		words = append(words, term.ShellWord(b.Word))
	}
	hints = append(hints, "all of them: hookctl list-events "+d.Name, "to send it all the same: --allow-unknown-events")
	return fault.Usagef("%s does not know the event(s) %s", d.Title, strings.Join(words, ", ")).
		WithCode("unknown-event").WithHint("%s", strings.Join(hints, "\n"))
}

// closestEvents are those of several providers' suggestions that are closest to
// the words, a few for each word.
func closestEvents(words, suggested []string) []string {
	return term.Rank(suggested, mostSuggestions*len(words), func(slug string) (int, bool) {
		least := len(slug)
		for _, w := range words {
			least = min(least, term.Edits(strings.ToLower(w), slug))
		}
		return least, true
	})
}

// eventOwner is the provider of that name, or else the one that has the event.
func (a *app) eventOwner(event, name string) (*provider.Driver, error) {
	if name != "" {
		d, err := a.env.Drivers.Find(name)
		if err == nil && !d.KnowsEvent(event) {
			_, _, err = a.expandEvents(d, []string{event}, false)
			if err == nil { // a glob or a list
				err = fault.Usagef("%q is not one event", event).WithHint("all of them: hookctl list-events %s", d.Name)
			}
		}
		return d, err
	}
	var owners []*provider.Driver
	var near []string
	for _, d := range a.env.Drivers {
		if d.KnowsEvent(event) {
			owners = append(owners, d)
		}
		for _, bad := range d.ExpandEvents([]string{event}, false).Bad {
			near = append(near, bad.Near...)
		}
	}
	if len(owners) == 1 {
		return owners[0], nil
	}
	if len(owners) > 1 {
		return nil, a.env.Drivers.NameOne(event + " is an event of several providers")
	}
	hint := "all of them: hookctl list-events"
	if len(near) > 0 {
		hint = "did you mean " + strings.Join(closestEvents([]string{event}, near), ", ") + "?\n" + hint
	}
	return nil, fault.Usagef("no provider has an event %q", event).WithCode("unknown-event").WithHint("%s", hint)
}
