package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// atMostOne wants no more than the one argument that what is.
func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return fault.Usagef("%s takes one %s, but got %d arguments", cmd.CommandPath(), what, len(args)).WithHint("see: %s --help", cmd.CommandPath())
		}
		return nil
	}
}

// atMostOneProvider checks the number of arguments of a [provider] command.
var atMostOneProvider = atMostOne("provider at most")

// group makes a command that only holds others: called alone it shows its
// help, called with an unknown word it is a usage error.
func (g *globals) group(c *cobra.Command, members ...*cobra.Command) *cobra.Command {
	c.Args = g.unknownCommand
	c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	c.AddCommand(members...)
	return c
}

// unknownCommand refuses arguments of a command that has subcommands only.
func (g *globals) unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fault.Usagef("unknown command %q for %q", args[0], cmd.CommandPath()).
		WithHint("%ssee: %s --help", didYouMean(g.meantCommands(cmd, args)), cmd.CommandPath())
}

// noArgs refuses arguments, as a usage error with a hint.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fault.Usagef("%s takes no argument, but got %q", cmd.CommandPath(), args[0]).WithHint("see: %s --help", cmd.CommandPath())
	}
	return nil
}

// commandArgs wants no argument, or a command after --.
func commandArgs(cmd *cobra.Command, args []string) error {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash < 0:
		return noArgs(cmd, args)
	case dash > 0:
		return noArgs(cmd, args[:dash])
	case len(args) == 0:
		return fault.Usagef("there is no command after --").WithHint("see: %s --help", cmd.CommandPath())
	}
	return nil
}

// checkArguments lets the commands below c take what their use lines name, where a
// command does not say itself what it takes and its line has nothing but <arguments>.
func checkArguments(c *cobra.Command) {
	for _, child := range c.Commands() {
		checkArguments(child)
		names := strings.Fields(child.Use)[1:]
		optional := slices.ContainsFunc(names, func(name string) bool { return !strings.HasPrefix(name, "<") || !strings.HasSuffix(name, ">") })
		switch {
		case child.Args != nil || optional:
		case len(names) == 0:
			child.Args = noArgs
		default:
			child.Args = exactly(names...)
		}
	}
}

// exactly wants the arguments that names names.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		err := fault.Usagef("%s needs %s, but got %s", cmd.CommandPath(), strings.Join(names, " "), term.Plural(len(args), "argument", "arguments"))
		if example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n"); example != "" {
			example, _, _ = strings.Cut(example, "  #") // what it does
			return err.WithHint("for instance: %s", strings.TrimSpace(example))
		}
		return err.WithHint("see: %s --help", cmd.CommandPath())
	}
}

// oneProvider wants a provider's name, and says which there are. It may be left out,
// to be asked for: see [app.driverNamed].
func (g *globals) oneProvider(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return g.env.needsProvider(cmd.CommandPath())
}

// excludes refuses a flag beside any of the others, which may go together.
func excludes(c *cobra.Command, flag string, others ...string) {
	for _, other := range others {
		exclusive(c, flag, other)
	}
}

// exclusive refuses more than one of these flags. A shell offers one of them.
func exclusive(c *cobra.Command, flags ...string) {
	c.MarkFlagsMutuallyExclusive(flags...)
	before := c.PreRunE
	c.PreRunE = func(cmd *cobra.Command, args []string) error {
		if before != nil {
			if err := before(cmd, args); err != nil {
				return err
			}
		}
		given := prefixed("--", those(slices.Sorted(slices.Values(flags)), cmd.Flags().Changed))
		if len(given) < 2 {
			return nil
		}
		return fault.Usagef("%s cannot be used together: keep one", strings.Join(given, " and ")).WithHint("see: %s --help", cmd.CommandPath())
	}
}
