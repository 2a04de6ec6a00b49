package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/term"
)

type rotateOptions struct {
	secretFlags
	authFlags
	overlap bool
	force   bool
}

func newRotateCmd(g *globals) *cobra.Command {
	o := &rotateOptions{}
	c := &cobra.Command{
		Use:         "rotate <webhook>",
		Annotations: freeArguments,
		Short:       "Put a new webhook with a new secret in the place of one",
		GroupID:     groupWebhooks,
		Example: `  hookctl rotate "Lead sync" --secret-to exec:'gh secret set HOOK_SECRET'
  hookctl rotate zyntro/wh_1 --auth-data @auth.json --yes
  hookctl rotate "Lead sync" --overlap      # remove the old one yourself, later`,
		Long: `Make a new webhook with the same settings, keep its new secret, hand it to every
--secret-to, and only then delete the old webhook (Zyntro: disable it). This is
the way back from a lost secret. Neither provider can change a secret in place.

Until the old one is gone, events may arrive twice; verify accepts both secrets.
No test delivery is made: neither provider offers one. An interruption at any
point is settled by hookctl recover. Several rotations of one webhook at once,
from one configuration directory, make one new webhook: the others end with exit
code 5 and name it.

Zyntro never tells the authentication data of a webhook again: where it has any,
--auth-data is required. Its retry settings cannot be set by the API and return
to Zyntro's default. Where the old webhook is paused, the new one is paused too.

With --overlap the old webhook stays until you delete it. Webhooks whose URL is
one of Zapier's belong to a Zap, which stops working without them: their removal
needs --force.

<webhook> is a name, an id, or provider/id; the beginning of an id is not enough
here. 'hookctl list -o name' prints them in full.`,
		Args:              exactly("<webhook>"),
		ValidArgsFunction: firstOnly(g.completeLiving),
		RunE:              g.run(changes, o.run),
	}
	f := c.Flags()
	o.add(c, "")
	o.addShow(c)
	o.addData(c, "")
	f.BoolVar(&o.overlap, "overlap", false, "leave the old webhook in place")
	f.BoolVar(&o.force, "force", false, "also a webhook that belongs to a Zap of Zapier's")
	return c
}

func (o *rotateOptions) run(ctx context.Context, a *app, args []string) error {
	sinks, err := o.sinks(a)
	if err != nil {
		return err
	}
	if err := o.checkStore(a); err != nil {
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
	if err := a.confirmSame(ctx, old, replaceQuestion(old, o.overlap)); err != nil {
		return err
	}
	made, err := old.client.Replace(ctx, custody.OpRotate, old.hook, spec, sinks, o.overlap)
	if !made.Kept {
		return err
	}
	if err == nil {
		a.noteReplaced(old, o.overlap)
	}
	return o.printReplacement(a, made, old, err)
}

// rotatable refuses a webhook that is as good as deleted: the new one would be
// active.
func rotatable(old remoteWebhook) error {
	d := old.client.Driver()
	if d.Deletes || old.hook.Status == nil || *old.hook.Status != provider.Disabled {
		return nil
	}
	ref := term.ShellWord(old.ref())
	return fault.Errorf(fault.Refused, "%s is disabled, which is how %s webhooks are deleted, and a new one would be active", ref, d.Title).
		WithCode("disabled").WithHint("to have it back: hookctl resume %s; then rotate it if nobody has its secret", ref)
}

// noteReplaced says what has become of the secret and of the old webhook: with
// --yes no question has.
func (a *app) noteReplaced(old remoteWebhook, overlap bool) {
	d, ref := old.client.Driver(), term.ShellWord(old.ref())
	a.note("The secret is a NEW one: whoever verifies deliveries needs it.")
	switch {
	case overlap:
		a.note("The old webhook is still there. When nothing needs it any more: hookctl delete %s", ref)
	case d.Deletes:
		a.note("The old webhook, %s, is deleted.", ref)
	default:
		a.note("The old webhook, %s, is disabled: %s has no delete.", ref, d.Title)
	}
	if old.hook.RetryCount != nil {
		a.note("Its retry settings could not be taken over: the new webhook has %s's default.", d.Title)
	}
	if old.hook.Status != nil && *old.hook.Status == provider.Disabled {
		a.note("The old webhook was disabled; the new one is active.")
	}
}

// replaceQuestion asks whether a new webhook shall take the place of old.
func replaceQuestion(old remoteWebhook, overlap bool) string {
	d := old.client.Driver()
	q := fmt.Sprintf("Make a new webhook with a new secret in the place of %s", old.describe())
	switch {
	case overlap:
		q += ", and leave the old one in place"
	case d.Deletes:
		q += ", and delete the old one"
	default:
		q += ", and disable the old one (" + d.Title + " has no delete)"
	}
	if old.hook.RetryCount != nil {
		q += "; its retry settings return to the default"
	}
	return q + "?"
}
