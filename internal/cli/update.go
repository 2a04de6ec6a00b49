package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
)

type updateOptions struct {
	webhookFlags
	secretFlags
	ref         string
	addEvent    []string
	removeEvent []string
	status      string
	replace     bool
	force       bool
}

func newUpdateCmd(g *globals) *cobra.Command {
	o := &updateOptions{}
	c := &cobra.Command{
		Use:         "update <webhook>",
		Annotations: freeArguments,
		Short:       "Change a webhook in place ({updating}), or replace it",
		Example: `  hookctl update "CRM Sync" --url https://example.com/new-hook
  hookctl update "CRM Sync" --add-event invoice_paid --remove-event 'sms_*'
  hookctl update wundertreos/a1b2c3d4-1111-2222-3333-444455556666 --replace --url https://example.com/new`,
		Long: `Change only what the flags name. The secret stays the same.

--add-event and --remove-event read the list of events, edit it and send it back as
a whole, because the API has no other way. Commands that use the secrets of this
machine wait for each other. If somebody else changes the events at the same moment,
one of the changes may be lost; hookctl reads the result and reports a difference.
A list that does not change is not sent.

{replacing} cannot change a webhook. --replace creates a new one, keeps its NEW
SECRET and hands it to every --secret-to, and then deletes the old one. A webhook
whose URL belongs to Zapier is part of a Zap, which stops working without it: this
requires --force.

<webhook> is a name, an id, or provider/id; the beginning of an id is not enough
here. 'hookctl list -o name' prints them in full.`,
		ValidArgsFunction: firstOnly(g.completeLiving),
		RunE:              g.run(changes, o.run),
	}
	f := c.Flags()
	f.StringVar(&o.name, "name", "", "new name")
	f.StringVar(&o.url, "url", "", "new URL")
	f.StringArrayVar(&o.events, "event", nil, "new list of events: slugs, comma-separated lists, globs, or all (repeatable)")
	f.StringArrayVar(&o.addEvent, "add-event", nil, "event to add: a slug, a comma-separated list or a glob (repeatable)")
	f.StringArrayVar(&o.removeEvent, "remove-event", nil, "event to remove: a slug, a comma-separated list or a glob (repeatable)")
	f.IntVar(&o.timeout, "timeout", 0, "how long the provider waits for your endpoint, 5 to 120 seconds ({timing})")
	f.StringVar(&o.authType, "auth-type", "", "how the provider authenticates to your endpoint ({authenticating})")
	o.addData(c, "")
	f.StringVar(&o.status, "status", "", "active, paused or disabled ({updating})")
	f.BoolVar(&o.replace, "replace", false, "if the API cannot change the webhook: create a new one, then delete this one; the secret changes")
	f.BoolVar(&o.force, "force", false, "with --replace: also replace a webhook that belongs to a Zap of Zapier")
	o.webhookFlags.add(c, g.env.Drivers)
	o.secretFlags.add(c, "")
	o.addShow(c)
	excludes(c, "event", "add-event", "remove-event")
	for _, name := range []string{"add-event", "remove-event"} {
		_ = c.RegisterFlagCompletionFunc(name, completeEvents(g.env.Drivers))
	}
	freeText(c, "add-event", "remove-event")
	_ = c.RegisterFlagCompletionFunc("status", completeFixed("active", "paused", "disabled"))
	return c
}

func (o *updateOptions) run(ctx context.Context, a *app, args []string) error {
	o.ref = args[0]
	changing := []string{"name", "url", "event", "add-event", "remove-event", "timeout", "auth-type", "auth-data", "status"}
	if !slices.ContainsFunc(changing, a.given) {
		return fault.Usagef("no change is named").WithHint("see: hookctl update --help")
	}
	if o.force && !o.replace {
		return fault.Usagef("--force needs --replace")
	}
	sinks, err := o.sinks(a)
	if err != nil {
		return err
	}
	locate := a.locate
	if o.replace {
		locate = a.locateOld
	}
	f, err := locate(ctx, o.ref)
	if err != nil {
		return err
	}
	d := f.client.Driver()
	want, err := o.wanted(a, d, f.hook)
	if err != nil {
		return err
	}
	switch {
	case d.Updates && len(sinks) > 0:
		return fault.Usagef("--secret-to needs --replace: an update on %s does not change the secret", d.Title)
	case d.Updates:
		return o.inPlace(ctx, a, f, want)
	case !o.replace:
		return fault.Errorf(fault.Refused, "%s cannot change a webhook", d.Title).WithCode("unsupported").
			WithHint("--replace creates a new webhook, keeps its NEW SECRET, and then deletes this one")
	}
	if err := refuseZaps(o.force, f); err != nil {
		return err
	}
	if err := o.checkStore(a); err != nil {
		return err
	}
	if err := custody.CheckSinks(ctx, sinks, sink.Item{Provider: d.Name, Name: want.Name}); err != nil {
		return err
	}
	if err := a.confirmSame(ctx, f, fmt.Sprintf("Replace %s with a new webhook that has a NEW SECRET, and delete the old one?", f.describe())); err != nil {
		return err
	}
	made, err := f.client.Replace(ctx, custody.OpReplace, f.hook, want, sinks, false)
	return o.printReplacement(a, made, f, false, err)
}

// wanted is the webhook as it shall be: what it is, with the flags' values over
// it. It is checked as a create would be.
func (o *updateOptions) wanted(a *app, d *provider.Driver, w provider.Webhook) (provider.Spec, error) {
	s := provider.Spec{Name: provider.Text(w.Name), URL: provider.Text(w.URL), Events: w.Events}
	if a.given("name") {
		s.Name = o.name
	}
	if a.given("url") {
		s.URL = o.url
	}
	if !o.noValidate && (s.Name == "" && a.given("name") && d.NameRequired || s.URL == "" && a.given("url")) {
		return s, fault.Usagef("a %s webhook needs a name and a URL, but --name or --url is empty", d.Title).
			WithHint("leave out a flag to keep its value; nothing was sent")
	}
	var eventErr error
	s.Events, eventErr = o.editEvents(a, d, w.Events)
	if a.given("timeout") {
		s.Timeout = &o.timeout
	}
	var err error
	if a.given("auth-type") || a.given("auth-data") {
		s.AuthType = o.authType
		if s.AuthType == "" {
			s.AuthType = provider.Text(w.AuthType)
			o.authType = s.AuthType
		}
		if s.AuthData, err = o.read(a, d); err != nil {
			return s, err
		}
	}
	if a.given("status") && !slices.Contains([]string{"active", "paused", "disabled"}, o.status) {
		return s, fault.Usagef("--status: %q is not one of active, paused, disabled", o.status)
	}
	if a.given("status") && !d.Updates {
		return s, notSupported(d, "set the status of a webhook")
	}
	return s, o.check(d, s, eventErr, nil)
}

// editEvents is the list as it shall be.
func (o *updateOptions) editEvents(a *app, d *provider.Driver, now []string) ([]string, error) {
	if a.given("event") {
		slugs, _, err := o.expand(a, d, o.events)
		return slugs, err
	}
	more, _, err := o.expand(a, d, o.addEvent)
	if err != nil {
		return nil, err
	}
	less, err := o.removed(a, now)
	if err != nil {
		return nil, err
	}
	for _, s := range less {
		if slices.Contains(more, s) {
			return nil, fault.Usagef("%s is both added and removed", term.ShellWord(s))
		}
	}
	out := slices.DeleteFunc(slices.Clone(now), func(s string) bool { return slices.Contains(less, s) })
	for _, s := range more {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 && len(now) > 0 && !o.noValidate {
		return nil, fault.Usagef("--remove-event would leave the webhook without events").
			WithHint("to stop its deliveries: hookctl pause %s\nto subscribe to other events: --event EVENT", term.ShellWord(o.ref))
	}
	return out, nil
}

// removed is what --remove-event names. Patterns are matched against the events
// that the webhook has: they may be none of the catalogue.
func (o *updateOptions) removed(a *app, now []string) ([]string, error) {
	present := provider.Driver{Catalogue: each(now, func(slug string) provider.EventType { return provider.EventType{Slug: slug} })}
	ex := present.ExpandEvents(o.removeEvent, true)
	for _, bad := range ex.Bad {
		if bad.Why != "" {
			return nil, fault.Usagef("--remove-event: %s", bad.Why)
		}
		a.note("%s matches none of the webhook's events, so there is nothing to remove", term.ShellWord(bad.Word))
	}
	for _, s := range ex.Slugs {
		if !slices.Contains(now, s) {
			a.note("%s is not one of the webhook's events, so there is nothing to remove", term.ShellWord(s))
		}
	}
	return ex.Slugs, nil
}

// inPlace sends only what the flags name, and looks at the result.
func (o *updateOptions) inPlace(ctx context.Context, a *app, f remoteWebhook, want provider.Spec) error {
	var ch provider.Change
	if a.given("name") {
		ch.Name = &want.Name
	}
	if a.given("url") {
		ch.URL = &want.URL
	}
	switch {
	case a.given("event"):
		ch.Events = want.Events
	case (a.given("add-event") || a.given("remove-event")) && !slices.Equal(want.Events, f.hook.Events):
		ch.Events = want.Events
		ch.Edit = func(now []string) (_ []string, err error) {
			ch.Events, err = o.editEvents(a, f.client.Driver(), now)
			return ch.Events, err
		}
		a.note("hookctl sends the whole list of events: a change that somebody else makes at the same time may be lost.")
	}
	ch.Timeout = want.Timeout
	if want.AuthType != "" {
		ch.AuthType = &want.AuthType
		ch.AuthData = want.AuthData
	}
	if a.given("status") {
		ch.Status = new(provider.Status(o.status))
	}
	if ch.Empty() {
		a.note("The webhook already has these values: nothing was sent.")
		return printWebhook(ctx, a, f.client.Driver(), f.hook)
	}
	return changeInPlace(ctx, a, f, &ch)
}
