package custody

import (
	"testing"

	"github.com/google/go-cmp/cmp"

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
		"another URL":      {provider.Webhook{URL: text("https://x.test/y")}, false},
		"another event":    {provider.Webhook{Events: []string{"a", "c"}}, false},
		"no events at all": {provider.Webhook{Events: []string{}}, false},
	} {
		if got := sameWebhook(in, c.w); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	seconds := 5
	before := provider.Webhook{ID: "i", Name: text("n"), URL: text("u"), Events: []string{"a", "b"}}
	for name, c := range map[string]struct {
		now  func(w *provider.Webhook)
		want []string
	}{
		"nothing":           {func(*provider.Webhook) {}, nil},
		"the same, again":   {func(w *provider.Webhook) { w.Name, w.URL, w.Events = text("n"), text("u"), []string{"b", "a"} }, nil},
		"what is no matter": {func(w *provider.Webhook) { w.UpdatedAt, w.RetryCount = text("now"), &seconds }, nil},
		"two":               {func(w *provider.Webhook) { w.Name, w.Events = nil, []string{"a"} }, []string{"the name", "the events"}},
		"all": {func(w *provider.Webhook) {
			paused := provider.Paused
			*w = provider.Webhook{Status: &paused, TimeoutSeconds: &seconds, AuthType: text("basic")}
		}, []string{"the name", "the URL", "the events", "the status", "the timeout", "the authentication"}},
		"unreadable": {func(w *provider.Webhook) { w.Unreadable = "no object" }, []string{"it cannot be read"}},
	} {
		now := before
		c.now(&now)
		if diff := cmp.Diff(c.want, before.Changed(now)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestChangeEmpty(t *testing.T) {
	t.Parallel()
	text, seconds, status := "", 0, provider.Paused
	if !(provider.Change{}).Empty() {
		t.Error("nothing is a change")
	}
	for i, c := range []provider.Change{
		{Name: &text}, {URL: &text}, {Events: []string{}}, {Timeout: &seconds}, {AuthType: &text}, {AuthData: secret.New("{}")}, {Status: &status},
	} {
		if c.Empty() {
			t.Errorf("the change %d is none", i)
		}
	}
}
