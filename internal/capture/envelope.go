package capture

import (
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// Envelope says where a provider's delivery body holds its own id, type and
// time: names of top-level members.
type Envelope struct {
	ID   string // "id", "event_id"
	Type string // "event_type"
	Time string // "delivered_at", "created_at": RFC 3339
	Org  string // "org_id": whose webhook it is
	// HeaderID and HeaderType are unsigned headers that repeat the body; empty
	// where the provider has none.
	HeaderID   string
	HeaderType string
	// Companion is the type of an event that comes in addition to each one of the
	// types CompanionOf, as a delivery of its own with an id of its own. Data is
	// the member, and Subject the members in it, that both have in common.
	Companion   string
	CompanionOf []string
	Data        string
	Subject     []string
}

// SubjectOf is what a delivery of the type has in common with its companion; ""
// where it has none, or does not say.
func (e Envelope) SubjectOf(eventType string, body []byte) string {
	if e.Companion == "" || eventType != e.Companion && !slices.Contains(e.CompanionOf, eventType) {
		return ""
	}
	found := make([]string, len(e.Subject))
	jsontext.Members(body, func(name, data []byte) bool {
		if walk.Is(name, e.Data) {
			jsontext.Members(data, func(name, value []byte) bool {
				for i, want := range e.Subject {
					if walk.Is(name, want) && len(value) > 0 {
						found[i] = text(value, nil)
					}
				}
				return true
			})
		}
		return true
	})
	if slices.Contains(found, "") {
		return ""
	}
	return strings.Join(found, "\n")
}

// Event is what a body says of itself: text as it stands there, empty where it
// says nothing.
type Event struct{ ID, Type, Time string }

// Event finds the envelope's members in a body. It is meant for bodies whose
// signature has been judged already: it never fails, whatever the body is, and
// stops at the first thing that is not JSON. Of repeated members the last
// counts, as in the parsers that receivers use.
func (e Envelope) Event(body []byte) Event {
	return e.EventIn(body, nil)
}

// EventIn is Event for those who ask it of many bodies, with the strings in a slab.
func (e Envelope) EventIn(body []byte, slab *jsontext.Slab) Event {
	var ev Event
	jsontext.Members(body, func(name, value []byte) bool {
		if len(value) == 0 {
			return false
		}
		switch {
		case walk.Is(name, e.ID):
			ev.ID = text(value, slab)
		case walk.Is(name, e.Type):
			ev.Type = text(value, slab)
		case walk.Is(name, e.Time):
			ev.Time = text(value, slab)
		}
		return true
	})
	return ev
}

// Origin is what a body says of where it comes from, as it is written there: its
// organisation and type, or nil.
func (e Envelope) Origin(body []byte) (org, event []byte) {
	jsontext.Members(body, func(name, value []byte) bool {
		switch {
		case walk.Is(name, e.Org):
			org = value
		case walk.Is(name, e.Type):
			event = value
		}
		return org == nil || event == nil
	})
	return org, event
}

// text is a string's text, or a number as it is written.
func text(value []byte, slab *jsontext.Slab) string {
	switch c := value[0]; {
	case walk.PlainString(value, 0) == len(value):
		return slab.Copy(value[1 : len(value)-1])
	case c == '"':
		if out, ok := jsontext.Unquote(nil, value); ok {
			return string(out)
		}
	case c == '-' || c >= '0' && c <= '9':
		return slab.Copy(value)
	}
	return ""
}

// When is the event's time, if it states one: RFC 3339 with or without a
// fraction.
func (e Event) When() (time.Time, bool) {
	if e.Time == "" {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, e.Time)
	return t, err == nil
}
