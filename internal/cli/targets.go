package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// remoteWebhook is one webhook at its provider.
type remoteWebhook struct {
	client *custody.Client
	hook   provider.Webhook
}

func (f remoteWebhook) ref() string { return f.client.Driver().Name + "/" + f.hook.ID }

// elsewhere is where the webhook is, "" if at the provider's own origin.
func (f remoteWebhook) elsewhere() string { return foreign(f.client.Driver(), f.client.Origin()) }

// describe names the webhook in a question.
func (f remoteWebhook) describe() string {
	s := f.ref()
	if at := f.elsewhere(); at != "" {
		s += " at " + at
	}
	if n := provider.Text(f.hook.Name); n != "" {
		s += " " + fmt.Sprintf("%q", n)
	}
	return s + " (" + provider.Text(f.hook.URL) + ")"
}

// refuseZaps refuses to remove webhooks that Zapier made, unless forced: that
// breaks a Zap.
func refuseZaps(force bool, targets ...remoteWebhook) error {
	if force {
		return nil
	}
	zaps := those(targets, func(t remoteWebhook) bool { return provider.OfZapier(provider.Text(t.hook.URL)) })
	if len(zaps) == 0 {
		return nil
	}
	return fault.Usagef("these webhooks belong to a Zap, which would stop working without them: %s", strings.Join(each(zaps, remoteWebhook.ref), ", ")).
		WithCode("zapier").WithHint("switch the Zap off at Zapier, or add --force; nothing was done")
}

// locateOld is locate for a command that takes the webhook away. A name leads to
// what another process has put in its place meanwhile, and that is not meant.
func (a *app) locateOld(ctx context.Context, ref string) (remoteWebhook, error) {
	f, err := a.locate(ctx, ref)
	if err != nil || a.isID(ref, secret.Ref{Provider: f.client.Driver().Name, ID: f.hook.ID}) {
		return f, err
	}
	return f, f.client.CheckNotSuccessor(ctx, f.hook.ID)
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
	for looks := 0; ; looks++ {
		found, underway := a.replacement(ctx, ref, err, gone, several)
		if !underway || looks == 50 || a.env.Sleep(ctx, 100*time.Millisecond) != nil {
			return found
		}
	}
}

// replacement is replacedMeanwhile as things stand, and whether a replacement is
// under way of which nothing is kept yet.
func (a *app) replacement(ctx context.Context, ref string, err error, gone, several bool) (found error, underway bool) {
	recs, _, lerr := a.store.List(ctx)
	if lerr != nil {
		return err, false
	}
	kept := map[secret.Ref]secret.Record{}
	for _, r := range recs {
		kept[r.Ref()] = r
	}
	for _, r := range recs {
		if r.Replaces == nil || several && r.Name != ref || gone && kept[*r.Replaces].Name != ref && !a.isID(ref, *r.Replaces) {
			continue
		}
		heir := custody.Successor(recs, *r.Replaces)
		switch now := (secret.Ref{Provider: r.Provider, ID: heir}); {
		case a.seen.NewSuccessor(r):
			return custody.Replaced(*r.Replaces, heir), false
		case gone && kept[now].DeletedAt.IsZero():
			return fault.Errorf(fault.Refused, "%w: %s replaces it", err, now.Word()).WithCode("not-found").WithHint("to see it: hookctl get %s", now.Word()), false
		}
	}
	pending, _, lerr := a.journal.List(ctx)
	if lerr != nil {
		return err, false
	}
	for _, p := range pending {
		if in := p.Intent; several && p.Live && in.Replaces != nil && in.Name == ref {
			return fault.Errorf(fault.Refused, "another process is replacing %s right now: nothing was done", in.Replaces.Word()).
				WithCode("conflict").WithHint("wait until it ends, then check the webhook: hookctl get %s", term.ShellWord(ref)), true
		}
	}
	return err, false
}

// confirmSame is confirm, after which the webhook must still be as it was:
// people take their time.
func (a *app) confirmSame(ctx context.Context, f remoteWebhook, question string) error {
	if err := a.confirm(ctx, question); err != nil || a.yes {
		return nothingSent(err)
	}
	now, err := f.client.Get(ctx, f.hook.ID)
	if err != nil {
		return err
	}
	if what := f.hook.Changed(now); len(what) > 0 {
		return fault.Errorf(fault.Refused, "somebody else has just changed %s (%s): nothing was done", f.ref(), strings.Join(what, ", ")).
			WithCode("conflict").WithHint("check it with hookctl get, then try again")
	}
	return nil
}

// find finds the one webhook that ref means at its provider: a name, an id,
// provider/id, or, unless exact is set, the beginning of an id. It asks for
// provider/id itself, and else looks at the lists.
func (a *app) find(ctx context.Context, ref string, exact bool) (remoteWebhook, error) {
	if ref == "" {
		return remoteWebhook{}, errNoName() // before anybody is asked
	}
	drivers, skip := []*provider.Driver(a.env.Drivers), true
	if name, id, ok := strings.Cut(ref, "/"); ok {
		if d, err := a.env.Drivers.Find(name); err == nil {
			client, err := a.online(ctx, d)
			if err != nil {
				return remoteWebhook{}, err
			}
			w, err := client.Get(ctx, id)
			if err == nil || fault.KindOf(err) != fault.Refused {
				return remoteWebhook{client, w}, err
			}
			if exact {
				return remoteWebhook{}, a.explainRefusal(ctx, client, ref, err)
			}
			// It may be the beginning of an id.
			drivers, skip = []*provider.Driver{d}, false
		}
	}
	answers, err := a.listEach(ctx, drivers, skip)
	if err != nil {
		return remoteWebhook{}, err
	}
	return a.findIn(answers, ref, exact)
}

// findIn is find among what the providers answered.
func (a *app) findIn(answers []providerListing, ref string, exact bool) (remoteWebhook, error) {
	var (
		all    []candidate
		rows   []remoteWebhook
		failed []error
	)
	for _, ans := range answers {
		if ans.err != nil {
			failed = append(failed, ans.err)
		}
		for _, w := range ans.rows {
			all = append(all, a.listedCandidate(ans.driver, w))
			rows = append(rows, remoteWebhook{ans.client, w})
		}
	}
	i, err := a.match(ref, all, !exact)
	switch {
	case err != nil:
		return remoteWebhook{}, err
	case i >= 0 && exact && len(failed) > 0 && all[i].id != ref:
		return remoteWebhook{}, a.report(failed) // there may be another one of that name
	case i >= 0:
		for _, err := range failed {
			a.warn("warning: a provider could not be asked: " + err.Error())
		}
		return rows[i], nil
	case len(failed) > 0: // it may be there
		return remoteWebhook{}, a.report(failed)
	}
	return remoteWebhook{}, fault.Errorf(fault.Refused, "there is no webhook %q", ref).
		WithCode("not-found").WithHint("%s", a.suggest(ref, all))
}

// explainRefusal gives a refusal of provider/id the hint that the list has.
func (a *app) explainRefusal(ctx context.Context, client *custody.Client, ref string, refused error) error {
	rows, err := client.List(ctx)
	if err != nil || fault.Code(refused) != "not-found" {
		return refused
	}
	all := each(rows, func(w provider.Webhook) candidate { return a.listedCandidate(client.Driver(), w) })
	return fault.Errorf(fault.Refused, "%w", refused).WithCode("not-found").WithHint("%s", a.suggest(ref, all))
}

// locate is find for a command that changes a webhook: that must name it, by more
// than the beginning of an id.
func (a *app) locate(ctx context.Context, ref string) (remoteWebhook, error) {
	var err error
	if a.seen, err = custody.TakeSnapshot(ctx, a.seen.At, a.journal); err != nil {
		return remoteWebhook{}, err
	}
	f, err := a.find(ctx, ref, true)
	if err != nil {
		return remoteWebhook{}, a.replacedMeanwhile(ctx, ref, err)
	}
	return f, nil
}

// rotatable refuses a webhook that is as good as deleted: the new one would be
// active.
func rotatable(old remoteWebhook) error {
	d := old.client.Driver()
	if d.Deletes || !old.hook.Is(provider.Disabled) {
		return nil
	}
	ref := term.ShellWord(old.ref())
	return fault.Errorf(fault.Refused, "%s is disabled, which is how hookctl deletes webhooks of %s; a new one would be active", ref, d.Title).
		WithCode("disabled").WithHint("to use it again: hookctl resume %s; then rotate it if its secret is lost", ref)
}

// noteReplaced says what has become of the secret and of the old webhook: with
// --yes no question has.
func (a *app) noteReplaced(old remoteWebhook, overlap bool) {
	d, ref := old.client.Driver(), term.ShellWord(old.ref())
	a.note("The secret is NEW: every program that verifies deliveries needs it.")
	switch {
	case overlap:
		a.note("The old webhook still exists. When nothing needs it any more: hookctl delete %s", ref)
	case d.Deletes:
		a.note("The old webhook, %s, was deleted.", ref)
	default:
		a.note("The old webhook, %s, was disabled: %s has no delete.", ref, d.Title)
	}
	if old.hook.RetryCount != nil {
		a.note("Its retry settings could not be copied: the new webhook has the default of %s.", d.Title)
	}
	if old.hook.Is(provider.Disabled) {
		a.note("The old webhook was disabled; the new one is active.")
	}
}

// replaceQuestion asks whether a new webhook shall take the place of old.
func replaceQuestion(old remoteWebhook, overlap bool) string {
	d := old.client.Driver()
	q := fmt.Sprintf("Replace %s with a new webhook that has a new secret", old.describe())
	switch {
	case overlap:
		q += ", and keep the old one"
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

// changeInPlace updates a webhook and its record, prints it, and reports what the
// provider has otherwise than it was asked.
func changeInPlace(ctx context.Context, a *app, f remoteWebhook, ch *provider.Change) error {
	d := f.client.Driver()
	got, err := f.client.Update(ctx, f.hook, *ch)
	if got.ID == "" {
		return err
	}
	perr := printWebhook(ctx, a, d, got)
	what := ch.Missed(got)
	if len(what) == 0 {
		return fault.Worst(perr, err)
	}
	// Somebody else changed it, or the provider did not do it.
	return fault.Worst(perr, err, fault.Errorf(fault.Refused, "%s accepted the change, but returned other values than were sent: %s", d.Title, strings.Join(what, ", ")).
		WithCode("conflict").WithHint("somebody else may have changed it at the same time: check it with hookctl get, then try again"))
}
