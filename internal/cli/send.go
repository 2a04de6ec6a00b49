package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

type sendOptions struct {
	keyFlags

	events       []string
	allowUnknown bool
	data         string
	set          []string
	headers      []string
	badSignature bool
	repeat       int
	rate         float64
	dryRun       bool
	trialFlags
}

func newSendCmd(g *globals) *cobra.Command {
	o := &sendOptions{}
	c := &cobra.Command{
		Use:         "send <url>",
		Annotations: freeArguments,
		Short:       "Send a realistic, correctly signed sample event to a URL",
		Example: `  hookctl send http://127.0.0.1:3000/hook --event contact.created
  hookctl send http://127.0.0.1:3000/hook --event invoice_paid --webhook "CRM Sync" --set data.amount=99.90
  hookctl send http://127.0.0.1:3000/hook --event contact.created --bad-signature   # must be answered 401
  hookctl send http://127.0.0.1:3000/hook --event 'deal.*' --repeat 100 --rate 20 -o ndjson
  hookctl send http://127.0.0.1:3000/hook --data body.json --secret-env HOOK_SECRET --provider zyntro
  hookctl send http://127.0.0.1:3000/hook --event contact.created --twice           # is the handler idempotent?
  hookctl send http://127.0.0.1:3000/hook --event contact.created --tamper          # does it verify?
  hookctl send http://127.0.0.1:3000/hook --event 'contact.*' --shuffle --seed 7
  hookctl send http://127.0.0.1:3000/hook --event contact.created --retry-like wundertreos`,
		Long: `Send a sample event to an endpoint, signed as the provider signs, and print the
answer. Every sample has new ids. The body contains what the provider documents; if
it documents nothing, the body is made up, with a note.

The secret is that of --webhook, --secret-file or --secret-env; without them, that
of the only kept webhook of the provider (or of the one with this URL, if there are
several).

Tests of a handler, with a sentence at the end that explains the answers:

--twice sends each delivery twice, with the same bytes and the same id, as providers
do. --shuffle sends several out of order, with times one second apart; --seed
repeats the order of another run. --tamper sends three that must be answered with a
4xx: a body that was changed after signing, a signature with another secret, and no
signature. --retry-like sends each delivery as often, and at the times, that the
provider repeats a failed one, all within ten seconds, or --speed times as fast as
the provider (1 is its own speed). Every attempt is made, even after a 2xx, because
an answer may come too late for the provider. What is assumed about the provider is
said. With -o json, each delivery has a member case that describes the test.

Redirects are not followed, nothing is sent twice without being asked for, and
certificates are verified.

The exit code is 0 if every answer is a 2xx, 3 if one is not, 6 if the endpoint does
not answer. With --tamper, it is 3 if one is not refused; with --retry-like, attempts
may fail until one is answered with a 2xx, and none after it.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              g.run(reads, o.run),
	}
	f := c.Flags()
	f.StringArrayVar(&o.events, "event", nil, "event to send: a slug, a comma-separated list, a glob, or all (required without --data, repeatable)")
	f.BoolVar(&o.allowUnknown, "allow-unknown-events", false, "allow events that are not in the catalogue")
	f.StringVar(&o.data, "data", "", "send this file as the body instead of a sample, byte for byte; @- for standard input")
	f.StringArrayVar(&o.set, "set", nil, "set a member of the body: path.to.list[0].member=value; the value is JSON or text (repeatable)")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "additional header: 'Name: value', or @FILE with one per line (repeatable)")
	f.BoolVar(&o.badSignature, "bad-signature", false, "sign with a random key; the endpoint should refuse it")
	f.IntVar(&o.repeat, "repeat", 1, "how many times to send it, with new ids each time")
	f.Float64Var(&o.rate, "rate", 0, "at most this many deliveries per second (default: as fast as they are answered)")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the request with the signature masked, and send nothing")
	o.trialFlags.add(g, c)
	o.keyFlags.add(g, c, toSign)
	_ = c.RegisterFlagCompletionFunc("event", completeEvents(g.env.Drivers))
	for _, flag := range []string{"repeat", "rate"} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	freeText(c, "event", "set", "header")
	namesOnly(c, "header", headerOrFile, "@headers.txt")
	return c
}

// run checks everything first: nothing is sent where a later delivery
// could not be made.
func (o *sendOptions) run(ctx context.Context, a *app, args []string) error {
	url := args[0]
	if o.repeat < 1 {
		return fault.Usagef("--repeat %d is less than 1", o.repeat)
	}
	trial, err := o.trial(a, o.badSignature)
	if err != nil {
		return err
	}
	url, err = a.target("the URL", url)
	if err != nil {
		return err
	}
	s, err := o.samples(ctx, a, url)
	if err != nil {
		return err
	}
	assumed, added, err := s.Check()
	if err != nil {
		return err
	}
	switch {
	case len(assumed) == 1 && len(s.Events) == 1:
		a.note("assumed: %s documents no fields of this event", s.Driver.Title)
	case len(assumed) > 0:
		a.note("assumed: %s documents no fields of these events: %s", s.Driver.Title, strings.Join(assumed, ", "))
	}
	a.noteAssumed(s.Signer)
	for _, path := range added {
		a.note("--set: the body had no %s; it was added", path)
	}
	post, err := a.poster(o.rate, s.Key)
	if err != nil {
		return err
	}
	out := &sentWriter{app: a, post: post, dryRun: o.dryRun, masked: s.Scheme.Headers, row: view.SentRow}
	if trial.Wanted() {
		return o.try(ctx, a, trial, s, out)
	}
	if single := !a.given("repeat") && len(s.Events) == 1; !single && !(o.dryRun && a.out.Format() == render.Table) {
		out.streamed(view.SentColumns())
	}
sending:
	for range o.repeat {
		for _, event := range s.Events {
			var d deliver.Delivery
			if d, err = s.Make(event); err == nil {
				err = out.deliver(ctx, d)
			}
			if err != nil {
				break sending
			}
		}
	}
	closed := out.close()
	if post.Posted > 1 {
		a.note("%s", post.Summary())
	}
	if o.badSignature && post.Accepted > 0 {
		a.warn("warning: the endpoint accepted a forged signature: it does not verify deliveries")
	}
	return fault.Worst(err, post.Err(o.badSignature), closed)
}

// samples finds out what to send, whose it is, and what signs it.
func (o *sendOptions) samples(ctx context.Context, a *app, url string) (*deliver.Samples, error) {
	s := &deliver.Samples{URL: url, UserAgent: "hookctl/" + a.env.Version}
	var err error
	if s.Extra, err = a.sentHeaders(o.headers); err != nil {
		return nil, err
	}
	if s.Edits, err = jsontext.ParseAssignments(o.set); err != nil {
		return nil, err
	}
	if s.Given, err = o.readData(a); err != nil {
		return nil, err
	}
	if len(o.events) == 0 && s.Given == nil {
		return nil, fault.Usagef("--event is missing").
			WithHint("for instance: --event %s; all events: hookctl list-events", a.env.Drivers[0].Catalogue[0].Slug)
	}
	key, d, err := o.chosenKey(ctx, a)
	if err != nil {
		return nil, err
	}
	if d == nil {
		if d, err = o.driverFor(a, s.Given); err != nil {
			return nil, err
		}
	}
	if s.Events, err = o.slugs(a, d); err != nil {
		return nil, err
	}
	switch {
	case o.badSignature:
		key = deliver.StrangersKey()
	case !key.IsZero():
	case o.dryRun:
		key = deliver.StrangersKey() // the signature is not printed anyway
	default:
		if key, err = a.onlyKey(ctx, d, url); err != nil {
			return nil, err
		}
	}
	s.Signer = o.signer(a, d, key)
	return s, nil
}

// readData is the body of --data; nil where it is not given.
func (o *sendOptions) readData(a *app) ([]byte, error) {
	if o.data == "" {
		return nil, nil
	}
	name := strings.TrimPrefix(o.data, "@")
	if name == "-" && o.secretFile == "-" {
		return nil, errSecretAndInput("the body")
	}
	body, err := a.readInput("--data", name, capture.MaxDelivery)
	if body == nil {
		body = []byte{}
	}
	return body, err
}

// driverFor is the one provider that has the events, or whose event the body
// states.
func (o *sendOptions) driverFor(a *app, body []byte) (*provider.Driver, error) {
	if len(o.events) == 0 {
		return o.ownerOf(a, body, "the body")
	}
	d, err := a.eventsOwner(o.events, "no provider has the event(s) %s", "all events: hookctl list-events\nto send it anyway: --allow-unknown-events with --provider")
	if fault.Code(err) == codeUnknownEvent && o.allowUnknown {
		return nil, a.env.Drivers.NameOne("no provider is known to send the event " + strings.Join(o.events, ","))
	}
	return d, err
}

// slugs are the events to send.
func (o *sendOptions) slugs(a *app, d *provider.Driver) ([]string, error) {
	if len(o.events) == 0 {
		return []string{""}, nil
	}
	slugs, shown, err := a.expandEvents(d, o.events, o.allowUnknown)
	if err != nil {
		return nil, err
	}
	if o.data != "" && len(slugs) > 1 {
		return nil, fault.Usagef("--data is one body, but --event means %d events", len(slugs))
	}
	for _, line := range shown {
		a.note("events: %s", line)
	}
	return slugs, nil
}
