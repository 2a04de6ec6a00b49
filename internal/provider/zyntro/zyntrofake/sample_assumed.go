package zyntrofake

import (
	"encoding/json"
	"strings"
	"time"
)

// assumed are the members of data for the events whose data Zyntro does not
// document: plausible, and no more than that. What stands in <> is filled in
// by assumedData.
var assumed = map[string]string{
	"new_contact":                          `<contact>,"source":"website_form","tags":["lead"],"owner_id":"<member>","created_at":"<now>"`,
	"contact_email_verified":               `<contact>,"email_status":"deliverable","verified_at":"<now>"`,
	"contact_phone_verified":               `<contact>,"phone_type":"mobile","verified_at":"<now>"`,
	"contact_dnc_added":                    `<contact>,"channel":"call","reason":"requested by the contact","added_at":"<now>"`,
	"contact_dnc_lifted":                   `<contact>,"channel":"call","lifted_by":"<member>","lifted_at":"<now>"`,
	"contact_auto_engage_on":               `<contact>,"auto_engage":true,"changed_by":"<member>","changed_at":"<now>"`,
	"contact_auto_engage_off":              `<contact>,"auto_engage":false,"changed_by":"<member>","changed_at":"<now>"`,
	"contact_signal_intercepted":           `<contact>,"signal_id":"sig_<id>","signal":"pricing_page_visit","score":0.87,"intercepted_at":"<now>"`,
	"contact_signal_processed":             `<contact>,"signal_id":"sig_<id>","signal":"pricing_page_visit","action":"task_created","processed_at":"<now>"`,
	"new_note":                             `"note_id":"note_<id>",<contact>,"text":"Called, asked for an offer.","author_id":"<member>","created_at":"<now>"`,
	"new_profile":                          `"profile_id":"prof_<id>",<contact>,"company":"Café Zürich ☕","job_title":"Founder","created_at":"<now>"`,
	"new_call_initiated":                   `<call>,"status":"initiated","initiated_at":"<now>"`,
	"call_ended":                           `<call>,"status":"completed","duration":184,"recording_url":"https://example.com/recordings/<id>.mp3","ended_at":"<now>"`,
	"call_failed":                          `<call>,"status":"failed","reason":"no_answer","failed_at":"<now>"`,
	"email_sent":                           `<email>,"sent_at":"<now>"`,
	"email_opened":                         `<email>,"opens":1,"user_agent":"Mozilla/5.0","opened_at":"<now>"`,
	"email_clicked":                        `<email>,"link":"https://example.com/pricing?plan=pro&ref=mail","clicked_at":"<now>"`,
	"email_optout":                         `<email>,"reason":"unsubscribe_link","opted_out_at":"<now>"`,
	"email_bounce":                         `<email>,"bounce_type":"hard","diagnostic":"550 5.1.1 user unknown","bounced_at":"<now>"`,
	"email_complaint":                      `<email>,"feedback_type":"abuse","complained_at":"<now>"`,
	"email_reply":                          `<email>,"reply_id":"rep_<id>","text":"Yes, please call me on Monday.","sentiment":"positive","replied_at":"<now>"`,
	"email_reply_response_posted":          `<email>,"reply_id":"rep_<id>","response":"Monday at ten it is.","author_id":"<member>","posted_at":"<now>"`,
	"sms_sent":                             `<sms>,"text":"Your appointment is tomorrow at 10:00.","segments":1,"sent_at":"<now>"`,
	"sms_delivered":                        `<sms>,"carrier_status":"delivered","delivered_at":"<now>"`,
	"sms_optout":                           `<sms>,"keyword":"STOP","opted_out_at":"<now>"`,
	"sms_reply":                            `<sms>,"reply_id":"rep_<id>","text":"OK, thanks 👍","replied_at":"<now>"`,
	"sms_reply_response_posted":            `<sms>,"reply_id":"rep_<id>","response":"See you tomorrow.","author_id":"<member>","posted_at":"<now>"`,
	"appointment_booked":                   `<appointment>,"status":"booked","booked_at":"<now>"`,
	"appointment_cancelled":                `<appointment>,"status":"cancelled","reason":"the contact is ill","cancelled_at":"<now>"`,
	"appointment_rescheduled":              `<appointment>,"status":"rescheduled","previous_starts_at":"<now>","rescheduled_at":"<now>"`,
	"form_filled":                          `"form_id":"form_<id>","form_name":"Contact us","submission_id":"sub_<id>",<contact>,"fields":{"company":"R&D <Labs>","message":"I would like a demo.","newsletter":true},"page_url":"https://example.com/contact","submitted_at":"<now>"`,
	"analytics_event_occurred":             `"analytics_event_id":"ae_<id>","name":"page_view","visitor_id":"vis_<id>","page_url":"https://example.com/pricing","referrer":"https://example.org/","properties":{"plan":"pro"},"occurred_at":"<now>"`,
	"analytics_anomaly_detected":           `"anomaly_id":"an_<id>","metric":"visits_per_hour","expected":120,"observed":412,"deviation":3.4,"severity":"high","detected_at":"<now>"`,
	"content_posted_to_website":            `<content>,"type":"blog_post","url":"https://example.com/blog/<id>","posted_at":"<now>"`,
	"content_posted_to_social":             `<content>,"type":"social_post","network":"linkedin","url":"https://example.com/posts/<id>","posted_at":"<now>"`,
	"content_produced":                     `<content>,"type":"blog_post","words":840,"language":"en","produced_at":"<now>"`,
	"video_produced":                       `<content>,"type":"video","duration":62,"url":"https://example.com/videos/<id>.mp4","produced_at":"<now>"`,
	"image_produced":                       `<content>,"type":"image","width":1200,"height":630,"url":"https://example.com/images/<id>.png","produced_at":"<now>"`,
	"pipeline_phase_move":                  `<pipeline>,"from_phase":"Discovery","to_phase":"Proposal","moved_by":"<member>","moved_at":"<now>"`,
	"pipeline_stage_move":                  `<pipeline>,"from_stage":"Qualified","to_stage":"Offer sent","moved_by":"<member>","moved_at":"<now>"`,
	"pipeline_action_required":             `<pipeline>,"action_id":"act_<id>","action":"approve_offer","assignee_id":"<member>","due_at":"<later>"`,
	"pipeline_action_failed":               `<pipeline>,"action_id":"act_<id>","action":"send_offer","error":"the contact has no email address","failed_at":"<now>"`,
	"invoice_generated":                    `<invoice>,"status":"open","due_at":"<later>","generated_at":"<now>"`,
	"invoice_paid":                         `<invoice>,"status":"paid","gateway":"stripe","gateway_ref":"pi_<id>","paid_at":"<now>"`,
	"invoice_cancelled":                    `<invoice>,"status":"cancelled","reason":"duplicate","cancelled_at":"<now>"`,
	"invoice_viewed":                       `<invoice>,"status":"open","views":1,"viewed_at":"<now>"`,
	"subscription.created":                 `<subscription>,"status":"active","created_at":"<now>"`,
	"subscription.updated":                 `<subscription>,"status":"active","changes":{"quantity":{"from":1,"to":3}},"updated_at":"<now>"`,
	"subscription.cancelled":               `<subscription>,"status":"cancelled","reason":"too_expensive","cancelled_at":"<now>"`,
	"subscription.paused":                  `<subscription>,"status":"paused","resumes_at":"<later>","paused_at":"<now>"`,
	"subscription.resumed":                 `<subscription>,"status":"active","resumed_at":"<now>"`,
	"subscription.past_due":                `<subscription>,"status":"past_due","invoice_id":"inv_<id>","days_overdue":3,"past_due_at":"<now>"`,
	"subscription.payment.succeeded":       `<subscription>,"status":"active","invoice_id":"inv_<id>","gateway":"stripe","gateway_ref":"pi_<id>","paid_at":"<now>"`,
	"subscription.payment.failed":          `<subscription>,"status":"past_due","invoice_id":"inv_<id>","failure_reason":"card_declined","decline_code":"insufficient_funds","next_retry_at":"<later>","failed_at":"<now>"`,
	"subscription.payment.requires_action": `<subscription>,"status":"incomplete","invoice_id":"inv_<id>","action":"authenticate","action_url":"https://example.com/pay/<id>","requested_at":"<now>"`,
	"wallet_debited":                       `<wallet>,"amount":12.50,"balance":87.50,"reason":"sms","debited_at":"<now>"`,
	"wallet_credited":                      `<wallet>,"amount":100.00,"balance":187.50,"reason":"top_up","credited_at":"<now>"`,
	"wallet_balance_low":                   `<wallet>,"balance":4.20,"threshold":10.00,"detected_at":"<now>"`,
	"billing_failed":                       `<wallet>,"amount":49.00,"failure_reason":"card_declined","decline_code":"expired_card","attempts":2,"failed_at":"<now>"`,
	"cma_report_produced":                  `<report>,"pages":14,"url":"https://example.com/reports/<id>.pdf","produced_at":"<now>"`,
	"cma_report_failed":                    `<report>,"error":"no comparable sales were found","failed_at":"<now>"`,
	"cma_report_sent":                      `<report>,<contact>,"channel":"email","sent_at":"<now>"`,
	"account_suspended":                    `"account_id":"acc_<id>","reason":"payment_overdue","suspended_at":"<now>"`,
	"terms_violation":                      `"account_id":"acc_<id>","rule":"unsolicited_messages","severity":"warning","detected_at":"<now>"`,
	"webinar_registration":                 `<webinar>,<contact>,"registration_id":"reg_<id>","registered_at":"<now>"`,
	"attendee_attended":                    `<webinar>,<contact>,"joined_at":"<now>","minutes_attended":47`,
	"attendee_no_show":                     `<webinar>,<contact>,"registration_id":"reg_<id>","recorded_at":"<now>"`,
	"webinar_replay_watched":               `<webinar>,<contact>,"seconds_watched":1310,"watched_at":"<now>"`,
	"webinar_feedback_given":               `<webinar>,<contact>,"rating":5,"comment":"Very clear – thank you!","given_at":"<now>"`,
}

// assumedParts are what events of one kind have in common.
var assumedParts = map[string]string{
	"<call>":         `"call_id":"call_<id>",<contact>,"direction":"outbound","from":"+15550199","to":"+15550100"`,
	"<email>":        `"email_id":"em_<id>",<contact>,"campaign_id":"cmp_<id>","subject":"Your offer"`,
	"<sms>":          `"sms_id":"sms_<id>",<contact>,"from":"+15550199","to":"+15550100"`,
	"<appointment>":  `"appointment_id":"apt_<id>",<contact>,"title":"First call","starts_at":"<later>","duration":30,"time_zone":"Europe/Zurich"`,
	"<content>":      `"content_id":"con_<id>","title":"Five ways to follow up","author_id":"<member>"`,
	"<pipeline>":     `"pipeline_id":"pl_<id>","pipeline_name":"Sales","card_id":"card_<id>",<contact>`,
	"<invoice>":      `"invoice_id":"inv_<id>","number":"INV-1042",<contact>,"amount":200.00,"currency":"USD"`,
	"<subscription>": `"subscription_id":"sub_<id>",<contact>,"plan":"pro","quantity":1,"amount":49.00,"currency":"USD","interval":"month"`,
	"<wallet>":       `"wallet_id":"wal_<id>","currency":"USD"`,
	"<report>":       `"report_id":"cma_<id>","property_address":"12 Main Street, Springfield","agent_id":"<member>"`,
	"<webinar>":      `"webinar_id":"web_<id>","title":"Getting started","starts_at":"<now>"`,
}

// people are who the sample contacts are. One name is not ASCII, since that is
// what re-encoding receivers stumble over.
var people = []string{
	`"first_name":"Jane","last_name":"Doe","email":"jane@example.com"`,
	`"first_name":"Zoë","last_name":"Müller","email":"zoe.mueller@example.com"`,
	`"first_name":"Rahul","last_name":"O'Neil","email":"rahul@example.com"`,
}

// assumedData is the data of one event; one that is not known gets a contact.
func assumedData(event string, r random, now time.Time) json.RawMessage {
	text, ok := assumed[event]
	if !ok {
		text = `<contact>,"occurred_at":"<now>"`
	}
	for part, members := range assumedParts {
		text = strings.ReplaceAll(text, part, members)
	}
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
	text = strings.ReplaceAll(text, "<contact>", `"contact_id":"`+r.ref("ct")+`",`+people[r.IntN(len(people))]+`,"phone":"+15550100"`)
	return json.RawMessage("{" + strings.NewReplacer(
		"<id>", r.hex(16), "<member>", r.id(), "<now>", stamp(now), "<later>", stamp(now.Add(24*time.Hour)),
	).Replace(text) + "}")
}
