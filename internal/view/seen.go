package view

import (
	"reflect"

	"github.com/hookctl/hookctl/internal/provider"
)

// Seen is what a list showed at the last look.
type Seen struct {
	rows  []Webhook
	byKey map[string]Webhook
}

// Look takes a list, and returns those that are new or changed since the last
// one, and those that are gone. Unless the list is whole, who is not listed is
// not gone.
func (s *Seen) Look(rows []Webhook, whole bool) (changed []Webhook) {
	now := make(map[string]Webhook, len(rows))
	for _, w := range rows {
		if last, known := s.byKey[w.key()]; !known || !reflect.DeepEqual(last, w) {
			changed = append(changed, w)
		}
		now[w.key()] = w
	}
	for _, w := range s.rows {
		if _, listed := now[w.key()]; listed {
			continue
		}
		if whole {
			w.Gone = &whole
			changed = append(changed, w)
		} else {
			now[w.key()] = w
			rows = append(rows, w)
		}
	}
	s.rows, s.byKey = rows, now
	return changed
}

// key tells webhooks apart; one without a readable id is known by what could not
// be read.
func (w Webhook) key() string {
	if w.ID == "" {
		return w.Provider + "/ " + provider.Text(w.Error) + provider.Text(w.Name) + provider.Text(w.URL)
	}
	return w.Ref()
}
