package cli

import (
	"github.com/spf13/cobra"
)

func newProfileCmd(g *globals) *cobra.Command {
	return g.group(&cobra.Command{
		Use:     "profile",
		Short:   "Several accounts side by side",
		GroupID: groupSetup,
		Long: `A profile is an account of yours: its settings in config.yaml, its credentials,
and the webhooks that were made with them. --profile and HOOKCTL_PROFILE choose
one for a command; 'hookctl profile use' chooses the one that is used without
them. Where nothing does, it is the profile "default".

A profile exists once it has settings, credentials or secrets: 'profile create',
'login' and 'config set' make one. A command that changes something refuses a
profile that does not exist (exit code 2); one that only reads says so and goes
on.`,
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
