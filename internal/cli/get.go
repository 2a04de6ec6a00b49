package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func newGetCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:         "get <webhook>",
		Annotations: freeArguments,
		Short:       "Show all fields of one webhook",
		Example: `  hookctl get "CRM Sync"
  hookctl get wundertreos/a1b2c3d4-1111-2222-3333-444455556666 -o yaml
  hookctl get a1b2 --jq .url`,
		Long: `Show all that the provider returns for one webhook, and whether its secret is
kept.

<webhook> is provider/id, an id, a name, or the beginning of an id that no other
webhook shares. If several match, webhooks that are not deleted take precedence.
Of the webhooks kept on this machine, those at the current base URL take
precedence, so that a sandbox and an account can have webhooks of the same name.

Every provider that has credentials is asked.`,
		ValidArgsFunction: firstOnly(g.completeExisting),
		RunE: g.run(reads, func(ctx context.Context, a *app, args []string) error {
			f, err := a.find(ctx, args[0], false)
			if err != nil {
				return err
			}
			return printWebhook(ctx, a, f.client.Driver(), f.hook)
		}),
	}
}
