package cli

import (
	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

type configGetOptions struct {
	app *app
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
		RunE: func(_ *cobra.Command, args []string) error {
			var err error
			if o.app, err = g.offline(); err != nil {
				return err
			}
			o.key = args[0]
			return runConfigGet(o)
		},
	}
}

func runConfigGet(o *configGetOptions) error {
	s, ok := o.app.cfg.Lookup(o.key)
	if !ok {
		return o.app.cfg.Unknown(o.key)
	}
	return o.app.out.Print(view.NewSetting(s).Render())
}
