package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/view"
)

type replayOptions struct {
	app *app
	keyFlags

	captures []string
	to       string
	format   string
	headers  []string
	resign   bool
	rate     float64
	filters  []string
	dryRun   bool
}

func newReplayCmd(g *globals) *cobra.Command {
	o := &replayOptions{}
	c := &cobra.Command{
		Use:     "replay <capture>...",
		Short:   "Post captured deliveries again, byte for byte",
		GroupID: groupDeliveries,
		Example: `  hookctl replay delivery.http --to http://127.0.0.1:3000/hook
  hookctl replay captures/ --to http://127.0.0.1:3000 --rate 10          # each to its own path
  hookctl replay deliveries.ndjson --to http://127.0.0.1:3000/hook --filter 'event=invoice_*'
  hookctl replay edited.http --to http://127.0.0.1:3000/hook --resign --webhook "CRM Sync"
  hookctl replay captures/ --to http://127.0.0.1:3000 --dry-run`,
		Long: `Post deliveries that were captured, in their order: the same bytes, with all
headers but those that belong to one connection. A capture is a file, a
directory, or - for standard input, in one of the formats that 'hookctl help
formats' lists. Where --to names no path, each delivery goes to its own.

--resign signs each body anew, for captures that were edited or whose secret is
another one now. The secret is that of --webhook, --secret-file or --secret-env;
with none of them, the kept one that signed the capture, or else the one webhook
of the provider that is kept.

--filter takes event=GLOB and provider=NAME. Of several for one thing, one must
match.

A body over 64 MiB is not sent. Redirects are not followed, nothing is sent
twice, certificates are verified.
The exit code is 0 if every answer is a 2xx, 3 if one is not or a capture could
not be read, 2 if none could, 6 if the endpoint does not answer.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fault.Usagef("which capture? none was named").WithHint("name a file or a directory, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.app, err = g.offline(); err != nil {
				return err
			}
			o.captures = args
			return runReplay(cmd.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "where to post them (required)")
	f.BoolVar(&o.resign, "resign", false, "sign each body anew")
	f.Float64Var(&o.rate, "rate", 0, "at most so many deliveries a second (default: as fast as they are answered)")
	f.StringArrayVar(&o.filters, "filter", nil, "only deliveries with event=GLOB or provider=NAME (repeatable)")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "a header in place of a captured one: 'Name: value', or @FILE with one a line (repeatable)")
	f.StringVar(&o.format, "format", "", "format of the captures, instead of detecting it")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what would be sent, and send nothing")
	o.keyFlags.add(g, c, toSign)
	for flag, complete := range map[string]cobra.CompletionFunc{
		"to": cobra.NoFileCompletions, "rate": cobra.NoFileCompletions, "header": cobra.NoFileCompletions,
		"format": cobra.FixedCompletions(capture.FormatNames(), cobra.ShellCompDirectiveNoFileComp),
		"filter": cobra.FixedCompletions([]string{"event=", "provider="}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace),
	} {
		_ = c.RegisterFlagCompletionFunc(flag, complete)
	}
	return c
}

func runReplay(ctx context.Context, o *replayOptions) error {
	r, err := o.replay(ctx)
	if err != nil {
		return err
	}
	// Cancelled on return, so that nothing goes on reading after a failure.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	names := o.signedBy(o.app)
	batches, err := capture.Read(ctx, o.captures, capture.Options{Format: o.format, Stdin: &interruptible{ctx: ctx, from: o.app.env.Streams.In}, SignatureHeaders: names})
	if err != nil {
		return err
	}
	probes := 0
	for batch := range batches {
		if batch.Note != "" {
			o.app.note("%s", batch.Note)
		}
		if batch.Passed.N > 0 {
			o.app.note("passed over: %s", batch.Passed)
		}
		for q, err := range batch.Each() {
			if err == nil && q.Probe(names) {
				probes++
				continue
			}
			if err = r.one(ctx, q, err); err != nil {
				return r.end(err)
			}
		}
	}
	if probes > 0 {
		o.app.note("passed over: %s", capture.Probes(probes))
	}
	if ctx.Err() != nil {
		return r.end(interrupted())
	}
	return r.end(nil)
}

// replay is one run.
type replay struct {
	o      *replayOptions
	post   *poster
	out    *sentWriter
	extra  []capture.Field
	events []string // globs; none: all
	owners []string // providers; none: all
	key    keyChoice

	resigners map[*provider.Driver]*resigner

	seen     int // deliveries, those that cannot be read among them
	filtered int
	unread   int
	unfit    int  // those that HTTP cannot carry
	inexact  bool // it was said that a format does not keep bodies as they are
}

// replay checks the flags.
func (o *replayOptions) replay(ctx context.Context) (*replay, error) {
	a := o.app
	if o.to == "" {
		return nil, fault.Usagef("where to? --to is missing").WithHint("for instance: --to http://127.0.0.1:3000/hook")
	}
	if err := a.checkTarget("--to", o.to); err != nil {
		return nil, err
	}
	if o.format != "" {
		if _, err := capture.FormatNamed(o.format); err != nil {
			return nil, err
		}
	}
	if o.secretFile == "-" && slices.Contains(o.captures, "-") {
		return nil, errSecretAndInput("a capture")
	}
	if !o.resign && (o.webhook != "" || o.secretFile != "" || o.secretEnv != "") {
		return nil, fault.Usagef("a secret is for --resign, which is missing").WithHint("without it the captured signatures are sent as they are")
	}
	r := &replay{o: o, resigners: map[*provider.Driver]*resigner{}}
	var err error
	if r.extra, err = a.headerFlags(o.headers); err != nil {
		return nil, err
	}
	if err := r.parseFilters(); err != nil {
		return nil, err
	}
	if r.key, err = o.chosenKey(ctx, a); err != nil {
		return nil, err
	}
	r.out = newReplayWriter(a, o.dryRun)
	r.post, err = a.newPoster(o.rate, r.key.value)
	return r, err
}

func (r *replay) parseFilters() error {
	for _, text := range r.o.filters {
		name, value, _ := strings.Cut(text, "=")
		switch name {
		case "event":
			if _, err := path.Match(value, ""); err != nil || value == "" {
				return fault.Usagef("--filter: %q is not a valid pattern", value).WithHint("* stands for any text, ? for one character, [a-z] for one of several")
			}
			r.events = append(r.events, value)
		case "provider":
			d, err := r.o.app.env.Drivers.Find(value)
			if err != nil {
				return err
			}
			r.owners = append(r.owners, d.Name)
		default:
			return fault.Usagef("--filter: %q is neither event=GLOB nor provider=NAME", text)
		}
	}
	return nil
}

// one replays one delivery, or counts that it cannot be read. The error ends
// the run.
func (r *replay) one(ctx context.Context, q *capture.Request, readErr error) error {
	if ctx.Err() != nil {
		return interrupted()
	}
	if r.seen++; readErr != nil {
		r.unread++
		return r.failed(q, readErr)
	}
	d := r.o.driverOf(r.o.app, q.Header, q.Body)
	if d == nil {
		d = r.key.driver
	}
	var event capture.Event
	if d != nil {
		event = d.Envelope.Event(q.Body)
		event.Type = cmp.Or(event.Type, q.Header.Get(d.Envelope.HeaderType))
		event.ID = cmp.Or(event.ID, q.Header.Get(d.Envelope.HeaderID))
	}
	if !r.wants(d, event) {
		r.filtered++
		return nil
	}
	body, err := wholeBody(q)
	if err != nil {
		r.unread++
		return r.failed(q, err)
	}
	fields := []capture.Field(q.Header)
	if r.o.resign {
		if fields, err = r.signed(ctx, d, q, body); err != nil {
			return err
		}
	} else if q.Inexact && !r.inexact {
		r.inexact = true
		r.o.app.note("%s does not keep bodies byte for byte, so that signatures may not match; --resign makes new ones.", q.Source)
	}
	fields = setFields(fields, r.extra)
	return r.send(ctx, q, d, event, fields, body)
}

func (r *replay) send(ctx context.Context, q *capture.Request, d *provider.Driver, event capture.Event, fields []capture.Field, body []byte) error {
	var owner *string
	if d != nil {
		owner = &d.Name
	}
	method, to := cmp.Or(q.Method, http.MethodPost), target(r.o.to, q.URL)
	if r.o.dryRun {
		shown := view.NewOutgoing(method, to, endToEnd(fields), nil, body)
		shown.Source, shown.Provider, shown.Event, shown.EventID = &q.Source, owner, view.Text(event.Type), view.Text(event.ID)
		return r.out.outgoing(shown)
	}
	if err := r.post.wait(ctx); err != nil {
		return err
	}
	s := view.Sent{Source: &q.Source, URL: to, Provider: owner, Event: view.Text(event.Type), EventID: view.Text(event.ID)}
	err := r.post.post(ctx, method, fields, body, &s)
	if errors.Is(err, httpx.ErrUnsendable) {
		r.unfit++
		return r.failed(q, err)
	}
	if err != nil {
		return err
	}
	return r.out.sent(s)
}

// failed prints a delivery that cannot be sent again.
func (r *replay) failed(q *capture.Request, err error) error {
	return r.out.sent(view.Sent{Source: &q.Source, URL: r.o.to, Error: view.Text(err.Error())})
}

// wants reports whether the filters let a delivery through.
func (r *replay) wants(d *provider.Driver, event capture.Event) bool {
	if len(r.owners) > 0 && (d == nil || !slices.Contains(r.owners, d.Name)) {
		return false
	}
	return len(r.events) == 0 || slices.ContainsFunc(r.events, func(glob string) bool {
		ok, _ := path.Match(glob, event.Type) // checked before
		return ok && event.Type != ""
	})
}

// wholeBody is the body of q, read if the capture did not hold it in memory. One
// that is larger than a delivery may be is refused: by its size, where that is
// known.
func wholeBody(q *capture.Request) ([]byte, error) {
	const step = 1 << 20
	if q.Stream == nil {
		return q.Body, nil
	}
	tooLarge := fmt.Errorf("the body is larger than %d MiB", capture.MaxDelivery>>20)
	if q.Size > capture.MaxDelivery {
		return nil, tooLarge
	}
	body := make([]byte, 0, capture.MaxDelivery+1)
	for len(body) < cap(body) {
		n, err := q.Stream.Read(body[len(body):min(len(body)+step, cap(body))])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, tooLarge
}

// target is where a delivery goes: to, with the path and query of the captured
// URL where to has none.
func target(to, captured string) string {
	base, err := url.Parse(to)
	if err != nil || base.Path != "" || base.RawQuery != "" {
		return to
	}
	u, err := url.Parse(captured)
	if err != nil {
		return to
	}
	base.Path, base.RawPath, base.RawQuery = u.Path, u.RawPath, u.RawQuery
	return base.String()
}

// endToEnd is the lines of h that are sent.
func endToEnd(h []capture.Field) []capture.Field {
	all := http.Header{}
	for _, f := range h {
		all[f.Name] = append(all[f.Name], f.Value)
	}
	kept := httpx.EndToEnd(all)
	return slices.DeleteFunc(slices.Clone(h), func(f capture.Field) bool { return kept[f.Name] == nil })
}

// end closes the output and says what became of the run; err is what ended it
// early.
func (r *replay) end(err error) error {
	a := r.o.app
	if r.post.sent > 1 {
		a.note("%s", r.post.summary())
	}
	if r.filtered > 0 {
		a.note("%s did not pass the filter.", plural(r.filtered, "delivery", "deliveries"))
	}
	var nothing, lost error
	switch {
	case err != nil:
	case r.seen == r.unread:
		nothing = fault.Usagef("there is no delivery to read in %s", strings.Join(r.o.captures, ", ")).WithCode("no-delivery")
	case r.seen == r.unread+r.filtered:
		nothing = fault.Usagef("no delivery passes the filter").WithCode("no-delivery").WithHint("see what there is: hookctl replay ... --dry-run, without --filter")
	case r.unread+r.unfit > 0:
		lost = fault.Errorf(fault.Negative, "%s could not be read or sent", plural(r.unread+r.unfit, "delivery", "deliveries")).WithCode("unreadable")
	}
	return fault.Worst(err, r.post.err(false), nothing, lost, r.out.close())
}

// resigner signs captures of one provider anew.
type resigner struct {
	signer   signer         // its key is that of the flags, or zero
	kept     []secret.Value // of the provider's webhooks, deleted ones too
	verifier *signature.Verifier
	only     secret.Value // of the only webhook; zero until it is asked for
}

// resigner prepares to sign captures of d.
func (r *replay) resigner(ctx context.Context, d *provider.Driver) (*resigner, error) {
	if s := r.resigners[d]; s != nil {
		return s, nil
	}
	a := r.o.app
	s := &resigner{signer: signer{app: a, driver: d, scheme: r.o.scheme(a, d), key: r.key.value}}
	s.signer.noteAssumed()
	if r.key.value.IsZero() {
		listed, err := a.records(ctx, false)
		if err != nil {
			return nil, err
		}
		for _, rec := range listed {
			if rec.Provider != d.Name {
				continue
			}
			rec, err := a.store.Get(ctx, rec.Ref())
			if err == nil && s.signer.scheme.CheckKey(rec.Secret) == nil {
				s.kept = append(s.kept, rec.Secret)
			}
		}
	}
	if len(s.kept) > 0 {
		keys, err := signature.NewKeySet(s.signer.scheme, s.kept)
		if err != nil {
			return nil, err
		}
		s.verifier = keys.Verifier()
	}
	r.resigners[d] = s
	return s, nil
}

// signed is the header of a capture with a new signature of body: with the
// secret of the flags, else the kept one that made the old signature, else
// that of the only webhook.
func (r *replay) signed(ctx context.Context, d *provider.Driver, q *capture.Request, body []byte) ([]capture.Field, error) {
	if d == nil {
		return nil, r.o.app.noProvider(q.Source + " does not say whose delivery it is, so that it cannot be signed")
	}
	if owner := r.key.driver; owner != nil && owner != d {
		return nil, fault.Usagef("%s is a delivery of %s, and is to be signed as one of %s", q.Source, d.Title, owner.Title).
			WithHint("leave it out with --filter provider=%s", owner.Name)
	}
	s, err := r.resigner(ctx, d)
	if err != nil {
		return nil, err
	}
	sign := s.signer
	if sign.key.IsZero() && s.verifier != nil {
		if v := s.verifier.Verify(q.Header, body); v.Reason == signature.OK {
			sign.key = s.kept[v.KeyIndex]
		}
	}
	if sign.key.IsZero() && s.only.IsZero() {
		only, err := r.o.app.onlyKey(ctx, d, "")
		if err != nil {
			return nil, err
		}
		s.only = only.value
	}
	if sign.key.IsZero() {
		sign.key = s.only
	}
	fields, err := sign.sign(body)
	return setFields(q.Header, fields), err
}
