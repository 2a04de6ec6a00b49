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

// completeKeys completes the first argument with the names of the settings.
func (g *globals) completeKeys(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, k := range settingKeys(g.env.Drivers) {
		out = append(out, cobra.CompletionWithDesc(k.Name, k.Usage))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeSetting completes a key, and then the values that it takes, where
// there are few.
func (g *globals) completeSetting(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return g.completeKeys(cmd, args, typed)
	}
	var out []string
	for _, k := range settingKeys(g.env.Drivers) {
		if k.Name != args[0] || k.Check == nil || k.Check("any-word") == nil {
			continue
		}
		for _, v := range append(formats(), "true", "false", "10s", "30s", "2m", "file", "keyring", "utf8", "hex", "base64") {
			if k.Check(v) == nil {
				out = append(out, v)
			}
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
