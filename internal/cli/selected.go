package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/fault"
)

// fromInput takes -#N and -:LINE, the deliveries of standard input, which look like
// flags: as two flags that nobody sees, whose values go back among the arguments.
type fromInput struct{ found []inputArgument }

// inputArgument is such an argument, and how many others come before it.
type inputArgument struct {
	text string
	at   int
}

func (i *fromInput) add(c *cobra.Command) {
	for long, sign := range map[string]string{"stdin-delivery": "#", "stdin-line": ":"} {
		f := c.Flags()
		f.VarP(&flagValue{kind: "string", set: func(value string) error {
			i.found = append(i.found, inputArgument{"-" + sign + value, f.NArg()})
			return nil
		}}, long, sign, "")
		_ = f.MarkHidden(long)
		_ = c.RegisterFlagCompletionFunc(long, cobra.NoFileCompletions)
	}
}

// arguments are the captures that were typed, in their order.
func (i *fromInput) arguments(args []string) []string {
	all := slices.Clone(args)
	for n, a := range i.found {
		all = slices.Insert(all, a.at+n, a.text)
	}
	return all
}

// selections reads the names of captures and of single deliveries.
func (i *fromInput) selections(args []string) (list []capture.Selection, err error) {
	input := 0
	for _, arg := range i.arguments(args) {
		s, err := capture.ParseSelection(arg)
		if err != nil {
			return nil, err
		}
		if s.Path == "-" {
			input++
		}
		list = append(list, s)
	}
	if input > 1 {
		return nil, fault.Usagef("standard input can be only one of the captures").WithHint("write it to a file first, and name two deliveries of that file")
	}
	return list, nil
}

// paths are the captures of a list.
func paths(list []capture.Selection) []string {
	return each(list, func(s capture.Selection) string { return s.Path })
}

// exactly wants so many captures.
func (i *fromInput) exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return exactly(names...)(cmd, i.arguments(args)) }
}

// eachCaptured calls send with every delivery that is selected, and counts what can
// be none.
func eachCaptured(ctx context.Context, list []capture.Selection, opts capture.Options, passed *capture.Tally, note func(string, ...any), send func(*capture.Request, string, error) error) error {
	for _, s := range list {
		var err error
		if s.One() {
			err = s.Pick(ctx, opts, send)
		} else {
			err = allCaptured(ctx, s.Path, opts, passed, note, send)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func allCaptured(ctx context.Context, path string, opts capture.Options, passed *capture.Tally, note func(string, ...any), send func(*capture.Request, string, error) error) error {
	batches, err := capture.Read(ctx, []string{path}, opts)
	if err != nil {
		return err
	}
	for batch := range batches {
		if batch.Note != "" {
			note("%s", batch.Note)
		}
		for q, readErr := range batch.Each() {
			if readErr == nil && q.Probe(opts.SignatureHeaders) {
				passed.Add(recorded.Probes(1))
				continue
			}
			if err := send(q, batch.Format, readErr); err != nil {
				return err
			}
		}
		passed.Add(batch.PassedOver()...)
	}
	return nil
}
