package provider

import (
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// Registry is the providers there are, in the order in which help and lists show
// them.
type Registry []*Driver

// Find returns the provider of this name or alias.
func (r Registry) Find(name string) (*Driver, error) {
	for _, d := range r {
		if d.Name == name || slices.Contains(d.Aliases, name) {
			return d, nil
		}
	}
	return nil, fault.Usagef("unknown provider %q", name).WithHint("%sproviders: %s", r.near(name), strings.Join(r.Names(), ", "))
}

// near is the line of a hint with the provider that name may be a slip for.
func (r Registry) near(name string) string {
	for _, d := range r {
		if len(term.Nearest(name, append([]string{d.Name}, d.Aliases...), 1)) > 0 {
			return "did you mean: " + d.Name + "\n"
		}
	}
	return ""
}

// NameOne is the error where nothing says which provider is meant.
func (r Registry) NameOne(why string) error {
	return fault.Usagef("%s", why).WithHint("name the provider with --provider: %s", strings.Join(r.Names(), ", "))
}

// Names lists the providers' names.
func (r Registry) Names() []string {
	names := make([]string, len(r))
	for i, d := range r {
		names[i] = d.Name
	}
	return names
}

// Titles names the providers of which keep is true, as a sentence does.
func (r Registry) Titles(keep func(*Driver) bool) string {
	var titles []string
	for _, d := range r {
		if keep(d) {
			titles = append(titles, d.Title)
		}
	}
	switch last := len(titles) - 1; {
	case last < 0:
		return "no provider is set"
	case last == 0:
		return titles[0]
	default:
		return strings.Join(titles[:last], ", ") + " and " + titles[last]
	}
}
