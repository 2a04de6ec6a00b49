package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/fault"
)

// The annotations by which cobra knows the groups of flags. Where they are
// others one day, cobra says in its own words what is wrong.
const (
	exclusiveGroup = "cobra_annotation_mutually_exclusive"
	togetherGroup  = "cobra_annotation_required_if_others_set"
)

// checkGroups has every command check its groups of flags before cobra does,
// and before that what was typed, and whether a secret may be printed.
func (g *globals) checkGroups(c *cobra.Command) {
	for _, child := range c.Commands() {
		g.checkGroups(child)
	}
	c.PreRunE = func(cmd *cobra.Command, args []string) error {
		if err := g.refuseTyped(cmd, args); err != nil {
			return err
		}
		if err := g.checkReveal(cmd); err != nil {
			return err
		}
		return flagGroups(cmd, args)
	}
}

// flagGroups refuses flags that contradict each other, and one that lacks its
// companion.
func flagGroups(cmd *cobra.Command, _ []string) error {
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if err == nil {
			err = groupsOf(cmd, f)
		}
	})
	return err
}

// groupsOf checks the groups that f is the first flag of.
func groupsOf(cmd *cobra.Command, f *pflag.Flag) error {
	problem := ""
	for _, group := range f.Annotations[exclusiveGroup] {
		if given, _ := givenOf(cmd, group); len(given) > 1 {
			problem = list(given) + " cannot be given together; keep one"
		}
	}
	for _, group := range f.Annotations[togetherGroup] {
		given, absent := givenOf(cmd, group)
		if len(given) > 0 && len(absent) > 0 {
			problem = list(given) + " is of no use without " + list(absent)
		}
	}
	if problem == "" {
		return nil
	}
	return fault.Usagef("%s", problem).WithHint("see: %s --help", cmd.CommandPath())
}

// givenOf splits a group, names with blanks between, by what the user gave.
func givenOf(cmd *cobra.Command, group string) (given, absent []string) {
	for _, name := range slices.Sorted(strings.FieldsSeq(group)) {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			given = append(given, "--"+name)
		} else {
			absent = append(absent, "--"+name)
		}
	}
	return given, absent
}

// list is "a", "a and b", "a, b and c".
func list(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
