package cli

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

type showOptions struct {
	judgeFlags
	fromInput

	raw bool
}

func newShowCmd(g *globals) *cobra.Command {
	o := &showOptions{}
	c := &cobra.Command{
		Use:   "show <capture>[#N]",
		Short: "Show one captured delivery: verdict, headers, body",
		Example: `  hookctl show delivery.http
  hookctl show deliveries.ndjson#3                        # the third delivery
  hookctl show deliveries.ndjson:17                       # as verify names it
  hookctl show export.har#2 --raw > body.json             # the exact bytes of the body
  hookctl show export.har#2 -o ndjson >> deliveries.ndjson`,
		Long: `Show one delivery of a capture: the verdict on its signature, its headers, its
formatted body, and the handler's answer if the capture contains it. A capture is a
file, a directory, or - for standard input, in one of the formats that 'hookctl help
formats' lists.

CAPTURE#N is the N-th delivery as verify counts, from 1, including those that cannot
be read; what verify prints as the source of a delivery works too. A file with that
whole name takes precedence. A capture with several deliveries requires a number.

JSON is formatted and otherwise shown as it is written: numbers and escapes stay.
--raw prints the exact bytes of the body and nothing else. They are not cleaned:
control characters reach the terminal, and commands for a CI runner reach the log.

-o json prints the members of verify's JSON and those of a delivery record, so that
the output is a capture itself; "answer" is that of the handler. A body over 4 MiB
is null.

The secret is found as in verify, and is not required: without one, the reason is
no-secret. Exit code 0 means that the delivery was found, whatever the verdict; in
scripts, use verify for that.`,
		Args: o.exactly("one capture"),
		RunE: g.run(reads, o.run),
	}
	c.ValidArgsFunction = firstOnly(completeFiles)
	o.judgeFlags.add(g, c)
	o.fromInput.add(c)
	c.Flags().BoolVar(&o.raw, "raw", false, "print the exact bytes of the body and nothing else")
	return c
}

func (o *showOptions) run(ctx context.Context, a *app, args []string) error {
	if o.raw && (a.given("output") || a.given("jq")) {
		return fault.Usagef("--raw prints bytes, so --output and --jq cannot be used together with it")
	}
	if err := o.checkGiven(a); err != nil {
		return err
	}
	list, err := o.selections(args)
	if err != nil {
		return err
	}
	if missing := missingCaptures(paths(list)); len(missing) > 0 {
		return notThere("", missing)
	}
	opts := capture.Options{Format: o.format, Stdin: &interruptible{ctx: ctx, from: a.env.Streams.In}, SignatureHeaders: o.signedBy(a)}
	var engine *verify.Engine
	if o.beside() || !o.raw {
		if engine, err = o.engine(ctx, a, paths(list), verify.Options{Keyless: true}); err != nil {
			return err
		}
		opts.EmptyBody, opts.Payload, opts.SignatureHeaders = o.beside(), engine.Payload(), engine.SignatureHeaders()
	}
	return list[0].Pick(ctx, opts, func(r *capture.Request, format string, readErr error) error {
		if o.raw {
			return writeBody(a, r, readErr)
		}
		return showOne(ctx, a, engine, r, format, readErr)
	})
}

// writeBody writes the exact bytes of a body.
func writeBody(a *app, r *capture.Request, readErr error) error {
	if readErr != nil {
		return fault.Usagef("cannot read %s: %w", r.Source, readErr).WithCode("unreadable")
	}
	out := term.Raw(a.env.Streams.Out)
	if r.Stream == nil {
		if a.env.Streams.OutTTY && !capture.IsText(r.Body) {
			defer a.note("note: the body is not text; to keep it off the terminal: --raw > FILE")
		}
		return render.WriteAll(out, r.Body)
	}
	return capture.ReadAhead(a.ctx, r.Stream, func(piece []byte) error { return render.WriteAll(out, piece) })
}

// showOne judges a delivery and prints it.
func showOne(ctx context.Context, a *app, engine *verify.Engine, r *capture.Request, format string, readErr error) error {
	const shown = 64 << 10 // of a body that is not in memory
	head := &beginning{r: r.Stream, limit: shown}
	if r.Stream != nil {
		r.Stream = head
	}
	r.Header = engine.Header(r.Header)
	var verdict verify.Result
	summary, err := engine.Run(ctx, slices.Values([]capture.Batch{r.Batch(format, readErr)}), func(c *verify.Chunk) error {
		for _, result := range c.Results {
			verdict = result
		}
		return nil
	})
	if err != nil && (fault.Code(err) != "nothing-readable" || summary.Total == 0) {
		return err
	}
	return view.NewShown(verdict, r, readErr, head.text, head.n).Print(a.out)
}

// beginning keeps the beginning of what is read through it, and counts.
type beginning struct {
	r     io.Reader
	limit int
	text  []byte
	n     int64
}

func (b *beginning) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.text = append(b.text, p[:min(n, b.limit-len(b.text))]...)
	b.n += int64(n)
	return n, err
}
