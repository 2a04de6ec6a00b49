package verify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/secret"
)

// spread is deliveries of several webhooks. What each tells of its webhook is true, or
// else of another one, and some are of none.
func spread(tb testing.TB, webhooks, deliveries int, lies bool) (o Options, text string, want []string) {
	r := rand.New(rand.NewPCG(5, 5))
	o = options()
	o.Candidates = nil
	for i := range webhooks {
		o.Candidates = append(o.Candidates, Candidate{Provider: o.Providers[0].Name, ID: fmt.Sprint("w", i), Secret: secret.New(fmt.Sprint("secret-", i)),
			URL: fmt.Sprintf("https://h.test/hooks/%d?x", i%7), Events: []string{fmt.Sprint("event.", i%11)}})
	}
	var b strings.Builder
	for i := range deliveries {
		of := r.IntN(webhooks)
		told := of
		if lies {
			told = r.IntN(webhooks)
		}
		body := fmt.Sprintf(`{"id":"e%d","event_id":"e%d","event_type":"event.%d","org_id":"org-%d"}`, i, i, told%11, told%23)
		key := fmt.Sprint("secret-", of)
		id := fmt.Sprint("w", of)
		if lies && r.IntN(20) == 0 {
			key, id = "of nobody", ""
		}
		record, err := json.Marshal(map[string]any{
			"url": fmt.Sprintf("/hooks/%d", told%7), "headers": map[string]string{o.Providers[0].Scheme.Headers[0]: sign(tb, o.Providers[0], key, body), "Host": "h.test"},
			"body_base64": base64.StdEncoding.EncodeToString([]byte(body)),
		})
		if err != nil {
			tb.Fatal(err)
		}
		b.Write(record)
		b.WriteByte('\n')
		want = append(want, id)
	}
	return o, b.String(), want
}

// What a delivery says of its webhook, true or false, changes no verdict.
func TestManyWebhooks(t *testing.T) {
	for _, lies := range []bool{false, true} {
		o, text, want := spread(t, 60, 1500, lies)
		o.Diagnoses = -1
		results, _, err := run(t, o, text)
		if err != nil || len(results) != len(want) {
			t.Fatalf("%d results: %v", len(results), err)
		}
		for i := range results {
			if results[i].WebhookID != want[i] || results[i].Valid != (want[i] != "") {
				t.Fatalf("%d: %+v, want it to be of %q", i, results[i], want[i])
			}
		}
	}
}

// BenchmarkManyWebhooks is deliveries spread over so many webhooks.
func BenchmarkManyWebhooks(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			const deliveries = 20_000
			o, text, _ := spread(b, n, deliveries, false)
			o.Diagnoses = -1
			benchText(b, o, text, deliveries)
		})
	}
}
