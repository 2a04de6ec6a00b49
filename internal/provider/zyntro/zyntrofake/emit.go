package zyntrofake

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

// Attempt is one attempt of a delivery.
type Attempt struct {
	WebhookID string
	EventID   string
	EventType string
	URL       string
	Header    http.Header // as sent, credentials included
	Body      []byte
	Status    int    // of the receiver's answer; 0 if there was none
	Err       string // why there was none
}

// Emit makes one event of the type and posts it to every active webhook that
// asked for it, one after another, once each. Without Options.Deliver nothing
// is sent.
func (f *Fake) Emit(ctx context.Context, event string) ([]Attempt, error) {
	list, err := f.Prepare(event, nil)
	if err != nil || f.o.Deliver == nil {
		return nil, err
	}
	var attempts []Attempt
	for _, d := range list {
		if a, sent := d.Try(ctx); sent {
			attempts = append(attempts, a)
		}
	}
	return attempts, nil
}

// Attempts are the latest attempts, in order.
func (f *Fake) Attempts() []Attempt {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.attempts)
}

// maxAttempts is how many are remembered.
const maxAttempts = 1000

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

// Delivery is one event on its way to one webhook. It holds no pointer into
// the table, which may change meanwhile. It is not for concurrent use.
type Delivery struct {
	WebhookID string
	EventID   string
	EventType string
	URL       string
	// Waits are what passes before each attempt, the first included.
	Waits []time.Duration

	fake    *Fake
	header  http.Header
	body    []byte
	timeout time.Duration
}

// Prepare makes one event of the type and a delivery of it for every active
// webhook that asked for it. edit, if there is one, changes the body before it
// is signed. An unknown event is an error, and so is what edit says.
func (f *Fake) Prepare(event string, edit func([]byte) ([]byte, error)) ([]*Delivery, error) {
	if !knows(event) {
		return nil, fmt.Errorf("the sandbox has no event %q", event)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o := SampleOptions{Now: f.o.Now(), Seed: f.random.seed()} // one id for all webhooks
	var list []*Delivery
	for _, w := range f.webhooks {
		if w.status != "active" || !slices.Contains(w.events, event) {
			continue
		}
		o.OrgID = w.org
		body, _ := Sample(event, o)
		if edit != nil {
			var err error
			if body, err = edit(body); err != nil {
				return nil, err
			}
		}
		d := &Delivery{
			WebhookID: w.id, EventType: event, URL: w.endpoint, fake: f, body: body,
			timeout: time.Duration(w.timeout) * time.Second,
			header: http.Header{
				"Content-Type":  {"application/json"},
				"User-Agent":    {"hookctl-sandbox (stand-in for Zyntro)"},
				SignatureHeader: {"sha256=" + sign(w.secret, body)},
			},
		}
		d.EventID = eventID(body)
		w.authenticate(d.header)
		d.Waits = make([]time.Duration, 1+retryCount)
		for i := 1; i < len(d.Waits); i++ {
			d.Waits[i] = retryDelay * time.Second
		}
		list = append(list, d)
	}
	return list, nil
}

// eventID is the id that a body states; "" where an edit took it away.
func eventID(body []byte) string {
	var e struct {
		ID any `json:"event_id"`
	}
	if json.Unmarshal(body, &e) != nil || e.ID == nil {
		return ""
	}
	return fmt.Sprint(e.ID)
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

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Signed is what an attempt sends.
func (d *Delivery) Signed() Attempt {
	return Attempt{
		WebhookID: d.WebhookID, EventID: d.EventID, EventType: d.EventType, URL: d.URL, Header: d.header.Clone(), Body: d.body,
	}
}

// Try makes one attempt. Whether it is the first or a later one, the bytes are
// the same (assumed). Nothing is sent, and false returned, where the webhook is
// not active any more.
func (d *Delivery) Try(ctx context.Context) (Attempt, bool) {
	a := d.Signed()
	if !d.fake.active(d.WebhookID) {
		return a, false
	}
	if d.fake.o.Deliver == nil {
		a.Err = "not sent: this sandbox makes no deliveries"
		return a, true
	}
	status, err := httpx.Post(ctx, d.fake.o.Deliver, d.timeout, a.URL, a.Header, a.Body)
	if err != nil {
		a.Err = err.Error()
	}
	a.Status = status
	d.fake.record(a)
	return a, true
}

func (f *Fake) active(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.webhooks, func(w *webhook) bool { return w.id == id && w.status == "active" })
}

// record notes the outcome where fetchWebhooks shows it. What counts as a
// failure is assumed: anything but a 2xx.
func (f *Fake) record(a Attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempts = append(f.attempts, a)
	f.attempts = f.attempts[max(0, len(f.attempts)-maxAttempts):]
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
