package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
)

func newProfileCreateCmd(g *globals) *cobra.Command {
	var use bool
	c := &cobra.Command{
		Use:   "create <profile>",
		Short: "Add a profile to config.yaml",
		Example: `  hookctl profile create work
  hookctl profile create work --use`,
		Long: `Set the settings of a profile with 'hookctl config set --profile NAME', and keep
its credentials with 'hookctl login --profile NAME'. A name has up to 64
lower-case letters, digits, - and _.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              g.run(anyProfile, func(ctx context.Context, a *app, args []string) error { return createProfile(ctx, a, args[0], use) }),
	}
	c.Flags().BoolVar(&use, "use", false, "make it the current profile")
	return c
}

func createProfile(ctx context.Context, a *app, name string, use bool) error {
	p, _, err := a.profile(ctx, name)
	if err != nil {
		return err
	}
	if p.Configured {
		return fault.Usagef("a profile %q already exists", name).WithCode("exists").WithHint("to use it: hookctl profile use %s", name)
	}
	if err := a.cfg.CreateProfile(name); err != nil {
		return err
	}
	said, option := fmt.Sprintf("Created the profile %s.", name), " --profile "+name
	if use {
		if err := a.useProfile(name); err != nil {
			return err
		}
		said, option = fmt.Sprintf("Created the profile %s, and hookctl now uses it.", name), ""
	}
	p.Configured, p.Current = true, a.cfg.Profile() == name
	if err := a.out.Print(p.Render(said)); err != nil {
		return err
	}
	a.note("To store its credentials: hookctl login %s%s", a.env.Drivers[0].Name, option)
	return nil
}
