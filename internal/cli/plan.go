package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/view"
)

type planOptions struct {
	manifestOptions
	exitCode bool
}

func newPlanCmd(g *globals) *cobra.Command {
	o := &planOptions{}
	c := &cobra.Command{
		Use:   "plan -f <manifest>",
		Short: "Show what apply would change",
		Example: `  hookctl plan -f hooks.yaml
  hookctl plan -f hooks.yaml --exit-code        # exit 3 where something differs
  hookctl plan -f prod/crm.yaml -f prod/leads.yaml --prune -o json`,
		Long: `Compare the webhooks in a manifest with those at the providers. Nothing is changed.

  +    create     create a webhook and keep its secret
  ~    update     change it in place; the secret stays
  -/+  replace    create a new one with a NEW SECRET, then delete the old one
                  ({replacing} cannot change a webhook)
  -    delete     with --prune: hookctl manages it, and it is no longer in the
                  manifest ({disabling}: disable)
  =    adopt      nothing changes at the provider; --prune may delete it later

A webhook is found by provider and name, or else by its URL; disabled ones do not
count. docs/manifest.md describes manifests. -o json prints a document with a
format_version.

A manifest is code: the plan lists each variable that is sent, each command that
runs and each file that is written outside the manifest's directory, and marks what
apply refuses without --allow-env, --allow-exec or --allow-outside. Such a variable
is not read, and what depends on it is not compared.`,
		Args: noArgs,
		RunE: g.run(reads, o.run),
	}
	o.addFlags(c)
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit 3 if something would change at a provider")
	return c
}

func (o *planOptions) run(ctx context.Context, a *app, _ []string) error {
	m, err := o.read(a, true)
	if err != nil {
		return err
	}
	p, err := o.compare(ctx, a, m)
	if err != nil {
		return err
	}
	if err := a.out.Print(view.Plan(p)); err != nil {
		return err
	}
	if o.exitCode && p.Differs() {
		return &fault.Error{Kind: fault.Negative, Code: "differences", Err: errors.New("there are differences"), Silent: true}
	}
	return nil
}
