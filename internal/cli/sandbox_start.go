package cli

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/sandbox"
)

func newSandboxStartCmd(g *globals) *cobra.Command {
	o := &sandboxOptions{}
	name := ""
	c := &cobra.Command{
		Use:   "start",
		Short: "Serve both APIs in the background",
		Example: `  eval "$(hookctl sandbox start --deliver-to http://127.0.0.1:3000)"      # sh, bash, zsh
  hookctl sandbox start --shell fish | source                             # fish
  hookctl sandbox start --shell powershell | Out-String | Invoke-Expression
  hookctl sandbox start --shell github >> "$GITHUB_ENV"                   # for the next steps of a job
  eval "$(hookctl sandbox stop)"`,
		Long: `Serve fakes of both APIs in the background, and print the lines that make the
shell use them: base URLs, credentials, and the sandbox's own directory as
HOOKCTL_CONFIG_DIR. Every other HOOKCTL_ variable and your credentials are removed
from the environment of that shell; your store is neither read nor written.

The lines are printed once both APIs answer. If the start fails for any reason,
the lines make the shell's eval fail, and point hookctl to addresses where nothing
listens and to an empty directory, so that a script that continues does not reach
your account.

A second start uses the same sandbox: type it in every terminal that should use
it. It is an error to give flags that differ from those of the running sandbox.
--name keeps several apart. The state and the log are in XDG_RUNTIME_DIR, or in
your cache directory. The sandbox ends with 'hookctl sandbox stop', or after 12
hours without a request.

In a sandbox, create needs no --secret-to when CI is set, and a base URL that is
not on the loopback is refused. More on events and deliveries:
hookctl sandbox --help`,
	}
	c.RunE = g.run(outside, func(ctx context.Context, a *app, _ []string) error {
		return o.start(ctx, a, a.sandboxNamed(name), c.Flags())
	})
	o.addFlags(g, c)
	o.shell.add(c)
	g.addSandboxName(c, &name)
	return c
}

// flagText is a flag's value as it is typed, to be compared.
func flagText(f *pflag.Flag) string { return strings.TrimRight(strings.Join(flagValues(f), ","), "/") }

func (o *sandboxOptions) start(ctx context.Context, a *app, name string, flags *pflag.FlagSet) error {
	place, err := a.sandboxPlace(name)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fault.Errorf(fault.Other, "cannot find the file of this program: %w", err)
	}
	args := []string{"sandbox", "background", "--name", name, "--root", place.Root()}
	given, all := map[string]string{}, map[string]string{}
	for _, flag := range sandboxFlags {
		f := flags.Lookup(flag)
		all[flag] = flagText(f)
		if f.Changed {
			given[flag] = all[flag]
			args = append(args, "--"+flag+"="+all[flag])
		}
	}
	s, begun, err := place.Start(ctx, sandbox.Command{
		Path: program, Args: args, Env: append(a.foreignEnviron(), config.EnvDir+"="+place.ConfigDir()), Flags: all, Given: given, Check: func() error { return o.check(a) },
	})
	if err != nil {
		return err
	}
	if begun {
		a.note("Serving both APIs in the background. To stop: %s", o.shell.shell(a.env).Read("hookctl sandbox stop"))
	}
	for _, d := range a.env.Drivers {
		if err := sandbox.Answers(ctx, s.Variable(sandbox.BaseURL(d))); err != nil {
			return fault.Errorf(fault.Unavailable, "the API of %s in the sandbox does not answer: %w", d.Title, err).
				WithHint("stop it, then start it again: hookctl sandbox stop --name %s", name)
		}
	}
	if a.env.Streams.OutTTY {
		a.note("To use the sandbox in this shell: %s", o.shell.shell(a.env).Read("hookctl sandbox start"))
	}
	return o.shell.enter(a, s.Set)
}
