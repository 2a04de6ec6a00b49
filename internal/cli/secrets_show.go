package cli

import (
	"context"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sink"
)

func newSecretsShowCmd(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:         "show <webhook>",
		Annotations: freeArguments,
		Short:       "Print a kept secret",
		Example: `  hookctl secrets show "CRM Sync"
  hookctl secrets show zyntro/42 | docker secret create hook_secret -
  hookctl secrets show 42 --jq .value`,
		Long: `Print the secret of a webhook and a newline on standard output, and nothing else.
The secret is printed exactly, even if it contains text that a CI runner takes for
a command; -o json escapes such text. On a terminal, characters that would control
it are replaced, with a warning. In GitHub Actions, the runner is told first to
mask the secret in the log.

If a coding agent's variable such as CLAUDECODE is set, printing a secret requires
--reveal, because a transcript keeps what is printed. This prevents accidents and
protects from nobody: 'hookctl help environment' lists the variables.`,
		ValidArgsFunction: firstOnly(g.completeKept),
		RunE:              g.run(reads, runSecretsShow),
	}
	addReveal(c)
	return c
}

func runSecretsShow(ctx context.Context, a *app, args []string) error {
	if err := a.withheld("hookctl secrets show"); err != nil {
		return err
	}
	rec, err := a.keptSecret(ctx, args[0])
	if err != nil {
		return err
	}
	if a.out.Format() != render.Name {
		if err := a.maskInActions(rec.Secret); err != nil {
			return err
		}
	}
	if a.out.Format() == render.Table {
		return sink.Print(a.sinkEnv(), rec.Secret)
	}
	value := rec.Secret.Reveal()
	if !utf8.ValidString(value) && a.out.Structured() {
		return fault.Usagef("the secret of %s is not UTF-8 text, so this output format cannot show it", rec.Ref().Word()).
			WithHint("print it without --output and --jq")
	}
	v := a.keptView(rec)
	v.Value = &value
	return a.out.Print(v.Render())
}
