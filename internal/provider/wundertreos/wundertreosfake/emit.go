package wundertreosfake

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hookctl/hookctl/internal/httpx"
)

// Attempt is one attempt of a delivery, or what would have been one.
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

// waits are the documented times before each of the eight attempts. That they
// run from one attempt to the next is assumed.
var waits = []time.Duration{
	0, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// Emit makes a sample event in every organization and delivers it, signed, to
// each enabled subscription that asked for its type. contact.tag_added and
// contact.enriched bring a second event for the same contact,
// contact.updated, with an id of its own. Each delivery is tried once, one
// after the other, without following redirects. A receiver's failure is in the
// attempt; the error is for an unknown event type or a ctx that ended.
func (a *API) Emit(ctx context.Context, eventType string) ([]Attempt, error) {
	list, err := a.Prepare(eventType, nil)
	if err != nil {
		return nil, err
	}
	attempts := make([]Attempt, 0, len(list))
	for _, d := range list {
		if err := ctx.Err(); err != nil {
			return attempts, err
		}
		if t, sent := d.Try(ctx); sent {
			attempts = append(attempts, t)
		}
	}
	return attempts, nil
}

// Attempts are the latest attempts, in order.
func (a *API) Attempts() []Attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.attempts)
}

// maxAttempts is how many are remembered.
const maxAttempts = 1000

// Wanted are the events that enabled subscriptions ask for, each once.
func (a *API) Wanted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var wanted []string
	for _, s := range a.subscriptions {
		if s.enabled {
			wanted = append(wanted, s.eventTypes...)
		}
	}
	slices.Sort(wanted)
	return slices.Compact(wanted)
}

// Delivery is one event on its way to one subscription. It is not for
// concurrent use.
type Delivery struct {
	SubscriptionID string
	EventID        string
	EventType      string
	URL            string
	// Waits are what passes before each attempt, the first included.
	Waits []time.Duration

	api    *API
	secret string
	event  envelope
	edit   func([]byte) ([]byte, error)
}

// Prepare makes a sample event and its deliveries, as [API.Emit] describes
// them. edit, if there is one, changes the body before it is signed. An
// unknown event type is an error, and so is what edit says.
func (a *API) Prepare(eventType string, edit func([]byte) ([]byte, error)) ([]*Delivery, error) {
	e, known := lookup(eventType)
	if !known {
		return nil, fmt.Errorf("no such event type: %q", eventType)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var orgs []string
	for _, s := range a.subscriptions {
		if !slices.Contains(orgs, s.org) {
			orgs = append(orgs, s.org)
		}
	}
	var list []*Delivery
	for _, org := range orgs {
		made := sample(a.random, e, org, a.o.Now())
		list = append(list, a.address(made, edit)...)
		if e.slug == "contact.tag_added" || e.slug == "contact.enriched" {
			companion := made
			companion.ID = a.random.uuid()
			companion.EventType, companion.Data.EventType = "contact.updated", "contact.updated"
			list = append(list, a.address(companion, edit)...)
		}
	}
	for _, d := range list {
		body, err := d.body()
		if err != nil {
			return nil, err
		}
		d.EventID, d.EventType = states(body)
	}
	return list, nil
}

// address makes a delivery for each subscription that wants the event.
func (a *API) address(e envelope, edit func([]byte) ([]byte, error)) []*Delivery {
	var list []*Delivery
	for _, s := range a.subscriptions {
		if s.org == e.OrgID && s.enabled && slices.Contains(s.eventTypes, e.EventType) {
			list = append(list, &Delivery{
				SubscriptionID: s.id, URL: s.targetURL, Waits: slices.Clone(waits),
				api: a, secret: s.secret, event: e, edit: edit,
			})
		}
	}
	return list
}

// body is the body of an attempt that is made now: delivered_at is renewed each
// time (assumed), so that the signature is another one too.
func (d *Delivery) body() ([]byte, error) {
	d.event.DeliveredAt = timestampMilli(d.api.o.Now())
	body := compact(d.event)
	if d.edit == nil {
		return body, nil
	}
	return d.edit(body)
}

// states are the id and the type that a body states; "" where an edit took one
// away.
func states(body []byte) (id, eventType string) {
	var e struct {
		ID        any `json:"id"`
		EventType any `json:"event_type"`
	}
	_ = json.Unmarshal(body, &e) // what is no JSON states nothing
	text := func(v any) string {
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	return text(e.ID), text(e.EventType)
}

// Signed is what an attempt sends at this time.
func (d *Delivery) Signed() Attempt {
	t := Attempt{SubscriptionID: d.SubscriptionID, EventID: d.EventID, EventType: d.EventType, URL: d.URL}
	var err error
	if t.Body, err = d.body(); err != nil { // it worked before
		t.Err = err.Error()
		return t
	}
	signature := sign(d.secret, t.Body)
	t.Header = http.Header{
		"Content-Type":       {"application/json"},
		"User-Agent":         {"hookctl-sandbox (stand-in for WundertreOS)"},
		"X-Wunder-Signature": {signature},
		"X-Hook-Signature":   {signature},
		"X-Wunder-Event":     {t.EventType},
		"X-Wunder-Delivery":  {t.EventID},
	}
	return t
}

// Try makes one attempt. Nothing is sent, and false returned, where the
// subscription is deleted or disabled.
func (d *Delivery) Try(ctx context.Context) (Attempt, bool) {
	if !d.api.takes(d.SubscriptionID) {
		return Attempt{SubscriptionID: d.SubscriptionID, EventID: d.EventID, EventType: d.EventType, URL: d.URL}, false
	}
	t := d.Signed()
	if t.Err != "" {
		return t, true
	}
	d.api.deliver(ctx, &t)
	d.api.record(t)
	return t, true
}

func (a *API) takes(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.subscriptions, func(s subscription) bool { return s.id == id && s.enabled })
}

func (a *API) record(t Attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.attempts = append(a.attempts, t)
	a.attempts = a.attempts[max(0, len(a.attempts)-maxAttempts):]
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
	status, err := httpx.Post(ctx, a.o.Deliver, a.o.DeliveryTimeout, t.URL, t.Header, t.Body)
	if err != nil {
		t.Err = err.Error()
	}
	t.Status = status
}
