package listen

import (
	"context"
	"net/http"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

// newEngine checks what is verified with. No secret at all, or an unusable one, is
// an error of kind Usage.
func newEngine(o Options) (*verify.Engine, error) {
	return verify.New(verify.Options{Providers: o.Providers, Candidates: o.Candidates, Others: o.Others})
}

// judge fills in the verdict and, from the body, what the delivery says of
// itself. The body is looked into only after it was verified.
func (d *Delivery) judge(e *verify.Engine, request *capture.Request) {
	r := e.Judge(request)
	d.Reason, d.Provider, d.WebhookID, d.Webhook = r.Reason, r.Provider, r.WebhookID, r.Webhook
	d.EventID, d.EventType, d.Notes = r.EventID, r.EventType, append(d.Notes, r.Notes...)
}

// explain completes a failure: why it failed and, where that shows it, whose it is.
// It takes some milliseconds. Package diagnosis promises that no finding holds a
// digest.
func (d *Delivery) explain(ctx context.Context, e *verify.Engine, request *capture.Request) {
	r := verify.Result{Reason: d.Reason, Provider: d.Provider, EventID: d.EventID, EventType: d.EventType}
	e.Explain(ctx, request, &r)
	d.Diagnosis, d.Provider, d.EventID, d.EventType = r.Diagnosis, r.Provider, r.EventID, r.EventType
}

// guess is for a delivery that is not verified: its headers say whose it may
// be.
func guess(providers []verify.Provider, d *Delivery, header http.Header, body []byte) {
	for _, has := range []func(signature.Scheme, signature.Header) bool{signature.Scheme.Signed, signature.Scheme.Present} {
		for _, p := range providers {
			if len(providers) == 1 || has(p.Scheme, header) {
				event := p.Envelope.Event(body)
				d.Provider, d.EventID, d.EventType = p.Name, event.ID, event.Type
				return
			}
		}
	}
}

// Bounds, in bytes, of what a line repeats of a sender, and of each text of a
// delivery that anybody may have sent.
const (
	mostQuoted = 100
	mostShown  = 1000
)
