package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

func newLogoutCmd(g *globals) *cobra.Command {
	all := false
	c := &cobra.Command{
		Use:   "logout <provider>",
		Short: "Remove the kept credentials of an account",
		Example: `  hookctl logout zyntro
  hookctl logout wundertreos --profile work --all`,
		Long: `Remove the credentials that 'hookctl login' kept for the current profile and the
current base URL. The secrets of webhooks stay.

Credentials in the environment are not changed; those that still authenticate
are listed.`,
		Args:              g.oneProvider,
		ValidArgsFunction: g.completeProviders,
		RunE:              g.run(reads, func(ctx context.Context, a *app, args []string) error { return logout(ctx, a, args, all) }),
	}
	c.Flags().BoolVar(&all, "all", false, "remove the credentials for every address")
	return c
}

func logout(ctx context.Context, a *app, args []string, all bool) error {
	d, err := a.driverNamed(ctx, args, "hookctl logout")
	if err != nil {
		return err
	}
	origin, err := httpx.Origin(a.cfg.String(d.Name + ".base-url"))
	if err != nil {
		return err
	}
	kept, err := a.keptCredentials(ctx, false)
	if err != nil {
		return err
	}
	v := view.Logout{Provider: d.Name, Profile: a.cfg.Profile(), Removed: []string{}, Environment: a.credentialVariables(d)}
	var others []string
	for _, c := range kept {
		at := c.Origin
		if c.Provider != d.Name {
			continue
		}
		if at != origin && !all {
			others = append(others, at)
			continue
		}
		if err := a.store.DeleteCredential(ctx, d.Name, v.Profile, at); err == nil {
			v.Removed = append(v.Removed, at)
		} else if !errors.Is(err, secret.ErrNotFound) { // else another process was quicker
			return err
		}
	}
	if len(v.Removed) == 0 {
		a.note("No credentials of %s are stored in profile %s for %s.", d.Title, v.Profile, origin)
	}
	if len(others) > 0 {
		a.note("Still stored: credentials for %s. To remove them too: hookctl logout %s --all", strings.Join(others, ", "), d.Name)
	}
	if len(v.Environment) > 0 {
		a.warn("warning: these variables are set, and are still used: " + strings.Join(v.Environment, ", "))
	}
	return a.out.Print(v.Render())
}
