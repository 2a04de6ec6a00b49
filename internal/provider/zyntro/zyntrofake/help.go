package zyntrofake

import "slices"

// catalogue is the event list of the create page.
var catalogue = []struct {
	name  string
	slugs []string
}{
	{"Contact Events", []string{"new_contact", "contact_email_verified", "contact_phone_verified", "contact_dnc_added", "contact_dnc_lifted", "contact_auto_engage_on", "contact_auto_engage_off", "contact_signal_intercepted", "contact_signal_processed"}},
	{"Notes & Profile", []string{"new_note", "new_profile"}},
	{"Call Events", []string{"new_call_initiated", "call_ended", "call_failed"}},
	{"Email Events", []string{"email_sent", "email_opened", "email_clicked", "email_optout", "email_bounce", "email_complaint", "email_reply", "email_reply_response_posted"}},
	{"SMS Events", []string{"sms_sent", "sms_delivered", "sms_optout", "sms_reply", "sms_reply_response_posted"}},
	{"Appointment Events", []string{"appointment_booked", "appointment_cancelled", "appointment_rescheduled"}},
	{"Form & Analytics", []string{"form_filled", "analytics_event_occurred", "analytics_anomaly_detected"}},
	{"Content Events", []string{"content_posted_to_website", "content_posted_to_social", "content_produced", "video_produced", "image_produced"}},
	{"Pipeline Events", []string{"pipeline_phase_move", "pipeline_stage_move", "pipeline_action_required", "pipeline_action_failed"}},
	{"Invoice Events", []string{"invoice_generated", "invoice_paid", "invoice_cancelled", "invoice_viewed"}},
	{"Subscription Events", []string{"subscription.created", "subscription.updated", "subscription.cancelled", "subscription.paused", "subscription.resumed", "subscription.past_due", "subscription.payment.succeeded", "subscription.payment.failed", "subscription.payment.requires_action"}},
	{"Billing Events", []string{"wallet_debited", "wallet_credited", "wallet_balance_low", "billing_failed"}},
	{"Trigger Billing", []string{"trigger.captured", "trigger.failed", "trigger.pending_client", "trigger.client_paid", "trigger.enrollment.paused", "trigger.enrollment.cancelled", "billing_customer.created", "billing_customer.suspended"}},
	{"CMA Events", []string{"cma_report_produced", "cma_report_failed", "cma_report_sent"}},
	{"System Events", []string{"account_suspended", "terms_violation"}},
	{"Webinar Events", []string{"webinar_registration", "attendee_attended", "attendee_no_show", "webinar_replay_watched", "webinar_feedback_given"}},
}

// knows reports whether the API has the event.
func knows(slug string) bool {
	for _, c := range catalogue {
		if slices.Contains(c.slugs, slug) {
			return true
		}
	}
	return false
}

// help is a stand-in for the documentation that {"help": true} asks for: the
// reference promises its contents and not its shape.
func help(action string) object {
	events := object{}
	for _, c := range catalogue {
		events[c.name] = c.slugs
	}
	return object{
		"status": "success",
		"data": object{
			"note":             "This is a stand-in made by the sandbox: the shape of Zyntro's own help document is not published.",
			"endpoint":         action,
			"method":           "POST",
			"supported_events": events,
			"best_practices": []string{
				"Keep secret_key when the webhook is created: it is not told again.",
				"Verify the HMAC-SHA256 of the raw request body before using it.",
				"Answer HTTP 200 at once and do the work afterwards.",
				"Expect the same event more than once.",
			},
		},
	}
}
