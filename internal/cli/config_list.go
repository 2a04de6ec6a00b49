package cli

import (
	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

func newConfigListCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List all settings in effect, and where each comes from",
		Example: `  hookctl config list
  hookctl config list --jq '.[] | select(.source != "default")'`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			a, err := g.offline()
			if err != nil {
				return err
			}
			return a.out.Print(view.Settings(a.cfg.All()))
		},
	}
}
