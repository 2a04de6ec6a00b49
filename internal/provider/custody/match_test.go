package custody

import (
	"testing"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// What the provider does not say cannot speak against a webhook.
func TestSameWebhook(t *testing.T) {
	t.Parallel()
	in := secret.Intent{Name: "n", URL: "https://x.test", Events: []string{"a", "b"}}
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		w    provider.Webhook
		want bool
	}{
		"nothing is said":  {provider.Webhook{}, true},
		"all is the same":  {provider.Webhook{Name: text("n"), URL: text("https://x.test/"), Events: []string{"b", "a", "b"}}, true},
		"another name":     {provider.Webhook{Name: text("m")}, false},
		"an empty name":    {provider.Webhook{Name: text("")}, false},
		"a different URL":  {provider.Webhook{URL: text("https://x.test/y")}, false},
		"another event":    {provider.Webhook{Events: []string{"a", "c"}}, false},
		"no events at all": {provider.Webhook{Events: []string{}}, false},
	} {
		if got := sameWebhook(in, c.w); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
