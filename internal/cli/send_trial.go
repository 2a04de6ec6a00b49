package cli

import (
	"context"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

// trialFlags are what a handler is put to.
type trialFlags struct {
	deliver.Trial
	like string
}

func (o *trialFlags) add(g *globals, c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&o.Twice, "twice", false, "send each delivery twice, with the same bytes")
	f.BoolVar(&o.Shuffle, "shuffle", false, "send several deliveries out of order")
	f.IntVar(&o.Seed, "seed", 0, "repeat the order of an earlier --shuffle (default: random)")
	f.BoolVar(&o.Tamper, "tamper", false, "send deliveries that the endpoint must refuse: a changed body, a wrong signature, no signature")
	f.StringVar(&o.like, "retry-like", "", "send each delivery as often, and at the times, that this provider repeats a failed one")
	f.Float64Var(&o.Speed, "speed", 0, "speed of --retry-like, as a factor of the provider's own (default: everything within 10s)")
	_ = c.RegisterFlagCompletionFunc("retry-like", g.completeProviderFlag)
	for _, flag := range []string{"seed", "speed"} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
}

// trial checks the flags.
func (o *trialFlags) trial(a *app, badSignature bool) (*deliver.Trial, error) {
	t := o.Trial
	if a.given("retry-like") {
		d, err := a.env.Drivers.Find(o.like)
		if err != nil {
			return nil, err
		}
		t.Like = d
	}
	for _, pair := range []struct {
		one, other string
		both       bool
	}{
		{"tamper", "bad-signature", t.Tamper && badSignature},
		{"tamper", "twice", t.Tamper && t.Twice}, {"tamper", "shuffle", t.Tamper && t.Shuffle}, {"tamper", "retry-like", t.Tamper && t.Like != nil},
		{"retry-like", "twice", t.Like != nil && t.Twice}, {"retry-like", "shuffle", t.Like != nil && t.Shuffle},
		{"bad-signature", "twice", badSignature && t.Twice}, {"bad-signature", "shuffle", badSignature && t.Shuffle}, {"bad-signature", "retry-like", badSignature && t.Like != nil},
	} {
		if pair.both {
			return nil, fault.Usagef("--%s and --%s cannot be used together", pair.one, pair.other)
		}
	}
	switch {
	case a.given("seed") && !t.Shuffle:
		return nil, fault.Usagef("--seed needs --shuffle, which is missing")
	case a.given("speed") && t.Like == nil:
		return nil, fault.Usagef("--speed needs --retry-like, which is missing")
	case a.given("speed") && !(t.Speed >= 0.001 && t.Speed <= 1e9):
		return nil, fault.Usagef("--speed %v is not a number from 0.001 to 1000000000", t.Speed)
	case t.Shuffle && !a.given("seed"):
		t.Seed = rand.IntN(1_000_000)
	}
	return &t, nil
}

// try sends the deliveries of a trial, and says what the answers tell.
func (o *sendOptions) try(ctx context.Context, a *app, t *deliver.Trial, s *deliver.Samples, out *sentWriter) error {
	steps, err := t.Plan(s, o.repeat)
	if err != nil {
		return err
	}
	for _, line := range t.About() {
		a.note("%s", line)
	}
	out.row = view.TrialRow
	if !(o.dryRun && a.out.Format() == render.Table) {
		out.streamed(view.TrialColumns())
	}
	for _, step := range steps {
		if err = o.step(ctx, a, t, step, out); err != nil {
			break
		}
	}
	closed := out.close()
	if o.dryRun {
		return fault.Worst(err, closed)
	}
	a.note("%s", out.post.Summary())
	if err != nil {
		return fault.Worst(err, closed)
	}
	for _, line := range t.Means(out.post) {
		a.note("%s", line)
	}
	return fault.Worst(t.Err(out.post), closed)
}

// step sends one delivery, at its time.
func (o *sendOptions) step(ctx context.Context, a *app, t *deliver.Trial, step deliver.Step, out *sentWriter) error {
	if step.After > 0 && !o.dryRun && a.env.Sleep(ctx, step.After) != nil {
		return fault.Interruption()
	}
	d, err := step.Make()
	if err != nil {
		return err
	}
	out.judge = func(sent deliver.Sent) (view.Sent, error) {
		t.Add(step, sent)
		v := view.NewSent(sent)
		v.Case = step.Case
		return v, nil
	}
	return out.deliver(ctx, d)
}
