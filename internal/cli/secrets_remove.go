package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newSecretsRemoveCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:         "remove <webhook>",
		Aliases:     []string{"rm"},
		Annotations: freeArguments,
		Short:       "Remove a kept secret from this machine for good",
		Example: `  hookctl secrets remove zyntro/42
  hookctl secrets remove zyntro/42 --yes`,
		Long: `Remove the secret of a webhook from the store. It cannot be got back: the
provider told it once. The webhook itself stays as it is at the provider, and
goes on signing its deliveries with that secret.

A name or a full id is wanted here; the beginning of an id is not enough.`,
		Args:              exactly("<webhook>"),
		ValidArgsFunction: firstOnly(g.completeKept),
		RunE:              g.run(changes, runSecretsRemove),
	}
}

func runSecretsRemove(ctx context.Context, a *app, args []string) error {
	rec, err := a.keptRecord(ctx, args[0], false)
	if err != nil {
		return err
	}
	which := "the secret " + rec.Fingerprint
	for _, old := range rec.Older {
		which += " and the older " + old.Fingerprint
	}
	question := fmt.Sprintf("Remove %s of %s from this machine? It cannot be got back: the provider told it once, and the webhook goes on using it.",
		which, rec.Described())
	if err := a.confirm(ctx, question); err != nil {
		return err
	}
	if err := a.store.Delete(ctx, rec.Ref()); err != nil {
		return err
	}
	v := a.keptView(rec)
	v.Removed = true
	shown := v.Render()
	shown.Facts, shown.Text = nil, fmt.Sprintf("Removed %s of %s. It cannot be got back.", which, rec.Described())
	return a.out.Print(shown)
}
