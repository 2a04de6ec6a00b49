package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/view"
)

type rotateOptions struct {
	secretFlags
	authFlags
	overlap bool
	force   bool
	dryRun  bool
}

func newRotateCmd(g *globals) *cobra.Command {
	o := &rotateOptions{}
	c := &cobra.Command{
		Use:         "rotate <webhook>",
		Annotations: freeArguments,
		Short:       "Replace a webhook with a new one that has a new secret",
		Example: `  hookctl rotate "Lead sync" --secret-to exec:'gh secret set HOOK_SECRET'
  hookctl rotate zyntro/wh_1 --auth-data @auth.json --yes
  hookctl rotate "Lead sync" --overlap      # remove the old one yourself, later`,
		Long: `Create a new webhook with the same settings, keep its new secret, hand it to every
--secret-to, and only then delete the old webhook ({disabling}: disable it). This is
the way back from a lost secret. No provider can change a secret in place.

Until the old webhook is gone, events may arrive twice; verify accepts both
secrets. No test delivery is made, because no provider offers one. 'hookctl
recover' settles a rotation that was interrupted. Several rotations of one webhook
at the same time, from one configuration directory, create one new webhook: the
others end with exit code 5 and name it.

The provider never returns the authentication data of a webhook again
({authenticating}): if the webhook has any, --auth-data is required. The API cannot
set its retry settings, which return to the default. If the old webhook is paused,
so is the new one.

--overlap keeps the old webhook until you delete it. A webhook whose URL belongs to
Zapier is part of a Zap, which stops working without it: removing it requires
--force.

<webhook> is a name, an id, or provider/id; the beginning of an id is not enough
here. 'hookctl list -o name' prints them in full.`,
		ValidArgsFunction: firstOnly(g.completeLiving),
		RunE:              g.run(changes, o.run),
	}
	f := c.Flags()
	o.add(c, "")
	o.addShow(c)
	o.addData(c, "")
	f.BoolVar(&o.overlap, "overlap", false, "keep the old webhook")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the request for the new webhook with credentials masked, and change nothing")
	f.BoolVar(&o.force, "force", false, "also replace a webhook that belongs to a Zap of Zapier")
	return c
}

func (o *rotateOptions) run(ctx context.Context, a *app, args []string) error {
	sinks, err := o.sinks(a)
	if err != nil {
		return err
	}
	if err := o.checkStore(a); err != nil && !o.dryRun {
		return err
	}
	old, err := a.locateOld(ctx, args[0])
	if err != nil {
		return err
	}
	if err := rotatable(old); err != nil {
		return err
	}
	if err := refuseZaps(o.force || o.overlap, old); err != nil {
		return err
	}
	spec, err := o.specLike(a, old.client.Driver(), old.hook)
	if err != nil {
		return err
	}
	question := replaceQuestion(old, o.overlap)
	if o.dryRun {
		draft, err := a.preview(ctx, old.client.Driver(), spec)
		if err != nil {
			return err
		}
		a.note("Without --dry-run: %s", question)
		return a.out.Print(view.Draft(draft))
	}
	if err := custody.CheckSinks(ctx, sinks, sink.Item{Provider: old.client.Driver().Name, Name: spec.Name}); err != nil {
		return err
	}
	if err := a.confirmSame(ctx, old, question); err != nil {
		return err
	}
	made, err := old.client.Replace(ctx, custody.OpRotate, old.hook, spec, sinks, o.overlap)
	return o.printReplacement(a, made, old, o.overlap, err)
}
