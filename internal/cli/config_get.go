package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

type configGetOptions struct {
	key string
}

func newConfigGetCmd(g *globals) *cobra.Command {
	o := &configGetOptions{}
	return &cobra.Command{
		Use:   "get <key>",
		Short: "Print one setting as it is in effect",
		Example: `  hookctl config get output
  hookctl config get zyntro.base-url -o json      # and where it comes from`,
		Args:              exactly("<key>"),
		ValidArgsFunction: g.completeKeys,
		RunE: g.run(func(ctx context.Context, a *app, args []string) error {
			o.key = args[0]
			return runConfigGet(a, o)
		}),
	}
}

func runConfigGet(a *app, o *configGetOptions) error {
	s, ok := a.cfg.Lookup(o.key)
	if !ok {
		return a.cfg.Unknown(o.key)
	}
	return a.out.Print(view.NewSetting(s).Render())
}
