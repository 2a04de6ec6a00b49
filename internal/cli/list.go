package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type listOptions struct {
	drivers []*provider.Driver
	all     bool // no provider was named: those without any credentials are passed over

	failing  bool
	interval time.Duration // of --watch
}

func newListCmd(g *globals) *cobra.Command {
	o := &listOptions{}
	c := &cobra.Command{
		Use:     "list [provider]",
		Aliases: []string{"ls"},
		Short:   "List webhooks, with their health and whether the secret is kept",
		Example: `  hookctl list
  hookctl list wundertreos -o json
  hookctl list --jq '.[] | select(.secret.kept | not) | .provider + "/" + .id'
  hookctl list --failing || notify-send "a webhook fails"
  hookctl list --watch=30s`,
		Long: `List the webhooks of one provider, or of every provider that has credentials.

If a provider cannot be reached, the others are still listed. A message names
the provider that failed, and the exit code is that of the worst failure.

--failing lists only the webhooks that need attention, and exits with 3 if there
are any: the last delivery failed, the provider counts failures, the webhook
cannot be read, or it is disabled where that is not how webhooks are deleted
({deleting}). On {disabling}, disabled webhooks are the deleted ones, and
somebody paused the paused ones: neither counts as failing for that alone.

--watch redraws the list on a terminal. In a pipe, and with -o json or ndjson, it
prints a stream of JSON lines: all webhooks first, then each one that is new, has
changed, or is gone ("gone": true). A provider that cannot be reached causes a
warning and is tried again. Ctrl-C ends it with exit code 130.`,
		Args:              atMostOneProvider,
		ValidArgsFunction: g.completeProviders,
		RunE: g.run(reads, func(ctx context.Context, a *app, args []string) error {
			var err error
			if o.drivers, o.all, err = g.env.driversFor(args...); err != nil {
				return err
			}
			if a.given("watch") {
				return o.watch(ctx, a)
			}
			return o.run(ctx, a)
		}),
	}
	c.Flags().BoolVar(&o.failing, "failing", false, "list only webhooks that are failing; exit 3 if there are any")
	durationVar(c, &o.interval, "watch", 0, "keep listing, at this interval (10s without a value)")
	c.Flags().Lookup("watch").NoOptDefVal = "10s"
	_ = c.RegisterFlagCompletionFunc("watch", completeFixed("5s", "10s", "1m"))
	return c
}

// run prints what it got, and then what failed.
func (o *listOptions) run(ctx context.Context, a *app) error {
	l, err := o.look(ctx, a)
	if err != nil {
		return err
	}
	failed := l.failed
	if l.asked == len(failed) {
		return a.report(failed) // an empty list would say that there are no webhooks
	}
	if len(l.rows)+len(failed) == 0 && o.failing {
		a.note("No webhook fails.")
	} else if len(l.rows)+len(failed) == 0 {
		a.note("There are no webhooks. To create one: hookctl create %s", l.first)
	}
	for _, d := range o.drivers {
		if slices.ContainsFunc(l.rows, func(w view.Webhook) bool { return w.Provider == d.Name }) && a.noteOnce(d) {
			for i, w := range l.rows {
				if w.Provider == d.Name {
					l.rows[i].Origin = nil
				}
			}
		}
	}
	if err := a.out.Print(view.Webhooks(l.rows)); err != nil {
		failed = append(failed, err)
	} else if a.out.Format() == render.Table {
		a.noteWaysOut(l.unkept...)
	}
	if o.failing && len(l.rows) > 0 {
		failed = append(failed, fault.Errorf(fault.Negative, "%s", term.Plural(len(l.rows), "webhook fails", "webhooks fail")).WithCode("failing"))
	}
	return a.report(failed)
}

// listing is what one look at the providers showed.
type listing struct {
	rows   []view.Webhook
	failed []error  // one for each provider that could not be asked
	asked  int      // providers
	first  string   // the first of them
	unkept []string // webhooks of rows that are in use, and whose secrets are not kept
}

// look asks the providers and joins what they say with what is kept.
func (o *listOptions) look(ctx context.Context, a *app) (listing, error) {
	answers, err := a.listEach(ctx, o.drivers, o.all)
	if err != nil {
		return listing{}, err
	}
	kept, err := a.keptByRef(ctx)
	if err != nil {
		return listing{}, err
	}
	l := listing{rows: []view.Webhook{}, asked: len(answers), first: answers[0].driver.Name}
	for _, ans := range answers {
		if ans.err != nil {
			l.failed = append(l.failed, ans.err)
			continue
		}
		for _, w := range ans.rows {
			if !o.failing || needsLook(ans.driver, w) {
				v := a.webhookView(ans.driver, w, kept)
				l.rows = append(l.rows, v)
				if !v.Secret.Kept && w.ID != "" && !goneFor(ans.driver, w) && !provider.OfZapier(provider.Text(w.URL)) {
					l.unkept = append(l.unkept, secret.Ref{Provider: ans.driver.Name, ID: w.ID}.Word())
				}
			}
		}
	}
	return l, nil
}

// needsLook reports whether somebody should look at the webhook. See the help of
// list.
func needsLook(d *provider.Driver, w provider.Webhook) bool {
	disabled := w.Is(provider.Disabled)
	switch {
	case w.Unreadable != "":
		return true
	case disabled:
		return d.Deletes // else it is how webhooks are deleted
	case w.Health == nil:
		return false
	}
	last := strings.ToLower(provider.Text(w.Health.LastStatus))
	return strings.HasPrefix(last, "fail") || strings.HasPrefix(last, "error") || w.Health.Failures != nil && *w.Health.Failures > 0
}
