package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

type sendOptions struct {
	app *app
	keyFlags

	url          string
	events       []string
	allowUnknown bool
	data         string
	set          []string
	headers      []string
	badSignature bool
	repeat       int
	repeated     bool // --repeat was given
	rate         float64
	dryRun       bool
}

func newSendCmd(g *globals) *cobra.Command {
	o := &sendOptions{}
	c := &cobra.Command{
		Use:     "send <url>",
		Short:   "Post a realistic, correctly signed sample event to a URL",
		GroupID: groupDeliveries,
		Example: `  hookctl send http://127.0.0.1:3000/hook --event contact.created
  hookctl send http://127.0.0.1:3000/hook --event invoice_paid --webhook "CRM Sync" --set data.amount=99.90
  hookctl send http://127.0.0.1:3000/hook --event contact.created --bad-signature   # must be answered 401
  hookctl send http://127.0.0.1:3000/hook --event 'deal.*' --repeat 100 --rate 20 -o ndjson
  hookctl send http://127.0.0.1:3000/hook --data body.json --secret-env HOOK_SECRET --provider zyntro`,
		Long: `Post a sample event to an endpoint, signed as the provider signs, and print how
it is answered. Every sample has fresh ids. What the provider documents of the
body is there; where it documents nothing, the body is made up and that is said.

The secret is that of --webhook, --secret-file or --secret-env; with none of
them, of the one webhook of the provider that is kept (of the one for this URL,
where there are several).

Redirects are not followed, nothing is sent twice, certificates are verified.
The exit code is 0 if every answer is a 2xx, 3 if one is not, 6 if the endpoint
does not answer.`,
		Args:              exactly("<url>"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.app, err = g.offline(); err != nil {
				return err
			}
			o.url, o.repeated = args[0], cmd.Flags().Changed("repeat")
			return runSend(cmd.Context(), o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.events, "event", nil, "event to send: a slug, a comma list, a glob, or all (required without --data, repeatable)")
	f.BoolVar(&o.allowUnknown, "allow-unknown-events", false, "send events that the catalogue does not list")
	f.StringVar(&o.data, "data", "", "send this body instead of a sample, byte for byte: FILE, or @- for standard input")
	f.StringArrayVar(&o.set, "set", nil, "set a member of the body: path.to.list[0].member=value, the value as JSON or as a text (repeatable)")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "another header: 'Name: value', or @FILE with one a line (repeatable)")
	f.BoolVar(&o.badSignature, "bad-signature", false, "sign with a key that nobody has, to see the endpoint refuse it")
	f.IntVar(&o.repeat, "repeat", 1, "how often to send it, with fresh ids each time")
	f.Float64Var(&o.rate, "rate", 0, "at most so many deliveries a second (default: as fast as they are answered)")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the request, its signature masked, and send nothing")
	o.keyFlags.add(g, c, toSign)
	_ = c.RegisterFlagCompletionFunc("event", completeEvents(g.env.Drivers))
	for _, flag := range []string{"set", "header", "repeat", "rate"} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	return c
}

// runSend checks everything first: nothing is sent where a later delivery
// could not be made.
func runSend(ctx context.Context, o *sendOptions) error {
	a := o.app
	if o.repeat < 1 {
		return fault.Usagef("--repeat %d is not a number from 1 on", o.repeat)
	}
	if err := a.checkTarget("the URL", o.url); err != nil {
		return err
	}
	s, err := o.sender(ctx)
	if err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	post, err := a.newPoster(o.rate, s.signer.key)
	if err != nil {
		return err
	}
	out := newSentWriter(a, o.dryRun, !o.repeated && len(s.events) == 1)
	for range o.repeat {
		for _, event := range s.events {
			if err == nil {
				err = o.sendOne(ctx, s, event, post, out)
			}
		}
	}
	if post.sent > 1 {
		a.note("%s", post.summary())
	}
	if o.badSignature && post.ok > 0 {
		a.warn("warning: the endpoint accepted a signature that nobody's secret makes: it does not verify deliveries")
	}
	return fault.Worst(err, post.err(o.badSignature), out.close())
}

func (o *sendOptions) sendOne(ctx context.Context, s *sender, event string, post *poster, out *sentWriter) error {
	d, err := s.make(event)
	if err != nil {
		return err
	}
	owner, eventType, id := view.Text(s.signer.driver.Name), view.Text(d.event.Type), view.Text(d.event.ID)
	if o.dryRun {
		shown := view.NewOutgoing(http.MethodPost, o.url, d.fields, s.signer.scheme.Headers, d.body)
		shown.Provider, shown.Event, shown.EventID = owner, eventType, id
		return out.outgoing(shown)
	}
	if err := post.wait(ctx); err != nil {
		return err
	}
	sent := view.Sent{URL: o.url, Provider: owner, Event: eventType, EventID: id}
	if err := post.post(ctx, http.MethodPost, d.fields, d.body, &sent); err != nil {
		return err
	}
	return out.sent(sent)
}

// sender makes the deliveries of one send.
type sender struct {
	signer signer
	events []string // one, which may be "", where the body is given
	given  []byte   // the body of --data; nil: a sample
	edits  provider.Edits
	extra  []capture.Field
}

// delivery is one of them.
type delivery struct {
	fields     []capture.Field
	body       []byte
	event      capture.Event // what the body says of itself
	documented bool
	added      []string // members that --set did not find
}

// sender finds out what to send, whose it is, and what signs it.
func (o *sendOptions) sender(ctx context.Context) (*sender, error) {
	a := o.app
	s := &sender{}
	var err error
	if s.extra, err = a.headerFlags(o.headers); err != nil {
		return nil, err
	}
	if s.edits, err = provider.ParseEdits(o.set); err != nil {
		return nil, err
	}
	if s.given, err = o.readData(); err != nil {
		return nil, err
	}
	if len(o.events) == 0 && s.given == nil {
		return nil, fault.Usagef("which event? --event is missing").
			WithHint("for instance: --event %s; all of them: hookctl list-events", a.env.Drivers[0].Catalogue[0].Slug)
	}
	key, err := o.chosenKey(ctx, a)
	if err != nil {
		return nil, err
	}
	d := key.driver
	if d == nil {
		if d, err = o.driverFor(s.given); err != nil {
			return nil, err
		}
	}
	if s.events, err = o.slugs(d); err != nil {
		return nil, err
	}
	switch {
	case o.badSignature:
		key.value = strangersKey()
	case !key.value.IsZero():
	case o.dryRun:
		key.value = strangersKey() // the signature is not printed anyway
	default:
		if key, err = a.onlyKey(ctx, d, o.url); err != nil {
			return nil, err
		}
	}
	s.signer = signer{app: a, driver: d, scheme: o.scheme(a, d), key: key.value}
	return s, nil
}

// readData is the body of --data; nil where it is not given.
func (o *sendOptions) readData() ([]byte, error) {
	if o.data == "" {
		return nil, nil
	}
	name := strings.TrimPrefix(o.data, "@")
	if name == "-" && o.secretFile == "-" {
		return nil, errSecretAndInput("the body")
	}
	body, err := o.app.readInput("--data", name, capture.MaxDelivery)
	if body == nil {
		body = []byte{}
	}
	return body, err
}

// strangersKey is a key that nobody has. Its text is hexadecimal and base64
// too, for schemes that decode it.
func strangersKey() secret.Value {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // documented never to fail
	return secret.New(hex.EncodeToString(raw[:]))
}

// driverFor is the one provider that has the events, or whose event the body
// states.
func (o *sendOptions) driverFor(body []byte) (*provider.Driver, error) {
	if len(o.events) == 0 {
		if d := o.driverOf(o.app, capture.Header(nil), body); d != nil {
			return d, nil
		}
		return nil, o.app.noProvider("the body does not say whose event it is")
	}
	var found []*provider.Driver
	nobodys := map[string]bool{}
	var near []string
	for i, d := range o.app.env.Drivers {
		ex := d.ExpandEvents(o.events, false)
		if len(ex.Bad) == 0 {
			found = append(found, d)
		}
		bad := map[string]bool{}
		for _, b := range ex.Bad {
			bad[b.Word] = i == 0 || nobodys[b.Word]
			near = append(near, b.Near...)
		}
		nobodys = bad
	}
	if len(found) == 1 {
		return found[0], nil
	}
	events := strings.Join(o.events, ",")
	unknown := slices.Sorted(maps.Keys(nobodys))
	unknown = slices.DeleteFunc(unknown, func(word string) bool { return !nobodys[word] })
	switch {
	case len(found) > 1:
		return nil, o.app.noProvider("--event " + events + " means events of several providers")
	case len(unknown) == 0:
		return nil, fault.Usagef("--event %s means events of several providers", events).WithHint("send those of one provider at a time")
	case o.allowUnknown:
		return nil, o.app.noProvider("nothing says whose event " + events + " is")
	}
	hint := "all of them: hookctl list-events\nto send it all the same: --allow-unknown-events with --provider"
	if len(near) > 0 {
		hint = "did you mean " + strings.Join(closestEvents(unknown, near), ", ") + "?\n" + hint
	}
	return nil, fault.Usagef("no provider has the event(s) %s", strings.Join(unknown, ", ")).WithCode("unknown-event").WithHint("%s", hint)
}

// slugs are the events to send.
func (o *sendOptions) slugs(d *provider.Driver) ([]string, error) {
	if len(o.events) == 0 {
		return []string{""}, nil
	}
	slugs, shown, err := expandEvents(d, o.events, o.allowUnknown)
	if err != nil {
		return nil, err
	}
	if o.data != "" && len(slugs) > 1 {
		return nil, fault.Usagef("--data is one body, and --event means %d events", len(slugs))
	}
	for _, line := range shown {
		o.app.note("events: %s", line)
	}
	return slugs, nil
}

// make makes one delivery of the event.
func (s *sender) make(event string) (delivery, error) {
	d := delivery{body: s.given, documented: true}
	if s.given == nil {
		d.body, d.documented = s.signer.driver.Sample(event, provider.SampleOptions{Now: s.signer.app.env.Now()})
	}
	for _, e := range s.edits {
		body, added, err := e.Apply(d.body)
		if err != nil {
			return d, fault.Usagef("--set: %w", err)
		}
		if d.body = body; added {
			d.added = append(d.added, e.Path())
		}
	}
	d.event = s.signer.driver.Envelope.Event(d.body)
	d.event.Type = cmp.Or(d.event.Type, event)
	signed, err := s.signer.sign(d.body)
	if err != nil {
		return d, err
	}
	d.fields = append(eventHeaders(s.signer.driver.Envelope, d.event), signed...)
	d.fields = append(d.fields, capture.Field{Name: "User-Agent", Value: "hookctl/" + s.signer.app.env.Version})
	d.fields = setFields(d.fields, s.extra)
	return d, nil
}

// check makes every delivery once, and says what a user should know of them.
func (s *sender) check() error {
	a, title := s.signer.app, s.signer.driver.Title
	var assumed, added []string
	for _, event := range s.events {
		d, err := s.make(event)
		if err != nil {
			return err
		}
		if !d.documented {
			assumed = append(assumed, event)
		}
		for _, path := range d.added {
			if !slices.Contains(added, path) {
				added = append(added, path)
			}
		}
	}
	switch {
	case len(assumed) == 1 && len(s.events) == 1:
		a.note("assumed: %s documents no fields of this event", title)
	case len(assumed) > 0:
		a.note("assumed: %s documents no fields of these events: %s", title, strings.Join(assumed, ", "))
	}
	s.signer.noteAssumed()
	for _, path := range added {
		a.note("--set: the body had no %s; it was added", path)
	}
	return nil
}
