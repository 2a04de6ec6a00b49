package wundertreosfake

import (
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

// Sample is the body of a delivery of the event, as it is first sent. The
// second result says whether the event is of the documented catalogue; the
// body of any other is made up.
func Sample(eventType string, o provider.SampleOptions) (body []byte, documented bool) {
	r := random{fakekit.NewRandom(o.Seed)}
	org := o.OrgID
	if org == "" {
		org = r.uuid()
	}
	e, documented := lookup(eventType)
	s := sample(r, e, org, o.Now)
	s.DeliveredAt = timestampMilli(o.Now)
	return fakekit.Compact(s), documented
}

// Shapes are bodies of an event of the catalogue: a row with the columns that the
// REST endpoints have, null where one may be null, and for a contact the row of the
// documented delivery, which has fewer.
func Shapes(eventType string) [][]byte {
	e, documented := lookup(eventType)
	if !documented {
		return nil
	}
	s := sample(random{fakekit.NewRandom(1)}, e, "org", time.Time{})
	row, isContact := s.Data.Contact.(*contactRow)
	if !isContact {
		return [][]byte{fakekit.Compact(s)}
	}
	fewest := exampleRow{row.ID, row.OrgID, row.FirstName, row.LastName, row.Email, row.Tags, row.Status, row.CreatedAt, row.UpdatedAt}
	s.Data.Contact = contactRow{
		ID: row.ID, OrgID: row.OrgID, FirstName: row.FirstName, LastName: row.LastName, Email: row.Email,
		Tags: row.Tags, Status: row.Status, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	all := fakekit.Compact(s)
	s.Data.Contact = fewest
	return [][]byte{all, fakekit.Compact(s)}
}

// event is an entry of the documented catalogue.
type event struct {
	slug     string
	resource string // the member of data that holds the row
}

var events = []event{
	{"contact.created", "contact"},
	{"contact.updated", "contact"},
	{"contact.tag_added", "contact"},
	{"contact.enriched", "contact"},
	{"contact.note_added", "activity"},
	{"deal.created", "deal"},
	{"deal.updated", "deal"},
}

// lookup finds an event of the catalogue; for any other it guesses the
// resource.
func lookup(slug string) (e event, known bool) {
	if i := slices.IndexFunc(events, func(e event) bool { return e.slug == slug }); i >= 0 {
		return events[i], true
	}
	if strings.HasPrefix(slug, "deal.") {
		return event{slug, "deal"}, false
	}
	return event{slug, "contact"}, false
}

// envelope is the body of a delivery.
type envelope struct {
	ID          string `json:"id"`
	EventType   string `json:"event_type"`
	OrgID       string `json:"org_id"`
	Data        data   `json:"data"`
	DeliveredAt string `json:"delivered_at"` // of the attempt
}

type data struct {
	ID         string       `json:"id"` // of the row, not of the event
	OrgID      string       `json:"org_id"`
	EventType  string       `json:"event_type"`
	Contact    any          `json:"contact,omitempty"` // a row
	Deal       *dealRow     `json:"deal,omitempty"`
	Activity   *activityRow `json:"activity,omitempty"`
	OccurredAt string       `json:"occurred_at"`
}

// sample is one event with a plausible row. It happened a second before now,
// and is not delivered yet.
func sample(r random, e event, org string, now time.Time) envelope {
	now = now.Add(-time.Second)
	d := data{OrgID: org, EventType: e.slug, OccurredAt: timestampMilli(now)}
	switch e.resource {
	case "deal":
		row := r.deal(org, now)
		if e.slug == "deal.created" {
			row.CreatedAt = row.UpdatedAt
		}
		d.ID, d.Deal = row.ID, &row
	case "activity":
		row := r.note(org, now)
		d.ID, d.Activity = row.ID, &row
	default:
		row := r.contact(org, now)
		switch e.slug {
		case "contact.created":
			row.CreatedAt = row.UpdatedAt
		case "contact.tag_added":
			row.Tags = append(row.Tags, "vip")
		case "contact.enriched":
			row.EnrichedAt, row.EnrichmentStatus = nullable(timestamp(now)), nullable("enriched")
			row.Industry, row.LinkedinURL = nullable("Software"), nullable("https://www.linkedin.com/in/example")
		}
		d.ID, d.Contact = row.ID, &row
	}
	return envelope{ID: r.uuid(), EventType: e.slug, OrgID: org, Data: d}
}
