package capture

import (
	"errors"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/walk"
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
		list := walk.ValueOf(document, "data")
		return isWebhookSiteRequest(walk.FirstItem(list)) ||
			walk.FirstItem(list) != nil && walk.ValueOf(document, "is_last_page") != nil && walk.ValueOf(document, "per_page") != nil
	},
}

func isWebhookSiteRequest(item []byte) bool {
	return walk.IsString(walk.ValueOf(item, "uuid")) && walk.IsString(walk.ValueOf(item, "token_id")) &&
		(walk.ValueOf(item, "content") != nil || walk.ValueOf(item, "headers") != nil)
}

func webhookSiteRequest(_ []byte, o walk.Object, r *Request) (other Passed, err error) {
	if kind := o.Text("type"); kind != "" && kind != "web" {
		return Passed{N: 1, One: "entry that is not a web request", Many: "entries that are not web requests"}, nil
	}
	r.Method, r.URL = o.Text("method"), o.Text("url")
	// "2025-07-04 14:27:26" is UTC.
	if at := o.Text("created_at"); len(at) == 19 && at[10] == ' ' {
		r.ReceivedAt = strings.Replace(at, " ", "T", 1) + "Z"
	}
	if !o.Has("headers") {
		return Passed{}, errors.New(`the request has no "headers"`)
	}
	if err = o.Headers(r); err != nil {
		return Passed{}, err
	}
	return Passed{}, o.Body("content", false, r)
}
