package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

func newConfigSetCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "set <key> <value>",
		Short: "Write one setting to config.yaml",
		Example: `  hookctl config set output json
  hookctl config set request-timeout 1m
  hookctl config set wundertreos.base-url http://127.0.0.1:8080/functions/v1 --profile sandbox`,
		Long: `Write one setting to config.yaml: to the current profile, if the setting can
differ between profiles. The other settings and all comments stay; blank lines
and indentation may change, and a comment that has lost its place moves to the
end.`,
		ValidArgsFunction: g.completeSetting,
		RunE: g.run(anyProfile, func(_ context.Context, a *app, args []string) error {
			return a.changed(args[0], a.cfg.Set(args[0], args[1]))
		}),
	}
}

func newConfigUnsetCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "unset <key>",
		Short:   "Remove one setting from config.yaml",
		Example: `  hookctl config unset output`,
		Long: `Remove one setting from config.yaml: from the current profile, if the setting can
differ between profiles. The default applies again. A comment on the same line
goes with it; comments on their own lines stay.`,
		ValidArgsFunction: firstOnly(g.completeKeys),
		RunE:              g.run(changes, func(_ context.Context, a *app, args []string) error { return a.changed(args[0], a.cfg.Unset(args[0])) }),
	}
}

// changed prints the setting that is in effect once the file is changed; err is
// what the change came to.
func (a *app) changed(key string, err error) error {
	if err != nil {
		return err
	}
	s := a.cfg.Get(key)
	a.warnOverridden(s.Source, s.Value)
	v := view.Setting(s)
	v.Text = "" // a person knows what they have just typed
	return a.out.Print(v)
}
