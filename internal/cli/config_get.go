package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

func newConfigGetCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "get <key>",
		Short: "Print the value of a setting",
		Example: `  hookctl config get output
  hookctl config get zyntro.base-url -o json      # and where it comes from`,
		ValidArgsFunction: firstOnly(g.completeKeys),
		RunE: g.run(reads, func(_ context.Context, a *app, args []string) error {
			s, ok := a.cfg.Lookup(args[0])
			if !ok {
				return a.cfg.Unknown(args[0])
			}
			return a.out.Print(view.Setting(s))
		}),
	}
}
