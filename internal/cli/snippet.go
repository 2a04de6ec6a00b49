package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/snippet"
	"github.com/hookctl/hookctl/internal/view"
)

type snippetOptions struct{ provider, webhook string }

func newSnippetCmd(g *globals) *cobra.Command {
	o := &snippetOptions{}
	c := &cobra.Command{
		Use:   "snippet <framework>",
		Short: "Print a handler that verifies deliveries, for a web framework",
		Example: `  hookctl snippet express --provider wundertreos > verify.js
  hookctl snippet fastapi --webhook "CRM Sync" > verify.py
  hookctl snippet go --provider zyntro -o json`,
		Long: `Print a handler that reads the raw bytes of a delivery, verifies the signature in
constant time, and answers 401 to a delivery that is not genuine. It reads the
secret from the environment variable HOOK_SECRET, and does not start without one.

Frameworks: ` + strings.Join(snippet.Frameworks(), ", ") + `.

The signature scheme is that of the provider, with the settings of the profile.
--webhook only selects the provider: nothing else of a webhook is in the code.
-o json also contains the file name and what to install, -o name only the file
name.`,
		Args:              frameworkArg,
		ValidArgsFunction: firstOnly(completeFrameworks),
		RunE:              g.run(reads, o.run),
	}
	c.Flags().StringVar(&o.provider, "provider", "", "provider that sends the deliveries (default: the only provider that is set up here)")
	c.Flags().StringVar(&o.webhook, "webhook", "", "a kept webhook, to use its provider")
	exclusive(c, "provider", "webhook")
	_ = c.RegisterFlagCompletionFunc("provider", g.completeProviderFlag)
	_ = c.RegisterFlagCompletionFunc("webhook", g.completeKept)
	freeText(c, "webhook")
	return c
}

// frameworkArg wants the name of a framework, and says which there are.
func frameworkArg(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return fault.Usagef("no framework is named").WithHint("one of: %s", strings.Join(snippet.Frameworks(), ", "))
	case 1:
		return snippet.CheckFramework(args[0])
	}
	return exactly("<framework>")(cmd, args)
}

func completeFrameworks(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	unbracketed := strings.NewReplacer(" (", ", ", ")", "") // bash shows it in brackets
	return each(snippet.Frameworks(), func(name string) string {
		return cobra.CompletionWithDesc(name, unbracketed.Replace(snippet.Title(name)))
	}), cobra.ShellCompDirectiveNoFileComp
}

func (o *snippetOptions) run(ctx context.Context, a *app, args []string) error {
	d, err := o.driver(ctx, a)
	if err != nil {
		return err
	}
	s, err := snippet.Make(args[0], snippet.Of{Provider: d.Name, Title: d.Title, Scheme: (&keyFlags{}).scheme(a, d)})
	if err != nil {
		return err
	}
	return a.out.Print(view.Snippet(d.Name, s))
}

// driver is whose deliveries are meant: by a flag, or since there is no other
// provider that the profile has credentials or a webhook of, or by an answer.
func (o *snippetOptions) driver(ctx context.Context, a *app) (*provider.Driver, error) {
	switch {
	case o.webhook != "" || a.given("webhook"):
		rec, err := a.keptRecord(ctx, o.webhook, true)
		if err != nil {
			return nil, err
		}
		return a.env.Drivers.Find(rec.Provider)
	case o.provider != "" || a.given("provider"):
		return a.env.Drivers.Find(o.provider)
	}
	kept, err := a.records(ctx, false)
	if err != nil {
		return nil, err
	}
	known := those(a.env.Drivers, func(d *provider.Driver) bool {
		return a.configured(ctx, d) || slices.ContainsFunc(kept, func(r secret.Record) bool { return r.Provider == d.Name })
	})
	if len(known) == 1 {
		a.note("Using %s, the only configured provider.", known[0].Title)
		return known[0], nil
	}
	if !a.interactive() {
		return nil, a.env.Drivers.NameOne("no provider is named")
	}
	return a.askProvider(ctx)
}
