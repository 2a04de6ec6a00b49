package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

func newDoctorCmd(g *globals) *cobra.Command {
	offline := false
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check settings, permissions, store, credentials, network and clock",
		Example: `  hookctl doctor
  hookctl doctor --offline
  hookctl doctor --jq '.[] | select(.status == "fault")'`,
		Long: `Check everything that hookctl needs, and print the fix for each problem: the
settings, the owners and permissions of the files, whether a secret could be kept
now, interrupted operations, and for each provider the base URL, the proxy, the
credentials, the connection and the clock.

Nothing is changed at a provider. Each is asked for its list of webhooks, with the
credentials of the current profile and only at the address they belong to. With
--offline, no request is made.

A fault causes exit code 3; warnings and information do not.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, broken := g.offline()
			if broken != nil {
				if a = g.withoutSettings(); a == nil {
					return broken
				}
			} else if err := a.checkProfile(cmd.Context(), false); err != nil {
				return err
			}
			return runDoctor(cmd.Context(), a, broken, offline)
		},
	}
	c.Flags().BoolVar(&offline, "offline", false, "make no network requests")
	return c
}

// runDoctor examines; broken is why the settings cannot be used, nil where they can.
func runDoctor(ctx context.Context, a *app, broken error, offline bool) error {
	d := health.Doctor{
		Kept: a.kept(), Version: a.env.Version, Config: a.cfg, Drivers: a.env.Drivers, Getenv: a.env.Getenv, Now: a.env.Now,
		Credentials: a.credentials, Configured: a.configured,
		Open: func(d *provider.Driver, creds map[string]secret.Value) (*custody.Client, error) {
			return a.onlineWith(d, a.access(d), creds)
		},
	}
	checks := d.Examine(ctx, broken, offline)
	if ctx.Err() != nil {
		return fault.Interruption()
	}
	for _, c := range checks {
		if c.Fix != nil {
			*c.Fix = a.account.in(*c.Fix)
		}
	}
	perr := a.out.Print(view.Checks(checks))
	return fault.Worst(health.Verdict(checks), perr)
}
