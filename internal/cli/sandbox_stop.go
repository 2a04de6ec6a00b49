package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/sandbox"
)

func newSandboxStopCmd(g *globals) *cobra.Command {
	name := ""
	shell := shellFlag{}
	c := &cobra.Command{
		Use:   "stop",
		Short: "Stop a sandbox in the background",
		Example: `  eval "$(hookctl sandbox stop)"
  hookctl sandbox stop --name ci`,
		Long: `End the sandbox that 'hookctl sandbox start' began, remove its directory with all
webhooks and secrets in it, and print the lines that remove its variables from the
environment of the shell:
hookctl commands there use your own account again. The lines are printed even if
no sandbox is running. The earlier values of the variables are not restored: open
a new shell for those.`,
		RunE: g.run(outside, func(ctx context.Context, a *app, _ []string) error {
			place, err := a.sandboxPlace(a.sandboxNamed(name))
			if err != nil {
				return err
			}
			vacant, err := place.Stop(ctx)
			if err != nil {
				return err
			}
			if vacant {
				a.note("No sandbox with this name is running.")
			} else {
				a.note("The sandbox is stopped. Its webhooks and secrets are removed.")
			}
			names := a.sandboxVariables()
			return a.printEnvironment(sandbox.Environment{Unset: names}, shell.shell(a.env).Leave(names))
		}),
	}
	shell.add(c)
	g.addSandboxName(c, &name)
	return c
}

// sandboxVariables are those that a sandbox sets, and those that are empty since
// there was no other way to hide them.
func (a *app) sandboxVariables() []string {
	names := slices.DeleteFunc(sandboxNames(a.env), func(name string) bool { return !slices.Contains(a.env.Environ, name+"=") })
	for _, d := range a.env.Drivers {
		names = append(names, sandbox.BaseURL(d))
		for _, f := range d.Credentials {
			names = append(names, f.Env[0])
		}
	}
	names = append(names, config.EnvDir, sandbox.EnvStore, sandbox.EnvURL, sandbox.EnvToken, sandbox.EnvInside)
	slices.Sort(names)
	return slices.Compact(names)
}
