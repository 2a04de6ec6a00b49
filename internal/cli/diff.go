package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

type diffOptions struct {
	fromInput
	keys   keyFlags // of which the headers count
	format string
}

func newDiffCmd(g *globals) *cobra.Command {
	o := &diffOptions{}
	c := &cobra.Command{
		Use:   "diff <capture>[#N] <capture>[#N]",
		Short: "Show what differs between two captured deliveries",
		Example: `  hookctl diff good.http bad.http
  hookctl diff deliveries.ndjson#1 deliveries.ndjson#7
  hookctl diff delivery.http export.har#2 -o json
  cat delivery.http | hookctl diff - deliveries.ndjson:17`,
		Long: `Compare two deliveries byte for byte: their headers and their bodies. Captures and
CAPTURE#N are as in 'hookctl show --help'; one of the two may be - for standard
input.

Headers are compared by name, in any case and order, and the values of each name as
a list. If both bodies are JSON, they are compared value by value: numbers as they
are written, strings by their content, lists by position. If only the layout, the
order of members or the escapes differ, the values are the same and the bytes are
not: that is also a difference, because a signature covers the bytes, and the first
byte that differs is named. Text is compared line by line. For anything else, and
for bodies over 8 MiB, the first byte that differs is shown.

-o json prints {"equal", "headers": [{"name", "left", "right"}], "body": [{"path",
"left", "right"}]}. A path is the path of a value as in jq, such as
.data.contact.email, or "line N" of the left text, or "byte N"; left and right are
JSON values, lines, or the text from that byte on, or its hexadecimal digits. What
one side does not have is null; if both are null, one has null there and the other
has nothing. A value with more than 1000 differences is shown as one.

Exit code 0 means that headers and bodies are the same, 3 that they differ.`,
		Args: o.exactly("two captures", "to compare"),
		RunE: g.run(reads, o.run),
	}
	c.ValidArgsFunction = completeFiles
	o.fromInput.add(c)
	c.Flags().StringVar(&o.format, "format", "", "format of both captures (default: detected)")
	c.Flags().StringSliceVar(&o.keys.signatureHeaders, "signature-header", nil, "headers that carry the signature; helps to find the deliveries in a capture")
	_ = c.RegisterFlagCompletionFunc("format", completeFixed(capture.FormatNames()...))
	_ = c.RegisterFlagCompletionFunc("signature-header", cobra.NoFileCompletions)
	return c
}

func (o *diffOptions) run(ctx context.Context, a *app, args []string) error {
	list, err := o.selections(args)
	if err != nil {
		return err
	}
	if missing := missingCaptures(paths(list)); len(missing) > 0 {
		return notThere("", missing)
	}
	opts := capture.Options{Format: o.format, Stdin: &interruptible{ctx: ctx, from: a.env.Streams.In}, SignatureHeaders: o.keys.signedBy(a)}
	var difference view.Difference
	err = compared(ctx, list[0], opts, func(left *capture.Request) error {
		return compared(ctx, list[1], opts, func(right *capture.Request) error {
			difference = view.NewDifference(left, right)
			for _, side := range []*capture.Request{left, right} {
				if side.Inexact {
					for _, note := range side.Notes {
						a.note("%s: %s", side.Source, note)
					}
				}
			}
			return difference.Print(a.out)
		})
	})
	switch {
	case err == nil && difference.Equal && a.out.Format() == render.Table:
		a.note("Headers and bodies are the same.")
	case err == nil && !difference.Equal:
		err = &fault.Error{Kind: fault.Negative, Code: "differences", Err: errors.New("the deliveries differ"), Silent: true}
	}
	return err
}

// compared calls use with a delivery whose body is in memory.
func compared(ctx context.Context, s capture.Selection, o capture.Options, use func(*capture.Request) error) error {
	return s.Pick(ctx, o, func(r *capture.Request, _ string, err error) error {
		if err == nil {
			r.Body, err = r.Whole()
		}
		if err != nil {
			return fault.Usagef("cannot read %s: %w", r.Source, err).WithCode("unreadable")
		}
		return use(r)
	})
}
