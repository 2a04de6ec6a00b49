package cli

import (
	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
)

// agentVariables are the variables that coding agents set for the commands they
// run; what these print stays in a transcript.
var agentVariables = []struct{ name, agent string }{
	{"AI_AGENT", "several agents, as the common name"},
	{"AUGMENT_AGENT", "Augment"},
	{"CLAUDECODE", "Claude Code"},
	{"CLINE_ACTIVE", "Cline"},
	{"CODEX_CI", "Codex"},
	{"CODEX_SANDBOX", "Codex"},
	{"CODEX_SANDBOX_NETWORK_DISABLED", "Codex"},
	{"CODEX_THREAD_ID", "Codex"},
	{"CURSOR_AGENT", "Cursor"},
	{"GEMINI_CLI", "Gemini CLI"},
	{"GOOSE_TERMINAL", "Goose"},
	{"OPENCODE", "OpenCode"},
}

const revealFlag = "reveal"

// addReveal declares --reveal for a command that can print a secret.
func addReveal(c *cobra.Command) {
	c.Flags().Bool(revealFlag, false, "print the secret even where a coding agent runs the command (see: hookctl help environment)")
}

// withheld is the error for printing a secret without --reveal where a coding
// agent runs the command; what says how it would be printed.
func (a *app) withheld(what string) error {
	for _, v := range agentVariables {
		if !a.reveal && a.env.Getenv(v.name) != "" {
			return fault.Usagef("%s prints the secret, and a coding agent runs this (%s is set): its transcript would keep the secret, so this needs --%s", what, v.name, revealFlag).
				WithCode("needs-reveal").WithHint("use the secret without printing it: hookctl secrets run <webhook> -- command, or hookctl secrets push <webhook> --to dotenv:.env:HOOK_SECRET")
		}
	}
	return nil
}
