package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
)

type profileOptions struct {
	name string
	use  bool
}

func newProfileUseCmd(g *globals) *cobra.Command {
	o := &profileOptions{}
	return &cobra.Command{
		Use:     "use <profile>",
		Short:   "Choose the profile that is used without --profile",
		Example: `  hookctl profile use work`,
		Long: `Write into config.yaml which profile is used where neither --profile nor
HOOKCTL_PROFILE names one.`,
		Args:              exactly("<profile>"),
		ValidArgsFunction: firstOnly(g.completeProfiles),
		RunE: g.run(func(ctx context.Context, a *app, args []string) error {
			o.name = args[0]
			return runProfileUse(ctx, a, o)
		}),
	}
}

func runProfileUse(ctx context.Context, a *app, o *profileOptions) error {
	p, known, err := a.profile(ctx, o.name)
	if err != nil {
		return err
	}
	if !known && o.name != config.DefaultProfile {
		return a.unknownProfile(ctx, o.name)
	}
	if err := a.cfg.UseProfile(o.name); err != nil {
		return err
	}
	p.Current = a.cfg.Profile() == o.name
	a.warnOverridden(o.name)
	return a.out.Print(p.Render(fmt.Sprintf("The profile %s is used from now on.", o.name)))
}

// warnOverridden says that another profile than name is in effect for all that.
func (a *app) warnOverridden(name string) {
	if s := a.cfg.ProfileSetting(); s.Value != name && (strings.HasPrefix(s.Source, "flag ") || strings.HasPrefix(s.Source, "environment ")) {
		a.warn(fmt.Sprintf("warning: %s goes before the file, and says %q", s.Source, s.Value))
	}
}
