package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

// printWebhook prints what the provider says of a webhook, and what is kept.
func printWebhook(ctx context.Context, a *app, d *provider.Driver, w provider.Webhook) error {
	kept, err := a.keptByRef(ctx)
	if err != nil {
		return err
	}
	v := a.webhookView(d, w, kept)
	err = a.out.Print(render.View{Data: v, Facts: v.Facts(), Names: []string{v.Ref()}})
	if err == nil && !v.Secret.Kept && w.ID != "" {
		a.noteUnkept(d, w, kept)
	}
	return err
}

// providerListing is what one provider answered.
type providerListing struct {
	driver *provider.Driver
	client *custody.Client
	rows   []provider.Webhook
	err    error
}

// listEach asks the providers for their webhooks, all at once, and gives their
// answers in the order of drivers. With skip it passes over those for which
// there are no credentials at all; if that leaves none, it is an error.
func (a *app) listEach(ctx context.Context, drivers []*provider.Driver, skip bool) ([]providerListing, error) {
	var answers []providerListing
	for _, d := range drivers {
		client, err := a.online(ctx, d)
		if err != nil && skip && !a.configured(ctx, d) {
			continue
		}
		answers = append(answers, providerListing{driver: d, client: client, err: err})
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
	rows := 0
	for _, ans := range answers {
		rows += len(ans.rows)
	}
	roomForRows(a.env, rows)
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
	return slices.ContainsFunc(stored, func(c secret.Credential) bool { return c.Provider == d.Name && c.Profile == a.cfg.Profile() })
}

// noCredentials says how to get credentials for any of drivers.
func (a *app) noCredentials(drivers []*provider.Driver) error {
	names := provider.Registry(drivers).Names()
	return fault.Errorf(fault.Auth, "there are no credentials for %s in profile %s", strings.Join(names, " or "), a.cfg.Profile()).
		WithCode("no-credentials").
		WithHint("run: %s\nor set environment variables: hookctl help environment", strings.Join(prefixed("hookctl login ", names), ", or "))
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
	var rec *secret.Record
	if r, ok := kept[secret.Ref{Provider: d.Name, ID: w.ID}]; ok {
		rec = &r
	}
	v := view.NewWebhook(d.Name, w, rec)
	v.Origin = view.OrNull(a.elsewhere(d))
	return v
}
