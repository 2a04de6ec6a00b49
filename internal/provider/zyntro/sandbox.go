package zyntro

import (
	"context"
	"net/http"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntrofake"
	"github.com/hookctl/hookctl/internal/secret"
)

// Sandbox is the fake API as a [provider.Sandbox].
type Sandbox struct {
	Fake *zyntrofake.Fake // for faults and a look inside
}

func newSandbox(o provider.SandboxOptions) provider.Sandbox {
	return Sandbox{zyntrofake.New(zyntrofake.Options{Now: o.Now, Seed: o.Seed, Deliver: o.Deliver})}
}

// ServeHTTP implements http.Handler.
func (s Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Fake.ServeHTTP(w, r) }

// Credentials are those of the fake's first account.
func (s Sandbox) Credentials() map[string]secret.Value {
	return map[string]secret.Value{
		fieldAPIKey: secret.New(s.Fake.APIKey()),
		fieldOrgID:  secret.New(s.Fake.OrgID()),
	}
}

// BasePath is empty: the path prefix is a setting of its own.
func (s Sandbox) BasePath() string { return "" }

// Webhooks is how many webhooks are not disabled.
func (s Sandbox) Webhooks() int { return s.Fake.Webhooks() }

// Emit delivers a sample event to every active webhook that asked for it.
func (s Sandbox) Emit(ctx context.Context, event string) ([]provider.Attempt, error) {
	attempts, err := s.Fake.Emit(ctx, event)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, err)
	}
	list := make([]provider.Attempt, len(attempts))
	for i, a := range attempts {
		list[i] = provider.Attempt(a)
	}
	return list, nil
}

// Prepare makes a sample event and its deliveries.
func (s Sandbox) Prepare(event string, edit func([]byte) ([]byte, error)) ([]provider.Delivery, error) {
	made, err := s.Fake.Prepare(event, edit)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, err)
	}
	list := make([]provider.Delivery, len(made))
	for i, d := range made {
		list[i] = provider.Delivery{
			WebhookID: d.WebhookID, EventID: d.EventID, EventType: d.EventType, URL: d.URL, Waits: d.Waits,
			Signed: func() provider.Attempt { return provider.Attempt(d.Signed()) },
			Try: func(ctx context.Context) (provider.Attempt, bool) {
				a, sent := d.Try(ctx)
				return provider.Attempt(a), sent
			},
		}
	}
	return list, nil
}

// Wanted are the events that active webhooks ask for.
func (s Sandbox) Wanted() []string { return s.Fake.Wanted() }
