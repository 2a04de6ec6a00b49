package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
)

func newExportCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "export [provider]",
		Short:   "Print the webhooks as a manifest for plan and apply",
		GroupID: groupDeclare,
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
		acc := apply.Account{Driver: ans.driver}
		for _, w := range ans.rows {
			if provider.OfZapier(provider.Text(w.URL)) {
				zaps++
				continue
			}
			acc.Rows = append(acc.Rows, w)
		}
		accounts = append(accounts, acc)
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
	var names, unkept []string
	for _, acc := range accounts {
		for _, w := range acc.Rows {
			ref := secret.Ref{Provider: acc.Driver.Name, ID: w.ID}
			if _, ok := kept[ref]; !ok && w.ID != "" && !w.Is(provider.Disabled) {
				unkept = append(unkept, ref.Word())
			}
		}
	}
	a.noteWaysOut(unkept...)
	for _, w := range x.Webhooks {
		names = append(names, w.Name)
	}
	return a.out.Print(render.View{Data: x, Text: x.YAML(), Names: names})
}
