package listen

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

// judge gives single deliveries the verdicts of package verify.
type judge struct{ engine *verify.Engine }

// newJudge checks what is verified with. No secret at all, an unusable one, or
// an unusable scheme is an error of kind Usage.
func newJudge(o Options) (*judge, error) {
	if err := checkSchemes(o.Providers); err != nil {
		return nil, err
	}
	engine, err := verify.New(verify.Options{
		Providers: o.Providers, Candidates: o.Candidates, Others: o.Others, Workers: 1, Diagnoses: 1,
	})
	if err != nil {
		return nil, err
	}
	return &judge{engine}, nil
}

func checkSchemes(providers []verify.Provider) error {
	for _, p := range providers {
		if err := p.Scheme.Check(); err != nil {
			return err
		}
	}
	return nil
}

// judge fills in the verdict and, from the body, what the delivery says of
// itself. The body is looked into only after it was verified.
func (j *judge) judge(d *Delivery, header http.Header, body []byte) {
	r := j.engine.Judge(&capture.Request{Header: fields(header), Body: body})
	d.Reason, d.Provider, d.WebhookID, d.Webhook = r.Reason, r.Provider, r.WebhookID, r.Webhook
	d.EventID, d.EventType, d.Notes = r.EventID, r.EventType, append(d.Notes, r.Notes...)
}

// fields are the lines of a header, by name as a record has them.
func fields(header http.Header) capture.Header {
	out := make(capture.Header, 0, len(header)+4)
	for name, values := range header {
		for _, v := range values {
			out = append(out, capture.Field{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(out, func(a, b capture.Field) int { return strings.Compare(a.Name, b.Name) })
	return out
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

func clip(s string, most int) string {
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

var errNotExplained = errors.New("its record is judged otherwise")

// explain completes a failure, given its record: why it failed and, where that
// tells it, whose it is. It takes some milliseconds. Package verify promises
// that no finding holds a digest.
func (j *judge) explain(ctx context.Context, d *Delivery, record []byte) error {
	batches, err := capture.Read(ctx, []string{"-"}, capture.Options{Format: "ndjson", Stdin: bytes.NewReader(record)})
	if err != nil {
		return err
	}
	var found verify.Result
	_, err = j.engine.Run(ctx, batches, func(c *verify.Chunk) error {
		for _, r := range c.Results {
			found = r
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case found.Reason != d.Reason:
		return errNotExplained
	}
	d.Diagnosis, d.Notes = found.Diagnosis, append(d.Notes, found.Notes...)
	d.Provider, d.EventID, d.EventType = found.Provider, found.EventID, found.EventType
	return nil
}
