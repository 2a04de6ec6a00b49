package cli

import "github.com/spf13/cobra"

func newProfileCmd(g *globals) *cobra.Command {
	return g.group(&cobra.Command{
		Use:   "profile",
		Short: "Use several accounts side by side",
		Long: `A profile is one of your accounts: its settings in config.yaml, its credentials,
and the webhooks that were created with them. --profile and HOOKCTL_PROFILE select
one for a command; 'hookctl profile use' selects the one to use without them. The
default is the profile "default".

A profile exists once it has settings, credentials or secrets: 'profile create',
'login' and 'config set' create one. A command that changes something refuses a
profile that does not exist (exit code 2); a command that only reads prints a note
and continues.`,
		Example: `  hookctl profile create work --use
  hookctl login zyntro
  hookctl profile list`,
	},
		newProfileListCmd(g),
		newProfileUseCmd(g),
		newProfileCreateCmd(g),
		newProfileRemoveCmd(g),
	)
}
