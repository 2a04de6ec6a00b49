package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

func newSecretsRemoveCmd(g *globals) *cobra.Command {
	deleted := false
	c := &cobra.Command{
		Use:         "remove <webhook>",
		Aliases:     []string{"rm"},
		Annotations: freeArguments,
		Short:       "Remove a kept secret permanently",
		Example: `  hookctl secrets remove zyntro/42
  hookctl secrets remove zyntro/42 --yes
  hookctl secrets remove --deleted          # those of webhooks that are deleted`,
		Long: `Remove the secret of a webhook from the store. There is no way to get it back: the
provider returned it only once. The webhook itself stays at the provider, and
still signs its deliveries with that secret.

--deleted removes the secrets of all webhooks of this profile that hookctl has
deleted or found to be gone. Deliveries of a deleted webhook may still be retried
for a day, and cannot be verified without its secret.

Give a name or a full id; the beginning of an id is not enough here.`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case !deleted:
				return exactly("<webhook>")(cmd, args)
			case len(args) > 0:
				return fault.Usagef("--deleted cannot be used together with the name of a webhook").WithHint("see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: firstOnly(g.completeKept),
		RunE: g.run(changes, func(ctx context.Context, a *app, args []string) error {
			if deleted {
				return removeDeleted(ctx, a)
			}
			return removeKept(ctx, a, args[0])
		}),
	}
	c.Flags().BoolVar(&deleted, "deleted", false, "remove the secrets of all deleted webhooks")
	return c
}

func removeKept(ctx context.Context, a *app, ref string) error {
	rec, err := a.keptRecord(ctx, ref, false)
	if err != nil {
		return err
	}
	which := "the secret " + rec.Fingerprint
	for _, old := range rec.Older {
		which += " and the older " + old.Fingerprint
	}
	still := ", and the webhook still uses it"
	if !rec.DeletedAt.IsZero() {
		still = "; the webhook is deleted"
	}
	question := fmt.Sprintf("Remove %s of %s from this machine? It cannot be restored: the provider showed it only once%s.", which, rec.Described(), still)
	if err := a.confirm(ctx, question); err != nil {
		return err
	}
	if err := a.store.Delete(ctx, rec.Ref()); err != nil {
		return err
	}
	v := a.keptView(rec)
	v.Removed = true
	shown := v.Render()
	shown.Facts, shown.Text = nil, fmt.Sprintf("Removed %s of %s. It cannot be restored.", which, rec.Described())
	return a.out.Print(shown)
}

// removeDeleted removes the secrets of deleted webhooks, one by one: one that
// cannot be removed does not keep the others.
func removeDeleted(ctx context.Context, a *app) error {
	recs, err := a.records(ctx, false)
	if err != nil {
		return err
	}
	recs = slices.DeleteFunc(recs, func(r secret.Record) bool { return r.DeletedAt.IsZero() })
	if len(recs) == 0 {
		a.note("No secret of a deleted webhook is kept.")
		return a.out.Print(view.KeptSecrets(nil, false))
	}
	question := fmt.Sprintf("Remove the secrets of %s from this machine? They cannot be restored: %s.",
		term.Plural(len(recs), "deleted webhook", "deleted webhooks"), strings.Join(each(recs, secret.Record.Described), ", "))
	if err := a.confirm(ctx, question); err != nil {
		return err
	}
	var removed []view.KeptSecret
	var failed []error
	for _, r := range recs {
		if err := a.store.Delete(ctx, r.Ref()); err != nil {
			failed = append(failed, err)
			continue
		}
		v := a.keptView(r)
		v.Removed = true
		removed = append(removed, v)
	}
	if a.out.Format() == render.Table {
		a.note("Removed the secrets of %s:", term.Plural(len(removed), "deleted webhook", "deleted webhooks"))
	}
	return a.report(append(failed, a.out.Print(view.KeptSecrets(removed, false))))
}
