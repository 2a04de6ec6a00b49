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
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

func newProfileRemoveCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "remove <profile>",
		Aliases: []string{"rm"},
		Short:   "Remove a profile's settings and credentials from this machine",
		Example: `  hookctl profile remove work
  hookctl profile remove work --yes`,
		Long: `Remove the settings of a profile from config.yaml and its credentials from the
store. The secrets of its webhooks are never removed this way: if there are any,
hookctl asks for confirmation, and the profile stays in the list with them.
Remove them one by one with 'hookctl secrets remove --profile NAME'.

Nothing is removed while an interrupted operation of the profile is unfinished,
because 'hookctl recover' needs the credentials.`,
		ValidArgsFunction: firstOnly(g.completeProfiles),
		RunE:              g.run(anyProfile, runProfileRemove),
	}
}

func runProfileRemove(ctx context.Context, a *app, args []string) error {
	name := args[0]
	p, known, err := a.profile(ctx, name)
	if err != nil {
		return err
	}
	if !known {
		return a.unknownProfile(ctx, name, "")
	}
	if err := a.settled(ctx, name); err != nil {
		return err
	}
	if err := a.confirmRemoval(ctx, p); err != nil {
		return err
	}
	wasCurrent := p.Current
	v := view.RemovedProfile{Name: name, Removed: true, SecretsLeft: p.Secrets, Credentials: []string{}}
	if v.Credentials, err = a.forgetCredentials(ctx, name); err != nil {
		return err
	}
	if err := a.cfg.RemoveProfile(name); err != nil {
		return err
	}
	if err := a.out.Print(v.Render()); err != nil {
		return err
	}
	if p.Secrets > 0 {
		a.note("Still kept: %s. To see them: hookctl secrets list --profile %s", term.Plural(p.Secrets, "secret of this profile", "secrets of this profile"), name)
	}
	if wasCurrent && a.cfg.Profile() != name {
		a.note("hookctl now uses the profile %s.", a.cfg.Profile())
	}
	return nil
}

// settled refuses while the journal holds an operation of the profile.
func (a *app) settled(ctx context.Context, profile string) error {
	pending, _, err := a.journal.List(ctx)
	if err != nil {
		return err
	}
	pending = slices.DeleteFunc(pending, func(p secret.OpenOperation) bool { return p.Intent.Profile != profile })
	n := len(pending)
	if n == 0 {
		return nil
	}
	return fault.Errorf(fault.Custody, "profile %s has %s to settle: nothing was removed", profile, term.Plural(n, "operation", "operations")).
		WithCode("unsettled").WithCommand("hookctl recover --profile %s", profile)
}

// confirmRemoval asks where something goes that has to be got again, or stays behind.
func (a *app) confirmRemoval(ctx context.Context, p view.Profile) error {
	var what []string
	if len(p.Credentials) > 0 {
		what = append(what, "its credentials for "+strings.Join(p.Credentials, " and ")+" go")
	}
	if p.Secrets > 0 {
		what = append(what, term.Plural(p.Secrets, "secret of its webhooks stays", "secrets of its webhooks stay")+" in the store")
	}
	if len(what) == 0 {
		return nil
	}
	return a.confirm(ctx, fmt.Sprintf("Remove the profile %s? %s.", p.Name, strings.Join(what, "; ")))
}

// forgetCredentials removes the profile's credentials and says which.
func (a *app) forgetCredentials(ctx context.Context, profile string) ([]string, error) {
	gone := []string{}
	creds, _, err := a.store.ListCredentials(ctx)
	if err != nil {
		return gone, err
	}
	for _, c := range slices.DeleteFunc(creds, func(c secret.Credential) bool { return c.Profile != profile }) {
		if err := a.store.DeleteCredential(ctx, c.Provider, c.Profile, c.Origin); err == nil {
			gone = append(gone, c.Provider+" for "+c.Origin)
		} else if !errors.Is(err, secret.ErrNotFound) { // else another process was quicker
			return gone, err
		}
	}
	return gone, nil
}
