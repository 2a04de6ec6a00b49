package cli

import "github.com/spf13/cobra"

func newConfigCmd(g *globals) *cobra.Command {
	return g.group(&cobra.Command{
		Use:   "config",
		Short: "Show and change settings",
		Long: `Show the settings, and change them in config.yaml. A flag takes precedence over
an environment variable, that over the profile in the file, and that over the
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
