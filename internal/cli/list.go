package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

type listOptions struct {
	drivers []*provider.Driver
	all     bool // no provider was named: those without any credentials are passed over

	failing  bool
	watch    bool
	interval time.Duration // of watch
}

func newListCmd(g *globals) *cobra.Command {
	o := &listOptions{}
	c := &cobra.Command{
		Use:     "list [provider]",
		Aliases: []string{"ls"},
		Short:   "List webhooks, with their health and whether the secret is kept",
		GroupID: groupWebhooks,
		Example: `  hookctl list
  hookctl list wundertreos -o json
  hookctl list --jq '.[] | select(.secret.kept | not) | .provider + "/" + .id'
  hookctl list --failing || notify-send "a webhook fails"
  hookctl list --watch=30s`,
		Long: `List the webhooks of every provider that there are credentials for, or of one.

Where a provider cannot be asked, the others are listed all the same; a message
names the one that failed, and the exit code is that of the worst failure.

With --failing only those are listed that need a look, and if there are any the
exit code is 3: the last delivery failed, or the provider counts failures, or
the webhook cannot be read, or it is disabled where that is not how webhooks are
deleted (WundertreOS). On Zyntro disabled webhooks are the deleted ones, and
paused ones are so by somebody's will: neither counts as failing for that alone.

With --watch the list is drawn again and again on a terminal. Elsewhere, and
with -o json or ndjson, it is a stream of JSON lines: all webhooks at first, and
then each one that is new, has changed, or is gone ("gone": true). A provider
that cannot be asked is warned of and asked again. Ctrl-C ends it, with exit
code 130.`,
		Args:              atMostOneProvider,
		ValidArgsFunction: g.completeProviders,
		RunE: g.run(func(ctx context.Context, a *app, args []string) error {
			var err error
			if o.drivers, o.all, err = g.env.driversFor(args...); err != nil {
				return err
			}
			if o.watch = a.given("watch"); o.watch {
				return runWatch(ctx, a, o)
			}
			return runList(ctx, a, o)
		}),
	}
	c.Flags().BoolVar(&o.failing, "failing", false, "only webhooks that fail; exit code 3 if there are any")
	c.Flags().DurationVar(&o.interval, "watch", 0, "list again and again, at this interval")
	c.Flags().Lookup("watch").NoOptDefVal = "10s"
	_ = c.RegisterFlagCompletionFunc("watch", cobra.FixedCompletions([]string{"5s", "10s", "1m"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// atMostOneProvider checks the number of arguments of a [provider] command.
func atMostOneProvider(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return fault.Usagef("%s takes one provider at most, got %d arguments", cmd.CommandPath(), len(args)).
		WithHint("see: %s --help", cmd.CommandPath())
}

// driversFor is the provider of that name, or all of them where there is none.
func (e *Env) driversFor(name ...string) (drivers []*provider.Driver, all bool, err error) {
	if len(name) == 0 {
		return e.Drivers, true, nil
	}
	d, err := e.Drivers.Find(name[0])
	return []*provider.Driver{d}, false, err
}

// runList prints what it got, and then what failed.
func runList(ctx context.Context, a *app, o *listOptions) error {
	l, err := o.look(ctx, a)
	if err != nil {
		return err
	}
	failed := l.failed
	if l.asked == len(failed) {
		return a.report(failed) // an empty list would say that there are no webhooks
	}
	switch {
	case len(l.rows) > 0 || len(failed) > 0:
	case o.failing:
		a.note("No webhook fails.")
	default:
		a.note("There are no webhooks. To make one: hookctl create %s", l.first)
	}
	if err := a.out.Print(view.Webhooks(l.rows)); err != nil {
		failed = append(failed, err)
	}
	if o.failing && len(l.rows) > 0 {
		failed = append(failed, fault.Errorf(fault.Negative, "%s", plural(len(l.rows), "webhook fails", "webhooks fail")).WithCode("failing"))
	}
	return a.report(failed)
}

// looked is what one look at the providers showed.
type looked struct {
	rows   []view.Webhook
	failed []error // one for each provider that could not be asked
	asked  int     // providers
	first  string  // the first of them
}

// look asks the providers and joins what they say with what is kept.
func (o *listOptions) look(ctx context.Context, a *app) (looked, error) {
	answers, err := a.listEach(ctx, o.drivers, o.all)
	if err != nil {
		return looked{}, err
	}
	kept, err := a.keptByRef(ctx)
	if err != nil {
		return looked{}, err
	}
	l := looked{rows: []view.Webhook{}, asked: len(answers), first: answers[0].driver.Name}
	for _, ans := range answers {
		if ans.err != nil {
			l.failed = append(l.failed, ans.err)
			continue
		}
		for _, w := range ans.rows {
			if !o.failing || needsLook(ans.driver, w) {
				l.rows = append(l.rows, a.webhookView(ans.driver, w, kept))
			}
		}
	}
	return l, nil
}

// needsLook reports whether somebody should look at the webhook. See the help of
// list.
func needsLook(d *provider.Driver, w provider.Webhook) bool {
	disabled := w.Status != nil && *w.Status == provider.Disabled
	switch {
	case w.Unreadable != "":
		return true
	case disabled:
		return d.Deletes // else it is how webhooks are deleted
	case w.Health == nil:
		return false
	}
	last := strings.ToLower(text(w.Health.LastStatus))
	return strings.HasPrefix(last, "fail") || strings.HasPrefix(last, "error") || w.Health.Failures != nil && *w.Health.Failures > 0
}

// listed is what one provider answered.
type listed struct {
	driver *provider.Driver
	client *custody.Client
	rows   []provider.Webhook
	err    error
}

// listEach asks the providers for their webhooks, all at once, and gives their
// answers in the order of drivers. With skip it passes over those for which
// there are no credentials at all; if that leaves none, it is an error.
func (a *app) listEach(ctx context.Context, drivers []*provider.Driver, skip bool) ([]listed, error) {
	var answers []listed
	for _, d := range drivers {
		client, err := a.online(ctx, d)
		if err != nil && skip && !a.configured(ctx, d) {
			continue
		}
		answers = append(answers, listed{driver: d, client: client, err: err})
	}
	if len(answers) == 0 {
		return nil, a.noCredentials(drivers)
	}
	var wg sync.WaitGroup
	for i := range answers {
		ans := &answers[i]
		if ans.err != nil {
			continue
		}
		wg.Go(func() { ans.rows, ans.err = ans.client.List(ctx) })
	}
	wg.Wait()
	return answers, nil
}

// configured reports whether there is anything to authenticate with at d, even
// if it is of no use: an incomplete environment, or credentials that are kept
// for another origin. The user then wants to know why d is missing.
func (a *app) configured(ctx context.Context, d *provider.Driver) bool {
	found, _, err := a.envCredentials(d)
	if err != nil || len(found) > 0 {
		return true
	}
	stored, problems, err := a.store.ListCredentials(ctx)
	if err != nil || len(problems) > 0 {
		return true
	}
	for _, c := range stored {
		if c.Provider == d.Name && c.Profile == a.cfg.Profile() {
			return true
		}
	}
	return false
}

// noCredentials says how to get credentials for any of drivers.
func (a *app) noCredentials(drivers []*provider.Driver) error {
	var names, logins []string
	for _, d := range drivers {
		names = append(names, d.Name)
		logins = append(logins, "hookctl login "+d.Name)
	}
	return fault.Errorf(fault.Auth, "there are no credentials for %s in profile %s", strings.Join(names, " or "), a.cfg.Profile()).
		WithCode("no-credentials").
		WithHint("run: %s\nor set their environment variables: hookctl help environment", strings.Join(logins, ", or "))
}

// keptByRef is what is kept in any profile, without the secrets: a webhook has
// one secret, whoever looks.
func (a *app) keptByRef(ctx context.Context) (map[secret.Ref]secret.Record, error) {
	recs, err := a.records(ctx, true)
	if err != nil {
		return nil, err
	}
	kept := make(map[secret.Ref]secret.Record, len(recs))
	for _, r := range recs {
		kept[r.Ref()] = r
	}
	return kept, nil
}

// webhookView joins what the provider said with what is kept. A row that could
// not be read is warned of.
func (a *app) webhookView(d *provider.Driver, w provider.Webhook, kept map[secret.Ref]secret.Record) view.Webhook {
	if w.Unreadable != "" {
		a.warn(fmt.Sprintf("warning: %s listed a webhook that cannot be read: %s", d.Title, w.Unreadable))
	}
	v := view.NewWebhook(d.Name, w, nil)
	if rec, ok := kept[secret.Ref{Provider: d.Name, ID: w.ID}]; ok {
		v.Secret = view.NewSecret(&rec)
	}
	v.Origin = optional(a.elsewhere(d))
	return v
}

// report prints each error where there are several, and returns the worst, by
// then silent; a single one is left to the caller.
func (a *app) report(errs []error) error {
	if len(errs) < 2 {
		return fault.Worst(errs...)
	}
	format := a.out.Format()
	for _, err := range errs {
		printError(a.env.Streams.Err, err, format == render.JSON || format == render.NDJSON, a.hide)
	}
	worst := fault.Worst(errs...)
	return &fault.Error{Kind: fault.KindOf(worst), Err: worst, Silent: true}
}
