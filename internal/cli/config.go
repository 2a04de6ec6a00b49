package cli

import "github.com/spf13/cobra"

func newConfigCmd(g *globals) *cobra.Command {
	return g.group(&cobra.Command{
		Use:     "config",
		Short:   "Settings: what they are, where each comes from",
		GroupID: groupSetup,
		Long: `Look at the settings, and change them in config.yaml. A flag goes before an
environment variable, that before the profile in the file, and that before the
default. Credentials and secrets are never settings: see 'hookctl login'.`,
		Example: `  hookctl config list
  hookctl config set output json
  hookctl config get zyntro.base-url`,
	},
		newConfigGetCmd(g),
		newConfigSetCmd(g),
		newConfigUnsetCmd(g),
		newConfigListCmd(g),
		newConfigPathCmd(g),
	)
}
