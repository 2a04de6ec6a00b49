package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
)

// completable returns a word that a completion script can hand to a shell as
// it is, or "" for one with characters that are not shown as they are.
func completable(word string) string {
	if term.Clean(word) != word || term.HasCommand(word) || strings.ContainsAny(word, "\t\n") {
		return ""
	}
	return word
}

// completionText cleans a description.
func completionText(text string) string { return strings.TrimSpace(term.Clean(text)) }

// completeEvents completes the last word of a comma list of events, with those
// only that fit what is typed: bash filters them itself, in a slow loop.
func completeEvents(drivers []*provider.Driver) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		head := ""
		if i := strings.LastIndexByte(typed, ','); i >= 0 {
			head = typed[:i+1]
		}
		var out []string
		add := func(word, description string) {
			if strings.HasPrefix(head+word, typed) {
				out = append(out, cobra.CompletionWithDesc(head+word, description))
			}
		}
		for _, d := range drivers {
			for _, e := range d.Catalogue {
				add(e.Slug, e.Category)
			}
		}
		add("all", "every event")
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeProviders completes the first argument with the providers' names.
func (g *globals) completeProviders(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, d := range g.env.Drivers {
		out = append(out, cobra.CompletionWithDesc(d.Name, d.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
