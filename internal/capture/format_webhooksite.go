package capture

import (
	"errors"
	"strings"
)

// webhookSiteFormat is the JSON of webhook.site: the answer of its API for one
// request or a page of them, or an export. Bodies are kept as text.
var webhookSiteFormat = Format{
	Name:  "webhook.site",
	About: "requests from webhook.site's API or JSON export",
	Sniff: webhookSite.sniff,
	Read:  webhookSite.read,
}

var webhookSite = exported{
	path: []string{"data"},
	item: webhookSiteRequest,
	is:   isWebhookSiteRequest,
	contains: func(document []byte) bool {
		list := valueOf(document, "data")
		return isWebhookSiteRequest(firstItem(list)) ||
			firstItem(list) != nil && valueOf(document, "is_last_page") != nil && valueOf(document, "per_page") != nil
	},
}

func isWebhookSiteRequest(item []byte) bool {
	return isString(valueOf(item, "uuid")) && isString(valueOf(item, "token_id")) &&
		(valueOf(item, "content") != nil || valueOf(item, "headers") != nil)
}

func webhookSiteRequest(_ []byte, o object, r *Request) (other Passed, err error) {
	if kind := o.text("type"); kind != "" && kind != "web" {
		return Passed{1, "entry that is no web request", "entries that are no web requests"}, nil
	}
	r.Method, r.URL = o.text("method"), o.text("url")
	// "2025-07-04 14:27:26" is UTC.
	if at := o.text("created_at"); len(at) == 19 && at[10] == ' ' {
		r.ReceivedAt = strings.Replace(at, " ", "T", 1) + "Z"
	}
	if !o.has("headers") {
		return Passed{}, errors.New(`the request has no "headers"`)
	}
	if err = o.headers(r); err != nil {
		return Passed{}, err
	}
	return Passed{}, o.body("content", false, r)
}
