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
		Short: "End a sandbox of the background",
		Example: `  eval "$(hookctl sandbox stop)"
  hookctl sandbox stop --name ci`,
		Long: `End the sandbox that 'hookctl sandbox start' began, remove its directory, and print
the lines that take its variables out of the environment of the shell that reads
them: hookctl commands there talk to your own account again. The lines are printed
where no sandbox runs, too. What the variables were before is not known: a new
shell has it.`,
		Args: noArgs,
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
				a.note("No sandbox of this name runs.")
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
