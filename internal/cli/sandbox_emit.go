package cli

import (
	"bytes"
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type sandboxEmitOptions struct {
	provider string
	set      []string
	name     string
	save     string
}

func newSandboxEmitCmd(g *globals) *cobra.Command {
	o := &sandboxEmitOptions{}
	c := &cobra.Command{
		Use:         "emit <event>",
		Annotations: freeArguments,
		Short:       "Deliver an event from a running sandbox",
		Example: `  hookctl sandbox emit contact.created
  hookctl sandbox emit invoice_paid --set data.amount=99.90 -o json
  hookctl sandbox emit contact.created --save delivery.http               # then: hookctl verify delivery.http`,
		Long: `Create a sample event in the current sandbox, or else in the one in the background,
and deliver it, signed, to every active webhook that subscribes to it. The first
attempts are printed; failed ones are repeated in the background, see
'hookctl sandbox log'.

--save also writes the deliveries to a file, as they are sent over the wire,
whether or not they were sent: one after the other if several webhooks subscribe
to the event.

The exit code is 0 if every first attempt was answered with a 2xx, 3 if one was
not or no webhook subscribes to the event, and 6 if the sandbox does not answer.
With --save, a delivery that is not sent because it goes to another machine is not
a failure.`,
		ValidArgsFunction: firstOnly(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return slugs(g.env.Drivers), cobra.ShellCompDirectiveNoFileComp
		}),
		RunE: g.run(anyProfile, o.run),
	}
	f := c.Flags()
	f.StringVar(&o.provider, "provider", "", "the provider, if both have an event of this name")
	f.StringArrayVar(&o.set, "set", nil, "set a member of the body: path.to.list[0].member=value; the value is JSON or text (repeatable)")
	f.StringVar(&o.save, "save", "", "also write the delivery to this file, in a format that verify reads")
	g.addSandboxName(c, &o.name)
	_ = c.RegisterFlagCompletionFunc("provider", g.completeProviderFlag)
	freeText(c, "set")
	return c
}

func (o *sandboxEmitOptions) run(ctx context.Context, a *app, args []string) error {
	event := args[0]
	d, err := a.eventOwner(event, o.provider)
	if err != nil {
		return err
	}
	if _, err := jsontext.ParseAssignments(o.set); err != nil {
		return err
	}
	if o.save == "-" { // verify would read standard input
		return fault.Usagef("--save takes the name of a file, not -")
	}
	if o.save != "" {
		if err := a.env.Disk.Or().CheckFile(o.save); err != nil {
			return fault.Errorf(fault.KindOf(err), "nothing was emitted: --save %s: %w", o.save, err).With(fault.HintOf(err))
		}
	}
	e, err := a.sandboxInForce(o.name)
	if err != nil {
		return err
	}
	made, err := e.Emit(ctx, a.controlOptions(), sandbox.EmitRequest{Provider: d.Name, Event: event, Set: o.set, Dump: o.save != ""})
	if err != nil {
		return err
	}
	list := view.NewAttempts(made)
	if len(list) == 0 {
		first := ""
		if !inSandbox(a.env) { // else create would go to the account
			named := ""
			if o.name != "" {
				named = " --name " + term.ShellWord(o.name)
			}
			first = "let this shell use the sandbox: eval \"$(hookctl sandbox start" + named + ")\"\nthen "
		}
		return fault.Errorf(fault.Negative, "no webhook of %s in the sandbox subscribes to %s", d.Title, event).WithCode("no-webhook").
			WithHint("%screate one: hookctl create %s --event %s --url %s --name test", first, d.Name, term.ShellWord(event), exampleURL(d))
	}
	if _, documented := d.Sample(event, provider.SampleOptions{Now: a.env.Now()}); !documented {
		a.note("assumed: %s documents no fields of this event", d.Title)
	}
	if err := o.keep(a, made); err != nil {
		return err
	}
	if err := a.out.Print(view.Attempts(list)); err != nil {
		return err
	}
	if o.save != "" {
		a.note("Saved to %s. Check it: hookctl verify %s", o.save, term.ShellWord(o.save))
	}
	return emitted(list, o.save)
}

// keep writes the dumps one after the other: the Content-Length of each says
// where the next one begins.
func (o *sandboxEmitOptions) keep(a *app, made []sandbox.LogEntry) error {
	if o.save == "" {
		return nil
	}
	var all bytes.Buffer
	for _, e := range made {
		r, err := http.NewRequest(http.MethodPost, e.URL, bytes.NewReader(e.Body))
		if err != nil {
			return err
		}
		r.Header = e.Header
		if err := r.Write(&all); err != nil {
			return err
		}
	}
	if all.Len() == 0 {
		return fault.Errorf(fault.Other, "--save: no delivery was made, so nothing was written")
	}
	return a.env.Disk.Or().WriteFile(o.save, all.Bytes())
}

// exampleURL is one that d's webhooks in the sandbox may have: of this machine
// where d takes http.
func exampleURL(d *provider.Driver) string {
	const here = "http://127.0.0.1:3000/hook"
	for _, f := range d.Validate(provider.Spec{URL: here}) {
		if f.Field == "url" {
			return "https://example.com/hook"
		}
	}
	return here
}

// emitted is the error for first attempts that failed. What was not sent, since
// it goes to another machine, but is saved is none.
func emitted(list []view.Attempt, saved string) error {
	failed, refused := 0, 0
	for _, t := range list {
		if !t.OK && (t.Attempt > 0 || saved == "") { // to write what has nowhere to go is what was asked for
			failed++
		}
		if t.Attempt == 0 {
			refused++
		}
	}
	if failed == 0 {
		return nil
	}
	err := fault.Errorf(fault.Negative, "%s not answered with a 2xx", term.OutOf(failed, len(list), "delivery", "deliveries", "was", "were")).WithCode("not-accepted")
	if refused > 0 {
		return err.WithHint("the sandbox sends only to the loopback: start it with the address of your endpoint, for instance --deliver-to http://127.0.0.1:3000")
	}
	return err.WithHint("the sandbox tries again on the provider's schedule; to see the attempts: hookctl sandbox log")
}
