package wundertreosfake

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

// Waits are the documented times before each of the eight attempts. That they
// run from one attempt to the next is assumed.
func Waits() []time.Duration {
	return []time.Duration{0, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour}
}

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

// Prepare makes a sample event in every organization, and a delivery of it for
// each enabled subscription that asked for its type. contact.tag_added and
// contact.enriched bring a second event for the same contact, contact.updated,
// with an id of its own. edit, if there is one, changes the body before it is
// signed. An unknown event type is an error, and so is what edit says.
func (a *API) Prepare(eventType string, edit func([]byte) ([]byte, error)) ([]provider.Delivery, error) {
	e, known := lookup(eventType)
	if !known {
		return nil, fault.Usagef("no such event type: %q", eventType)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var orgs []string
	for _, s := range a.subscriptions {
		if !slices.Contains(orgs, s.org) {
			orgs = append(orgs, s.org)
		}
	}
	var list []provider.Delivery
	address := func(e envelope) error {
		for _, s := range a.subscriptions {
			if s.org != e.OrgID || !s.enabled || !slices.Contains(s.eventTypes, e.EventType) {
				continue
			}
			d := delivery{api: a, subscription: s, event: e, edit: edit}
			if _, err := d.body(); err != nil {
				return fault.Wrap(fault.Usage, err)
			}
			list = append(list, provider.Delivery{Waits: Waits(), Signed: d.signed, Try: d.try})
		}
		return nil
	}
	for _, org := range orgs {
		made := sample(a.random, e, org, a.o.Now())
		if err := address(made); err != nil {
			return nil, err
		}
		if e.slug == "contact.tag_added" || e.slug == "contact.enriched" {
			made.ID = a.random.uuid()
			made.EventType, made.Data.EventType = "contact.updated", "contact.updated"
			if err := address(made); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// delivery is one event on its way to one subscription, as that was when the
// event was made.
type delivery struct {
	api          *API
	subscription subscription
	event        envelope
	edit         func([]byte) ([]byte, error)
}

// body is the body of an attempt that is made now: delivered_at is renewed each
// time (assumed), so that the signature is another one too.
func (d delivery) body() ([]byte, error) {
	d.event.DeliveredAt = timestampMilli(d.api.o.Now())
	body := fakekit.Compact(d.event)
	if d.edit == nil {
		return body, nil
	}
	return d.edit(body)
}

// signed is what an attempt sends at this time.
func (d delivery) signed() provider.Attempt {
	t := provider.Attempt{WebhookID: d.subscription.id, URL: d.subscription.targetURL}
	var err error
	if t.Body, err = d.body(); err != nil { // it worked before
		t.Err = err.Error()
	}
	t.EventID, t.EventType = fakekit.Member(t.Body, "id"), fakekit.Member(t.Body, "event_type")
	signature := fakekit.Sign(d.subscription.secret, t.Body)
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

// try makes one attempt. Nothing is sent, and false returned, where the
// subscription is deleted or disabled.
func (d delivery) try(ctx context.Context) (provider.Attempt, bool) {
	t := d.signed()
	if !d.api.takes(d.subscription.id) {
		return t, false
	}
	return fakekit.Post(ctx, d.api.o.Deliver, d.api.o.DeliveryTimeout, t), true
}

func (a *API) takes(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.subscriptions, func(s subscription) bool { return s.id == id && s.enabled })
}
