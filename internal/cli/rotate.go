package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type rotateOptions struct {
	create  createOptions // its sinks, authentication data and output
	ref     string
	overlap bool
	force   bool
}

func newRotateCmd(g *globals) *cobra.Command {
	o := &rotateOptions{}
	c := &cobra.Command{
		Use:     "rotate <webhook>",
		Short:   "Put a new webhook with a new secret in the place of one",
		GroupID: groupWebhooks,
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
		RunE:              g.run(o.run),
	}
	f := c.Flags()
	o.create.addSecretFlags(c)
	f.StringVar(&o.create.authData, "auth-data", "", "JSON for the webhook's auth type: @FILE, or @- for standard input; else "+provider.AuthDataVariable)
	f.BoolVar(&o.overlap, "overlap", false, "leave the old webhook in place")
	f.BoolVar(&o.force, "force", false, "also a webhook that belongs to a Zap of Zapier's")
	return c
}

func (o *rotateOptions) run(ctx context.Context, a *app, args []string) error {
	o.ref = args[0]
	a.showSecret = o.create.showSecret
	sinks, err := a.sinks(o.create.secretTo)
	if err != nil {
		return err
	}
	if err := o.create.storeLasts(a, len(sinks) > 0); err != nil {
		return err
	}
	old, err := a.locateOld(ctx, o.ref)
	if err != nil {
		return err
	}
	if err := rotatable(old); err != nil {
		return err
	}
	if err := refuseZaps(o.force || o.overlap, old); err != nil {
		return err
	}
	o.create.driver = old.client.Driver()
	spec, err := o.create.specOf(ctx, a, old.hook)
	if err != nil {
		return err
	}
	if err := a.confirmSame(ctx, old, o.question(old)); err != nil {
		return err
	}
	made, err := old.client.Replace(ctx, custody.OpRotate, old.hook, spec, sinks, o.overlap)
	if made.Record.Fingerprint == "" {
		return err
	}
	if err == nil {
		a.noteReplaced(old, o.overlap)
	}
	return o.create.printReplacement(a, made, old, err)
}

// printReplacement prints the webhook that took old's place; err is what the
// replacement itself came to.
func (o *createOptions) printReplacement(a *app, made custody.Created, old remoteWebhook, err error) error {
	v := o.view(a, made.Webhook, made.Record, made.Sinks, true)
	v.Replaces = &view.Replaced{ID: old.hook.ID, State: "disabled"}
	switch {
	case !made.OldGone:
		v.Replaces.State = "kept"
	case old.client.Driver().Deletes:
		v.Replaces.State = "deleted"
	}
	return fault.Worst(err, printedToo(o.print(a, v), made.Record))
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

func (o *rotateOptions) question(old remoteWebhook) string {
	d := old.client.Driver()
	q := fmt.Sprintf("Make a new webhook with a new secret in the place of %s", old.describe())
	switch {
	case o.overlap:
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

// specOf is what makes a webhook like w. What the provider never tells again
// must be given.
func (o *createOptions) specOf(_ context.Context, a *app, w provider.Webhook) (provider.Spec, error) {
	s := provider.Spec{Name: text(w.Name), URL: text(w.URL), Events: w.Events, Timeout: w.TimeoutSeconds}
	if w.URL == nil || len(w.Events) == 0 || o.driver.NameRequired && s.Name == "" {
		return s, fault.Errorf(fault.Refused, "%s does not say enough about %s to make another like it", o.driver.Title, w.ID)
	}
	if t := text(w.AuthType); t != "" && t != "none" {
		s.AuthType, o.authType = t, t
		var err error
		if s.AuthData, err = o.readAuthData(a); err != nil {
			return s, err
		}
		if s.AuthData.IsZero() {
			return s, fault.Usagef("%s authenticates at your endpoint (auth type %s), and %s never tells how again: nothing was sent", w.ID, t, o.driver.Title).
				WithCode("auth-data-needed").WithHint("give the data anew: --auth-data @FILE, or %s", provider.AuthDataVariable)
		}
	} else if o.authData != "" {
		return s, fault.Usagef("--auth-data is given, but the webhook has no auth type")
	}
	if s.Timeout != nil && !hasOption(o.driver, provider.OptTimeout) {
		s.Timeout = nil
	}
	if !o.noValidate {
		if err := o.check(s, nil, nil); err != nil {
			return s, err
		}
	}
	return s, nil
}

func hasOption(d *provider.Driver, opt provider.Option) bool {
	for _, have := range d.CreateOptions {
		if have == opt {
			return true
		}
	}
	return false
}

// storeLasts refuses to leave a secret in a store that dies with a CI runner, or
// where there is none.
func (o *createOptions) storeLasts(a *app, sunk bool) error {
	if a.dir == "" {
		return secret.NoPlace()
	}
	if !storeDies(a.env) || sunk || o.storeOnly {
		return nil
	}
	return fault.Usagef("CI is set, so the store usually dies with this machine and the secret with it: nothing was sent").
		WithHint("hand the secret on with --secret-to (github-env:NAME, exec:COMMAND, ...), or say --store-only if the store lasts")
}

// addSecretFlags declares where a new secret goes.
func (o *createOptions) addSecretFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&o.secretTo, "secret-to", nil, "also hand the secret to a sink (repeatable)")
	f.BoolVar(&o.storeOnly, "store-only", false, "in CI: the store on this machine lasts, no --secret-to is needed")
	f.BoolVar(&o.showSecret, "show-secret", false, "put the secret into the output")
	addReveal(c)
	_ = c.RegisterFlagCompletionFunc("secret-to", completeSinks)
}
