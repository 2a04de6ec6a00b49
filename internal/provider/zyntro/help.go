package zyntro

import (
	"fmt"
	"strings"
)

// offlineHelp is the built-in summary, in Markdown. Its event list is the
// catalogue.
func offlineHelp() string {
	var b strings.Builder
	fmt.Fprintf(&b, helpHead, minTimeout, maxTimeout, maxName)
	n := 0
	var list strings.Builder
	for _, c := range categories {
		slugs := strings.Fields(c.slugs)
		n += len(slugs)
		fmt.Fprintf(&list, "- %s: `%s`\n", c.name, strings.Join(slugs, "`, `"))
	}
	fmt.Fprintf(&b, "## Events\n\n%d events in %d categories; Zyntro may have more by now (`hookctl list-events zyntro --live`).\n\n%s",
		n, len(categories), list.String())
	b.WriteString("\nWhen the Trigger Billing events fire:\n\n")
	for _, e := range catalogue() {
		if e.Description != "" {
			fmt.Fprintf(&b, "- `%s`: %s\n", e.Slug, e.Description)
		}
	}
	return b.String()
}

const helpHead = `# Zyntro webhooks

This is what Zyntro documents. What hookctl assumes beyond that is marked *assumed*.

## API

- Every call is a POST of JSON to ` + "`https://app.zyntrohq.com/public/account/<action>`" + `; the actions are
  ` + "`createWebhook`, `fetchWebhooks` and `updateWebhook`" + `.
- Credentials are members of the body: ` + "`api_key` and `org_id`" + `. Zyntro's overview page names another prefix,
  ` + "`/apis/v2/public/account`" + `, and a ` + "`developer_secret`" + ` for it; both can be set.
- HTTP 200 may be an error: the body's ` + "`status`" + ` is "success" or "error".
- No call deletes a webhook: hookctl disables it instead. No call returns a secret again or changes it:
  ` + "`hookctl rotate`" + ` makes a new webhook and disables the old one.
- No rate limit is documented.

## A webhook

- endpoint: an https URL that can be reached from the internet
- events: at least one; an update replaces the whole list
- timeout: %d to %d seconds, 30 if not given
- name: required, at most %d characters
- auth-type, how Zyntro authenticates to your endpoint, and its auth-data:
  none · bearer ` + "`{\"value\"}`" + ` · basic ` + "`{\"username\", \"password\"}`" + ` · api_key ` + "`{\"header\", \"value\"}`" + ` ·
  custom_header ` + "`{\"header\", \"value\"}`" + ` (*assumed*). The headers are *assumed*: Authorization for bearer and basic.
- status: active, paused or disabled
- times are shown as Zyntro writes them, without a time zone
- Zyntro retries failed deliveries, with wh_retry_count and wh_retry_delay; both can be set only in the dashboard

## Deliveries

- The body has ` + "`event_id`, `event_type`, `api_version`, `created_at`, `org_id` and `data`" + ` (documented for Trigger Billing,
  *assumed* for all events). Your endpoint answers 200.
- Deliveries are signed with HMAC-SHA256 and the webhook's secret, which Zyntro shows once, when the webhook is created.
- *Assumed*: the signature is in the header X-Zyntro-Signature, as hexadecimal digits with or without "sha256=" in front of
  them; it signs the raw body; the key is the secret's text; there is no timestamp. You can set all of this,
  see ` + "`hookctl verify --help`" + `.

`
