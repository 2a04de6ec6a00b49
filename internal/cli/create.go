package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

func newCreateCmd(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "create <provider>",
		RunE:  g.run(changes, chooseProvider),
		Short: "Create a webhook and keep its once-only secret",

		Annotations: map[string]string{annotationShared: ""},
		Example: `  hookctl create zyntro --name "CRM Sync" --url https://example.com/hook --event new_contact --event 'invoice_*'
  hookctl create wundertreos --url https://example.com/hook --event contact.created --name "Lead sync"
  hookctl create                                               # prompts for missing values`,
		Long: `Create a webhook. The provider returns the signing secret only once, in its
answer; hookctl keeps it on this machine before it prints anything, and hands it
to every --secret-to.

On a terminal, hookctl prompts for the provider and for missing values.

The provider's own documentation: hookctl help PROVIDER`,
	}
	for _, d := range g.env.Drivers {
		c.AddCommand(newCreateProviderCmd(g, d))
	}
	c.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		_, err := g.env.Drivers.Find(args[0])
		return err
	}
	return c
}

// chooseProvider asks on which provider the webhook shall be, and creates it there.
func chooseProvider(ctx context.Context, a *app, _ []string) error {
	d, err := a.driverNamed(ctx, nil, "hookctl create")
	if err != nil {
		return nothingSent(err)
	}
	return (&createOptions{driver: d}).run(ctx, a, nil)
}

func newCreateProviderCmd(g *globals, d *provider.Driver) *cobra.Command {
	o := &createOptions{driver: d}
	c := &cobra.Command{
		Use:     d.Name,
		Aliases: d.Aliases,
		Short:   "Create a webhook on " + d.Title,
		Example: createExample(d),
		Long: fmt.Sprintf(`Create a webhook on %s and keep its signing secret in the store on this
machine. On a terminal, hookctl prompts for missing values.

With CI set, the store is usually lost with the runner: give a --secret-to, or
--store-only if the store lasts. Sinks: %s.

%s's own documentation: hookctl help %s. Exit codes: hookctl help exit-codes.`, d.Title, sinkForms(), d.Title, d.Name),
		RunE: g.run(changes, o.run),
	}
	f := c.Flags()
	named := "name of the webhook"
	if d.NameRequired {
		named += " (required)"
	}
	f.StringVar(&o.name, "name", "", named)
	f.StringVar(&o.url, "url", "", "URL that receives the deliveries (required)")
	f.StringArrayVar(&o.events, "event", nil, "event to subscribe to: a slug, a comma-separated list, a glob, or all (required, repeatable)")
	for _, opt := range d.CreateOptions {
		switch opt {
		case provider.OptTimeout:
			f.IntVar(&o.timeout, "timeout", 0, "how long the provider waits for your endpoint, 5 to 120 seconds (the provider's default is 30)")
		case provider.OptAuth:
			f.StringVar(&o.authType, "auth-type", "", "how the provider authenticates to your endpoint: "+strings.Join(d.AuthTypes, ", "))
			o.addData(c, "")
			_ = c.RegisterFlagCompletionFunc("auth-type", completeFixed(d.AuthTypes...))
		case provider.OptDescription:
			f.StringVar(&o.description, "description", "", "the same as --name, which this provider calls description")
		}
	}
	o.webhookFlags.add(c, []*provider.Driver{d})
	f.BoolVar(&o.elsewhere, "secret-elsewhere", false, "with --if-absent: if the webhook exists, its secret is in another place and need not be kept here")
	f.BoolVar(&o.ifAbsent, "if-absent", false, "if an enabled webhook with this name and URL exists, create nothing and fill the sinks from the kept secret; exit 3 if its events or other settings differ")
	o.secretFlags.add(c, "")
	o.addShow(c)
	f.BoolVar(&o.dryRun, "dry-run", false, "print the request with credentials masked, and send nothing")
	f.BoolVar(&o.curl, "curl", false, "print the request as a curl command with credentials as variables, and send nothing")
	exclusive(c, "dry-run", "curl")
	freeText(c, "description")
	return c
}

func createExample(d *provider.Driver) string {
	event := d.Catalogue[0].Slug
	name := ""
	if d.NameRequired {
		name = ` --name "CRM Sync"`
	}
	return fmt.Sprintf(`  hookctl create %[1]s%[2]s --url https://example.com/hook --event %[3]s
  hookctl create %[1]s%[2]s --url https://example.com/hook --event all --secret-to dotenv:.env:HOOK_SECRET
  hookctl create %[1]s%[2]s --url https://example.com/hook --event %[3]s --if-absent --secret-to github-env:HOOK_SECRET
  hookctl create %[1]s%[2]s --url https://example.com/hook --event %[3]s --dry-run`, d.Name, name, event)
}

// run checks everything that can be checked, and only then sends.
func (o *createOptions) run(ctx context.Context, a *app, _ []string) error {
	if o.description != "" {
		if o.name != "" && o.name != o.description {
			return fault.Usagef("--name and --description are the same field on %s, and differ", o.driver.Title)
		}
		o.name = o.description
	}
	if o.elsewhere && !o.ifAbsent {
		return fault.Usagef("--secret-elsewhere goes with --if-absent: it says who has the secret of a webhook that exists").
			WithHint("a new webhook has a new secret: name a --secret-to that hands it on")
	}
	sinks, err := o.sinks(a)
	if err != nil {
		return err
	}
	if a.interactive() && !o.drafts() { // before somebody answers questions in vain
		if err := o.ready(ctx, a, sinks); err != nil {
			return err
		}
	}
	spec, err := o.spec(ctx, a)
	for changed := true; err == nil && changed && o.asked && !o.drafts(); {
		if changed, err = o.confirm(ctx, a, spec); err == nil && changed {
			spec, err = o.spec(ctx, a)
		}
	}
	if err != nil {
		return nothingSent(err)
	}
	if o.drafts() {
		return o.draft(ctx, a, spec)
	}
	if err := o.checkStore(a); err != nil {
		return err
	}
	client, err := a.online(ctx, o.driver)
	if err != nil {
		return err
	}
	var made custody.Created
	if o.ifAbsent {
		var found []provider.Webhook
		made, err = client.CreateUnless(ctx, spec, sinks, func() (bool, error) {
			var err error
			found, err = o.existing(ctx, a, client, spec)
			if len(found) > 1 { // as a rotation leaves them that ended halfway
				o.warnSeveral(ctx, a, found)
			}
			return len(found) > 0, nothingSent(err)
		})
		if len(found) > 0 && err == nil {
			return nothingSent(o.takeExisting(ctx, a, client, found, spec, sinks))
		}
	} else {
		made, err = client.Create(ctx, spec, sinks)
	}
	if !made.Kept {
		return err // nothing is kept: the error says where the secret is
	}
	perr := o.print(a, o.view(a, o.driver, made.Webhook, made.Record, made.Sinks, true))
	recs, _, lerr := a.store.List(ctx) // a line that cannot be given fails no create
	if !o.ifAbsent && !o.asked && lerr == nil {
		warnTwice(a, recs, made.Record)
	}
	if err == nil && perr == nil {
		ref := a.shortRef(recs, made.Record)
		if events := made.Webhook.Events; inSandbox(a.env) && len(events) > 0 { // which has deliveries at once
			a.note("The secret is kept. Make a delivery to check: hookctl sandbox emit %s --save delivery.http", term.ShellWord(events[0]))
		} else {
			a.note("The secret is kept. Once you have a delivery in a file, check it: hookctl verify delivery.http --webhook %s", ref)
		}
		if len(o.secretTo) == 0 {
			a.noteApplication(ref)
		}
	}
	return fault.Worst(err, printedToo(perr, made.Record))
}

// drafts reports whether the request is only to be shown.
func (o *createOptions) drafts() bool { return o.dryRun || o.curl }

// ready finds what would make a create fail whatever it is of.
func (o *createOptions) ready(ctx context.Context, a *app, sinks []sink.Sink) error {
	if err := o.checkStore(a); err != nil {
		return err
	}
	if _, err := a.online(ctx, o.driver); err != nil {
		return err
	}
	known := slices.DeleteFunc(slices.Clone(sinks), func(s sink.Sink) bool { return strings.Contains(s.String(), "{{") })
	return custody.CheckSinks(ctx, known, sink.Item{Provider: o.driver.Name, Name: o.name})
}

// spec collects the flags, asks for what is missing, and checks it all.
func (o *createOptions) spec(ctx context.Context, a *app) (provider.Spec, error) {
	var authErr error
	if o.data.IsZero() {
		o.data, authErr = o.read(a, o.driver)
	}
	if fault.KindOf(authErr) == fault.Interrupted {
		return provider.Spec{}, authErr
	}
	if a.interactive() {
		if authErr != nil { // before the questions
			return provider.Spec{}, authErr
		}
		if err := o.ask(ctx, a); err != nil {
			return provider.Spec{}, err
		}
	}
	slugs, shown, eventErr := o.expand(a, o.driver, o.events)
	s := provider.Spec{Name: o.name, URL: o.url, Events: slugs, AuthType: o.authType, AuthData: o.data}
	if a.given("timeout") {
		s.Timeout = &o.timeout
	}
	if err := o.check(o.driver, s, eventErr, authErr); err != nil {
		return provider.Spec{}, err
	}
	if !o.asked { // else all of them are shown
		o.showEvents(a, slugs, shown)
	}
	if _, hidden := withoutUserinfo(s.URL); hidden {
		a.warn("warning: the URL holds a user name or a password: the provider keeps it, and shows it in its lists")
	}
	if reachable := unreachable(s.URL); reachable != "" {
		a.note("warning: %s", reachable)
	}
	return s, nil
}

// showEvents says what patterns became. On a terminal a long list is counted.
func (o *createOptions) showEvents(a *app, slugs, shown []string) {
	all := len(shown) == 1 && strings.HasPrefix(shown[0], "all = ")
	for _, line := range shown {
		if all && a.env.Streams.ErrTTY {
			line = "all = " + count(len(slugs), "event")
		}
		a.note("events: %s", line)
	}
}

// existing looks for enabled webhooks of this name and URL, for --if-absent. What
// another one has replaced is not among them, though it may be there for a moment.
func (o *createOptions) existing(ctx context.Context, a *app, client *custody.Client, s provider.Spec) ([]provider.Webhook, error) {
	rows, err := client.List(ctx)
	if err != nil {
		return nil, err
	}
	found := those(rows, func(w provider.Webhook) bool {
		return w.URL != nil && provider.SameURL(*w.URL, s.URL) && provider.Text(w.Name) == s.Name && !w.Is(provider.Disabled)
	})
	if len(found) == 0 {
		rec, made, err := client.MadeSince(ctx, s.Name, s.URL)
		if err != nil || !made {
			return nil, err
		}
		w, err := client.Get(ctx, rec.ID) // the list lags
		return []provider.Webhook{w}, err
	}
	recs, _, err := a.store.List(ctx)
	return slices.DeleteFunc(found, func(w provider.Webhook) bool {
		heir := custody.Successor(recs, secret.Ref{Provider: o.driver.Name, ID: w.ID})
		return heir != w.ID && slices.ContainsFunc(rows, func(r provider.Webhook) bool { return r.ID == heir })
	}), err
}

// takeExisting fills the sinks with the secret of one of found that is kept. Where
// it is not as s wants it, that is the answer no.
func (o *createOptions) takeExisting(ctx context.Context, a *app, client *custody.Client, found []provider.Webhook, s provider.Spec, sinks []sink.Sink) error {
	for _, w := range found {
		rec, err := a.store.Get(ctx, secret.Ref{Provider: o.driver.Name, ID: w.ID})
		if errors.Is(err, secret.ErrNotFound) || errors.Is(err, secret.ErrLost) {
			continue
		}
		if err != nil {
			return err // it may well be kept
		}
		if err := custody.CheckSinks(ctx, sinks, sink.Item{Provider: rec.Provider, ID: rec.ID, Name: rec.Name, Secret: rec.Secret}); err != nil {
			return err
		}
		results, nerr := custody.Fill(ctx, a.store, rec, sinks)
		v := o.view(a, o.driver, w, rec, results, false)
		differs := o.unlike(a, &v, w, s, rec.Auth)
		perr := o.print(a, v)
		if nerr != nil {
			a.warn("warning: " + nerr.Error())
		}
		a.note("It exists already: nothing was created.")
		return fault.Worst(custody.SinkError(rec, results), differs, perr)
	}
	w := found[0]
	v := o.view(a, o.driver, w, secret.Record{}, nil, false)
	v.Secret = view.Secret{Elsewhere: o.elsewhere}
	if !o.elsewhere {
		return fault.Worst(fault.Errorf(fault.Custody, "a webhook of this name and URL exists (%s), but its secret is not kept here, and %s never returns it again", o.ref(w), o.driver.Title).
			WithCode("exists-not-kept").With(custody.WaysOut(o.ref(w))), o.print(a, v))
	}
	return o.takeElsewhere(ctx, a, client, w, v, s)
}

// warnSeveral says that found are one too many, and how to remove those whose secret
// is not kept; where none is, only the user knows which one is in use.
func (o *createOptions) warnSeveral(ctx context.Context, a *app, found []provider.Webhook) {
	var all, others []string
	for _, w := range found {
		all = append(all, o.ref(w))
		_, err := a.store.Get(ctx, secret.Ref{Provider: o.driver.Name, ID: w.ID})
		if errors.Is(err, secret.ErrNotFound) || errors.Is(err, secret.ErrLost) {
			others = append(others, o.ref(w))
		}
	}
	said := fmt.Sprintf("warning: %d webhooks have this name and URL, so events come more than once: %s.", len(found), strings.Join(all, ", "))
	if len(others) == len(found)-1 {
		a.note("%s Remove those whose secret is not kept here: hookctl delete %s", said, strings.Join(others, " "))
		return
	}
	a.note("%s Remove all but the one that you use: hookctl delete PROVIDER/ID", said)
}

// ref is how a webhook of the provider is typed.
func (o *createOptions) ref(w provider.Webhook) string {
	return secret.Ref{Provider: o.driver.Name, ID: w.ID}.Word()
}

// takeElsewhere is the answer for a webhook whose secret others keep, as the user
// says. Where the journal knows of an operation on it that is not settled, nobody can
// know that.
func (o *createOptions) takeElsewhere(ctx context.Context, a *app, client *custody.Client, w provider.Webhook, v view.Webhook, s provider.Spec) error {
	open, problems, err := a.journal.List(ctx)
	if err != nil {
		return err
	}
	unsettled := len(problems) > 0 || slices.ContainsFunc(open, func(op secret.OpenOperation) bool {
		in := op.Intent
		mine := in.Provider == o.driver.Name && (in.Origin == "" || in.Origin == client.Origin())
		return mine && (in.Name == s.Name && provider.SameURL(in.URL, s.URL) || in.Replaces != nil && in.Replaces.ID == w.ID ||
			slices.ContainsFunc(op.Phases, func(p secret.Phase) bool { return p.ID == w.ID }))
	})
	if unsettled {
		v.Secret = view.Secret{} // nobody knows
		return fault.Worst(fault.Errorf(fault.Custody, "%s exists, and an operation that was interrupted may have made it: its secret may be nowhere but in the journal, or lost", o.ref(w)).
			WithCode("exists-not-kept").WithCommand("hookctl recover"), o.print(a, v))
	}
	differs := o.unlike(a, &v, w, s, nil)
	perr := o.print(a, v)
	a.note("It exists already: nothing was created, and no sink was filled.")
	return fault.Worst(differs, perr)
}

// unlike notes in v what of w is not as s wants it, and returns the error that
// says so, with the command that changes it; nil where nothing differs. The mark is
// of the authentication data that it was given, nil where nobody knows them.
func (o *createOptions) unlike(a *app, v *view.Webhook, w provider.Webhook, s provider.Spec, mark *secret.AuthMark) error {
	update := "hookctl update " + o.ref(w)
	if !o.driver.Updates {
		update += " --replace"
	}
	ch := provider.Change{Events: s.Events, Timeout: s.Timeout}
	if s.AuthType != "" {
		ch.AuthType = &s.AuthType
	}
	missed := ch.Missed(w)
	if !slices.Contains(missed, "the authentication") && mark != nil && !s.AuthData.IsZero() && !mark.Fits(s.AuthType, s.AuthData) {
		v.Differs = append(v.Differs, "auth_data")
		if file := o.authFile(a); file != "" {
			update += " --auth-data " + term.ShellWord(file)
		} else {
			update += " --auth-type " + term.ShellWord(s.AuthType) // the data from the environment
		}
	}
	for _, what := range missed {
		switch what {
		case "the events":
			v.Differs = append(v.Differs, "events")
			update += " --event " + term.ShellWord(strings.Join(s.Events, ","))
			if o.allowUnknown || o.noValidate {
				update += " --allow-unknown-events"
			}
		case "the timeout":
			v.Differs = append(v.Differs, "timeout")
			update += fmt.Sprintf(" --timeout %d", *s.Timeout)
		case "the authentication":
			v.Differs = append(v.Differs, "auth_type")
			update += " --auth-type " + term.ShellWord(s.AuthType)
			if file := o.authFile(a); file != "" {
				update += " --auth-data " + term.ShellWord(file)
			}
		}
	}
	if v.Differs == nil {
		return nil
	}
	slices.Sort(v.Differs)
	lead := "run: "
	if !o.driver.Updates { // the new secret goes where this one was to go
		for _, to := range o.secretTo {
			update += " --secret-to " + term.ShellWord(to)
		}
		if o.storeOnly {
			update += " --store-only"
		}
		if !a.interactive() {
			update += " --yes"
		}
		lead = "to change it (a new webhook with a NEW SECRET takes its place): "
	}
	return fault.Errorf(fault.Negative, "%s is not as it was asked for, and was not changed: it differs in %s", o.ref(w), strings.Join(v.Differs, ", ")).
		WithCode("differs").With(fault.Run("%s", update).After(lead))
}

// draft prints what would be sent.
func (o *createOptions) draft(ctx context.Context, a *app, s provider.Spec) error {
	d, err := a.preview(ctx, o.driver, s)
	if err != nil {
		return err
	}
	if o.curl {
		a.note("hookctl keeps nothing of what this command answers: the secret is in that answer, once.")
		return a.out.Print(view.Curl(d.Curl()))
	}
	return a.out.Print(view.Draft(d))
}
