package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
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
		return unknownSetting(o.app, o.key)
	}
	return o.app.out.Print(view.NewSetting(s).Render())
}

// unknownSetting names the settings that key may have been meant for.
func unknownSetting(a *app, key string) error {
	err := fault.Usagef("there is no setting %q", key).WithCode("unknown-setting")
	var near []string
	for _, s := range a.cfg.All() {
		// A part of the name, or a slip after its beginning.
		if strings.Contains(s.Key, key) && key != "" || len(key) >= 3 && strings.HasPrefix(s.Key, key[:3]) {
			near = append(near, s.Key)
		}
	}
	if len(near) > 0 {
		slices.Sort(near)
		return err.WithHint("did you mean: %s", strings.Join(near, ", "))
	}
	return err.WithHint("see all of them: hookctl config list")
}
