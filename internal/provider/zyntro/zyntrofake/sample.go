package zyntrofake

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

// random makes ids and secrets. What it makes of a seed stays: people keep captures
// of a sandbox.
type random struct{ *rand.Rand }

// newRandom is the same sequence for the same seed; 0 is a random one.
func newRandom(seed int64) random {
	if seed == 0 {
		seed = int64(fakekit.NewRandom(0).Uint64())
	}
	return random{rand.New(rand.NewPCG(uint64(seed), 0))}
}

// hex returns n hexadecimal digits.
func (r random) hex(n int) string {
	digits := ""
	for len(digits) < n {
		digits += fmt.Sprintf("%016x", r.Uint64())
	}
	return digits[:n]
}

// id looks like a UUID and is none: the documented sample has a 'g' in the
// same place.
func (r random) id() string {
	h := r.hex(32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], "defg", h[20:]}, "-")
}

// Sample is the body of a delivery of the event: the documented envelope,
// compact, in the documented order. The second result says whether Zyntro
// documents the members of its data; those of any other event, and of one that
// Zyntro does not have, are made up.
func Sample(event string, o provider.SampleOptions) (body []byte, documented bool) {
	r := newRandom(o.Seed)
	at := o.Now.UTC().Format("2006-01-02T15:04:05Z")
	e := envelope{
		EventID:    "evt_" + r.hex(24),
		EventType:  event,
		APIVersion: "2026-03-30",
		CreatedAt:  at,
		OrgID:      o.OrgID,
	}
	if e.OrgID == "" {
		e.OrgID = r.id()
	}
	typed, documented := triggerBilling[event]
	if documented {
		e.Data = typed(r, at)
	} else {
		e.Data = assumedData(event, r, o.Now)
	}
	return fakekit.Compact(e), documented
}

// Shapes are bodies of an event whose data is documented. Of one there are two: the
// sample, and the table of key fields, which has fewer.
func Shapes(event string) [][]byte {
	if triggerBilling[event] == nil {
		return nil
	}
	body, _ := Sample(event, provider.SampleOptions{Seed: 1})
	all := [][]byte{body}
	if event == "trigger.captured" {
		all = append(all, fakekit.Compact(envelope{EventType: event, Data: map[string]string{
			"charge_id": "sc", "revenue_id": "rev", "invoice_id": "inv", "billing_customer_id": "bc",
			"amount": "200.00", "gateway": "stripe", "gateway_ref": "pi", "capture_mode": "off_session",
		}}))
	}
	return all
}

// envelope is the documented body of a delivery.
type envelope struct {
	EventID    string `json:"event_id"`
	EventType  string `json:"event_type"`
	APIVersion string `json:"api_version"`
	CreatedAt  string `json:"created_at"`
	OrgID      string `json:"org_id"`
	Data       any    `json:"data"`
}

// The data of the Trigger Billing events: the members that the "Edge Webhook
// Events" page names, in its order. Only triggerCaptured is shown there as
// JSON, with members that its list leaves out. Amounts are numbers whose text
// counts: 200.00 must not become 200, since a receiver that re-serialises the
// body must fail.

type triggerCaptured struct {
	ChargeID              string      `json:"charge_id"`
	RevenueID             string      `json:"revenue_id"`
	InvoiceID             string      `json:"invoice_id"`
	BillingCustomerID     string      `json:"billing_customer_id"`
	BillableItemID        string      `json:"billable_item_id"`
	TriggerSubscriptionID string      `json:"trigger_subscription_id"`
	Amount                json.Number `json:"amount"`
	Currency              string      `json:"currency"`
	Gateway               string      `json:"gateway"`
	GatewayRef            string      `json:"gateway_ref"`
	CaptureMode           string      `json:"capture_mode"`
	CapturedAt            string      `json:"captured_at"`
}

type triggerFailed struct {
	ChargeID            string `json:"charge_id"`
	BillingCustomerID   string `json:"billing_customer_id"`
	FailureReason       string `json:"failure_reason"`
	DeclineCode         string `json:"decline_code"`
	ConsecutiveFailures int    `json:"consecutive_failures"`
}

type triggerPendingClient struct {
	ChargeID     string      `json:"charge_id"`
	InvoiceID    string      `json:"invoice_id"`
	Amount       json.Number `json:"amount"`
	InvoiceURL   string      `json:"invoice_url"`
	PayNowSentTo string      `json:"pay_now_sent_to"`
}

type triggerClientPaid struct {
	ChargeID   string      `json:"charge_id"`
	RevenueID  string      `json:"revenue_id"`
	InvoiceID  string      `json:"invoice_id"`
	Amount     json.Number `json:"amount"`
	GatewayRef string      `json:"gateway_ref"`
}

type enrollmentPaused struct {
	TriggerSubscriptionID string `json:"trigger_subscription_id"`
	BillingCustomerID     string `json:"billing_customer_id"`
	Reason                string `json:"reason"`
	ConsecutiveFailures   int    `json:"consecutive_failures"`
}

type enrollmentCancelled struct {
	TriggerSubscriptionID string `json:"trigger_subscription_id"`
	BillingCustomerID     string `json:"billing_customer_id"`
	BillableItemID        string `json:"billable_item_id"`
}

type customerCreated struct {
	BillingCustomerID string `json:"billing_customer_id"`
	ContactID         string `json:"contact_id"`
	Gateway           string `json:"gateway"`
	Status            string `json:"status"`
}

type customerSuspended struct {
	BillingCustomerID string `json:"billing_customer_id"`
	ContactID         string `json:"contact_id"`
	Reason            string `json:"reason"`
}

const sampleAmount = json.Number("200.00")

// triggerBilling makes the data of each documented event; at is its time.
var triggerBilling = map[string]func(r random, at string) any{
	"trigger.captured": func(r random, at string) any {
		return triggerCaptured{
			ChargeID: r.ref("sc"), RevenueID: r.ref("rev"), InvoiceID: r.ref("inv"), BillingCustomerID: r.ref("bc"),
			BillableItemID: r.ref("bi"), TriggerSubscriptionID: r.ref("ts"), Amount: sampleAmount, Currency: "USD",
			Gateway: "stripe", GatewayRef: r.ref("pi"), CaptureMode: "off_session", CapturedAt: at,
		}
	},
	"trigger.failed": func(r random, _ string) any {
		return triggerFailed{
			ChargeID: r.ref("sc"), BillingCustomerID: r.ref("bc"), FailureReason: "card_declined",
			DeclineCode: "insufficient_funds", ConsecutiveFailures: 1,
		}
	},
	"trigger.pending_client": func(r random, _ string) any {
		invoice := r.ref("inv")
		return triggerPendingClient{
			ChargeID: r.ref("sc"), InvoiceID: invoice, Amount: sampleAmount,
			InvoiceURL: "https://example.com/invoices/" + invoice, PayNowSentTo: "client@example.com",
		}
	},
	"trigger.client_paid": func(r random, _ string) any {
		return triggerClientPaid{
			ChargeID: r.ref("sc"), RevenueID: r.ref("rev"), InvoiceID: r.ref("inv"), Amount: sampleAmount, GatewayRef: r.ref("pi"),
		}
	},
	"trigger.enrollment.paused": func(r random, _ string) any {
		return enrollmentPaused{
			TriggerSubscriptionID: r.ref("ts"), BillingCustomerID: r.ref("bc"), Reason: "consecutive_failures", ConsecutiveFailures: 3,
		}
	},
	"trigger.enrollment.cancelled": func(r random, _ string) any {
		return enrollmentCancelled{TriggerSubscriptionID: r.ref("ts"), BillingCustomerID: r.ref("bc"), BillableItemID: r.ref("bi")}
	},
	"billing_customer.created": func(r random, _ string) any {
		return customerCreated{BillingCustomerID: r.ref("bc"), ContactID: r.ref("ct"), Gateway: "stripe", Status: "active"}
	},
	"billing_customer.suspended": func(r random, _ string) any {
		return customerSuspended{BillingCustomerID: r.ref("bc"), ContactID: r.ref("ct"), Reason: "consecutive_failures"}
	},
}

// ref is an id with a prefix, as in the documented sample.
func (r random) ref(prefix string) string { return prefix + "_" + r.hex(16) }
