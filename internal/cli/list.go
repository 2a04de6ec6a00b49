package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

type listOptions struct {
	app     *app
	drivers []*provider.Driver
	all     bool // no provider was named: those without any credentials are passed over
}

func newListCmd(g *globals) *cobra.Command {
	o := &listOptions{}
	return &cobra.Command{
		Use:     "list [provider]",
		Aliases: []string{"ls"},
		Short:   "List webhooks, with their health and whether the secret is kept",
		GroupID: groupWebhooks,
		Example: `  hookctl list
  hookctl list wundertreos -o json
  hookctl list --jq '.[] | select(.secret.kept | not) | .provider + "/" + .id'`,
		Long: `List the webhooks of every provider that there are credentials for, or of one.

Where a provider cannot be asked, the others are listed all the same; a message
names the one that failed, and the exit code is that of the worst failure.`,
		Args:              atMostOneProvider,
		ValidArgsFunction: g.completeProviders,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.drivers, o.all, err = g.driversFor(args); err != nil {
				return err
			}
			if o.app, err = g.offline(); err != nil {
				return err
			}
			return runList(cmd.Context(), o)
		},
	}
}

// atMostOneProvider checks the number of arguments of a [provider] command.
func atMostOneProvider(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return fault.Usagef("%s takes one provider at most, got %d arguments", cmd.CommandPath(), len(args)).
		WithHint("see: %s --help", cmd.CommandPath())
}

// driversFor is the provider that args names, or all of them.
func (g *globals) driversFor(args []string) (drivers []*provider.Driver, all bool, err error) {
	if len(args) == 0 {
		return g.env.Drivers, true, nil
	}
	d, err := g.driver(args[0])
	return []*provider.Driver{d}, false, err
}

// runList prints what it got, and then what failed.
func runList(ctx context.Context, o *listOptions) error {
	a := o.app
	answers, err := a.listEach(ctx, o.drivers, o.all)
	if err != nil {
		return err
	}
	kept, err := a.keptByRef(ctx)
	if err != nil {
		return err
	}
	rows := []view.Webhook{}
	var failed []error
	for _, ans := range answers {
		if ans.err != nil {
			failed = append(failed, ans.err)
			continue
		}
		for _, w := range ans.rows {
			rows = append(rows, a.webhookView(ans.driver, w, kept))
		}
	}
	if len(failed) == len(answers) {
		return a.report(failed) // an empty list would say that there are no webhooks
	}
	if len(rows) == 0 && len(failed) == 0 {
		a.note("There are no webhooks. To make one: hookctl create %s", answers[0].driver.Name)
	}
	if err := a.out.Print(view.Webhooks(rows)); err != nil {
		failed = append(failed, err)
	}
	return a.report(failed)
}

// listed is what one provider answered.
type listed struct {
	driver *provider.Driver
	client *provider.Client
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
	if rec, ok := kept[secret.Ref{Provider: d.Name, ID: w.ID}]; ok {
		return view.NewWebhook(d.Name, w, &rec)
	}
	return view.NewWebhook(d.Name, w, nil)
}

// report prints each error where there are several, and returns the worst, by
// then silent; a single one is left to the caller.
func (a *app) report(errs []error) error {
	if len(errs) < 2 {
		return fault.Worst(errs...)
	}
	format := a.out.Format()
	for _, err := range errs {
		printError(a.env.Streams.Err, err, format == render.JSON || format == render.NDJSON)
	}
	worst := fault.Worst(errs...)
	return &fault.Error{Kind: fault.KindOf(worst), Err: worst, Silent: true}
}
