package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

type logoutOptions struct {
	driver *provider.Driver
	all    bool
}

func newLogoutCmd(g *globals) *cobra.Command {
	o := &logoutOptions{}
	c := &cobra.Command{
		Use:     "logout <provider>",
		Short:   "Remove the kept credentials of an account",
		GroupID: groupSetup,
		Example: `  hookctl logout zyntro
  hookctl logout wundertreos --profile work --all`,
		Long: `Remove the credentials that 'hookctl login' kept for the current profile and the
address that the base URL names. The secrets of webhooks stay.

Credentials in the environment are not touched; those that still authenticate
are named.`,
		Args:              g.exactlyProvider,
		ValidArgsFunction: g.completeProviders,
		RunE:              g.run(reads, o.run),
	}
	c.Flags().BoolVar(&o.all, "all", false, "remove those that are kept for any address")
	return c
}

func (o *logoutOptions) run(ctx context.Context, a *app, args []string) error {
	var err error
	if o.driver, err = a.env.Drivers.Find(args[0]); err != nil {
		return err
	}
	d := o.driver
	origin, err := httpx.Origin(a.cfg.String(d.Name + ".base-url"))
	if err != nil {
		return err
	}
	kept, err := a.keptOrigins(ctx, d)
	if err != nil {
		return err
	}
	v := view.Logout{Provider: d.Name, Profile: a.cfg.Profile(), Removed: []string{}, Environment: a.credentialVariables(d)}
	var others []string
	for _, at := range kept {
		if at != origin && !o.all {
			others = append(others, at)
			continue
		}
		err := a.store.DeleteCredential(ctx, d.Name, v.Profile, at)
		if errors.Is(err, secret.ErrNotFound) {
			continue // another process was quicker
		}
		if err != nil {
			return err
		}
		v.Removed = append(v.Removed, at)
	}
	if len(v.Removed) == 0 {
		a.note("No credentials of %s are kept in profile %s for %s.", d.Title, v.Profile, origin)
	}
	if len(others) > 0 {
		a.note("Still kept: credentials for %s. To remove them too: hookctl logout %s --all", strings.Join(others, ", "), d.Name)
	}
	if len(v.Environment) > 0 {
		a.warn("warning: set in the environment, and still used: " + strings.Join(v.Environment, ", "))
	}
	return a.out.Print(v.Render())
}

// keptOrigins are the addresses for which the current profile has credentials
// of d. A file that cannot be read is warned of: it may hold some.
func (a *app) keptOrigins(ctx context.Context, d *provider.Driver) ([]string, error) {
	mine, err := a.keptCredentials(ctx, false)
	if err != nil {
		return nil, err
	}
	var origins []string
	for _, c := range mine {
		if c.Provider == d.Name {
			origins = append(origins, c.Origin)
		}
	}
	return origins, nil
}
