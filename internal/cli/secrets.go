package cli

import "github.com/spf13/cobra"

func newSecretsCmd(g *globals) *cobra.Command {
	return g.group(&cobra.Command{
		Use:     "secrets",
		Aliases: []string{"secret"},
		Short:   "Manage the kept secrets",
		Long: `Manage the signing secrets that are kept on this machine. A provider returns a
secret only once, when the webhook is created; after that, the store has the only
copy, unless the secret was also handed to a sink.

Only 'hookctl secrets show' prints a secret.`,
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
