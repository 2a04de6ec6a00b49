package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type deleteOptions struct {
	refs  []string
	all   bool
	only  string // with all: of this provider
	force bool
}

func newDeleteCmd(g *globals) *cobra.Command {
	o := &deleteOptions{}
	c := &cobra.Command{
		Use:     "delete <webhook>...",
		Short:   "Delete webhooks (Zyntro: disable, it has no delete)",
		GroupID: groupWebhooks,
		Example: `  hookctl delete "Lead sync"
  hookctl delete wundertreos/a1b2c3d4-1111-2222-3333-444455556666 --yes
  hookctl delete --all --provider wundertreos`,
		Long: `Delete webhooks at their provider. Zyntro's API cannot delete: there a webhook
is disabled, and stays in the list as such.

The kept secret stays, marked as deleted, since deliveries may still be retried:
remove it with hookctl secrets remove. That of a webhook that is gone already is
marked too. <webhook> is a name, an id, or provider/id;
the beginning of an id is not enough here. Webhooks whose URL is one of Zapier's
belong to a Zap and need --force.`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && !o.all:
				return fault.Usagef("%s wants <webhook>..., or --all", cmd.CommandPath()).WithHint("see: %s --help", cmd.CommandPath())
			case len(args) > 0 && o.all:
				return fault.Usagef("--all and the names of webhooks exclude each other").WithHint("see: %s --help", cmd.CommandPath())
			case o.only != "" && !o.all:
				return fault.Usagef("--provider goes with --all")
			}
			return nil
		},
		ValidArgsFunction: g.completeLiving,
		RunE:              g.run(o.run),
	}
	c.Flags().BoolVar(&o.all, "all", false, "every webhook of the account(s), after a typed confirmation or --yes")
	c.Flags().StringVar(&o.only, "provider", "", "with --all: of this provider only")
	c.Flags().BoolVar(&o.force, "force", false, "also webhooks that belong to a Zap of Zapier's")
	_ = c.RegisterFlagCompletionFunc("provider", g.completeProviders)
	return c
}

// found is one webhook at its provider.
type found struct {
	client *custody.Client
	hook   provider.Webhook
}

func (f found) ref() string { return f.client.Driver().Name + "/" + f.hook.ID }

// elsewhere is where the webhook is, "" if at the provider's own origin.
func (f found) elsewhere() string { return foreign(f.client.Driver(), f.client.Origin()) }

// say describes the webhook in a question.
func (f found) say() string {
	s := f.ref()
	if at := f.elsewhere(); at != "" {
		s += " at " + at
	}
	if n := text(f.hook.Name); n != "" {
		s += " " + fmt.Sprintf("%q", n)
	}
	return s + " (" + text(f.hook.URL) + ")"
}

func (o *deleteOptions) run(ctx context.Context, a *app, args []string) error {
	o.refs = args
	targets, err := o.targets(ctx, a)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		a.note("There is nothing to delete.")
		return a.out.Print(view.Deletions([]view.Deleted{}))
	}
	if err := spareZaps(o.force, targets...); err != nil {
		return err
	}
	if err := o.sure(ctx, a, targets); err != nil {
		return err
	}
	done := []view.Deleted{}
	var failed []error
	for _, t := range targets {
		if ctx.Err() != nil {
			failed = append(failed, fault.Errorf(fault.Interrupted, "interrupted: %s and what follows it was not deleted", t.ref()))
			break
		}
		if err := t.client.Delete(ctx, t.hook.ID); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", t.ref(), err))
			continue
		}
		done = append(done, view.Deleted{Provider: t.client.Driver().Name, Origin: optional(t.elsewhere()), ID: t.hook.ID, Name: t.hook.Name, Disabled: !t.client.Driver().Deletes})
	}
	for _, d := range done {
		if d.Disabled {
			a.note("%s/%s is disabled: Zyntro has no delete, so it stays in the list.", d.Provider, d.ID)
		}
	}
	if err := a.out.Print(view.Deletions(done)); err != nil {
		failed = append(failed, err)
	}
	return a.report(failed)
}

// targets resolves every name before the first deletion.
func (o *deleteOptions) targets(ctx context.Context, a *app) ([]found, error) {
	if o.all {
		return o.everything(ctx, a)
	}
	var out []found
	for _, ref := range o.refs {
		f, err := a.locateOld(ctx, ref)
		if fault.Code(err) == "not-found" {
			err = fault.Worst(err, o.noteGone(ctx, a, ref))
		}
		if err != nil && len(o.refs) > 1 {
			err = fmt.Errorf("%w; nothing was deleted", err)
		}
		if err != nil {
			return nil, err
		}
		for _, have := range out {
			if have.ref() == f.ref() {
				return nil, fault.Usagef("%s is named twice", f.ref())
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// noteGone marks the record of a webhook that its provider does not have any
// more: the process that deleted it may have died before it did so.
func (o *deleteOptions) noteGone(ctx context.Context, a *app, ref string) error {
	rec, err := a.keptRecord(ctx, ref, false)
	if err != nil || !rec.DeletedAt.IsZero() {
		return nil // there is nothing to mark
	}
	d, err := a.env.Drivers.Find(rec.Provider)
	if err != nil {
		return err
	}
	client, err := a.online(ctx, d)
	if err != nil || client.Origin() != rec.Origin {
		return err
	}
	gone, err := client.MarkGone(ctx, rec.ID)
	if err == nil && gone {
		a.note("%s does not list %s any more: its secret, which is kept, is marked as that of a deleted webhook.", d.Title, shortRef(rec))
	}
	return err
}

func (o *deleteOptions) everything(ctx context.Context, a *app) ([]found, error) {
	var only []string
	if a.given("provider") {
		only = []string{o.only}
	}
	drivers, skip, err := a.env.driversFor(only...)
	if err != nil {
		return nil, err
	}
	answers, err := a.listEach(ctx, drivers, skip)
	if err != nil {
		return nil, err
	}
	var out []found
	for _, ans := range answers {
		if ans.err != nil {
			return nil, ans.err // all means all: nothing is deleted by halves
		}
		for _, w := range ans.rows {
			if w.ID == "" || w.Status != nil && *w.Status == provider.Disabled && !ans.driver.Deletes {
				continue
			}
			out = append(out, found{ans.client, w})
		}
	}
	return out, nil
}

// spareZaps refuses to remove webhooks that Zapier made, unless forced: that
// breaks a Zap.
func spareZaps(force bool, targets ...found) error {
	if force {
		return nil
	}
	var zaps []string
	for _, t := range targets {
		if provider.OfZapier(text(t.hook.URL)) {
			zaps = append(zaps, t.ref())
		}
	}
	if len(zaps) == 0 {
		return nil
	}
	return fault.Usagef("these webhooks belong to a Zap, which would stop working: %s", strings.Join(zaps, ", ")).
		WithCode("zapier").WithHint("switch the Zap off at Zapier, or add --force; nothing was done")
}

// sure asks. For --all the number of webhooks is to be typed.
func (o *deleteOptions) sure(ctx context.Context, a *app, targets []found) error {
	verb := "Delete"
	for _, t := range targets {
		if !t.client.Driver().Deletes {
			verb = "Delete (Zyntro: disable)"
		}
	}
	if !o.all || a.yes || !a.interactive() {
		list := make([]string, len(targets))
		for i, t := range targets {
			list[i] = t.say()
		}
		return a.confirm(ctx, verb+" "+strings.Join(list, ", ")+"?")
	}
	for _, t := range targets {
		a.warn("  " + t.say())
	}
	want := fmt.Sprint(len(targets))
	_, err := a.env.Prompt.Input(ctx, fmt.Sprintf("%s all %s webhooks? Type the number to confirm", verb, want), "", func(v string) error {
		if v != want {
			return errors.New("that is not the number; Ctrl-C stops")
		}
		return nil
	})
	return err
}

// locate finds the one webhook that ref means at its provider: a name, an id or
// provider/id. The beginning of an id is refused: what changes a webhook must
// name it.
func (a *app) locate(ctx context.Context, ref string) (found, error) {
	var err error
	if a.seen, err = custody.See(ctx, a.seen.At, a.journal); err != nil {
		return found{}, err
	}
	o := &getOptions{ref: ref, exact: true}
	d, w, err := o.find(ctx, a)
	if err != nil {
		return found{}, a.replacedMeanwhile(ctx, ref, err)
	}
	client, err := a.online(ctx, d)
	return found{client, w}, err
}

// locateOld is locate for a command that takes the webhook away. A name leads to
// what another process has put in its place meanwhile, and that is not meant.
func (a *app) locateOld(ctx context.Context, ref string) (found, error) {
	f, err := a.locate(ctx, ref)
	if err != nil || a.isID(ref, secret.Ref{Provider: f.client.Driver().Name, ID: f.hook.ID}) {
		return f, err
	}
	return f, f.client.Newcomer(ctx, f.hook.ID)
}

// isID reports whether ref names the webhook by its id.
func (a *app) isID(ref string, w secret.Ref) bool {
	return ref == w.ID || a.qualified(ref, candidate{provider: w.Provider}, func(id string) bool { return id == w.ID })
}

// replacedMeanwhile is err, that ref means no webhook or more than one, or why:
// another process has replaced it, or does so at this moment.
func (a *app) replacedMeanwhile(ctx context.Context, ref string, err error) error {
	gone, several := fault.Code(err) == "not-found", fault.Code(err) == "ambiguous"
	if !gone && !several {
		return err
	}
	// Until the other process has kept the new webhook there is no name for it,
	// which takes a moment.
	for range 50 {
		found, underway := a.replacement(ctx, ref, err, gone, several)
		if !underway || a.env.Sleep(ctx, 100*time.Millisecond) != nil {
			return found
		}
	}
	found, _ := a.replacement(ctx, ref, err, gone, several)
	return found
}

// replacement is replacedMeanwhile as things stand, and whether a replacement is
// under way of which nothing is kept yet.
func (a *app) replacement(ctx context.Context, ref string, err error, gone, several bool) (found error, underway bool) {
	recs, _, lerr := a.store.List(ctx)
	if lerr != nil {
		return err, false
	}
	names := map[secret.Ref]string{}
	for _, r := range recs {
		names[r.Ref()] = r.Name
	}
	for _, r := range recs {
		if r.Replaces == nil || several && r.Name != ref || gone && names[*r.Replaces] != ref && !a.isID(ref, *r.Replaces) {
			continue
		}
		heir := custody.Heir(recs, *r.Replaces)
		switch now := term.ShellWord(r.Provider + "/" + heir); {
		case a.seen.Before(r):
			return custody.Replaced(*r.Replaces, heir), false
		case gone:
			return fault.Errorf(fault.Refused, "%w: %s has taken its place", err, now).WithCode("not-found").WithHint("look at it: hookctl get %s", now), false
		}
	}
	pending, _, lerr := a.journal.List(ctx)
	if lerr != nil {
		return err, false
	}
	for _, p := range pending {
		if in := p.Intent; several && p.Live && in.Replaces != nil && in.Name == ref {
			return fault.Errorf(fault.Refused, "another process is replacing %s at this moment: nothing was done", term.ShellWord(in.Replaces.Provider+"/"+in.Replaces.ID)).
				WithCode("conflict").WithHint("wait for its end, then look at it: hookctl get %s", term.ShellWord(ref)), true
		}
	}
	return err, false
}
