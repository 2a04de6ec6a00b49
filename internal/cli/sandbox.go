package cli

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/term"
)

func newSandboxCmd(g *globals) *cobra.Command {
	o := &sandboxOptions{}
	c := &cobra.Command{
		Use:         "sandbox [-- command...]",
		Annotations: freeArguments,
		Short:       "Run both providers' APIs on this machine, offline",
		Example: `  eval "$(hookctl sandbox start --deliver-to http://127.0.0.1:3000)"     # in the background
  hookctl create wundertreos --url https://example.com/hook --event contact.created
  hookctl sandbox emit contact.created
  eval "$(hookctl sandbox stop)"
  hookctl sandbox -- make integration-test                               # for one command`,
		Long: `Serve fakes of both APIs on the loopback. Their webhooks are in memory and end with
the sandbox. It has its own directory for settings and secrets: your store and your
credentials are neither read nor written.

'hookctl sandbox start' runs it in the background, and prints the lines that make
hookctl use it: see 'hookctl sandbox start --help'.

With a command after --, it runs that command against the fakes and exits with its
code: your credentials and every HOOKCTL_ variable are removed from its environment,
those of the sandbox are added, and HOOKCTL_CONFIG_DIR is a temporary directory that
is removed at the end.

Without a command, it prints the same variables and serves until it is interrupted.
If it fails, its output makes the shell that reads it fail, and points hookctl to
addresses where nothing listens.

In a sandbox, create needs no --secret-to when CI is set, and a base URL that is not
on the loopback is refused.

The fakes deliver signed events to the webhooks that subscribe to them: on 'hookctl
sandbox emit', or by themselves with --emit-every. A delivery that is not answered
with a 2xx is retried as the providers do: WundertreOS 8 times in 20 hours; Zyntro 3
more times, 60 seconds apart (assumed). --speed 60 turns an hour of the sandbox's
clock into a minute. 'hookctl sandbox log' shows every attempt.

Nothing is ever sent to another machine. A webhook's URL is used only if it is on
the loopback; with --deliver-to, all deliveries go to that address, whatever their
host, and keep their path and their Host header. Zyntro refuses http URLs, as
documented, so its webhooks need --deliver-to.`,
		Args: g.sandboxArgs,
		RunE: g.run(outside, o.run),
	}
	o.addFlags(g, c)
	o.shell.add(c)
	c.AddCommand(newSandboxStartCmd(g), newSandboxStopCmd(g), newSandboxEmitCmd(g), newSandboxLogCmd(g), newSandboxBackgroundCmd(g))
	return c
}

// sandboxArgs wants a command to stand after --, so that a word in the place
// of a subcommand is not run by accident.
func (g *globals) sandboxArgs(cmd *cobra.Command, args []string) error {
	dash := cmd.ArgsLenAtDash()
	switch {
	case dash < 0 && len(args) > 0, dash > 0:
		what := term.ShellWord(args[0])
		if slices.ContainsFunc(commands(), func(c command) bool { return c.name == args[0] }) {
			what = "hookctl " + what // what follows -- is any program
		}
		return fault.Usagef("unknown command %q for %q", args[0], cmd.CommandPath()).
			WithHint("%sto run a program against the sandbox: %s -- %s ...", didYouMean(g.meantCommands(cmd, args)), cmd.CommandPath(), what)
	case dash == 0 && len(args) == 0:
		return fault.Usagef("there is no command after --").WithHint("see: %s --help", cmd.CommandPath())
	}
	return nil
}

func (o *sandboxOptions) run(ctx context.Context, a *app, command []string) (err error) {
	if err := o.check(a); err != nil {
		return err
	}
	s, err := sandbox.Start(ctx, o.options(a))
	if err != nil {
		return err
	}
	defer func() {
		if cerr := s.Close(); cerr != nil { // joined with nothing, the command's exit status would be no longer that
			err = errors.Join(err, cerr)
		}
	}()
	dir, err := os.MkdirTemp("", "hookctl-sandbox-")
	if err != nil {
		return fault.Errorf(fault.Other, "the sandbox needs a temporary directory: %w", err)
	}
	defer func() {
		if rerr := os.RemoveAll(dir); rerr != nil {
			a.warn("warning: the sandbox's directory could not be removed: " + rerr.Error())
		}
	}()
	set := sandbox.Set(s.Environ, inForeground, dir)
	if len(command) > 0 {
		if a.env.Streams.Interactive() {
			a.note("The sandbox's addresses and credentials are set in this shell. Try: hookctl create %s", a.env.Drivers[0].Name)
		}
		return a.attend(child.Command{Path: command[0], Args: command, Env: append(a.foreignEnviron(), set...)})
	}
	if err := o.shell.enter(a, set); err != nil {
		return err
	}
	a.note("Serving both APIs on the loopback. To stop, press Ctrl-C, or end process %d.", os.Getpid())
	_, _, err = s.Wait(ctx)
	return err
}
