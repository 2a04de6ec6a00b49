package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// candidate is one webhook that a <webhook> argument may mean.
type candidate struct {
	provider, id, name string
	elsewhere          bool   // it is not at the base URL in force: one that is there is meant
	gone               string // "deleted" or "disabled": a living one of the same name is meant

	url, origin, created string // for people, who have to choose; the origin is "" for the provider's own
}

// line describes c to people who have to choose.
func (c candidate) line() string {
	text := c.provider + "/" + c.id
	if c.origin != "" {
		text += " at " + c.origin
	}
	if c.url != "" {
		text += ", " + c.url
	}
	if c.created != "" {
		text += ", created " + term.Dated(c.created)
	}
	if c.gone != "" {
		text += ", " + c.gone
	}
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
}

// keptCandidate is the webhook of a record.
func (a *app) keptCandidate(r secret.Record) candidate {
	c := candidate{provider: r.Provider, id: r.ID, name: r.Name, elsewhere: !a.atBaseURL(r), url: r.URL, origin: a.foreignTo(r.Provider, r.Origin)}
	if !r.CreatedAt.IsZero() {
		c.created = r.CreatedAt.UTC().Format(time.RFC3339)
	}
	if !r.DeletedAt.IsZero() {
		c.gone = "deleted"
	}
	return c
}

// listedCandidate is a webhook of the list of d, at the base URL in force.
func (a *app) listedCandidate(d *provider.Driver, w provider.Webhook) candidate {
	c := candidate{provider: d.Name, id: w.ID, name: provider.Text(w.Name), url: provider.Text(w.URL), origin: a.elsewhere(d), created: provider.Text(w.CreatedAt)}
	if w.Is(provider.Disabled) {
		c.gone = "disabled"
	}
	return c
}

// narrow keeps what fits, unless that is nothing.
func narrow[T any](all []T, fits func(T) bool) []T {
	if some := those(all, fits); len(some) > 0 {
		return some
	}
	return all
}

func errNoName() error {
	return fault.Usagef("the webhook's name is empty").WithHint("give provider/id, the id or the name; `hookctl list` shows them")
}

// match finds the one candidate that ref means: provider/id, an id, a name, or,
// if prefix is allowed, the beginning of an id. Of several, those at the base URL
// in force are meant, and then those that are not gone. More than one is an error
// that lists them; none is -1.
func (a *app) match(ref string, all []candidate, prefix bool) (int, error) {
	if ref == "" {
		return -1, errNoName()
	}
	tests := []func(candidate) bool{
		func(c candidate) bool { return a.qualified(ref, c, func(id string) bool { return c.id == id }) },
		func(c candidate) bool { return c.id == ref },
		func(c candidate) bool { return c.name == ref },
	}
	if prefix {
		tests = append(tests,
			func(c candidate) bool { return strings.HasPrefix(c.id, ref) },
			func(c candidate) bool {
				return a.qualified(ref, c, func(id string) bool { return id != "" && strings.HasPrefix(c.id, id) })
			})
	}
	for _, fits := range tests {
		found := []int{}
		for i, c := range all {
			if fits(c) {
				found = append(found, i)
			}
		}
		found = narrow(found, func(i int) bool { return !all[i].elsewhere })
		found = narrow(found, func(i int) bool { return all[i].gone == "" })
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			var lines string
			for _, i := range found {
				lines += "\n" + all[i].line()
			}
			return -1, fault.Usagef("%q matches %d webhooks:%s", ref, len(found), lines).
				WithCode("ambiguous").WithHint("name one of them by provider/id")
		}
	}
	return -1, nil
}

// suggest is the hint on a ref that means none of all: [app.meantWebhooks], else
// where to look.
func (a *app) suggest(ref string, all []candidate) string {
	return cmp.Or(a.meantWebhooks(ref, all), "to see all webhooks with full ids: hookctl list -o name")
}

// meantWebhooks says what a ref that means none of all may be meant for: the
// webhooks whose id it begins, else those of nearly that name or of that URL; "" for
// nothing.
func (a *app) meantWebhooks(ref string, all []candidate) string {
	const most = 3
	near := term.Nearest(ref, each(all, func(c candidate) string { return c.name }), most)
	var begun, named []string
	for _, c := range all {
		switch full := c.provider + "/" + c.id; {
		case strings.HasPrefix(c.id, ref), a.qualified(ref, c, func(id string) bool { return id != "" && strings.HasPrefix(c.id, id) }):
			begun = append(begun, full)
		case c.name != "" && (slices.Contains(near, c.name) || strings.EqualFold(strings.TrimSpace(c.name), strings.TrimSpace(ref)) || len(ref) > 2 && strings.Contains(strings.ToLower(c.name), strings.ToLower(ref))):
			named = append(named, fmt.Sprintf("%q (%s)", c.name, full))
		case c.url != "" && provider.SameURL(c.url, ref):
			named = append(named, full)
		}
	}
	switch {
	case len(begun) > 0 && len(begun) <= most:
		return fmt.Sprintf("%q is only the beginning of an id; a command that changes a webhook needs the full id: %s", ref, strings.Join(begun, ", "))
	case len(begun) == 0 && len(named) > 0 && len(named) <= most:
		return "did you mean " + strings.Join(named, ", ") + "?"
	}
	return ""
}

// qualified reports whether ref is c's provider (or an alias), a slash, and an
// id that fits.
func (a *app) qualified(ref string, c candidate, fits func(string) bool) bool {
	name, id, ok := strings.Cut(ref, "/")
	if !ok {
		return false
	}
	d, err := a.env.Drivers.Find(name)
	return err == nil && d.Name == c.provider && fits(id)
}
