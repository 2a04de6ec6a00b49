package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type recoverOptions struct {
	secretFlags // of a rotation
	authFlags
	answer  string
	deletes []string
	rotates []string
	forgets []string
	dryRun  bool

	sameAccount bool
}

func newRecoverCmd(g *globals) *cobra.Command {
	o := &recoverOptions{}
	c := &cobra.Command{
		Use:   "recover",
		Short: "Settle creates that were interrupted or have an unknown outcome",
		Example: `  hookctl recover
  hookctl recover --rotate wundertreos/6f1c2d3e --secret-to dotenv:.env:HOOK_SECRET
  hookctl recover --delete wundertreos/6f1c2d3e
  hookctl recover --dry-run`,
		Long: `Settle what interrupted creates have left: keep each secret that the journal
holds, and list each webhook that exists although nobody has its secret. All
profiles are checked. An operation that another process is working on is left
alone, and running this command again does no harm.

States: kept (the secret is in the store now), not-created (nothing was created),
orphan (the webhook exists, and nobody has its secret), unknown (it cannot be
determined now), unreadable (a person has to look at the file).

Nothing is changed at a provider without --delete or --rotate, and then only
webhooks that this command lists. --delete deletes one, or disables it if the API
cannot delete ({disabling}). --rotate replaces an orphan with a new webhook that
has the same settings and a new secret, as hookctl rotate does.

A kept secret that did not reach its sinks (--secret-to) is listed until it is
pushed to them, or until you say with --forget that it need not be.

Exit code 7 means that something is left for you to do.`,
		RunE: g.run(changesWith("delete", "rotate", "forget"), o.run),
	}
	f := c.Flags()
	f.StringArrayVar(&o.deletes, "delete", nil, "delete ({disabling}: disable) a webhook that recover lists, given as provider/id or id (repeatable)")
	f.StringArrayVar(&o.rotates, "rotate", nil, "replace an orphan with a new webhook that has a new secret, given as provider/id or id (repeatable)")
	f.StringArrayVar(&o.forgets, "forget", nil, "stop listing the sinks that did not get the secret of this webhook, given as provider/id, id or name (repeatable)")
	o.add(c, "with --rotate: ")
	o.addData(c, "with --rotate: ")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what there is to recover and what would be done, and change nothing, not even on this machine")
	f.BoolVar(&o.sameAccount, "same-account", false, "the current credentials are new ones for the same account")
	f.StringVar(&o.answer, "answer", "", "print the raw answer that was received for this operation, and change nothing; it may contain the secret")
	excludes(c, "dry-run", "answer", "delete", "rotate", "forget")
	excludes(c, "answer", "delete", "rotate", "forget")
	freeText(c, "answer", "delete", "rotate", "forget")
	return c
}

// checkFlags refuses what goes with --rotate only, and what would hand several
// secrets to one place.
func (o *recoverOptions) checkFlags(given func(flag string) bool) error {
	for _, flag := range []string{"secret-to", "store-only", "auth-data"} {
		if given(flag) && len(o.rotates) == 0 {
			return fault.Usagef("--%s needs --rotate", flag)
		}
	}
	switch {
	case len(o.rotates) > 1 && (len(o.secretTo) > 0 || o.authData != ""):
		return fault.Usagef("--secret-to and --auth-data are for one webhook, but %d are named", len(o.rotates)).WithHint("rotate them one at a time")
	case slices.Contains(o.secretTo, "stdout"):
		return fault.Usagef("--secret-to stdout: standard output already has the findings of recover").
			WithHint("rotate without it, then run: hookctl secrets show <webhook>")
	}
	return nil
}

func (o *recoverOptions) run(ctx context.Context, a *app, _ []string) error {
	if err := o.checkFlags(a.given); err != nil {
		return err
	}
	if a.given("answer") {
		if err := a.withheld("--answer"); err != nil {
			return err
		}
		return a.printAnswer(ctx, o.answer)
	}
	sinks, err := o.sinks(a)
	if err != nil {
		return err
	}
	if len(o.rotates) > 0 {
		if err := o.checkStore(a); err != nil {
			return err
		}
	}
	r := custody.Recovery{
		Store: a.store, Journal: a.journal, Profile: a.cfg.Profile(), Drivers: a.env.Drivers, Now: a.env.Now, Sleep: a.env.Sleep,
		Notify: func(line string) { a.note("%s", line) },
		Open:   func(ctx context.Context, in secret.Intent) (*custody.Client, error) { return o.open(ctx, a, in) }, SameAccount: o.sameAccount, DryRun: o.dryRun, Typed: func(profile, text string) string {
			if profile == a.cfg.Profile() {
				return text // the flags in force come to all
			}
			return accountFlags{profile: profile, commands: a.account.commands}.in(text)
		}, Flags: map[bool]string{true: " --same-account"}[o.sameAccount],
	}
	findings, err := r.Run(ctx)
	var refused error
	if err == nil && len(o.forgets) > 0 {
		if refused = o.forget(ctx, a, r, findings); refused == nil {
			findings, err = r.Run(ctx)
		}
	}
	if err == nil && refused == nil && len(o.deletes)+len(o.rotates) > 0 {
		var rotated []custody.Finding
		var changed bool
		if rotated, changed, refused = o.change(ctx, a, r, findings, sinks); changed {
			findings, err = r.Run(ctx)
			findings = append(rotated, findings...)
		}
	}
	switch {
	case err == nil && len(findings) == 0:
		a.note("There is nothing to recover.")
	case o.dryRun:
		a.note("Nothing was changed. This is the result of hookctl recover without --dry-run.")
	}
	for i, f := range findings {
		if f.Provider != "" {
			findings[i].Origin = a.foreignTo(f.Provider, f.Origin)
		}
		findings[i].Detail, findings[i].Next = a.account.in(f.Detail), a.account.in(f.Next)
	}
	perr := a.out.Print(view.Recovery(view.NewRecovered(findings)))
	if k := fault.KindOf(refused); refused != nil && (k == fault.Usage || k == fault.Interrupted) {
		return refused // the call was wrong, or taken back: that comes before what is left
	}
	return errors.Join(refused, err, leftOver(findings), perr)
}

// leftOver is the error for what a person has to do, or nil.
func leftOver(findings []custody.Finding) error {
	n := 0
	for _, f := range findings {
		if !f.Settled() {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fault.Errorf(fault.Custody, "%s your decision", term.Plural(n, "finding needs", "findings need")).
		WithCode("unsettled").WithHint("each finding shows the next command")
}

// open is the way to the account of an operation: its profile's, at the origin
// where it was begun.
func (o *recoverOptions) open(ctx context.Context, a *app, in secret.Intent) (*custody.Client, error) {
	d, err := a.env.Drivers.Find(in.Provider)
	if err != nil {
		return nil, err
	}
	current := in.Profile == a.cfg.Profile()
	if !current {
		if a, err = a.forProfile(in.Profile); err != nil {
			return nil, err
		}
	}
	acc := a.access(d)
	origin, err := httpx.Origin(acc.BaseURL)
	if err != nil {
		return nil, err
	}
	if origin != in.Origin {
		return nil, fault.Usagef("it was started at %s, but the base URL is now at %s", in.Origin, origin).
			WithHint("set %s to the base URL at %s, then try again", config.Key{Name: d.Name + ".base-url"}.Env(), in.Origin)
	}
	if current {
		return a.online(ctx, d)
	}
	// The variables of the environment are the current profile's. A list of the
	// wrong account would show that nothing was made.
	stored, err := a.store.GetCredential(ctx, d.Name, in.Profile, origin)
	if errors.Is(err, secret.ErrNotFound) {
		return nil, fault.Errorf(fault.Auth, "no credentials are stored for profile %s", in.Profile).
			WithCommand("hookctl recover --profile %s", term.ShellWord(in.Profile))
	}
	if err == nil {
		err = d.CheckCredentials(stored.Fields)
	}
	if err != nil {
		return nil, err
	}
	return a.onlineWith(d, acc, stored.Fields)
}

// change does to the providers what the flags name and findings allow. All
// names are checked before the first change. It returns the new webhooks, and whether
// anything was changed.
func (o *recoverOptions) change(ctx context.Context, a *app, r custody.Recovery, findings []custody.Finding, sinks []sink.Sink) (rotated []custody.Finding, changed bool, err error) {
	deletes, err := a.choose("deleted", o.deletes, findings, func(f custody.Finding) bool { return f.Deletable })
	if err != nil {
		return nil, false, err
	}
	rotates, err := a.choose("rotated", o.rotates, findings, func(f custody.Finding) bool { return f.Rotatable })
	if err != nil {
		return nil, false, err
	}
	seen := map[secret.Ref]bool{}
	for _, f := range append(slices.Clone(deletes), rotates...) {
		ref := secret.Ref{Provider: f.Provider, ID: f.ID}
		if seen[ref] {
			return nil, false, fault.Usagef("%s/%s appears twice", f.Provider, f.ID)
		}
		seen[ref] = true
	}
	// What was settled above is no other process's doing.
	if a.seen, err = custody.TakeSnapshot(ctx, a.env.Now(), a.journal); err != nil {
		return nil, false, err
	}
	pending, _, err := a.journal.List(ctx)
	if err != nil {
		return nil, false, err
	}
	intents := map[string]secret.Intent{}
	for _, p := range pending {
		intents[p.Path] = p.Intent
	}
	for i, f := range append(deletes, rotates...) {
		in, ok := intents[f.Path]
		if !ok {
			return rotated, changed, fault.Errorf(fault.Other, "another process settled %s: nothing was done to %s", f.Path, f.ID)
		}
		if i < len(deletes) {
			err = o.delete(ctx, a, in, f)
		} else {
			var made []custody.Finding
			made, err = o.rotate(ctx, a, in, f, sinks)
			rotated = append(rotated, made...)
			// A rotation that failed may have begun: what it left is to be named.
			changed = changed || fault.KindOf(err) != fault.Usage && fault.KindOf(err) != fault.Interrupted
		}
		if err != nil {
			return rotated, changed, err
		}
		changed = true
		if err := r.Removed(ctx, in, f); err != nil {
			return rotated, changed, err
		}
	}
	return rotated, changed, nil
}

// forget takes the sinks off what is left to do.
func (o *recoverOptions) forget(ctx context.Context, a *app, r custody.Recovery, findings []custody.Finding) error {
	chosen, err := a.choose("forgotten", o.forgets, findings, func(f custody.Finding) bool { return f.Forgettable })
	if err != nil {
		return err
	}
	for _, f := range chosen {
		if err := r.Forget(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// choose finds the webhooks that refs mean, which are to be done to as the word done
// says, among those that recover offers for that. Nothing is ever done to another one.
func (a *app) choose(done string, refs []string, findings []custody.Finding, offers func(custody.Finding) bool) ([]custody.Finding, error) {
	var offered, chosen []custody.Finding
	var all []candidate
	var names []string
	for _, f := range findings {
		if name := f.Provider + "/" + f.ID; offers(f) && !slices.Contains(names, name) {
			offered, names = append(offered, f), append(names, name)
			named := ""
			if f.Forgettable && !f.Deletable && !f.Rotatable { // what is at stake at a provider is named by its id
				named = f.Name
			}
			all = append(all, candidate{provider: f.Provider, id: f.ID, name: named, url: f.URL, origin: a.foreignTo(f.Provider, f.Origin), created: f.CreatedAt})
		}
	}
	for _, ref := range refs {
		i, err := a.match(ref, all, false)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			hint := "it names no webhook now that can be " + done
			if len(names) > 0 {
				hint = "it names " + strings.Join(names, ", ")
			}
			return nil, fault.Usagef("recover does not name %q, so it was not %s", ref, done).WithCode("not-an-orphan").WithHint("%s", hint)
		}
		if offered[i].State == custody.StateUnknown && (a.yes || !a.interactive()) {
			return nil, fault.Usagef("%s is one of several webhooks that match, and may belong to another person: it was not %s", names[i], done).
				WithCode("ambiguous").WithHint("compare the times, then run the command on a terminal without --yes")
		}
		chosen = append(chosen, offered[i])
	}
	return chosen, nil
}

// rotate puts a new webhook in the place of f's, and returns it as a finding.
// The entry that f comes from is settled by the next look.
func (o *recoverOptions) rotate(ctx context.Context, a *app, in secret.Intent, f custody.Finding, sinks []sink.Sink) ([]custody.Finding, error) {
	client, err := o.open(ctx, a, in)
	if err != nil {
		return nil, err
	}
	hook, err := client.Get(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	spec, err := o.specLike(a, client.Driver(), hook)
	if err != nil {
		return nil, err
	}
	old := remoteWebhook{client, hook}
	if err := a.confirmSame(ctx, old, replaceQuestion(old, false)); err != nil {
		return nil, err
	}
	made, err := client.Replace(ctx, custody.OpRotate, hook, spec, sinks, false)
	if !made.Kept {
		return nil, err
	}
	return []custody.Finding{{
		Operation: custody.OpRotate, Provider: f.Provider, Origin: in.Origin, Name: f.Name, URL: f.URL, ID: made.Record.ID, State: custody.StateKept,
		Detail: "it replaces " + f.ID + "; its secret is in the store (" + made.Record.Fingerprint + ")",
		Path:   made.Record.Path,
	}}, err
}

func (o *recoverOptions) delete(ctx context.Context, a *app, in secret.Intent, f custody.Finding) error {
	client, err := o.open(ctx, a, in)
	if err != nil {
		return err
	}
	verb, done := "Delete", "Deleted"
	if !client.Driver().Deletes {
		verb, done = "Disable", "Disabled"
	}
	about := f.URL
	if in.Replaces != nil && *in.Replaces == (secret.Ref{Provider: f.Provider, ID: f.ID}) {
		about = "a new webhook replaces it" // the URL is the new one's
	}
	if f.CreatedAt != "" {
		about += ", created " + term.Dated(f.CreatedAt)
	}
	question := fmt.Sprintf("%s %s/%s (%s) at %s?", verb, f.Provider, f.ID, about, client.Driver().Title)
	if f.State == custody.StateUnknown {
		question = "Several webhooks match, and this one may belong to another person. " + question
	}
	if err := nothingSent(a.confirm(ctx, question)); err != nil {
		return err
	}
	if err := client.Delete(ctx, f.ID); err != nil && fault.Code(err) != "not-found" {
		return err
	}
	a.note("%s %s/%s.", done, f.Provider, f.ID)
	return nil
}

// printAnswer prints what arrived of an operation's answer, as it came but for
// what a CI runner could take for a command, for a person to look into. The entry
// stays as it is.
func (a *app) printAnswer(ctx context.Context, id string) (err error) {
	entry, pending, err := a.journal.Claim(ctx, id)
	if errors.Is(err, secret.ErrNotFound) {
		return fault.Usagef("the journal has no entry %q", id).WithHint("to see all entries: hookctl recover")
	}
	if err != nil {
		return err
	}
	defer func() {
		if lerr := entry.Release(); err == nil {
			err = lerr
		}
	}()
	switch {
	case pending.AnswerErr != nil:
		return pending.AnswerErr
	case len(pending.Answer) == 0:
		return fault.Errorf(fault.Other, "no part of the answer arrived")
	}
	text := string(term.BreakJSON(pending.Answer)) // its body is JSON, also where that is cut off
	if a.env.Streams.OutTTY {
		text = term.CleanBlock(text) + "\n"
	}
	return render.WriteAll(a.env.Streams.Out, []byte(text))
}
