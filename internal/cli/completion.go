package cli

import "github.com/spf13/cobra"

func newCompletionCmd(g *globals) *cobra.Command {
	c := g.group(&cobra.Command{
		Use:   "completion <shell>",
		Short: "Print or install a completion script for bash, zsh, fish or PowerShell",
		Example: `  eval "$(hookctl completion bash)"
  hookctl completion install
  hookctl completion install zsh --dry-run`,
		Long: `Print the completion script for a shell, or install it with
'hookctl completion install'. The help of each shell shows how to do that by hand:
hookctl completion bash --help

Completion knows commands, flags, events with their categories, the webhooks whose
secrets are kept here, and profiles. It uses only what is on this machine, never
the network.`,
	})
	for _, s := range shells {
		c.AddCommand(&cobra.Command{
			Use:                   s.name,
			Short:                 "Print the completion script for " + s.name,
			Long:                  s.long,
			DisableFlagsInUseLine: true,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return Completion(cmd.Root(), s.name, cmd.OutOrStdout())
			},
		})
	}
	c.AddCommand(newCompletionInstallCmd(g))
	return c
}
