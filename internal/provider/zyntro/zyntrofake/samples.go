package zyntrofake

import (
	"encoding/json"
	"fmt"
	"time"
)

// envelope is the documented body of a delivery, compact, in the documented
// order. Numbers such as 200.00 stay as they are written: a receiver that
// re-serialises the body must fail.
func envelope(id, event, org string, now time.Time) []byte {
	at := now.UTC().Format("2006-01-02T15:04:05Z")
	quotedOrg, err := json.Marshal(org)
	if err != nil { // impossible for a text
		quotedOrg = []byte(`""`)
	}
	data, documented := samples[event]
	if !documented {
		data = fmt.Sprintf(`{"stand_in":"Zyntro does not document the data of %s; this is made up","id":"sample_1","contact_id":"ct_sample","amount":12.50,"occurred_at":"%s"}`, event, at)
	}
	return []byte(fmt.Sprintf(`{"event_id":"%s","event_type":"%s","api_version":"2026-03-30","created_at":"%s","org_id":%s,"data":%s}`,
		id, event, at, quotedOrg, data))
}

// samples hold the documented members of each Trigger Billing event. The first
// is the documented sample, the values of the others are made up.
var samples = map[string]string{
	"trigger.captured":             `{"charge_id":"sc_xxx","revenue_id":"rev_xxx","invoice_id":"inv_xxx","billing_customer_id":"bc_xxx","billable_item_id":"bi_xxx","trigger_subscription_id":"ts_xxx","amount":200.00,"currency":"USD","gateway":"stripe","gateway_ref":"pi_xxx","capture_mode":"off_session","captured_at":"2026-03-30T10:22:00Z"}`,
	"trigger.failed":               `{"charge_id":"sc_xxx","billing_customer_id":"bc_xxx","failure_reason":"card_declined","decline_code":"insufficient_funds","consecutive_failures":1}`,
	"trigger.pending_client":       `{"charge_id":"sc_xxx","invoice_id":"inv_xxx","amount":200.00,"invoice_url":"https://example.com/invoices/inv_xxx","pay_now_sent_to":"client@example.com"}`,
	"trigger.client_paid":          `{"charge_id":"sc_xxx","revenue_id":"rev_xxx","invoice_id":"inv_xxx","amount":200.00,"gateway_ref":"pi_xxx"}`,
	"trigger.enrollment.paused":    `{"trigger_subscription_id":"ts_xxx","billing_customer_id":"bc_xxx","reason":"consecutive_failures","consecutive_failures":3}`,
	"trigger.enrollment.cancelled": `{"trigger_subscription_id":"ts_xxx","billing_customer_id":"bc_xxx","billable_item_id":"bi_xxx"}`,
	"billing_customer.created":     `{"billing_customer_id":"bc_xxx","contact_id":"ct_xxx","gateway":"stripe","status":"active"}`,
	"billing_customer.suspended":   `{"billing_customer_id":"bc_xxx","contact_id":"ct_xxx","reason":"consecutive_failures"}`,
}
