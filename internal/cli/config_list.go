package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

func newConfigListCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List all settings, and where each value comes from",
		Example: `  hookctl config list
  hookctl config list --jq '.[] | select(.source != "default")'`,
		RunE: g.run(reads, func(ctx context.Context, a *app, _ []string) error {
			return a.out.Print(view.Settings(a.cfg.All()))
		}),
	}
}
