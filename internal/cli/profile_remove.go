package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

func newProfileRemoveCmd(g *globals) *cobra.Command {
	o := &profileOptions{}
	return &cobra.Command{
		Use:     "remove <profile>",
		Aliases: []string{"rm"},
		Short:   "Remove a profile's settings and credentials from this machine",
		Example: `  hookctl profile remove work
  hookctl profile remove work --yes`,
		Long: `Remove a profile's settings from config.yaml and its credentials from the store.
The secrets of its webhooks are never removed this way: as long as there are
any, a confirmation is wanted, and the profile is listed with them afterwards.
Remove them one by one with 'hookctl secrets remove --profile NAME'.

Nothing is removed while an interrupted operation of the profile is unsettled:
'hookctl recover' needs the credentials.`,
		Args:              exactly("<profile>"),
		ValidArgsFunction: firstOnly(g.completeProfiles),
		RunE: g.run(func(ctx context.Context, a *app, args []string) error {
			o.name = args[0]
			return runProfileRemove(ctx, a, o)
		}),
	}
}

func runProfileRemove(ctx context.Context, a *app, o *profileOptions) error {
	p, known, err := a.profile(ctx, o.name)
	if err != nil {
		return err
	}
	if !known {
		return fault.Usagef("there is no profile %q", o.name).WithCode("unknown-profile").WithHint("%ssee which there are: hookctl profile list", a.nearProfile(ctx, o.name))
	}
	if err := o.settled(ctx, a); err != nil {
		return err
	}
	if err := o.sure(ctx, a, p); err != nil {
		return err
	}
	wasCurrent := p.Current
	v := view.RemovedProfile{Name: o.name, Removed: true, SecretsLeft: p.Secrets, Credentials: []string{}}
	if v.Credentials, err = o.forget(ctx, a); err != nil {
		return err
	}
	if err := a.cfg.RemoveProfile(o.name); err != nil {
		return err
	}
	if err := a.out.Print(v.Render()); err != nil {
		return err
	}
	if p.Secrets > 0 {
		a.note("Still kept: %s. See them with: hookctl secrets list --profile %s", plural(p.Secrets, "secret of it", "secrets of it"), o.name)
	}
	if wasCurrent && a.cfg.Profile() != o.name {
		a.note("The profile %s is used from now on.", a.cfg.Profile())
	}
	return nil
}

// settled refuses while the journal has an operation of the profile.
func (o *profileOptions) settled(ctx context.Context, a *app) error {
	pending, _, err := a.journal.List(ctx)
	if err != nil {
		return err
	}
	n := 0
	for _, p := range pending {
		if p.Intent.Profile == o.name {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fault.Errorf(fault.Custody, "%s of profile %s to be settled: nothing was removed", plural(n, "operation is left", "operations are left"), o.name).
		WithCode("unsettled").WithCommand("hookctl recover --profile %s", o.name)
}

// sure asks where something goes that has to be got again, or stays behind.
func (o *profileOptions) sure(ctx context.Context, a *app, p view.Profile) error {
	var what []string
	if len(p.Credentials) > 0 {
		what = append(what, "its credentials for "+strings.Join(p.Credentials, " and ")+" go")
	}
	if p.Secrets > 0 {
		what = append(what, plural(p.Secrets, "secret of its webhooks stays", "secrets of its webhooks stay")+" in the store")
	}
	if len(what) == 0 {
		return nil
	}
	return a.confirm(ctx, fmt.Sprintf("Remove the profile %s? %s.", o.name, strings.Join(what, "; ")))
}

// forget removes the profile's credentials and says which.
func (o *profileOptions) forget(ctx context.Context, a *app) ([]string, error) {
	gone := []string{}
	creds, _, err := a.store.ListCredentials(ctx)
	if err != nil {
		return gone, err
	}
	for _, c := range slices.DeleteFunc(creds, func(c secret.Credential) bool { return c.Profile != o.name }) {
		err := a.store.DeleteCredential(ctx, c.Provider, c.Profile, c.Origin)
		if errors.Is(err, secret.ErrNotFound) {
			continue // another process was quicker
		}
		if err != nil {
			return gone, err
		}
		gone = append(gone, c.Provider+" for "+c.Origin)
	}
	return gone, nil
}
