package cli

import (
	"context"

	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

type configSetOptions struct {
	key, value string
	unset      bool
}

func newConfigSetCmd(g *globals) *cobra.Command {
	o := &configSetOptions{}
	return &cobra.Command{
		Use:   "set <key> <value>",
		Short: "Write one setting to config.yaml",
		Example: `  hookctl config set output json
  hookctl config set request-timeout 1m
  hookctl config set wundertreos.base-url http://127.0.0.1:8080/functions/v1 --profile sandbox`,
		Long: `Write one setting to config.yaml: into the current profile, where the setting
may differ by profile. The rest of the file stays as it is, comments included.`,
		Args:              exactly("<key>", "<value>"),
		ValidArgsFunction: g.completeSetting,
		RunE: g.run(func(ctx context.Context, a *app, args []string) error {
			o.key, o.value = args[0], args[1]
			return runConfigSet(a, o)
		}),
	}
}

func newConfigUnsetCmd(g *globals) *cobra.Command {
	o := &configSetOptions{unset: true}
	return &cobra.Command{
		Use:     "unset <key>",
		Short:   "Remove one setting from config.yaml",
		Example: `  hookctl config unset output`,
		Long: `Remove one setting from config.yaml: from the current profile, where the setting
may differ by profile. The default is in effect then.`,
		Args:              exactly("<key>"),
		ValidArgsFunction: g.completeKeys,
		RunE: g.run(func(ctx context.Context, a *app, args []string) error {
			o.key = args[0]
			return runConfigSet(a, o)
		}),
	}
}

// runConfigSet changes the file and prints what is in effect then.
func runConfigSet(a *app, o *configSetOptions) error {
	c := a.cfg
	var err error
	if o.unset {
		err = c.Unset(o.key)
	} else {
		err = c.Set(o.key, o.value)
	}
	if err != nil {
		return err
	}
	s := c.Get(o.key)
	if strings.HasPrefix(s.Source, "flag ") || strings.HasPrefix(s.Source, "environment ") {
		a.warn(fmt.Sprintf("warning: %s goes before the file, and says %q", s.Source, s.Value))
	}
	v := view.NewSetting(s).Render()
	v.Text = "" // a person knows what they have just typed
	return a.out.Print(v)
}
