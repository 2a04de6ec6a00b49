package cli

import (
	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
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
		newSecretsSetCmd(g),
		newSecretsPushCmd(g),
		newSecretsRemoveCmd(g),
		newSecretsMigrateCmd(g),
		newSecretsExportCmd(g),
		newSecretsImportCmd(g),
		newSecretsCheckCmd(g),
	)
}

// codeNotKept is the code of keptRecord's error for a webhook that the store
// does not have.
const codeNotKept = "not-kept"

// shortRef is how messages and hints name a record.
func shortRef(r secret.Record) string { return term.ShellWord(r.Provider + "/" + r.ID) }

// described names a record for a person who has to decide about it.
func described(r secret.Record) string {
	text := r.Provider + "/" + r.ID
	if r.Name != "" {
		text += " (" + r.Name + ")"
	}
	return text
}
