package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/provider"
)

// nameProviders puts titles of providers into the help of root and of what is
// below it. A text names providers by what they can do: {all} of them, those
// {updating} a webhook in place or {replacing} it, {deleting} or only
// {disabling} one, those with {live help} or with {built-in help} alone, and
// those {timing} deliveries or {authenticating} at the endpoint.
func (g *globals) nameProviders(root *cobra.Command) {
	var words []string
	for word, fits := range map[string]func(*provider.Driver) bool{
		"all":            func(*provider.Driver) bool { return true },
		"updating":       func(d *provider.Driver) bool { return d.Updates },
		"replacing":      func(d *provider.Driver) bool { return !d.Updates },
		"deleting":       func(d *provider.Driver) bool { return d.Deletes },
		"disabling":      func(d *provider.Driver) bool { return !d.Deletes },
		"live help":      func(d *provider.Driver) bool { return d.LiveHelp },
		"built-in help":  func(d *provider.Driver) bool { return !d.LiveHelp },
		"timing":         func(d *provider.Driver) bool { return slices.Contains(d.CreateOptions, provider.OptTimeout) },
		"authenticating": func(d *provider.Driver) bool { return slices.Contains(d.CreateOptions, provider.OptAuth) },
	} {
		words = append(words, "{"+word+"}", g.env.Drivers.Titles(fits))
	}
	titles := strings.NewReplacer(words...)
	name := func(text string) string {
		if !strings.Contains(text, "{") {
			return text // the replacer would copy it
		}
		return titles.Replace(text)
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Short, c.Long = name(c.Short), name(c.Long)
		sorted := c.Flags().SortFlags
		c.Flags().SortFlags = false // or a sorted list of all flags of all commands is kept
		c.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = name(f.Usage) })
		c.Flags().SortFlags = sorted
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(root)
}
