package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	background "github.com/hookctl/hookctl/internal/sandbox"
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := g.outsideSandbox()
			if err != nil {
				return err
			}
			place, err := a.sandboxPlace(sandboxNamed(cmd, g.env, name))
			if err != nil {
				return err
			}
			if err := runSandboxStop(cmd.Context(), a, place); err != nil {
				return err
			}
			names := a.sandboxVariables()
			lines := shell.shell(a.env).Leave(names)
			if g.given("output") || g.given("jq") {
				return a.out.Print(environmentView(background.Environment{Unset: names}, lines))
			}
			return printLines(a.env, lines)
		},
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
		names = append(names, baseURLVariable(d))
		for _, f := range d.Credentials {
			names = append(names, f.Env[0])
		}
	}
	names = append(names, envConfigDir, envSecretStore, envSandboxURL, envSandboxToken, background.EnvInside)
	slices.Sort(names)
	return slices.Compact(names)
}

func runSandboxStop(ctx context.Context, a *app, place *background.Place) (err error) {
	if place.Vacant() {
		a.note("No sandbox of this name runs.")
		return nil
	}
	release, err := place.Lock(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s, err := place.Load()
	if err != nil {
		return err
	}
	if s != nil && endpointOf(s).Alive(ctx, s.ID) {
		if err := endpointOf(s).Stop(ctx); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return fault.Errorf(fault.Interrupted, "interrupted")
	}
	return place.Forget()
}
