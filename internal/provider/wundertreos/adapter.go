package wundertreos

import (
	"context"
	"errors"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
	"github.com/hookctl/hookctl/internal/secret"
)

// adapter implements [provider.Provider].
type adapter struct {
	api *wundertreosapi.Client
	// refused is why no request may be sent with these credentials; nil: none.
	refused error
}

func open(a provider.Access) provider.Provider {
	p := adapter{api: api(a)}
	if err := checkCredentials(a.Credentials); err != nil {
		p.refused = &httpx.Error{Stage: httpx.NotSent, Err: err} // nothing can have been created
	}
	return p
}

func (p adapter) Create(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
	if p.refused != nil {
		return provider.Webhook{}, secret.Value{}, p.refused
	}
	made, err := p.api.Create(ctx, wundertreosapi.NewSubscription{
		TargetURL:   s.URL,
		EventTypes:  unique(s.Events),
		Description: s.Name,
	})
	if err != nil {
		return provider.Webhook{}, secret.Value{}, translate(err, "the webhook could not be created")
	}
	return webhook(made.Subscription), made.Secret, nil
}

func (p adapter) List(ctx context.Context) ([]provider.Webhook, error) {
	if p.refused != nil {
		return nil, p.refused
	}
	rows, err := p.api.List(ctx)
	if err != nil {
		return nil, translate(err, "the webhooks could not be listed")
	}
	list := make([]provider.Webhook, len(rows))
	for i, row := range rows {
		list[i] = webhook(row)
	}
	return list, nil
}

func (p adapter) Get(ctx context.Context, id string) (provider.Webhook, error) {
	if p.refused != nil {
		return provider.Webhook{}, p.refused
	}
	row, err := p.api.Get(ctx, id)
	if err != nil {
		return provider.Webhook{}, translate(err, "the webhook could not be read")
	}
	return webhook(row), nil
}

// Update fails: the API has nothing of the kind.
func (p adapter) Update(context.Context, string, provider.Change) (provider.Webhook, error) {
	return provider.Webhook{}, unsupported("changing a webhook",
		"WundertreOS cannot change a webhook: create a new one, then delete this one")
}

// Delete removes the webhook for good.
func (p adapter) Delete(ctx context.Context, id string) error {
	if p.refused != nil {
		return p.refused
	}
	if err := p.api.Delete(ctx, id); err != nil {
		return translate(err, "the webhook could not be deleted")
	}
	return nil
}

// Help fails: the API has no documentation of its own.
func (p adapter) Help(context.Context) ([]byte, error) {
	return nil, unsupported("live help", "for the built-in summary, run: hookctl help wundertreos --offline")
}

// LiveEvents fails, as Help does.
func (p adapter) LiveEvents(context.Context) ([]string, error) {
	return nil, unsupported("a live list of events", "for the built-in list, run: hookctl list-events wundertreos")
}

func (p adapter) WhoAmI(ctx context.Context) (provider.Identity, error) {
	if p.refused != nil {
		return provider.Identity{}, p.refused
	}
	me, err := p.api.Me(ctx)
	if err != nil {
		return provider.Identity{}, translate(err, "the credential could not be checked")
	}
	who := provider.Identity{Account: me.OrgID, User: me.ID}
	if me.OrgName != nil && *me.OrgName != "" {
		who.Account = *me.OrgName
	}
	if me.Email != nil && *me.Email != "" {
		who.User = *me.Email
	}
	return who, nil
}

func unsupported(what, hint string) error {
	return fault.Errorf(fault.Refused, "%s is not supported by %s: %w", what, title, errors.ErrUnsupported).
		WithCode("unsupported").WithHint("%s", hint)
}

// webhook translates one subscription. The API's own word for the state is the
// boolean enabled; it becomes "enabled" or "disabled".
func webhook(s wundertreosapi.Subscription) provider.Webhook {
	w := provider.Webhook{
		ID:         s.ID,
		Name:       s.Description,
		URL:        s.TargetURL,
		Events:     s.EventTypes,
		CreatedAt:  s.CreatedAt,
		Unreadable: s.Unreadable,
	}
	if s.Enabled != nil {
		status, word := provider.Disabled, "disabled"
		if *s.Enabled {
			status, word = provider.Active, "enabled"
		}
		w.Status, w.ProviderStatus = &status, &word
	}
	return w
}

// unique drops repeated events and keeps the order.
func unique(events []string) []string {
	seen := make(map[string]bool, len(events))
	list := make([]string, 0, len(events))
	for _, e := range events {
		if !seen[e] {
			seen[e] = true
			list = append(list, e)
		}
	}
	return list
}
