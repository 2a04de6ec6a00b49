package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
)

// newRoot builds the whole tree of commands. It touches nothing outside.
func newRoot(g *globals) *cobra.Command { return newTree(g, commands()) }

// newTree builds the tree with the commands given.
func newTree(g *globals, list []command) *cobra.Command {
	root := &cobra.Command{
		Use:   "hookctl",
		Short: "Manage {all} webhooks, and never lose a signing secret",
		Long: `hookctl creates webhooks on {all}, keeps the signing secret that
each provider shows only once, and verifies the deliveries signed with it.

  hookctl demo                   the whole story in seconds, offline
  hookctl login zyntro           keep the credentials of an account
  hookctl create zyntro          create a webhook (prompts for missing values)
  hookctl verify delivery.http   check a captured delivery, and explain a failure`,
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
		made := c.make(g)
		made.GroupID = c.group
		root.AddCommand(made)
	}
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { g.printHelp(c) })
	root.SetHelpCommand(newHelpCmd(g))
	root.InitDefaultHelpCmd() // added now and not when it runs, so that it is treated as the others are
	checkArguments(root)
	completeNoFiles(root)
	g.nameProviders(root)
	root.SetFlagErrorFunc(g.flagError)
	return root
}

// command is one entry of the list of commands. Its name is that of the command
// that make makes: a test compares them.
type command struct {
	name  string
	group string
	make  func(*globals) *cobra.Command
}

// commands is THE list of commands, in the order of the groups.
func commands() []command {
	return []command{
		{"create", groupWebhooks, newCreateCmd},
		{"list", groupWebhooks, newListCmd},
		{"get", groupWebhooks, newGetCmd},
		{"update", groupWebhooks, newUpdateCmd},
		{"pause", groupWebhooks, newPauseCmd},
		{"resume", groupWebhooks, newResumeCmd},
		{"delete", groupWebhooks, newDeleteCmd},
		{"rotate", groupWebhooks, newRotateCmd},
		{"list-events", groupWebhooks, newListEventsCmd},
		{"export", groupDeclare, newExportCmd},
		{"plan", groupDeclare, newPlanCmd},
		{"apply", groupDeclare, newApplyCmd},
		{"verify", groupDeliveries, newVerifyCmd},
		{"show", groupDeliveries, newShowCmd},
		{"diff", groupDeliveries, newDiffCmd},
		{"listen", groupDeliveries, newListenCmd},
		{"send", groupDeliveries, newSendCmd},
		{"replay", groupDeliveries, newReplayCmd},
		{"sign", groupDeliveries, newSignCmd},
		{"snippet", groupDeliveries, newSnippetCmd},
		{"secrets", groupSecrets, newSecretsCmd},
		{"recover", groupSecrets, newRecoverCmd},
		{"login", groupSetup, newLoginCmd},
		{"logout", groupSetup, newLogoutCmd},
		{"config", groupSetup, newConfigCmd},
		{"profile", groupSetup, newProfileCmd},
		{"doctor", groupSetup, newDoctorCmd},
		{"api", groupSetup, newAPICmd},
		{"sandbox", groupSetup, newSandboxCmd},
		{"demo", groupSetup, newDemoCmd},
		{"completion", groupSetup, newCompletionCmd},
		{"version", groupSetup, newVersionCmd},
	}
}

// named is the part of the list that a command line needs: the one command that
// its first word names, else all of them. Making only one saves a tenth of the
// time that every start takes.
func named(args []string) []command {
	all := commands()
	if completing(args) && len(args) > 2 { // a word of the command that is named next
		args = args[1:]
	}
	if len(args) > 0 && args[0] != "completion" {
		for _, c := range all {
			if c.name == args[0] {
				return []command{c}
			}
		}
	}
	return all
}

// completing reports whether a shell asks what may be typed next.
func completing(args []string) bool {
	return len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd)
}

func (g *globals) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&g.flags.profile, "profile", "", "the account to use")
	f.StringVar(&g.flags.config, "config", "", "directory of settings, secrets and journal; by default, hookctl in the user's configuration directory")
	f.StringVarP(&g.flags.output, "output", "o", "", "output format: table, json, yaml, ndjson, name")
	f.StringVar(&g.flags.jq, "jq", "", "filter the JSON output with this jq expression")
	f.BoolVar(&g.flags.noInput, "no-input", false, "never prompt; a missing value is an error")
	f.BoolVarP(&g.flags.yes, "yes", "y", false, "answer yes to confirmations")
	f.BoolVar(&g.flags.noColor, "no-color", false, "print without colour")
	f.BoolVarP(&g.flags.quiet, "quiet", "q", false, "print no notes on standard error")
	f.BoolVar(&g.flags.debug, "debug", false, "trace HTTP requests on standard error, secrets masked")
	f.StringVar(&g.flags.requestTimeout, "request-timeout", "", "time limit of one request, such as 30s or 2m")
	g.set = f
	_ = root.MarkPersistentFlagDirname("config")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml", "ndjson", "name"}, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("profile", g.completeProfiles)
	_ = root.RegisterFlagCompletionFunc("jq", cobra.NoFileCompletions)
	_ = f.SetAnnotation("jq", annotationFree, []string{""})
	_ = root.RegisterFlagCompletionFunc("request-timeout", cobra.FixedCompletions([]string{"10s", "30s", "2m"}, cobra.ShellCompDirectiveNoFileComp))
}

// noteRunning wraps every body: what was typed must not look like a secret, no
// global flag is empty, and it is noted that a body runs. An error before that is one of usage: cobra does not
// type its own errors.
func (g *globals) noteRunning(root *cobra.Command) {
	if body := root.RunE; body != nil {
		root.RunE = func(cmd *cobra.Command, args []string) error {
			if err := g.refuseTyped(cmd, args); err != nil {
				return err
			}
			for flag, value := range map[string]string{"profile": g.flags.profile, "config": g.flags.config, "jq": g.flags.jq} {
				if value == "" && g.given(flag) {
					return fault.Usagef("--%s is empty", flag)
				}
			}
			g.running = cmd
			return body(cmd, args)
		}
	}
	for _, child := range root.Commands() {
		g.noteRunning(child)
	}
}
