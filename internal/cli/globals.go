package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/term"
)

// globals is what every command gets: the outside world and the global flags.
type globals struct {
	env    *Env
	ctx    context.Context // of the whole command line
	args   []string        // the command line, for errors
	names  []string        // of all commands
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

// accountFlags are the flags in force that say whose webhooks are meant, "" where
// they are not given, and the commands that they make a difference to.
type accountFlags struct {
	profile, config string
	commands        []string
}

// in is a text of hookctl's own with the flags at the end of each command to type that
// does not have them.
func (f accountFlags) in(text string) string {
	parts := strings.Split(text, "hookctl ")
	for i := 1; i < len(parts); i++ {
		before, line := parts[i-1], strings.SplitN(parts[i], "\n", 2)[0]
		ends := func(lead string) bool { return before == "" || strings.HasSuffix(before, lead) }
		name := line[:len(line)-len(strings.TrimLeft(line, "abcdefghijklmnopqrstuvwxyz-"))]
		if !slices.Contains(f.commands, name) || strings.Contains(line, " --help") || strings.HasPrefix(line, "listen 2") || // a session's webhook
			!slices.ContainsFunc([]string{"\n", "`", "(", ": ", "; ", ", ", "& ", "| ", "run ", "or ", "with ", "then ", "and "}, ends) {
			continue
		}
		end := commandEnd(line)
		more := ""
		if f.profile != "" && name != "profile" && !strings.Contains(line[:end], " --profile ") {
			more = " --profile " + term.ShellWord(f.profile)
		}
		if f.config != "" && !strings.Contains(line[:end], " --config ") {
			more += " --config " + term.ShellWord(f.config)
		}
		parts[i] = line[:end] + more + parts[i][end:]
	}
	return strings.Join(parts, "hookctl ")
}

// commandEnd is where a command ends that a line begins with: its words are as
// [term.ShellWord] has them.
func commandEnd(line string) int {
	quoted := false
	for i := 0; i < len(line); i++ {
		rest := line[i+1:]
		next := func(texts ...string) bool {
			return slices.ContainsFunc(texts, func(s string) bool { return strings.HasPrefix(rest, s) })
		}
		switch c := line[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '\\':
			i++
		case c == '`', c == ')' && !next(`"`), (c == ',' || c == ';') && (rest == "" || next(" ")),
			c == ' ' && (rest == "" || next(" ", "(", "-- ", "> ", "| ", "& ", "&& ")):
			return i
		}
	}
	return len(line)
}
