package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

func newSecretsPushCmd(g *globals) *cobra.Command {
	var to []string
	c := &cobra.Command{
		Use:         "push <webhook> --to SINK...",
		Annotations: freeArguments,
		Short:       "Hand a kept secret to a sink",
		Example: `  hookctl secrets push "CRM Sync" --to dotenv:.env:HOOK_SECRET
  hookctl secrets push zyntro/42 --to file:/run/secrets/hook --to 'exec:vault kv put secret/hook value=-'`,
		Long: `Hand the secret of a webhook to one or more sinks: ` + sinkForms() + `;
{{.Name}}, {{.Provider}} and {{.ID}} are filled in. All sinks are checked before
the first one gets the secret. The store keeps its copy.

A sink gets the secret exactly, even if it contains text that a CI runner takes
for a command; everywhere else, hookctl breaks such text. Sinks that mask the
secret in the log come first.

Exit code 7 means that a sink did not get it.`,
		Args:              exactly("<webhook>"),
		ValidArgsFunction: firstOnly(g.completeKept),
		RunE:              g.run(changes, func(ctx context.Context, a *app, args []string) error { return pushSecret(ctx, a, args[0], to) }),
	}
	c.Flags().StringArrayVar(&to, "to", nil, "sink that gets the secret (required, repeatable)")
	_ = c.RegisterFlagCompletionFunc("to", completeSinks)
	freeText(c, "to")
	addReveal(c)
	return c
}

var errUntried = errors.New("not tried, since another sink is not ready")

func pushSecret(ctx context.Context, a *app, ref string, to []string) error {
	if len(to) == 0 {
		return fault.Usagef("missing: --to").WithHint("for instance: hookctl secrets push %s --to dotenv:.env:HOOK_SECRET", term.ShellWord(ref))
	}
	sinks, err := a.sinks(to)
	if err != nil {
		return err
	}
	rec, err := a.keptSecret(ctx, ref)
	if err != nil {
		return err
	}
	checked := each(sinks, func(s sink.Sink) sink.Result { // all of them, before one gets it
		it := sink.Item{Provider: rec.Provider, ID: rec.ID, Name: rec.Name, Secret: rec.Secret}
		return sink.Result{Sink: s.For(it), Err: s.Check(ctx, it)}
	})
	if custody.SinkError(rec, checked) != nil {
		for i := range checked { // the others are to be pushed to again as well
			checked[i].Err = cmp.Or(checked[i].Err, errUntried)
		}
		return custody.SinkError(rec, checked)
	}
	results, nerr := custody.Fill(ctx, a.store, rec, sinks)
	if nerr != nil {
		a.warn("warning: " + nerr.Error())
	}
	v := a.keptView(rec)
	v.Sinks = view.NewSinks(results)
	var perr error
	if !slices.Contains(to, "stdout") { // else standard output carries the secret, and nothing else
		perr = a.out.Print(v.Render())
	}
	return fault.Worst(custody.SinkError(rec, results), perr)
}
