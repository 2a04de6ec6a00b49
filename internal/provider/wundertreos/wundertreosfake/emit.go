package wundertreosfake

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Attempt is one delivery, or what would have been one.
type Attempt struct {
	SubscriptionID string
	EventID        string
	EventType      string
	URL            string
	Header         http.Header
	Body           []byte
	Status         int    // of the receiver's answer; 0 if there was none
	Err            string // why there was none
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

// envelope is the body of a delivery.
type envelope struct {
	ID          string `json:"id"`
	EventType   string `json:"event_type"`
	OrgID       string `json:"org_id"`
	Data        data   `json:"data"`
	DeliveredAt string `json:"delivered_at"`
}

type data struct {
	ID         string       `json:"id"` // of the row, not of the event
	OrgID      string       `json:"org_id"`
	EventType  string       `json:"event_type"`
	Contact    *contactRow  `json:"contact,omitempty"`
	Deal       *dealRow     `json:"deal,omitempty"`
	Activity   *activityRow `json:"activity,omitempty"`
	OccurredAt string       `json:"occurred_at"`
}

// Emit makes a sample event in every organization and delivers it, signed, to
// each enabled subscription that asked for its type. contact.tag_added and
// contact.enriched bring a second event for the same contact,
// contact.updated, with an id of its own. Each delivery is tried once, one
// after the other, without following redirects. A receiver's failure is in the
// attempt; the error is for an unknown event type or a ctx that ended.
func (a *API) Emit(ctx context.Context, eventType string) ([]Attempt, error) {
	i := slices.IndexFunc(events, func(e event) bool { return e.slug == eventType })
	if i < 0 {
		return nil, fmt.Errorf("no such event type: %q", eventType)
	}
	attempts := a.queue(events[i])
	for i := range attempts {
		if err := ctx.Err(); err != nil {
			return attempts[:i], err
		}
		a.deliver(ctx, &attempts[i])
		a.mu.Lock()
		a.attempts = append(a.attempts, attempts[i])
		a.mu.Unlock()
	}
	return attempts, nil
}

// Attempts are all deliveries so far, in order.
func (a *API) Attempts() []Attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.attempts)
}

// queue builds the deliveries of one event.
func (a *API) queue(e event) []Attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	var orgs []string
	for _, s := range a.subscriptions {
		if !slices.Contains(orgs, s.org) {
			orgs = append(orgs, s.org)
		}
	}
	var attempts []Attempt
	for _, org := range orgs {
		sample := a.sample(e, org)
		attempts = append(attempts, a.address(sample)...)
		if e.slug == "contact.tag_added" || e.slug == "contact.enriched" {
			companion := sample
			companion.ID = a.random.uuid()
			companion.EventType, companion.Data.EventType = "contact.updated", "contact.updated"
			attempts = append(attempts, a.address(companion)...)
		}
	}
	return attempts
}

// sample is one event with a plausible row.
func (a *API) sample(e event, org string) envelope {
	now := a.o.Now()
	d := data{OrgID: org, EventType: e.slug, OccurredAt: timestampMilli(now)}
	switch e.resource {
	case "contact":
		row := a.random.contact(org, now)
		switch e.slug {
		case "contact.created":
			row.CreatedAt = row.UpdatedAt
		case "contact.tag_added":
			row.Tags = append(row.Tags, "vip")
		case "contact.enriched":
			row.EnrichedAt, row.EnrichmentStatus = nullable(timestamp(now)), nullable("enriched")
		}
		d.ID, d.Contact = row.ID, &row
	case "deal":
		row := a.random.deal(org, now)
		if e.slug == "deal.created" {
			row.CreatedAt = row.UpdatedAt
		}
		d.ID, d.Deal = row.ID, &row
	case "activity":
		row := a.random.note(org, now)
		d.ID, d.Activity = row.ID, &row
	}
	return envelope{
		ID:          a.random.uuid(),
		EventType:   e.slug,
		OrgID:       org,
		Data:        d,
		DeliveredAt: timestampMilli(now.Add(time.Second)),
	}
}

// address makes one attempt for each subscription that wants the event.
func (a *API) address(e envelope) []Attempt {
	var attempts []Attempt
	for _, s := range a.subscriptions {
		if s.org != e.OrgID || !s.enabled || !slices.Contains(s.eventTypes, e.EventType) {
			continue
		}
		body := compact(e)
		signature := sign(s.secret, body)
		attempts = append(attempts, Attempt{
			SubscriptionID: s.id,
			EventID:        e.ID,
			EventType:      e.EventType,
			URL:            s.targetURL,
			Header: http.Header{
				"Content-Type":       {"application/json"},
				"X-Wunder-Signature": {signature},
				"X-Hook-Signature":   {signature},
				"X-Wunder-Event":     {e.EventType},
				"X-Wunder-Delivery":  {e.ID},
			},
			Body: body,
		})
	}
	return attempts
}

// sign is the value of both signature headers: the key is the secret's text.
func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// deliver posts one attempt and notes what came of it.
func (a *API) deliver(ctx context.Context, t *Attempt) {
	if a.o.Deliver == nil {
		t.Err = "not sent: this sandbox makes no deliveries"
		return
	}
	ctx, cancel := context.WithTimeout(ctx, a.o.DeliveryTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(t.Body))
	if err != nil {
		t.Err = err.Error()
		return
	}
	request.Header = t.Header.Clone()
	client := *a.o.Deliver
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(request)
	if err != nil {
		t.Err = err.Error()
		return
	}
	t.Status = answer.StatusCode
	// What the receiver says beyond its status does not count; reading it lets
	// the connection be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	_ = answer.Body.Close()
}
