package cli

import "github.com/spf13/cobra"

// shells are those that there is a completion script for.
var shells = []struct {
	name, long string
}{
	{"bash", `It needs the bash-completion package: without it, bash says
"_get_comp_words_by_ref: command not found" at the first Tab. To install the
package: apt install bash-completion, dnf install bash-completion, or
brew install bash-completion@2.

For the current shell:

  source <(hookctl completion bash)

For every new one:

  mkdir -p ~/.local/share/bash-completion/completions
  hookctl completion bash > ~/.local/share/bash-completion/completions/hookctl`},
	{"zsh", `If completion is not switched on yet, put this into ~/.zshrc:

  autoload -U compinit && compinit

For the current shell:

  source <(hookctl completion zsh)

For every new one, in a directory of your $fpath:

  hookctl completion zsh > "${fpath[1]}/_hookctl"`},
	{"fish", `For the current shell:

  hookctl completion fish | source

For every new one:

  hookctl completion fish > ~/.config/fish/completions/hookctl.fish`},
	{"powershell", `For the current shell:

  hookctl completion powershell | Out-String | Invoke-Expression

For every new one, put that line into your profile, the file that $PROFILE names.`},
}

func newCompletionCmd(g *globals) *cobra.Command {
	c := g.group(&cobra.Command{
		Use:     "completion <shell>",
		Short:   "Print a completion script for bash, zsh, fish or PowerShell",
		GroupID: groupSetup,
		Example: `  source <(hookctl completion bash)
  hookctl completion zsh > "${fpath[1]}/_hookctl"`,
		Long: `Print the completion script for a shell. How to install it is in each one's
help: hookctl completion bash --help.

Completion knows commands, flags, events with their categories, the webhooks
whose secrets are kept here, and profiles. It uses what is on this machine and
never the network.`,
	})
	for _, s := range shells {
		c.AddCommand(&cobra.Command{
			Use:                   s.name,
			Short:                 "Print the completion script for " + s.name,
			Long:                  s.long,
			Args:                  noArgs,
			ValidArgsFunction:     cobra.NoFileCompletions,
			DisableFlagsInUseLine: true,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return Completion(cmd.Root(), s.name, cmd.OutOrStdout())
			},
		})
	}
	return c
}
