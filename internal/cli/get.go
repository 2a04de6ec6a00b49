package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
)

type getOptions struct {
	ref   string
	exact bool // the beginning of an id is not enough
}

func newGetCmd(g *globals) *cobra.Command {
	o := &getOptions{}
	return &cobra.Command{
		Use:     "get <webhook>",
		Short:   "Show one webhook, all fields",
		GroupID: groupWebhooks,
		Example: `  hookctl get "CRM Sync"
  hookctl get wundertreos/a1b2c3d4-1111-2222-3333-444455556666 -o yaml
  hookctl get a1b2 --jq .url`,
		Long: `Show all that the provider says of one webhook, and what is kept of its secret.

<webhook> is provider/id, an id, a name, or the beginning of an id that no other
webhook shares. If several fit, webhooks that are not deleted take precedence. Of
what is kept on this machine, those at the current base URL do, so that a sandbox
and an account can have webhooks of one name.

Every provider that there are credentials for is asked.`,
		Args:              exactly("<webhook>"),
		ValidArgsFunction: firstOnly(g.completeKept),
		RunE:              g.run(o.run),
	}
}

func (o *getOptions) run(ctx context.Context, a *app, args []string) error {
	o.ref = args[0]
	d, w, err := o.find(ctx, a)
	if err != nil {
		return err
	}
	return printWebhook(ctx, a, d, w)
}

// find asks for the webhook by its id where the reference is provider/id, and
// else looks for it in the lists.
func (o *getOptions) find(ctx context.Context, a *app) (*provider.Driver, provider.Webhook, error) {
	if o.ref == "" {
		return nil, provider.Webhook{}, errNoName() // before anybody is asked
	}
	drivers, skip := a.env.Drivers, true
	if name, id, ok := strings.Cut(o.ref, "/"); ok {
		if d, err := a.env.Drivers.Find(name); err == nil {
			client, err := a.online(ctx, d)
			if err != nil {
				return nil, provider.Webhook{}, err
			}
			w, err := client.Get(ctx, id)
			if err == nil || fault.KindOf(err) != fault.Refused {
				return d, w, err
			}
			if o.exact {
				return d, w, o.explain(ctx, a, client, err)
			}
			// It may be the beginning of an id.
			drivers, skip = []*provider.Driver{d}, false
		}
	}
	answers, err := a.listEach(ctx, drivers, skip)
	if err != nil {
		return nil, provider.Webhook{}, err
	}
	return o.choose(a, answers)
}

// choose finds the webhook among what the providers answered.
func (o *getOptions) choose(a *app, answers []providerListing) (*provider.Driver, provider.Webhook, error) {
	var (
		all    []candidate
		hits   []provider.Webhook
		from   []*provider.Driver
		failed []error
	)
	for _, ans := range answers {
		if ans.err != nil {
			failed = append(failed, ans.err)
		}
		for _, w := range ans.rows {
			all = append(all, a.listedCandidate(ans.driver, w))
			hits, from = append(hits, w), append(from, ans.driver)
		}
	}
	i, err := a.match(o.ref, all, !o.exact)
	switch {
	case err != nil:
		return nil, provider.Webhook{}, err
	case i >= 0 && o.exact && len(failed) > 0 && all[i].id != o.ref:
		return nil, provider.Webhook{}, a.report(failed) // there may be another one of that name
	case i >= 0:
		for _, err := range failed {
			a.warn("warning: not every provider could be asked: " + err.Error())
		}
		return from[i], hits[i], nil
	case len(failed) > 0: // it may be there
		return nil, provider.Webhook{}, a.report(failed)
	}
	return nil, provider.Webhook{}, fault.Errorf(fault.Refused, "there is no webhook %q", o.ref).
		WithCode("not-found").WithHint("%s", a.suggest(o.ref, all))
}

// explain gives a refusal of provider/id the hint that the list has.
func (o *getOptions) explain(ctx context.Context, a *app, client *custody.Client, refused error) error {
	rows, err := client.List(ctx)
	if err != nil || fault.Code(refused) != "not-found" {
		return refused
	}
	all := make([]candidate, len(rows))
	for i, w := range rows {
		all[i] = a.listedCandidate(client.Driver(), w)
	}
	return fault.Errorf(fault.Refused, "%w", refused).WithCode("not-found").WithHint("%s", a.suggest(o.ref, all))
}
