package cli

import (
	"context"
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
	format := g.flags.output
	if format == "" {
		for i, a := range args {
			switch {
			case a == "--":
				args = args[:i]
			case (a == "-o" || a == "--output") && i+1 < len(args):
				format = args[i+1]
			case strings.HasPrefix(a, "--output="):
				format = strings.TrimPrefix(a, "--output=")
			case strings.HasPrefix(a, "-o") && len(a) > 2:
				format = strings.TrimPrefix(strings.TrimPrefix(a, "-o"), "=")
			}
		}
	}
	return format
}

// flagIn is the value of a flag, known or not, in a command line.
func flagIn(args []string, flag string) string {
	for i, a := range args {
		if value, ok := strings.CutPrefix(a, flag+"="); ok {
			return value
		}
		if a == flag && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}
