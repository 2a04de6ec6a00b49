package cli

import (
	"github.com/spf13/cobra"
)

func newSecretsCmd(g *globals) *cobra.Command {
	return g.group(&cobra.Command{
		Use:     "secrets",
		Aliases: []string{"secret"},
		Short:   "What is kept, where, and moving it",
		GroupID: groupSecrets,
		Long: `Look after the signing secrets that are kept on this machine. A provider tells
each of them once, when the webhook is created; from then on the store has the
only copy, unless it was handed to a sink.

None of these commands prints a secret, but for 'hookctl secrets show'.`,
		Example: `  hookctl secrets list
  hookctl secrets show "CRM Sync" | wl-copy
  hookctl secrets push zyntro/42 --to dotenv:.env:HOOK_SECRET`,
	},
		newSecretsListCmd(g),
		newSecretsShowCmd(g),
		newSecretsRunCmd(g),
		newSecretsSetCmd(g),
		newSecretsPushCmd(g),
		newSecretsRemoveCmd(g),
		newSecretsMigrateCmd(g),
		newSecretsExportCmd(g),
		newSecretsImportCmd(g),
		newSecretsCheckCmd(g),
	)
}
