package zyntrofake

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

// SignatureHeader carries the signature of a delivery. Assumed, as all of the
// scheme but HMAC-SHA256 with the secret_key: lower-case hexadecimal digits of
// the MAC of the exact body, after "sha256=", the secret's own bytes as key.
const SignatureHeader = "X-Zyntro-Signature"

// Attempt is one delivery.
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
	if !knows(event) {
		return nil, fmt.Errorf("the sandbox has no event %q", event)
	}
	if f.o.Deliver == nil {
		return nil, nil
	}
	var attempts []Attempt
	for _, d := range f.deliveries(event) {
		d.send(ctx, f.o.Deliver)
		f.record(d)
		attempts = append(attempts, d.Attempt)
	}
	return attempts, nil
}

// Attempts are the deliveries so far.
func (f *Fake) Attempts() []Attempt {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.attempts)
}

// delivery is an attempt to be made. It holds no pointer into the table, which
// may change meanwhile.
type delivery struct {
	Attempt
	timeout time.Duration
}

func (f *Fake) deliveries(event string) []*delivery {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []*delivery
	id := "evt_" + f.hex(24)
	for _, w := range f.webhooks {
		if w.status != "active" || !slices.Contains(w.events, event) {
			continue
		}
		body := envelope(id, event, w.org, f.o.Now())
		header := http.Header{
			"Content-Type":  {"application/json"},
			"User-Agent":    {"hookctl-sandbox (stand-in for Zyntro)"},
			SignatureHeader: {"sha256=" + sign(w.secret, body)},
		}
		w.authenticate(header)
		list = append(list, &delivery{
			Attempt: Attempt{WebhookID: w.id, EventID: id, EventType: event, URL: w.endpoint, Header: header, Body: body},
			timeout: time.Duration(w.timeout) * time.Second,
		})
	}
	return list
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

// send makes the attempt and writes down how it ended.
func (d *delivery) send(ctx context.Context, client *http.Client) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		d.Err = err.Error()
		return
	}
	r.Header = d.Header.Clone()
	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := once.Do(r)
	if err != nil {
		d.Err = err.Error()
		return
	}
	d.Status = answer.StatusCode
	// What the receiver says does not matter: only its status does.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	_ = answer.Body.Close()
}

// record notes the outcome where fetchWebhooks shows it. What counts as a
// failure is assumed: anything but a 2xx.
func (f *Fake) record(d *delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempts = append(f.attempts, d.Attempt)
	for _, w := range f.webhooks {
		if w.id != d.WebhookID {
			continue
		}
		w.lastTriggered = f.stamp()
		w.lastStatus = "success"
		if d.Status < 200 || d.Status > 299 {
			w.lastStatus = "failed"
			w.failures++
		}
	}
}
