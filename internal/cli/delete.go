package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type deleteOptions struct {
	all    bool
	only   string // with all: of this provider
	force  bool
	dryRun bool
}

func newDeleteCmd(g *globals) *cobra.Command {
	o := &deleteOptions{}
	c := &cobra.Command{
		Use:         "delete <webhook>...",
		Annotations: freeArguments,
		Short:       "Delete webhooks ({disabling}: disable them)",
		Example: `  hookctl delete "Lead sync"
  hookctl delete wundertreos/a1b2c3d4-1111-2222-3333-444455556666 --yes
  hookctl delete --all --provider wundertreos --dry-run`,
		Long: `Delete webhooks at their provider. {disabling} cannot delete a webhook: it is
disabled there, and stays in the list.

The kept secret stays, marked as deleted, because deliveries may still be retried:
remove it with 'hookctl secrets remove'. The secret of a webhook that is already
gone is marked too. <webhook> is a name, an id, or provider/id; the beginning of an
id is not enough here. A webhook whose URL belongs to Zapier is part of a Zap and
requires --force.`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && !o.all:
				return fault.Usagef("%s needs <webhook>..., or --all", cmd.CommandPath()).WithHint("see: %s --help", cmd.CommandPath())
			case len(args) > 0 && o.all:
				return fault.Usagef("--all cannot be used together with names of webhooks").WithHint("see: %s --help", cmd.CommandPath())
			case o.only != "" && !o.all:
				return fault.Usagef("--provider needs --all")
			}
			return nil
		},
		ValidArgsFunction: g.completeLiving,
		RunE:              g.run(changes, o.run),
	}
	c.Flags().BoolVar(&o.all, "all", false, "delete every webhook of the account; asks you to type their number unless --yes is given")
	c.Flags().StringVar(&o.only, "provider", "", "with --all: only those of this provider")
	c.Flags().BoolVar(&o.force, "force", false, "also delete webhooks that belong to a Zap of Zapier")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be deleted, and change nothing")
	_ = c.RegisterFlagCompletionFunc("provider", g.completeProviders)
	return c
}

func (o *deleteOptions) run(ctx context.Context, a *app, args []string) error {
	targets, err := o.targets(ctx, a, args)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		a.note("There is nothing to delete.")
		return a.out.Print(view.Deletions(nil))
	}
	if err := refuseZaps(o.force, targets...); err != nil {
		return err
	}
	if o.dryRun {
		return a.out.Print(view.Deletions(each(targets, func(t remoteWebhook) view.Deleted { return deleted(t, true) })))
	}
	if err := o.confirm(ctx, a, targets); err != nil {
		return nothingSent(err)
	}
	var done []view.Deleted
	var failed []error
	for _, t := range targets {
		if ctx.Err() != nil {
			failed = append(failed, fault.Errorf(fault.Interrupted, "interrupted: %s and the webhooks after it were not deleted", t.ref()))
			break
		}
		if err := t.client.Delete(ctx, t.hook.ID); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", t.ref(), err))
			if fault.Code(err) != custody.CodeNotMarked {
				continue
			}
		}
		done = append(done, deleted(t, false))
		if d := t.client.Driver(); !d.Deletes {
			a.note("Disabled %s: %s has no delete, so the webhook stays in the list.", t.ref(), d.Title)
		}
	}
	failed = append(failed, a.out.Print(view.Deletions(done)))
	a.noteStillKept(ctx, done)
	return a.report(failed)
}

// noteStillKept says that the secrets of deleted webhooks are not deleted with them.
func (a *app) noteStillKept(ctx context.Context, done []view.Deleted) {
	recs, _, err := a.store.List(ctx)
	if err != nil {
		return // the webhooks are deleted
	}
	kept := 0
	for _, r := range recs {
		if slices.ContainsFunc(done, func(d view.Deleted) bool { return r.Ref() == secret.Ref{Provider: d.Provider, ID: d.ID} }) {
			kept++
		}
	}
	if kept > 0 {
		a.note("%s still kept, because deliveries may be retried. To remove the secrets of all deleted webhooks: hookctl secrets remove --deleted",
			term.Plural(kept, "secret is", "secrets are"))
	}
}

func deleted(t remoteWebhook, dryRun bool) view.Deleted {
	d := t.client.Driver()
	return view.Deleted{Provider: d.Name, Origin: view.OrNull(t.elsewhere()), ID: t.hook.ID, Name: t.hook.Name, Disabled: !d.Deletes, DryRun: dryRun}
}

// targets resolves every name before the first deletion.
func (o *deleteOptions) targets(ctx context.Context, a *app, refs []string) ([]remoteWebhook, error) {
	if o.all {
		return o.everything(ctx, a)
	}
	var out []remoteWebhook
	for _, ref := range refs {
		f, err := a.locateOld(ctx, ref)
		if fault.Code(err) == "not-found" && !o.dryRun {
			err = fault.Worst(err, o.noteGone(ctx, a, ref))
		}
		if err != nil && len(refs) > 1 {
			err = fmt.Errorf("%w; nothing was deleted", err)
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(have remoteWebhook) bool { return have.ref() == f.ref() }) {
			return nil, fault.Usagef("%s appears twice", f.ref())
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
		a.note("%s does not list %s any more. Its secret is still kept, and is now marked as the secret of a deleted webhook.", d.Title, rec.Ref().Word())
	}
	return err
}

func (o *deleteOptions) everything(ctx context.Context, a *app) ([]remoteWebhook, error) {
	drivers, skip, err := a.env.driversFor()
	if a.given("provider") {
		drivers, skip, err = a.env.driversFor(o.only)
	}
	if err != nil {
		return nil, err
	}
	answers, err := a.listEach(ctx, drivers, skip)
	if err != nil {
		return nil, err
	}
	var out []remoteWebhook
	for _, ans := range answers {
		if ans.err != nil {
			return nil, ans.err // all means all: nothing is deleted by halves
		}
		for _, w := range ans.rows {
			if w.ID != "" && !goneFor(ans.driver, w) {
				out = append(out, remoteWebhook{ans.client, w})
			}
		}
	}
	return out, nil
}

// confirm asks. For --all the number of webhooks is to be typed.
func (o *deleteOptions) confirm(ctx context.Context, a *app, targets []remoteWebhook) error {
	verb := "Delete"
	for _, t := range targets {
		if !t.client.Driver().Deletes {
			verb = "Delete (" + t.client.Driver().Title + ": disable)"
		}
	}
	if !o.all || a.yes || !a.interactive() {
		return a.confirm(ctx, verb+" "+strings.Join(each(targets, remoteWebhook.describe), ", ")+"?")
	}
	for _, t := range targets {
		a.warn("  " + t.describe())
	}
	want := fmt.Sprint(len(targets))
	_, err := a.env.Prompt.Input(ctx, fmt.Sprintf("%s all %s webhooks? Type the number to confirm", verb, want), "", func(v string) error {
		if v != want {
			return errors.New("that is not the number; to stop, press Ctrl-C")
		}
		return nil
	})
	return err
}
