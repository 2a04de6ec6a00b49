package custody

import (
	"fmt"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// clockTolerance is how far the clocks of provider and user may be apart, time zones
// that a provider does not name included.
const clockTolerance = 26 * time.Hour

// candidates are the rows that the create described by in may have made: the
// same URL, name and events, not disabled, not made long before the intent, and
// not of an id whose secret is kept.
func candidates(in secret.Intent, rows []provider.Webhook, kept map[string]bool) []provider.Webhook {
	var found []provider.Webhook
	for _, w := range rows {
		if in.Replaces != nil && w.ID == in.Replaces.ID {
			continue // the one that is being replaced looks the same
		}
		if w.ID == "" || w.Unreadable != "" || kept[w.ID] || w.Is(provider.Disabled) {
			continue
		}
		if sameWebhook(in, w) && !madeBefore(w, in.StartedAt.Add(-clockTolerance)) {
			found = append(found, w)
		}
	}
	return found
}

// unreadableRow is a row that could not be read and may be any webhook, or nil: a
// list with one proves nothing.
func unreadableRow(rows []provider.Webhook, kept map[string]bool) error {
	for _, w := range rows {
		if w.Unreadable != "" && !kept[w.ID] {
			return fmt.Errorf("a row of the provider's list could not be read (id %q): %s", w.ID, w.Unreadable)
		}
	}
	return nil
}

// sameWebhook compares what the provider said with what was asked for. What
// the provider does not say cannot speak against it.
func sameWebhook(in secret.Intent, w provider.Webhook) bool {
	if w.URL != nil && !provider.SameURL(*w.URL, in.URL) {
		return false
	}
	if w.Name != nil && *w.Name != in.Name {
		return false
	}
	return w.Events == nil || provider.SameEvents(w.Events, in.Events)
}

// createdLayouts are the forms in which providers write times; one without a
// zone is read as UTC, which the clockTolerance makes up for.
var createdLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05"}

// madeBefore reports whether w says that it was made before t. A time that is
// absent or unreadable says nothing.
func madeBefore(w provider.Webhook, t time.Time) bool {
	if w.CreatedAt == nil {
		return false
	}
	for _, layout := range createdLayouts {
		if at, err := time.Parse(layout, *w.CreatedAt); err == nil {
			return at.Before(t)
		}
	}
	return false
}

// keptIDs are the ids of the records of one provider.
func keptIDs(provider string, records []secret.Record) map[string]bool {
	ids := make(map[string]bool, len(records))
	for _, r := range records {
		if r.Provider == provider {
			ids[r.ID] = true
		}
	}
	return ids
}
