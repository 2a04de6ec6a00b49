package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
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
func (g *globals) completeProviders(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return firstOnly(g.completeProviderFlag)(cmd, args, typed)
}

// completeNoFiles keeps the shell from offering files where a command takes no
// argument, or none that a file's name could be.
func completeNoFiles(c *cobra.Command) {
	for _, child := range c.Commands() {
		completeNoFiles(child)
	}
	runsOthers := strings.Contains(c.Use, "[-- ")
	if c.ValidArgsFunction == nil && c.Args != nil && !runsOthers && c.Args(c, []string{"word"}) != nil {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
}

// completeFiles leaves it to the shell to offer files.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// completeKeys completes the first argument with the names of the settings.
func (g *globals) completeKeys(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, k := range settingKeys(g.env.Drivers) {
		out = append(out, cobra.CompletionWithDesc(k.Name, k.Usage))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeSetting completes a key, and then the values that it takes, where
// there are few.
func (g *globals) completeSetting(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return g.completeKeys(cmd, args, typed)
	}
	var out []string
	for _, k := range settingKeys(g.env.Drivers) {
		if k.Name != args[0] || k.Check == nil || k.Check("any-word") == nil {
			continue
		}
		for _, v := range append(formats(), "true", "false", "10s", "30s", "2m", "file", "keyring", "utf8", "hex", "base64") {
			if k.Check(v) == nil {
				out = append(out, v)
			}
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func completeSinks(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, f := range sink.Forms() {
		head, _, _ := strings.Cut(f.Syntax, ":")
		if head != f.Syntax {
			head += ":"
		}
		out = append(out, cobra.CompletionWithDesc(head, f.Meaning))
	}
	return out, cobra.ShellCompDirectiveNoSpace
}

// completeSecretFile offers files, and the word for a variable in a dotenv file
// where that was begun.
func completeSecretFile(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	const word = "dotenv:"
	if typed != "" && strings.HasPrefix(word, typed) {
		return []string{cobra.CompletionWithDesc(word, "a variable of a dotenv file: dotenv:PATH:NAME")}, cobra.ShellCompDirectiveNoSpace
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// firstOnly completes the first argument with complete, and nothing after it.
func firstOnly(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, typed)
	}
}

// completeFixed completes a flag with these values and nothing else.
func completeFixed(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// completeProviderFlag completes a flag with the providers' names, whatever
// arguments there are.
func (g *globals) completeProviderFlag(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, d := range g.env.Drivers {
		out = append(out, cobra.CompletionWithDesc(d.Name, d.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeProfiles completes the names of profiles, from what is on this
// machine.
func (g *globals) completeProfiles(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	a, err := g.settings()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, _ := a.profileNames(cmd.Context()) // what cannot be read is not worth failing for here, nor a word
	names = slices.DeleteFunc(names, func(name string) bool { return completable(name) == "" })
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeKept completes the webhooks of the store: local data only.
func (g *globals) completeKept(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return g.completeRecords(cmd, typed, func(secret.Record) bool { return true })
}

// completeLiving is completeKept without those that were deleted through hookctl.
func (g *globals) completeLiving(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return g.completeRecords(cmd, typed, func(r secret.Record) bool { return r.DeletedAt.IsZero() })
}

func (g *globals) completeRecords(cmd *cobra.Command, typed string, offer func(secret.Record) bool) ([]string, cobra.ShellCompDirective) {
	a, err := g.settings()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	recs, _, err := a.store.List(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, r := range recs {
		if r.Profile != a.cfg.Profile() || !offer(r) {
			continue
		}
		word := r.Provider + "/" + r.ID
		if strings.HasPrefix(r.ID, typed) && typed != "" {
			word = r.ID
		}
		if r.Name != "" && typed != "" && strings.HasPrefix(r.Name, typed) {
			word = r.Name
		}
		if word = completable(word); word != "" {
			out = append(out, cobra.CompletionWithDesc(word, strings.TrimSpace(term.Clean(r.Name+" "+r.URL))))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
