package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
)

func newProfileUseCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "use <profile>",
		Short:   "Select the profile to use without --profile",
		Example: `  hookctl profile use work`,
		Long: `Set in config.yaml which profile is used if neither --profile nor
HOOKCTL_PROFILE selects one.`,
		ValidArgsFunction: firstOnly(g.completeProfiles),
		RunE:              g.run(anyProfile, runProfileUse),
	}
}

func runProfileUse(ctx context.Context, a *app, args []string) error {
	name := args[0]
	p, known, err := a.profile(ctx, name)
	if err != nil {
		return err
	}
	if !known && name != config.DefaultProfile {
		return a.unknownProfile(ctx, name, "to create it: hookctl profile create "+name+" --use\nor ")
	}
	if err := a.useProfile(name); err != nil {
		return err
	}
	p.Current = a.cfg.Profile() == name
	return a.out.Print(p.Render(fmt.Sprintf("hookctl now uses the profile %s.", name)))
}
