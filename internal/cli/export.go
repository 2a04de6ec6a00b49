package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
)

func newExportCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "export [provider]",
		Short: "Print the webhooks as a manifest for plan and apply",
		Example: `  hookctl export > hooks.yaml
  hookctl export zyntro | hookctl plan -f -`,
		Long: `Print the webhooks of one provider, or of every provider that has credentials, as a
manifest. Disabled webhooks and those of Zapier are left out.

The manifest contains no ids, times or secrets, so that it can be applied to another
account; only webhooks with the same name get their ids. Authentication data are
never returned ({authenticating}): in their place are environment variables that
plan and apply read.`,
		Args:              atMostOneProvider,
		ValidArgsFunction: g.completeProviders,
		RunE:              g.run(reads, runExport),
	}
}

func runExport(ctx context.Context, a *app, args []string) error {
	drivers, all, err := a.env.driversFor(args...)
	if err != nil {
		return err
	}
	answers, err := a.listEach(ctx, drivers, all)
	if err != nil {
		return err
	}
	var failed []error
	var accounts []apply.Account
	zaps := 0
	for _, ans := range answers {
		if ans.err != nil {
			failed = append(failed, ans.err)
			continue
		}
		a.noteElsewhere(ans.driver)
		rows := slices.DeleteFunc(ans.rows, func(w provider.Webhook) bool { return provider.OfZapier(provider.Text(w.URL)) })
		zaps += len(ans.rows) - len(rows)
		accounts = append(accounts, apply.Account{Driver: ans.driver, Rows: rows})
	}
	if len(failed) > 0 {
		return a.report(failed) // part of the webhooks would look like all of them
	}
	x := apply.NewExport(accounts)
	if zaps > 0 {
		a.note("Left out because they belong to Zaps: %d", zaps)
	}
	for _, o := range x.Omitted {
		a.note("Left out: %s", o)
	}
	kept, err := a.keptByRef(ctx)
	if err != nil {
		return err
	}
	var unkept []string
	for _, acc := range accounts {
		for _, w := range acc.Rows {
			ref := secret.Ref{Provider: acc.Driver.Name, ID: w.ID}
			if _, ok := kept[ref]; !ok && w.ID != "" && !w.Is(provider.Disabled) {
				unkept = append(unkept, ref.Word())
			}
		}
	}
	a.noteWaysOut(unkept...)
	return a.out.Print(render.View{Data: x, Text: x.YAML(), Names: each(x.Webhooks, func(w apply.Exported) string { return w.Name })})
}
