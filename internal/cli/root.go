package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
)

// asErr is errors.As with the target's type inferred.
func asErr[T error](err error, target *T) bool { return errors.As(err, target) }

// globals is what every command gets: the outside world and the global flags.
type globals struct {
	env    *Env
	ctx    context.Context // of the whole command line
	args   []string        // the command line, for errors
	flags  globalFlags
	set    *pflag.FlagSet // the global flags, to ask which were given
	loaded *config.Config // the settings, once a command has opened them

	running *cobra.Command // the command whose body was reached, or nil

	noStdout error // why the sink stdout is refused, or nil

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

// newRoot builds the whole tree of commands. It touches nothing outside.
func newRoot(g *globals) *cobra.Command { return newTree(g, commands()) }

// newTree builds the tree with the commands given.
func newTree(g *globals, list []command) *cobra.Command {
	root := &cobra.Command{
		Use:   "hookctl",
		Short: "Manage Zyntro and WundertreOS webhooks, and never lose a signing secret",
		Long: `hookctl creates webhooks on Zyntro and WundertreOS, keeps the signing secret that
each provider tells exactly once, and verifies the deliveries it signs.

  hookctl demo                      the whole story in seconds, offline
  hookctl login zyntro              keep credentials for an account
  hookctl create zyntro             make a webhook (asks for what is missing)
  hookctl verify delivery.http      check a captured delivery, and say why it fails`,
		Args:              g.unknownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		Version:           g.env.Version,
		DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddGroup(
		&cobra.Group{ID: groupWebhooks, Title: "Webhooks:"},
		&cobra.Group{ID: groupDeclare, Title: "Declare:"},
		&cobra.Group{ID: groupDeliveries, Title: "Deliveries:"},
		&cobra.Group{ID: groupSecrets, Title: "Secrets:"},
		&cobra.Group{ID: groupSetup, Title: "Setup:"},
	)
	root.Flags().Bool("version", false, "show the version") // declared here, or cobra would add -v
	g.addFlags(root)
	for _, c := range list {
		root.AddCommand(c.make(g))
	}
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpCommand(newHelpCmd(g))
	completeNoFiles(root)
	g.checkGroups(root)
	root.InitDefaultHelpCmd() // added now and not when it runs, so that noteRunning sees it
	root.SetFlagErrorFunc(g.flagError)
	return root
}

// helpTemplate puts the examples first: they are what most people look for.
const helpTemplate = `{{.Short}}.
{{if .HasExample}}
{{.Example}}
{{end}}{{with .Long}}
{{. | trimTrailingWhitespaces}}
{{end}}
{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`

// usageTemplate is cobra's without the examples; a command's flags are wrapped,
// and those of every command are only named.
const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]{{end}}{{if gt (len .Aliases) 0}}

Aliases:
  {{.NameAndAliases}}{{end}}{{if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{if eq (len .Groups) 0}}

Commands:{{range $cmds}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{else}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 100 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command (--profile, --config, -o, --jq, --debug, ...): {{.Root.Name}} --help{{end}}{{if .HasAvailableSubCommands}}

More on a command: {{.CommandPath}} COMMAND --help{{end}}
`

// command is one entry of the list of commands. Its name is that of the command
// that make makes: a test compares them.
type command struct {
	name string
	make func(*globals) *cobra.Command
}

// commands is THE list of commands, in the order of the groups.
func commands() []command {
	return []command{
		{"create", newCreateCmd},
		{"list", newListCmd},
		{"get", newGetCmd},
		{"update", newUpdateCmd},
		{"pause", newPauseCmd},
		{"resume", newResumeCmd},
		{"delete", newDeleteCmd},
		{"rotate", newRotateCmd},
		{"list-events", newListEventsCmd},
		{"export", newExportCmd},
		{"plan", newPlanCmd},
		{"apply", newApplyCmd},
		{"verify", newVerifyCmd},
		{"listen", newListenCmd},
		{"send", newSendCmd},
		{"replay", newReplayCmd},
		{"sign", newSignCmd},
		{"secrets", newSecretsCmd},
		{"recover", newRecoverCmd},
		{"login", newLoginCmd},
		{"logout", newLogoutCmd},
		{"config", newConfigCmd},
		{"profile", newProfileCmd},
		{"doctor", newDoctorCmd},
		{"api", newAPICmd},
		{"sandbox", newSandboxCmd},
		{"demo", newDemoCmd},
		{"completion", newCompletionCmd},
		{"version", newVersionCmd},
	}
}

// named is the part of the list that a command line needs: the one command that
// its first word names, else all of them. Making only one saves a tenth of the
// time that every start takes.
func named(args []string) []command {
	all := commands()
	if len(args) > 0 && args[0] != "completion" {
		for _, c := range all {
			if c.name == args[0] {
				return []command{c}
			}
		}
	}
	return all
}

func (g *globals) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&g.flags.profile, "profile", "", "account profile to use (default \"default\")")
	f.StringVar(&g.flags.config, "config", "", "directory of settings, secrets and journal")
	f.StringVarP(&g.flags.output, "output", "o", "", "output format: table, json, yaml, ndjson, name (default \"table\")")
	f.StringVar(&g.flags.jq, "jq", "", "print what this jq expression makes of the JSON output")
	f.BoolVar(&g.flags.noInput, "no-input", false, "never ask; a missing value is an error")
	f.BoolVarP(&g.flags.yes, "yes", "y", false, "answer yes to confirmations")
	f.BoolVar(&g.flags.noColor, "no-color", false, "print without colour")
	f.BoolVarP(&g.flags.quiet, "quiet", "q", false, "print no notes on standard error")
	f.BoolVar(&g.flags.debug, "debug", false, "trace HTTP on standard error, credentials and secrets masked")
	f.StringVar(&g.flags.requestTimeout, "request-timeout", "", "bound of one request, such as 30s or 2m (default \"30s\")")
	g.set = f
	_ = root.MarkPersistentFlagDirname("config")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml", "ndjson", "name"}, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("profile", g.completeProfiles)
	_ = root.RegisterFlagCompletionFunc("jq", cobra.NoFileCompletions)
	_ = root.RegisterFlagCompletionFunc("request-timeout", cobra.FixedCompletions([]string{"10s", "30s", "2m"}, cobra.ShellCompDirectiveNoFileComp))
}

// noteRunning wraps every body to note which command runs. An error before that
// is one of usage: cobra does not type its own errors.
func (g *globals) noteRunning(root *cobra.Command) {
	if body := root.RunE; body != nil {
		root.RunE = func(cmd *cobra.Command, args []string) error {
			g.running = cmd
			return body(cmd, args)
		}
	}
	for _, child := range root.Commands() {
		g.noteRunning(child)
	}
}

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
		return fault.Usagef("%s takes no argument, got %q", cmd.CommandPath(), args[0]).WithHint("see: %s --help", cmd.CommandPath())
	}
	return nil
}

// exactly wants the arguments that names names.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return fault.Usagef("%s wants %s, got %d argument(s)", cmd.CommandPath(), strings.Join(names, " "), len(args)).
			WithHint("see: %s --help", cmd.CommandPath())
	}
}

// exactlyProvider wants a provider's name, and says which there are.
func (g *globals) exactlyProvider(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return fault.Usagef("%s wants one provider: %s", cmd.CommandPath(), strings.Join(g.env.Drivers.Names(), " or ")).
		WithHint("for instance: %s %s", cmd.CommandPath(), g.env.Drivers[0].Name)
}

// given reports whether the user gave a global flag.
func (g *globals) given(name string) bool {
	f := g.set.Lookup(name)
	return f != nil && f.Changed
}
