package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type applyOptions struct {
	manifestOptions
	keepGoing bool
	storeOnly bool
}

func newApplyCmd(g *globals) *cobra.Command {
	o := &applyOptions{}
	c := &cobra.Command{
		Use:   "apply -f <manifest>",
		Short: "Create, change and delete webhooks as a manifest says",
		Example: `  hookctl apply -f hooks.yaml
  hookctl apply -f hooks.yaml --yes --secret-to 'dotenv:.env:HOOK_{{.Name}}'
  hookctl export | hookctl --profile staging apply -f - --yes`,
		Long: `Show the plan, ask for confirmation, and carry it out. Every new secret is kept
before the next step. Applying a manifest again does nothing; if apply stopped half
way, run it again.

It stops at the first failure, after finishing what is in progress; --keep-going
continues with the rest. What somebody else changed or deleted between plan and
apply is reported and left alone. --prune deletes only webhooks that apply created
or adopted in this profile.

A manifest is code: never apply one from somebody you do not trust, such as from a
fork. The plan lists each variable that is sent, each command that runs and each
file that is written outside the manifest's directory. Variables of well-known
credentials (GITHUB_TOKEN, AWS_*, ...) require --allow-env NAME. With CI set, every
variable does, exec: sinks in the manifest require --allow-exec, and sinks outside
its directory --allow-outside.

With CI set, the store is usually lost with the runner: every new webhook needs a
secret_to or --secret-to, or give --store-only if the store lasts.`,
		Args: noArgs,
		RunE: g.run(changes, o.run),
	}
	o.addFlags(c)
	addReveal(c)
	c.Flags().BoolVar(&o.keepGoing, "keep-going", false, "after a failure, continue with what does not depend on it")
	c.Flags().BoolVar(&o.storeOnly, "store-only", false, "in CI: the store on this machine lasts, so no sink is needed")
	return c
}

func (o *applyOptions) run(ctx context.Context, a *app, _ []string) error {
	m, err := o.read(a, false)
	if err != nil {
		return err
	}
	if !a.yes && !a.interactive() {
		return fault.Usagef("apply asks for a confirmation, and there is no terminal for the question").
			WithHint("check the plan first: hookctl plan -f FILE; then confirm with --yes")
	}
	// Two at once would both find that a webhook is missing, and both make it.
	done, err := a.journal.Lock(ctx, "apply", func() { a.note("Another apply is running here. Waiting until it ends.") })
	if err != nil {
		return err
	}
	return fault.Worst(o.carryOut(ctx, a, m), done())
}

// carryOut plans, shows the plan, asks, and does it.
func (o *applyOptions) carryOut(ctx context.Context, a *app, m *apply.Manifest) error {
	p, err := o.compare(ctx, a, m)
	if err != nil {
		return err
	}
	waited, err := o.awaitOthers(ctx, a, p)
	if err == nil && waited { // they may have done some of it
		p, err = o.compare(ctx, a, m)
	}
	if err != nil {
		return err
	}
	if len(p.Changes) > 0 {
		if err := o.ready(ctx, a, p); err != nil {
			return err
		}
		if _, err := fmt.Fprint(a.env.Streams.Err, a.laidOut(view.PlanLines(p)), "\n"); err != nil {
			return fault.Errorf(fault.Other, "cannot print the plan, so nothing was done: %w", err)
		}
		if err := nothingSent(a.confirm(ctx, "Carry out this plan?")); err != nil {
			return err
		}
	} else {
		for _, w := range p.Warnings {
			a.note("warning: %s", w)
		}
	}
	run := apply.Runner{
		Clients: o.clients, Store: a.store, KeepGoing: o.keepGoing, Sleep: a.env.Sleep,
		Notify: func(line string) { a.note("%s", line) },
	}
	outcomes := run.Run(ctx, p)
	perr := o.print(a, p, outcomes)
	failed := each(outcomes, func(o apply.Outcome) error { return o.Err })
	if ctx.Err() != nil && slices.ContainsFunc(outcomes, func(o apply.Outcome) bool { return o.Result == apply.Skipped }) {
		failed = append(failed, fault.Errorf(fault.Interrupted, "interrupted: the changes that are marked as not started were not made").
			WithHint("run apply again to continue"))
	}
	return a.report(append(failed, perr))
}

// print shows what became of the plan: on standard error where a secret is all
// that standard output shall carry.
func (o *applyOptions) print(a *app, p *apply.Plan, outcomes []apply.Outcome) error {
	v := view.Applied(p, outcomes)
	if toStdout(p) == 0 {
		return a.out.Print(v)
	}
	_, err := fmt.Fprint(a.env.Streams.Err, a.laidOut(v.Lines))
	return err
}

// toStdout is how many new secrets go to standard output.
func toStdout(p *apply.Plan) int {
	n := 0
	for _, c := range p.Changes {
		if c.NewSecret() && slices.Contains(c.SecretTo, "stdout") {
			n++
		}
	}
	return n
}

// ready refuses a plan that could not be carried out to the end: a new secret
// that no sink takes, or a create whose last attempt is not settled yet.
func (o *applyOptions) ready(ctx context.Context, a *app, p *apply.Plan) error {
	if n := toStdout(p); n > 1 {
		return fault.Usagef("%d new secrets would go to standard output, where they look alike: nothing was sent", n).
			WithHint("use a sink that contains {{.Name}}, such as dotenv:.env:HOOK_{{.Name}}")
	}
	if err := p.CheckSinks(ctx); err != nil {
		return err
	}
	pending, _, err := a.journal.List(ctx)
	if err != nil {
		return err
	}
	for _, c := range p.Changes {
		if !c.NewSecret() {
			continue
		}
		if storeDies(a.env) && !o.storeOnly && len(c.SecretTo) == 0 {
			return fault.Usagef("CI is set, so the store is probably lost when this job ends, and the secret of %s with it: nothing was sent", term.ShellWord(c.Ref())).
				WithHint("send the secrets to a sink with secret_to in the manifest or with --secret-to; if the store lasts, use --store-only")
		}
		if err := unsettled(c, p.Profile, pending); err != nil {
			return err
		}
	}
	return nil
}

// awaitOthers waits until no other process makes or replaces a webhook that the
// plan changes, for five minutes at most, and reports whether one did.
func (o *applyOptions) awaitOthers(ctx context.Context, a *app, p *apply.Plan) (waited bool, err error) {
	const step, most = 100 * time.Millisecond, 5 * time.Minute
	for at := time.Duration(0); at < most; at += step {
		pending, _, err := a.journal.List(ctx)
		if err != nil {
			return waited, err
		}
		i := slices.IndexFunc(p.Changes, func(c *apply.Change) bool {
			return slices.ContainsFunc(pending, func(op secret.OpenOperation) bool { return op.Live && isOf(op.Intent, c, p.Profile) })
		})
		if i < 0 {
			return waited, nil
		}
		if !waited {
			a.note("Another process is creating %s. Waiting until it ends.", term.ShellWord(p.Changes[i].Ref()))
		}
		waited = true
		if err := a.env.Sleep(ctx, step); err != nil {
			return waited, fault.Errorf(fault.Interrupted, "interrupted before anything was sent")
		}
	}
	return waited, nil
}

// isOf reports whether an operation makes the webhook of c, or replaces it.
func isOf(in secret.Intent, c *apply.Change, profile string) bool {
	again := in.Name == c.Name && provider.SameURL(in.URL, c.URL) || in.Replaces != nil && in.Replaces.ID == c.ID
	return again && in.Provider == c.Driver.Name && in.Profile == profile
}

// unsettled refuses to make a webhook that an operation of the journal may have
// made already.
func unsettled(c *apply.Change, profile string, pending []secret.OpenOperation) error {
	for _, op := range pending {
		if !isOf(op.Intent, c, profile) {
			continue
		}
		ref := term.ShellWord(c.Ref())
		if op.Live {
			return fault.Errorf(fault.Custody, "another process is creating %s right now; nothing was sent", ref).
				WithCode("unsettled").WithHint("wait until it ends, then run apply again")
		}
		return fault.Errorf(fault.Custody, "an interrupted create of %s is not settled, and a second create may make the webhook twice; nothing was sent", ref).
			WithCode("unsettled").WithCommand("hookctl recover")
	}
	return nil
}
