package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

func newProfileListCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List profiles, and what is kept for each",
		Example: `  hookctl profile list
  hookctl profile list --jq '.[] | select(.current).name'`,
		Long: `List the profiles in config.yaml, and those that have kept secrets or credentials.
The current one is marked.`,
		RunE: g.run(anyProfile, func(ctx context.Context, a *app, _ []string) error {
			list, err := a.profiles(ctx)
			if err != nil {
				return err
			}
			return a.out.Print(view.Profiles(list))
		}),
	}
}
