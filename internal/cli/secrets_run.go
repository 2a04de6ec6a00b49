package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
)

func newSecretsRunCmd(g *globals) *cobra.Command {
	as := ""
	c := &cobra.Command{
		Use:         "run <webhook> [--as NAME] -- command...",
		Annotations: freeArguments,
		Short:       "Run a command with the secret in its environment",
		Example: `  hookctl secrets run "CRM Sync" -- npm start
  hookctl secrets run zyntro/42 --as ZYNTRO_HOOK_SECRET -- go test ./...`,
		Long: `Run a command with the secret of a webhook in its environment, as HOOK_SECRET or
the variable of --as. Nothing is written to disk and nothing is shown; the command
and the programs that it starts can read the secret.

If the variable is already set, it is replaced, with a note. hookctl's own
variables, HOOKCTL_..., are removed; those of your application stay.

The command replaces hookctl, so that signals and the exit code are its own; on
Windows, hookctl waits for it. No shell is involved: for a pipe, write
sh -c '...'. Exit code 127 means that there is no such command, 126 that it cannot
be run.

In GitHub Actions, the runner is told first to mask the secret in the log.`,
		Args:              webhookAndCommand,
		ValidArgsFunction: firstOnly(g.completeKept),
		RunE:              g.run(reads, func(ctx context.Context, a *app, args []string) error { return runWithSecret(ctx, a, as, args) }),
	}
	c.Flags().StringVar(&as, "as", envSecret, "environment variable for the secret")
	namesOnly(c, "as", variableName, "HOOK_SECRET")
	return c
}

// webhookAndCommand wants a webhook, and a command after --.
func webhookAndCommand(cmd *cobra.Command, args []string) error {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash == 1 && len(args) > 1:
		return nil
	case dash < 0 && len(args) > 1:
		return fault.Usagef("the command must come after --").WithHint("for instance: %s WEBHOOK -- npm start", cmd.CommandPath())
	case len(args) == 1 && dash < 0:
		return fault.Usagef("there is no command to run with the secret of %q", args[0]).
			WithHint("name it after --, for instance: %s %s -- npm start", cmd.CommandPath(), term.ShellWord(args[0]))
	case dash >= 0 && len(args) == dash:
		return fault.Usagef("there is no command after --").WithHint("see: %s --help", cmd.CommandPath())
	}
	return fault.Usagef("%s needs one webhook, and a command after --", cmd.CommandPath()).WithHint("for instance: %s WEBHOOK -- npm start", cmd.CommandPath())
}

// runWithSecret runs the command that args name after the webhook, in place of hookctl.
func runWithSecret(ctx context.Context, a *app, as string, args []string) error {
	if !sink.IsVariable(as) {
		return fault.Usagef("--as: not the name of a variable: use letters, digits and _, and do not begin with a digit").WithHint("for instance: --as %s", envSecret)
	}
	rec, err := a.keptSecret(ctx, args[0])
	if err != nil {
		return err
	}
	if err := textOnly(rec.Ref().Word(), rec.Secret); err != nil {
		return err
	}
	if err := a.maskInActions(rec.Secret); err != nil {
		return err
	}
	return a.become(child.Command{Args: args[1:], Env: a.secretEnviron(as, rec.Secret)})
}
