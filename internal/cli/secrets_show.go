package cli

import (
	"context"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sink"
)

type secretsShowOptions struct {
	app *app
	ref string
}

func newSecretsShowCmd(g *globals) *cobra.Command {
	o := &secretsShowOptions{}
	c := &cobra.Command{
		Use:   "show <webhook>",
		Short: "Print a kept secret",
		Example: `  hookctl secrets show "CRM Sync"
  hookctl secrets show zyntro/42 | docker secret create hook_secret -
  hookctl secrets show 42 --jq .value`,
		Long: `Print the secret of a webhook and a newline on standard output, and nothing else.
It is exact, also where it holds text that a CI runner takes for a command: -o json
escapes that. On a terminal, characters that would drive it are replaced, which is
said. In GitHub Actions the runner is told first to mask it in the log.

` + revealHelp,
		Args:              exactly("<webhook>"),
		ValidArgsFunction: firstOnly(g.completeKept),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.app, err = g.offline(); err != nil {
				return err
			}
			o.ref = args[0]
			return runSecretsShow(cmd.Context(), o)
		},
	}
	addReveal(c)
	return c
}

func runSecretsShow(ctx context.Context, o *secretsShowOptions) error {
	found, err := o.app.keptRecord(ctx, o.ref, true)
	if err != nil {
		return err
	}
	rec, err := o.app.store.Get(ctx, found.Ref())
	if err != nil {
		return err
	}
	if o.app.out.Format() != render.Name {
		if err := o.app.maskInActions(rec.Secret); err != nil {
			return err
		}
	}
	if o.app.out.Format() == render.Table {
		return sink.Print(o.app.sinkEnv(), rec.Secret)
	}
	value := rec.Secret.Reveal()
	if !utf8.ValidString(value) && o.app.out.Structured() {
		return fault.Usagef("the secret of %s is not UTF-8 text, which this output format cannot carry", shortRef(rec)).
			WithHint("print it as it is, without --output and --jq")
	}
	v := o.app.keptView(rec)
	v.Value = &value
	return o.app.out.Print(v.Render())
}
