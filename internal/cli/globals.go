package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/config"
)

// globals is what every command gets: the outside world and the global flags.
type globals struct {
	env    *Env
	ctx    context.Context // of the whole command line
	args   []string        // the command line, for errors
	flags  globalFlags
	set    *pflag.FlagSet // the global flags, to ask which were given
	loaded *config.Config // the settings, once a command has opened them

	running *cobra.Command // the command whose body was reached, or nil

	anyAddress bool // the command is not confined to the sandbox that is in force
}

type globalFlags struct {
	profile, config, output, jq  string
	noInput, yes, noColor, quiet bool
	debug                        bool
	requestTimeout               string
}

// The groups of `hookctl help`.
const (
	groupWebhooks   = "webhooks"
	groupDeclare    = "declare"
	groupDeliveries = "deliveries"
	groupSecrets    = "secrets"
	groupSetup      = "setup"
)

// given reports whether the user gave a global flag.
func (g *globals) given(name string) bool {
	f := g.set.Lookup(name)
	return f != nil && f.Changed
}

// outputFlag is the output format that the command line asks for.
func outputFlag(g *globals, args []string) string {
	return cmp.Or(g.flags.output, flagIn(args, "--output", "-o"))
}

// flagIn is the value of a flag, known or not, by any of its names, in a command
// line: that given last. What stands behind -- is no flag.
func flagIn(args []string, names ...string) (value string) {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	for i, a := range args {
		for _, name := range names {
			switch rest, ok := strings.CutPrefix(a, name); {
			case !ok || rest == "" && i+1 == len(args):
			case rest == "":
				value = args[i+1]
			case rest[0] == '=':
				value = rest[1:]
			case len(name) == 2: // -ojson
				value = rest
			}
		}
	}
	return value
}
