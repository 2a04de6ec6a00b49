package zyntro

import (
	"context"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntroapi"
	"github.com/hookctl/hookctl/internal/secret"
)

// adapter is the provider behind the driver.
type adapter struct {
	api    zyntroapi.Client
	shared *sharedList
}

func open(access provider.Access) provider.Provider {
	a := &adapter{api: client(access)}
	a.shared = newSharedList(a.List)
	return a
}

func client(a provider.Access) zyntroapi.Client {
	return zyntroapi.Client{
		BaseURL:         a.BaseURL,
		Prefix:          a.PathPrefix,
		APIKey:          a.Credentials[fieldAPIKey],
		OrgID:           a.Credentials[fieldOrgID],
		DeveloperSecret: a.Credentials[fieldDeveloperSecret],
		HTTP:            a.HTTP,
	}
}

// Create makes a webhook. The API answers with id and secret alone: the rest of
// the result is what it accepted; the status is left open.
func (a *adapter) Create(ctx context.Context, s provider.Spec) (provider.Webhook, secret.Value, error) {
	created, err := a.api.CreateWebhook(ctx, zyntroapi.CreateRequest{
		Name:     s.Name,
		Endpoint: s.URL,
		Events:   s.Events,
		AuthType: s.AuthType,
		AuthData: s.AuthData,
		Timeout:  s.Timeout,
	})
	if err != nil {
		return provider.Webhook{}, secret.Value{}, translate(err)
	}
	w := provider.Webhook{ID: created.ID, Name: &s.Name, URL: &s.URL, Events: s.Events, TimeoutSeconds: s.Timeout}
	if s.AuthType != "" {
		w.AuthType = &s.AuthType
	}
	return w, created.Secret, nil
}

func (a *adapter) List(ctx context.Context) ([]provider.Webhook, error) {
	rows, err := a.api.FetchWebhooks(ctx)
	if err != nil {
		return nil, translate(err)
	}
	list := make([]provider.Webhook, len(rows))
	for i, row := range rows {
		list[i] = neutral(row)
	}
	return list, nil
}

// Get fetches all webhooks and selects: the API has no call for one.
func (a *adapter) Get(ctx context.Context, id string) (provider.Webhook, error) {
	list, err := a.shared.get(ctx)
	if err != nil {
		return provider.Webhook{}, err
	}
	nameless := 0
	for _, w := range list {
		if id != "" && w.ID == id {
			return w, nil
		}
		if w.ID == "" {
			nameless++
		}
	}
	missing := fault.Errorf(fault.Refused, "Zyntro has no webhook with the id %q in this organization", id)
	if nameless > 0 {
		missing = fault.Errorf(fault.Refused, "Zyntro lists no webhook with the id %q in this organization (unreadable rows in its list: %d)", id, nameless)
	}
	return provider.Webhook{}, missing.WithCode(codeNotFound).WithHint(listHint)
}

// Update changes a webhook and then looks it up: the API's answer does not
// describe it. Where that look fails, the result is what was asked for, since
// the change itself was accepted.
func (a *adapter) Update(ctx context.Context, id string, c provider.Change) (provider.Webhook, error) {
	r := zyntroapi.UpdateRequest{
		ID: id, Name: c.Name, Endpoint: c.URL, Events: c.Events, AuthType: c.AuthType, AuthData: c.AuthData, Timeout: c.Timeout,
	}
	if c.Status != nil {
		word := string(*c.Status)
		r.Status = &word
	}
	if err := a.api.UpdateWebhook(ctx, r); err != nil {
		return provider.Webhook{}, translate(err)
	}
	if w, err := a.Get(ctx, id); err == nil {
		return w, nil
	}
	return provider.Webhook{
		ID: id, Name: c.Name, URL: c.URL, Events: c.Events, TimeoutSeconds: c.Timeout, AuthType: c.AuthType,
		Status: c.Status, ProviderStatus: r.Status,
	}, nil
}

// Delete disables: Zyntro documents no way to delete.
func (a *adapter) Delete(ctx context.Context, id string) error {
	disabled := string(provider.Disabled)
	return translate(a.api.UpdateWebhook(ctx, zyntroapi.UpdateRequest{ID: id, Status: &disabled}))
}

// Help asks createWebhook, whose documentation is the fullest.
func (a *adapter) Help(ctx context.Context) ([]byte, error) {
	text, err := a.api.Help(ctx, zyntroapi.CreateWebhook)
	return text, translate(err)
}

// WhoAmI proves the credentials by the one call that changes nothing. The API
// names neither user nor organisation, so the account is the id.
func (a *adapter) WhoAmI(ctx context.Context) (provider.Identity, error) {
	if _, err := a.api.FetchWebhooks(ctx); err != nil {
		return provider.Identity{}, translate(err)
	}
	return provider.Identity{Account: a.api.OrgID.Reveal()}, nil
}

// neutral puts a row into neutral words.
func neutral(row zyntroapi.Row) provider.Webhook {
	w := provider.Webhook{
		ID:             row.ID,
		Name:           row.Name,
		URL:            row.Endpoint,
		Events:         row.Events,
		Status:         neutralStatus(row.Status),
		ProviderStatus: row.Status,
		CreatedAt:      row.CreatedAt,
		UpdatedAt:      row.UpdatedAt,
		TimeoutSeconds: row.Timeout,
		AuthType:       row.AuthType,
		RetryCount:     row.RetryCount,
		RetryDelay:     row.RetryDelay,
	}
	health := provider.Health{LastStatus: said(row.LastStatus), Failures: row.FailureCount, LastTriggered: said(row.LastTriggered)}
	if health != (provider.Health{}) {
		w.Health = &health
	}
	if row.Err != nil {
		w.Unreadable = row.Err.Error()
	}
	return w
}

// neutralStatus knows Zyntro's three words, which are ours.
func neutralStatus(word *string) *provider.Status {
	if word == nil {
		return nil
	}
	switch status := provider.Status(*word); status {
	case provider.Active, provider.Paused, provider.Disabled:
		return &status
	default:
		return nil
	}
}

// said is nil for an empty text too: a webhook that was never triggered may be
// described either way.
func said(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}
