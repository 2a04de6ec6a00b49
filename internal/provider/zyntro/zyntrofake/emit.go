package zyntrofake

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

// SignatureHeader carries the signature of a delivery. Assumed, as all of the
// scheme but HMAC-SHA256 with the secret_key: lower-case hexadecimal digits of
// the MAC of the exact body, after "sha256=", the secret's own bytes as key.
const SignatureHeader = "X-Zyntro-Signature"

// What fetchWebhooks says of every webhook. That the delay is in seconds and
// stays the same, and that the retries come after the first attempt, is assumed.
const (
	retryCount = 3
	retryDelay = 60
)

// Waits are what passes before each attempt.
func Waits() []time.Duration {
	waits := slices.Repeat([]time.Duration{retryDelay * time.Second}, 1+retryCount)
	waits[0] = 0
	return waits
}

// Wanted are the events that active webhooks ask for, each once.
func (f *Fake) Wanted() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var events []string
	for _, w := range f.webhooks {
		if w.status == "active" {
			events = append(events, w.events...)
		}
	}
	slices.Sort(events)
	return slices.Compact(events)
}

// Prepare makes one event of the type and a delivery of it for every active
// webhook that asked for it. edit, if there is one, changes the body before it
// is signed. An unknown event is an error, and so is what edit says.
func (f *Fake) Prepare(event string, edit func([]byte) ([]byte, error)) ([]provider.Delivery, error) {
	if !knows(event) {
		return nil, fault.Usagef("the sandbox has no event %q", event)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o := provider.SampleOptions{Now: f.o.Now(), Seed: f.random.Int64() | 1} // one id for all webhooks
	var list []provider.Delivery
	for _, w := range f.webhooks {
		if w.status != "active" || !slices.Contains(w.events, event) {
			continue
		}
		o.OrgID = w.org
		body, _ := Sample(event, o)
		if edit != nil {
			var err error
			if body, err = edit(body); err != nil {
				return nil, fault.Wrap(fault.Usage, err)
			}
		}
		header := http.Header{
			"Content-Type":  {"application/json"},
			"User-Agent":    {"hookctl-sandbox (stand-in for Zyntro)"},
			SignatureHeader: {fakekit.Sign(w.secret, body)},
		}
		w.authenticate(header)
		list = append(list, f.delivery(Waits(), time.Duration(w.timeout)*time.Second, provider.Attempt{
			WebhookID: w.id, EventID: fakekit.Member(body, "event_id"), EventType: event, URL: w.endpoint, Header: header, Body: body,
		}))
	}
	return list, nil
}

// delivery is one event on its way to one webhook. It holds no pointer into the
// table, which may change meanwhile. Whether an attempt is the first or a later
// one, the bytes are the same (assumed).
func (f *Fake) delivery(waits []time.Duration, timeout time.Duration, a provider.Attempt) provider.Delivery {
	return provider.Delivery{
		Waits: waits,
		Signed: func() provider.Attempt {
			a := a
			a.Header = a.Header.Clone()
			return a
		},
		Try: func(ctx context.Context) (provider.Attempt, bool) {
			if !f.active(a.WebhookID) {
				return a, false
			}
			made := fakekit.Post(ctx, f.o.Deliver, timeout, a)
			if f.o.Deliver != nil {
				f.record(made)
			}
			return made, true
		},
	}
}

// authenticate adds the credentials of wh_auth_data. The mapping to headers is
// assumed; the reference names only the members.
func (w *webhook) authenticate(header http.Header) {
	switch w.authType {
	case "bearer":
		header.Set("Authorization", "Bearer "+w.authData["value"])
	case "basic":
		r := http.Request{Header: header}
		r.SetBasicAuth(w.authData["username"], w.authData["password"])
	case "api_key", "custom_header":
		header.Set(w.authData["header"], w.authData["value"])
	}
}

func (f *Fake) active(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.webhooks, func(w *webhook) bool { return w.id == id && w.status == "active" })
}

// record notes the outcome where fetchWebhooks shows it. What counts as a
// failure is assumed: anything but a 2xx.
func (f *Fake) record(a provider.Attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.webhooks {
		if w.id != a.WebhookID {
			continue
		}
		w.lastTriggered = f.stamp()
		w.lastStatus = "success"
		if a.Status < 200 || a.Status > 299 {
			w.lastStatus = "failed"
			w.failures++
		}
	}
}
