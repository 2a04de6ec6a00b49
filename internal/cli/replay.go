package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

type replayOptions struct {
	keyFlags
	fromInput
	filterFlags

	to      string
	format  string
	headers []string
	resign  bool
	rate    float64
	dryRun  bool
	expectFlags
}

func newReplayCmd(g *globals) *cobra.Command {
	o := &replayOptions{}
	c := &cobra.Command{
		Use:   "replay <capture>[#N]...",
		Short: "Send captured deliveries again, byte for byte",
		Example: `  hookctl replay delivery.http --to http://127.0.0.1:3000/hook
  hookctl replay captures/ --to http://127.0.0.1:3000 --rate 10          # each to its own path
  hookctl replay deliveries.ndjson --to http://127.0.0.1:3000/hook --filter 'event=invoice_*'
  hookctl replay edited.http --to http://127.0.0.1:3000/hook --resign --webhook "CRM Sync"
  hookctl replay deliveries.ndjson#3 --to http://127.0.0.1:3000/hook     # the third delivery
  hookctl replay captures/ --to http://127.0.0.1:3000 --dry-run
  hookctl replay deliveries.ndjson --to 3000 --update                    # record what the handler answers
  hookctl replay deliveries.ndjson --to 3000 --expect --ignore .data.id  # and see later whether it still does`,
		Long: `Send captured deliveries again, in their order: the same bytes, with all headers
except those of a single connection. A capture is a file, a directory, or - for
standard input, in one of the formats that 'hookctl help formats' lists. CAPTURE#N
is its N-th delivery, as in 'hookctl show --help'. If --to has no path, each delivery
goes to its own path (with 'listen --forward-to' it goes to / then).

--resign signs each body again, for captures that were edited or whose secret has
changed. The secret is that of --webhook, --secret-file or --secret-env; without
them, the kept one that signed the capture, or else that of the only kept webhook of
the provider.

--filter takes event=GLOB, provider=NAME, id=GLOB, status=5xx (of the recorded
answer), valid, invalid (verified with the secrets that 'hookctl verify' would try),
and any other word or text=TEXT (in the event, id, URL, headers or body). If several
filters are of the same kind, one must match; every text must be found.

--expect compares each answer with the one recorded in the capture: 'hookctl listen
--forward-to --save' records them, and so does --update here. The status and the
body must be the same; headers are not compared. If both bodies are JSON, the order
of members, white space, escapes and the notation of numbers (1.0, 1) do not count,
but the order of lists does; other bodies are compared byte for byte. JSON that is
nested over 64 levels deep is compared as it is written from there. A record keeps
64 KiB of an answer: of a longer one, that part is compared byte for byte, with a
note. Deliveries without a recorded answer are counted, and must be answered with a
2xx.

--ignore leaves out what differs every time. A path that begins with a dot starts at
the top of the body: .data.id, .items[0].at, .items[].at for every element,
.["a b"] for a name with other characters, . for the whole body, JSON or not.
Without the dot it can start anywhere: id is every member with that name, data.id
that of every 'data'.

--update records answers that are new or have changed (apart from --ignore) in the
captures, and changes nothing else in them. This requires records: NDJSON, a JSON
record or a list of them, not compressed, not standard input, up to 64 MiB. The file
is replaced in one step. If the run is interrupted, nothing is recorded.

--report junit=FILE writes a report in which each delivery is a test case;
summary=FILE and gitlab=FILE are as in 'hookctl verify --help'.

With --expect and -o json, each delivery has a member expect: {"result", "status",
"body": [{"path", "left", "right"}], "cut", "ignored", "error"}. The result is same,
changed, not-recorded, unreadable (the record is) or unanswered. The recorded value
is on the left; paths and values are as in 'hookctl diff'.

A body over 64 MiB is not sent. Redirects are not followed, nothing is sent twice,
and certificates are verified.

The exit code is 0 if every answer is a 2xx, 3 if one is not or a capture could not
be read, 2 if none could, 6 if the endpoint does not answer. With --expect, an
answer must be as recorded instead of a 2xx, or the code is 3; with --update, any
answer is accepted.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(o.arguments(args)) == 0 {
				return fault.Usagef("no capture is named").WithHint("name a file or a directory, or - for standard input")
			}
			return nil
		},
		RunE: g.run(reads, o.run),
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "where to send them: a URL, or 3000 or :3000/hook on this machine (required)")
	f.BoolVar(&o.resign, "resign", false, "sign each body again")
	f.Float64Var(&o.rate, "rate", 0, "at most this many deliveries per second (default: as fast as they are answered)")
	o.filterFlags.add(c, "send only such deliveries")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "header that replaces a captured one: 'Name: value', or @FILE with one per line (repeatable)")
	f.StringVar(&o.format, "format", "", "format of the captures (default: detected)")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what would be sent, and send nothing")
	o.expectFlags.add(c)
	o.keyFlags.add(g, c, toSign)
	o.fromInput.add(c)
	_ = c.RegisterFlagCompletionFunc("rate", cobra.NoFileCompletions)
	_ = c.RegisterFlagCompletionFunc("format", completeFixed(capture.FormatNames()...))
	freeText(c, "to", "header")
	namesOnly(c, "header", headerOrFile, "@headers.txt")
	return c
}

func (o *replayOptions) run(ctx context.Context, a *app, args []string) error {
	// First, so that no report of an earlier run stays where this one comes to nothing.
	test, err := newReplayTest(a, o.expectFlags, o.dryRun)
	if err == nil {
		err = o.test(ctx, a, args, test)
	}
	return fault.Worst(err, test.closeReports(err))
}

// test replays the captures that args name, and tells test of them.
func (o *replayOptions) test(ctx context.Context, a *app, args []string, test *replayTest) error {
	list, err := o.selections(args)
	if err != nil {
		return err
	}
	captures := paths(list)
	r, key, err := o.replay(ctx, a, captures)
	if err != nil {
		return err
	}
	post, err := a.poster(o.rate, key)
	if err != nil {
		return err
	}
	names := o.signedBy(a)
	out := &sentWriter{app: a, post: post, dryRun: o.dryRun, masked: names}
	if test.expected == nil {
		out.row = view.ReplayRow
		out.streamed(view.ReplayColumns())
	} else {
		out.row = view.ExpectRow
		out.streamed(view.ExpectColumns())
	}
	// Cancelled on return, so that nothing goes on reading after a failure.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opts := capture.Options{Format: o.format, Stdin: &interruptible{ctx: ctx, from: a.env.Streams.In}, SignatureHeaders: names}
	if err := test.survey(ctx, list, opts); err != nil {
		return err
	}
	var passed capture.Tally
	err = eachCaptured(ctx, list, opts, &passed, a.note, func(q *capture.Request, _ string, readErr error) error {
		out.judge = func(s deliver.Sent) (view.Sent, error) { return test.judge(q, s) }
		return replayOne(ctx, r, out, q, readErr)
	})
	if err == nil && len(passed) > 0 {
		a.note("passed over: %s", passed)
	}
	if err == nil && ctx.Err() != nil {
		err = fault.Interruption()
	}
	var unread error
	if err == nil {
		unread = r.Err(captures)
	}
	closed := out.close()
	if post.Posted > 1 {
		a.note("%s", post.Summary())
	}
	if text := r.Summary(); text != "" {
		a.note("%s", text)
	}
	answered := post.Err(false)
	if test.expected != nil {
		answered = post.Unanswered()
	}
	return fault.Worst(err, answered, unread, test.end(err), closed)
}

// replayOne replays one delivery, or prints that it cannot be sent again.
func replayOne(ctx context.Context, r *deliver.Replay, out *sentWriter, q *capture.Request, readErr error) error {
	d, err := r.Delivery(ctx, q, readErr)
	if err == nil {
		if err = out.deliver(ctx, d); errors.Is(err, httpx.ErrUnsendable) {
			err = r.Unsendable(err)
		}
	}
	var unusable deliver.Unusable
	switch {
	case errors.Is(err, deliver.ErrFiltered):
		return nil
	case errors.As(err, &unusable):
		return out.sent(deliver.Sent{Delivery: deliver.Delivery{Source: q.Source, URL: r.To}, Err: unusable})
	}
	return err
}

// replay checks the flags. key is the secret that they name.
func (o *replayOptions) replay(ctx context.Context, a *app, captures []string) (r *deliver.Replay, key secret.Value, err error) {
	if o.to == "" {
		return nil, key, fault.Usagef("--to is missing").WithHint("for instance: --to http://127.0.0.1:3000/hook")
	}
	to, err := a.target("--to", o.to)
	if err != nil {
		return nil, key, err
	}
	if o.format != "" {
		if _, err := capture.FormatNamed(o.format); err != nil {
			return nil, key, err
		}
	}
	if o.secretFile == "-" && slices.Contains(captures, "-") {
		return nil, key, errSecretAndInput("a capture")
	}
	r = &deliver.Replay{
		Drivers: a.env.Drivers, To: to, Note: func(text string) { a.note("%s", text) },
		OwnerOf: func(h signature.Header, body []byte) *provider.Driver { return o.driverOf(a, h, body) },
	}
	if r.Extra, err = a.sentHeaders(o.headers); err != nil {
		return nil, key, err
	}
	if r.Filter, err = o.filterFlags.parse(a); err != nil {
		return nil, key, err
	}
	if r.Filter.Judged() {
		engine, err := (&judgeFlags{format: o.format, keyFlags: o.keyFlags}).engine(ctx, a, captures, verify.Options{})
		if err != nil {
			return nil, key, err
		}
		r.Valid = func(q *capture.Request) bool { return engine.Judge(q).Valid }
		if !o.resign {
			return r, key, nil // the secrets are for the filter alone
		}
	} else if !o.resign && (o.webhook != "" || o.secretFile != "" || o.secretEnv != "") {
		return nil, key, fault.Usagef("a secret needs --resign, which is missing").WithHint("without --resign, hookctl sends the captured signatures")
	}
	if key, r.KeyOwner, err = o.chosenKey(ctx, a); err != nil {
		return nil, key, err
	}
	if o.resign {
		r.Resigner = func(ctx context.Context, d *provider.Driver) (*deliver.Resigner, error) {
			return o.resigner(ctx, a, d, key)
		}
	}
	return r, key, nil
}

// resigner signs captures of d: with the key of the flags, or the kept ones.
func (o *replayOptions) resigner(ctx context.Context, a *app, d *provider.Driver, key secret.Value) (*deliver.Resigner, error) {
	s := &deliver.Resigner{Signer: o.signer(a, d, key), Only: func(ctx context.Context) (secret.Value, error) {
		return a.onlyKey(ctx, d, "")
	}}
	a.noteAssumed(s.Signer)
	if !key.IsZero() {
		return s, nil
	}
	listed, err := a.records(ctx, false)
	if err != nil {
		return nil, err
	}
	for _, rec := range listed {
		if rec.Provider != d.Name {
			continue
		}
		if rec, err := a.store.Get(ctx, rec.Ref()); err == nil {
			s.Kept = append(s.Kept, rec.Secret)
		}
	}
	return s, nil
}
