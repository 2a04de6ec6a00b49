package zyntro

import (
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
)

// categories are the events that Zyntro's "Create Webhook" page lists, in its
// order.
var categories = []struct {
	name  string
	slugs string // separated by white space
}{
	{"Contact Events", `new_contact contact_email_verified contact_phone_verified contact_dnc_added contact_dnc_lifted
		contact_auto_engage_on contact_auto_engage_off contact_signal_intercepted contact_signal_processed`},
	{"Notes & Profile", `new_note new_profile`},
	{"Call Events", `new_call_initiated call_ended call_failed`},
	{"Email Events", `email_sent email_opened email_clicked email_optout email_bounce email_complaint email_reply email_reply_response_posted`},
	{"SMS Events", `sms_sent sms_delivered sms_optout sms_reply sms_reply_response_posted`},
	{"Appointment Events", `appointment_booked appointment_cancelled appointment_rescheduled`},
	{"Form & Analytics", `form_filled analytics_event_occurred analytics_anomaly_detected`},
	{"Content Events", `content_posted_to_website content_posted_to_social content_produced video_produced image_produced`},
	{"Pipeline Events", `pipeline_phase_move pipeline_stage_move pipeline_action_required pipeline_action_failed`},
	{"Invoice Events", `invoice_generated invoice_paid invoice_cancelled invoice_viewed`},
	{"Subscription Events", `subscription.created subscription.updated subscription.cancelled subscription.paused subscription.resumed
		subscription.past_due subscription.payment.succeeded subscription.payment.failed subscription.payment.requires_action`},
	{"Billing Events", `wallet_debited wallet_credited wallet_balance_low billing_failed`},
	{"Trigger Billing", `trigger.captured trigger.failed trigger.pending_client trigger.client_paid trigger.enrollment.paused
		trigger.enrollment.cancelled billing_customer.created billing_customer.suspended`},
	{"CMA Events", `cma_report_produced cma_report_failed cma_report_sent`},
	{"System Events", `account_suspended terms_violation`},
	{"Webinar Events", `webinar_registration attendee_attended attendee_no_show webinar_replay_watched webinar_feedback_given`},
}

// firesWhen is what the "Edge Webhook Events" page says. Zyntro documents no
// other event beyond its name.
var firesWhen = map[string]string{
	"trigger.captured":             "a trigger charge succeeds",
	"trigger.failed":               "a trigger charge fails",
	"trigger.pending_client":       "an invoice awaiting client confirmation is sent",
	"trigger.client_paid":          "the client pays that invoice",
	"trigger.enrollment.paused":    "an enrollment is paused, by hand or automatically",
	"trigger.enrollment.cancelled": "an enrollment is cancelled",
	"billing_customer.created":     "a billing customer is created or restored",
	"billing_customer.suspended":   "a billing customer is suspended",
}

// catalogue is the list of events, a new one with each call.
func catalogue() []provider.EventType {
	var events []provider.EventType
	for _, c := range categories {
		for _, slug := range strings.Fields(c.slugs) {
			events = append(events, provider.EventType{Slug: slug, Category: c.name, Description: firesWhen[slug]})
		}
	}
	return events
}
