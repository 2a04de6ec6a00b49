package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// helpPatience bounds the wait for a provider's live documentation: who asks
// for help without a network wants the built-in summary soon.
const helpPatience = 10 * time.Second

func newHelpCmd(g *globals) *cobra.Command {
	var offline, asJSON bool
	c := &cobra.Command{
		Use:         "help [command | provider | topic]",
		Annotations: freeArguments,
		Short:       "Show help on a command, a provider or a topic",
		GroupID:     groupSetup,
		Example: `  hookctl help create zyntro
  hookctl help zyntro
  hookctl help exit-codes
  hookctl help --json
  hookctl help create --json --jq '.commands[].flags[].name'`,
		Long: `Show the help of a command, the documentation of a provider, or a topic.

The documentation of {live help} is its own, requested now; no key is needed.
Without a network, and for {built-in help}, which publishes none that way, it is a
built-in summary.

--json is for programs: one document with all commands, or those below the given
one, their flags, defaults and examples, the environment variables, the exit codes,
and the members that each command prints with -o json, as jq paths. A list that is
"streamed" gives --jq one element at a time. "version" increases when a member
changes its meaning or is removed.`,
		ValidArgsFunction: g.completeHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := g.helpPage(cmd.Root(), args)
			if err != nil {
				return err
			}
			switch {
			case asJSON && page.command != nil:
				return g.printManual(page.command)
			case asJSON && g.flags.output == "":
				if err := g.set.Set("output", string(render.JSON)); err != nil {
					return err
				}
			}
			if page.command != nil {
				page.command.InitDefaultHelpFlag()
				return page.command.Help()
			}
			a, broken := g.offline()
			if broken != nil {
				if a = g.withoutSettings(); a == nil || fault.Code(broken) != health.UnsafeSettings {
					return broken
				}
			}
			if page.topic != nil {
				return a.out.Print(page.topic.Render())
			}
			return runProviderHelp(cmd.Context(), a, page.driver, broken, offline)
		},
	}
	c.Flags().BoolVar(&offline, "offline", false, "for a provider: print the built-in summary without a request")
	c.Flags().BoolVar(&asJSON, "json", false, "print commands, flags, variables, exit codes and output members as one JSON document")
	return c
}

// helpPage is what help is about: one of its fields is set.
type helpPage struct {
	command *cobra.Command
	topic   *view.Topic
	driver  *provider.Driver
}

// helpPage finds what args name: a provider, a topic, or a command.
func (g *globals) helpPage(root *cobra.Command, args []string) (helpPage, error) {
	if len(args) == 1 {
		if d, err := g.env.Drivers.Find(args[0]); err == nil {
			return helpPage{driver: d}, nil
		}
		for _, t := range topics(g.env.Drivers) {
			if t.Name == args[0] {
				return helpPage{topic: &t}, nil
			}
		}
	}
	at := root
	for _, word := range args {
		next := subcommand(at, word)
		if next == nil {
			return helpPage{}, unknownTopic(at, word, g)
		}
		at = next
	}
	return helpPage{command: at}, nil
}

// subcommand is the command of that name or alias under parent, or nil.
func subcommand(parent *cobra.Command, word string) *cobra.Command {
	for _, c := range parent.Commands() {
		if c.Name() == word || c.HasAlias(word) {
			return c
		}
	}
	return nil
}

func unknownTopic(at *cobra.Command, word string, g *globals) error {
	if at.HasParent() {
		return fault.Usagef("there is no help for %q: %q has no command %q", at.CommandPath()+" "+word, at.CommandPath(), word).
			WithHint("%ssee: %s --help", didYouMean(prefixed("hookctl help "+pathOf(at)+" ", nearCommands(at, word))), at.CommandPath())
	}
	names := append(g.env.Drivers.Names(), each(topics(g.env.Drivers), func(t view.Topic) string { return t.Name })...)
	meant := append(nearCommands(at, word), term.Nearest(word, names, mostSuggestions)...)
	if len(meant) == 0 {
		meant = otherCommands[strings.ToLower(word)]
	}
	return fault.Usagef("there is no help for %q", word).
		WithHint("%stopics: %s; commands: hookctl help", didYouMean(prefixed("hookctl help ", meant[:min(len(meant), mostSuggestions)])), strings.Join(names, ", "))
}

// completeHelp completes a command's path, and at first providers and topics.
func (g *globals) completeHelp(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	at := cmd.Root()
	for _, word := range args {
		if at = subcommand(at, word); at == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
	var out []string
	for _, c := range at.Commands() {
		if c.IsAvailableCommand() {
			out = append(out, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	if len(args) == 0 {
		for _, d := range g.env.Drivers {
			out = append(out, cobra.CompletionWithDesc(d.Name, d.Title+"'s documentation"))
		}
		for _, t := range topics(g.env.Drivers) {
			out = append(out, cobra.CompletionWithDesc(t.Name, t.Title))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// runProviderHelp prints the live documentation where there is any and it can
// be had, and else the summary. The settings are not used where they are broken.
func runProviderHelp(ctx context.Context, a *app, d *provider.Driver, broken error, offline bool) error {
	text, live := []byte(d.OfflineHelp()), false
	switch {
	case broken != nil: // nor is anybody asked: they say where
		a.note("This is the built-in summary: %v", broken)
	case !d.LiveHelp:
	case offline:
		a.note("This is the built-in summary; for %s's live documentation: hookctl help %s", d.Title, d.Name)
	default:
		got, err := liveHelp(ctx, a, d)
		switch k := fault.KindOf(err); {
		case err == nil:
			text, live = got, true
		case k == fault.Unavailable, k == fault.Refused, k == fault.Auth:
			a.note("%s's live documentation is not available, so this is the built-in summary: %v", d.Title, err)
		default:
			return err
		}
	}
	return a.out.Print(view.Documentation(d.Name, text, live))
}

func liveHelp(ctx context.Context, a *app, d *provider.Driver) ([]byte, error) {
	client, err := a.anonymous(d)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, helpPatience)
	defer cancel()
	text, err := client.Help(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fault.Errorf(fault.Unavailable, "%s did not answer within %s", d.Title, helpPatience)
	}
	return text, err
}
