package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
)

// onlyCreate is a provider that can make a webhook.
type onlyCreate struct {
	Provider
	a Access
}

func (p onlyCreate) Create(ctx context.Context, _ Spec) (Webhook, secret.Value, error) {
	_, err := p.a.HTTP.Do(ctx, httpx.Request{Method: "POST", URL: p.a.BaseURL + "/hooks", Body: []byte(`{}`)})
	return Webhook{}, secret.Value{}, err
}

func TestPreviewShowsNoCredential(t *testing.T) {
	d := NewDriver(Driver{}, func(a Access) Provider { return onlyCreate{a: a} })
	preview, err := d.Preview(Access{BaseURL: "http://127.0.0.1:1"}, Spec{}, map[string]string{"key": "TOY_KEY"})
	if err != nil {
		t.Fatal(err)
	}
	want := "curl -sS -X POST http://127.0.0.1:1/hooks \\\n  --data-binary '{}'\n"
	if got := strings.ReplaceAll(preview.Curl(), "'http://127.0.0.1:1/hooks'", "http://127.0.0.1:1/hooks"); got != want {
		t.Errorf("curl: %s", got)
	}
}

// TestPreviewWithVariables: who copies the command has the credentials in
// variables, and nothing else changes on the way through a shell.
func TestPreviewWithVariables(t *testing.T) {
	t.Parallel()
	d := RequestPreview{
		Method: "POST", URL: "https://x.test/it's", Body: "",
		Header: []PreviewHeader{{"A", "mark"}, {"B", "Basic mark2 mark"}},
		marks:  map[string]string{"mark": "ONE", "mark2": "TWO"},
	}
	want := `curl -sS -X POST 'https://x.test/it'\''s' \
  -H 'A: '"$ONE" \
  -H 'B: Basic '"$TWO"' '"$ONE" \
  --data-binary ''
`
	for range 20 { // the order of a map changes
		if got := d.Curl(); got != want {
			t.Fatal(got)
		}
	}
}
