package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

func newSecretsListCmd(g *globals) *cobra.Command {
	allProfiles := false
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the kept secrets, without their values",
		Example: `  hookctl secrets list
  hookctl secrets list --all-profiles -o json`,
		Long: `List the webhooks whose secrets are kept on this machine. The fingerprint is the
first 8 hex digits of the secret's SHA-256: enough to tell two secrets apart. To
compare it with the secret of your endpoint:

  printf %s "$HOOK_SECRET" | sha256sum | cut -c1-8

A file of the store that cannot be read is named on standard error and left
unchanged; 'hookctl secrets check' tells you what to do about it.`,
		RunE: g.run(reads, func(ctx context.Context, a *app, _ []string) error { return listSecrets(ctx, a, allProfiles) }),
	}
	c.Flags().BoolVar(&allProfiles, "all-profiles", false, "list the secrets of every profile")
	return c
}

func listSecrets(ctx context.Context, a *app, allProfiles bool) error {
	recs, err := a.records(ctx, allProfiles)
	if err != nil {
		return err
	}
	list := each(recs, a.keptView)
	for _, d := range a.env.Drivers {
		here := func(r secret.Record) bool { return r.Provider == d.Name && a.atBaseURL(r) }
		if slices.ContainsFunc(recs, here) && a.noteOnce(d) {
			for i, r := range recs {
				list[i].Elsewhere = list[i].Elsewhere && !here(r)
			}
		}
	}
	if len(recs) == 0 {
		if hint := a.whyNone(ctx, fault.Hint{}); hint != (fault.Hint{}) {
			a.note("No secret found in %s: %s", a.profilesMeant(allProfiles), hint)
		} else {
			a.note("No secret is kept in %s. Create a webhook: hookctl create", a.profilesMeant(allProfiles))
		}
	}
	return a.out.Print(view.KeptSecrets(list, allProfiles))
}
