package zyntrofake

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

var sampleTime = time.Date(2026, 3, 30, 12, 22, 0, 0, time.FixedZone("", 7200))

// The typed sample, filled with the documented values, is the documented body
// byte for byte.
func TestSampleIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	got := fakekit.Compact(envelope{
		EventID: "evt_abc123", EventType: "trigger.captured", APIVersion: "2026-03-30", CreatedAt: "2026-03-30T10:22:00Z", OrgID: "org_xxx",
		Data: triggerCaptured{
			ChargeID: "sc_xxx", RevenueID: "rev_xxx", InvoiceID: "inv_xxx", BillingCustomerID: "bc_xxx", BillableItemID: "bi_xxx",
			TriggerSubscriptionID: "ts_xxx", Amount: "200.00", Currency: "USD", Gateway: "stripe", GatewayRef: "pi_xxx",
			CaptureMode: "off_session", CapturedAt: "2026-03-30T10:22:00Z",
		},
	})
	if want := compact(t); !bytes.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// documentedMembers is the table of the reference, members in its order.
// trigger.captured has more in the documented sample than in the table.
var documentedMembers = map[string]string{
	"trigger.captured":             "charge_id revenue_id invoice_id billing_customer_id amount gateway gateway_ref capture_mode",
	"trigger.failed":               "charge_id billing_customer_id failure_reason decline_code consecutive_failures",
	"trigger.pending_client":       "charge_id invoice_id amount invoice_url pay_now_sent_to",
	"trigger.client_paid":          "charge_id revenue_id invoice_id amount gateway_ref",
	"trigger.enrollment.paused":    "trigger_subscription_id billing_customer_id reason consecutive_failures",
	"trigger.enrollment.cancelled": "trigger_subscription_id billing_customer_id billable_item_id",
	"billing_customer.created":     "billing_customer_id contact_id gateway status",
	"billing_customer.suspended":   "billing_customer_id contact_id reason",
}

// memberNames are the members of an object in their order, doubles included.
func memberNames(t *testing.T, doc []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(doc))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

func TestEveryEventHasASample(t *testing.T) {
	t.Parallel()
	n, made := 0, 0
	for _, c := range catalogue {
		for _, slug := range c.slugs {
			body, documented := Sample(slug, provider.SampleOptions{Now: sampleTime, OrgID: "org & <co>", Seed: 1})
			var got struct {
				ID      string          `json:"event_id"`
				Type    string          `json:"event_type"`
				Version string          `json:"api_version"`
				At      string          `json:"created_at"`
				Org     string          `json:"org_id"`
				Data    json.RawMessage `json:"data"`
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%s: %v in %s", slug, err, body)
			}
			if want := []string{"event_id", "event_type", "api_version", "created_at", "org_id", "data"}; !slices.Equal(memberNames(t, body), want) {
				t.Errorf("%s: members %q", slug, memberNames(t, body))
			}
			if got.Type != slug || got.Org != "org & <co>" || got.At != "2026-03-30T10:22:00Z" || !strings.HasPrefix(got.ID, "evt_") || got.Version == "" {
				t.Errorf("%s: %s", slug, body)
			}
			var compacted bytes.Buffer
			if err := json.Compact(&compacted, body); err != nil || !bytes.Equal(compacted.Bytes(), body) {
				t.Errorf("%s is not compact: %s", slug, body)
			}
			data := memberNames(t, got.Data)
			n++
			if documented {
				made++
				for i, want := range strings.Fields(documentedMembers[slug]) {
					if !slices.Contains(data, want) || slug != "trigger.captured" && data[i] != want {
						t.Errorf("%s: data has %q, want %s", slug, data, documentedMembers[slug])
					}
				}
				if slug != "trigger.captured" && len(data) != len(strings.Fields(documentedMembers[slug])) {
					t.Errorf("%s: data has more than is documented: %q", slug, data)
				}
				continue
			}
			if _, ok := assumed[slug]; !ok {
				t.Errorf("%s has no sample of its own", slug)
			}
			sorted := slices.Sorted(slices.Values(data))
			if len(data) < 3 || len(slices.Compact(sorted)) != len(data) {
				t.Errorf("%s: data has %q", slug, data)
			}
			for part := range assumedParts {
				if bytes.Contains(body, []byte(part)) {
					t.Errorf("%s: %s was not filled in", slug, part)
				}
			}
			for _, part := range []string{"<id>", "<now>", "<later>", "<member>", "<contact>"} {
				if bytes.Contains(body, []byte(part)) {
					t.Errorf("%s: %s was not filled in", slug, part)
				}
			}
		}
	}
	if n != 77 || made != 8 || len(assumed) != 69 {
		t.Errorf("%d events, %d documented, %d assumed", n, made, len(assumed))
	}
}

func TestSampleOfAnUnknownEvent(t *testing.T) {
	t.Parallel()
	body, documented := Sample(`brand."new"`, provider.SampleOptions{Now: sampleTime})
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil || documented || got["event_type"] != `brand."new"` || got["org_id"] == "" {
		t.Errorf("%v: %s", err, body)
	}
}

func TestSamplesDiffer(t *testing.T) {
	t.Parallel()
	sample := func(seed int64) string {
		body, _ := Sample("new_contact", provider.SampleOptions{Now: sampleTime, Seed: seed})
		return string(body)
	}
	if diff := cmp.Diff(sample(7), sample(7)); diff != "" {
		t.Error("one seed, two samples: " + diff)
	}
	if random, other := sample(0), sample(0); random == other || sample(1) == sample(2) {
		t.Error("the ids are not fresh")
	}
}
