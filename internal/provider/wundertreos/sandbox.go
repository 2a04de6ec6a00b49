package wundertreos

import (
	"context"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
	"github.com/hookctl/hookctl/internal/secret"
)

// sandbox is the fake in neutral words.
type sandbox struct{ *wundertreosfake.API }

func newSandbox(o provider.SandboxOptions) provider.Sandbox {
	return sandbox{wundertreosfake.New(wundertreosfake.Options{Now: o.Now, Seed: o.Seed, Deliver: o.Deliver})}
}

// Credentials is an API key with both scopes. It is the only field set, since
// two kinds of credential contradict each other.
func (s sandbox) Credentials() map[string]secret.Value {
	return map[string]secret.Value{fieldAPIKey: secret.New(wundertreosfake.Key)}
}

func (s sandbox) Emit(ctx context.Context, event string) ([]provider.Attempt, error) {
	made, err := s.API.Emit(ctx, event)
	attempts := make([]provider.Attempt, len(made))
	for i, a := range made {
		attempts[i] = neutral(a)
	}
	return attempts, err
}

func (s sandbox) Prepare(event string, edit func([]byte) ([]byte, error)) ([]provider.Delivery, error) {
	made, err := s.API.Prepare(event, edit)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, err)
	}
	list := make([]provider.Delivery, len(made))
	for i, d := range made {
		list[i] = provider.Delivery{
			WebhookID: d.SubscriptionID, EventID: d.EventID, EventType: d.EventType, URL: d.URL, Waits: d.Waits,
			Signed: func() provider.Attempt { return neutral(d.Signed()) },
			Try: func(ctx context.Context) (provider.Attempt, bool) {
				a, sent := d.Try(ctx)
				return neutral(a), sent
			},
		}
	}
	return list, nil
}

func neutral(a wundertreosfake.Attempt) provider.Attempt {
	return provider.Attempt{
		WebhookID: a.SubscriptionID,
		EventID:   a.EventID,
		EventType: a.EventType,
		URL:       a.URL,
		Header:    a.Header,
		Body:      a.Body,
		Status:    a.Status,
		Err:       a.Err,
	}
}
