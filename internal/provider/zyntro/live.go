package zyntro

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/pattern"
)

// slug is what an event's name looks like.
var slug = pattern.Of(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`)

// LiveEvents returns the event slugs in the live help, sorted. Its shape is not
// documented, so this is a best effort: every text and every member name that
// looks like a slug, apart from those that are plainly something else.
func (a *adapter) LiveEvents(ctx context.Context) ([]string, error) {
	text, err := a.Help(ctx)
	if err != nil {
		return nil, err
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fault.Errorf(fault.Unavailable, "Zyntro's live help is not JSON, so hookctl cannot find its events").
			WithHint("`hookctl help zyntro` shows it unchanged")
	}
	return findSlugs(document), nil
}

func findSlugs(document any) []string {
	known := map[string]bool{}
	for _, e := range catalogue() {
		known[e.Slug] = true
	}
	found := []string{}
	take := func(text string) {
		if known[text] || plausible(text) {
			found = append(found, text)
		}
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			take(v)
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for name, item := range v {
				take(name)
				walk(item)
			}
		}
	}
	walk(document)
	slices.Sort(found)
	return slices.Compact(found)
}

// notEvents are words of the API and of its documentation, the beginnings of
// some, and the ends of others. No event of the catalogue is among them.
var (
	notEvents = []string{"custom_header", "event_list", "supported_events", "available_events", "all_events", "best_practices", "error_codes",
		"sample_response", "sample_request", "success_response", "error_response", "request_body", "auth_types", "content_type",
		"application_json", "required_fields", "optional_fields", "invalid_event_name", "capture_mode", "gateway_ref", "failure_reason",
		"decline_code", "consecutive_failures", "pay_now_sent_to", "off_session", "api_version"}
	notEventBeginnings = []string{"wh_", "www.", "app.", "api."}
	notEventEnds       = []string{"_id", "_key", "_secret", "_url", "_at", "_type", "_fields", "_practices", "_example",
		".com", ".org", ".net", ".io", ".php", ".json", ".html"}
	version = pattern.Of(`\.[0-9]+(\.|$)`)
)

// plausible reports whether a text that is not in the catalogue may be an
// event. One plain word is not: it is a status, a method or a member name.
func plausible(text string) bool {
	if !slug().MatchString(text) || !strings.ContainsAny(text, "_.") || version().MatchString(text) || slices.Contains(notEvents, text) {
		return false
	}
	for _, beginning := range notEventBeginnings {
		if strings.HasPrefix(text, beginning) {
			return false
		}
	}
	for _, end := range notEventEnds {
		if strings.HasSuffix(text, end) {
			return false
		}
	}
	return true
}
