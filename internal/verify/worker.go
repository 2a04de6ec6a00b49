package verify

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/signature"
)

// streamHead is how much of a body that is not in memory is searched for its
// event.
const streamHead = 64 << 10

// worker decodes and judges batches. It belongs to one goroutine.
type worker struct {
	e         *Engine
	verifiers []*signature.Verifier // nil where the provider has no secret
	claims    []signature.Claim
	header    capture.Header
	possible  []int
	// diagnosed is how many failures the collector has explained so far.
	diagnosed *atomic.Int64
}

func newWorker(e *Engine, diagnosed *atomic.Int64) *worker {
	w := &worker{e: e, diagnosed: diagnosed}
	w.verifiers = make([]*signature.Verifier, len(e.providers))
	w.claims = make([]signature.Claim, len(e.providers))
	for i, p := range e.providers {
		if p.ring != nil {
			w.verifiers[i] = p.ring.Verifier()
		}
	}
	return w
}

// work judges one batch. When ctx ends it returns early; nobody looks at the
// chunk then.
func (w *worker) work(ctx context.Context, b capture.Batch) *Chunk {
	c := w.e.chunks.Get().(*Chunk)
	c.Note, c.Bytes = b.Note, b.Size
	failures := int64(0)
	for r, err := range b.Each() {
		if ctx.Err() != nil {
			return c
		}
		c.Results = append(c.Results, Result{})
		c.facts = append(c.facts, facts{})
		result, f := &c.Results[len(c.Results)-1], &c.facts[len(c.facts)-1]
		if err != nil {
			*result = unreadable(r, err)
		} else {
			w.judge(ctx, r, result, f)
		}
		if explainable(result.Reason) {
			// Whether a failure is among the first is known in input order only: the
			// collector drops what is explained here beyond the limit.
			if w.diagnosed.Load()+failures < int64(w.e.o.Diagnoses) {
				result.Diagnosis = w.e.diagnose(&failure{
					provider: f.provider, reason: result.Reason,
					header: w.override(r.Header), body: r.Body, streamed: r.Stream != nil,
				})
			}
			failures++
		}
		if w.e.o.Lines {
			c.Lines = append(result.AppendJSON(c.Lines), '\n')
		}
	}
	return c
}

func unreadable(r *capture.Request, err error) Result {
	return Result{Source: r.Source, Reason: signature.Unreadable, Notes: []string{err.Error()}}
}

// judge fills result and f. Verification comes first and sees nothing but
// bytes; the body is looked into only afterwards.
func (w *worker) judge(ctx context.Context, r *capture.Request, result *Result, f *facts) {
	result.Source = r.Source
	header := w.override(r.Header)
	w.detect(header)
	var best int // of Engine.providers: whose verdict counts; -1 for none
	var verdict signature.Verdict
	head := r.Body
	if r.Stream != nil {
		var err error
		if best, verdict, head, err = w.stream(ctx, r.Stream, header); err != nil {
			*result = unreadable(r, err)
			return
		}
	} else {
		best, verdict = w.held(header, r.Body)
	}
	result.Reason, result.Valid = verdict.Reason, verdict.Reason == signature.OK
	f.provider = best
	if best < 0 {
		return
	}
	p := &w.e.providers[best]
	result.Provider, f.assumed = p.Name, p.Scheme.Assumed
	event := p.Envelope.Event(head)
	result.EventID, result.EventType = event.ID, event.Type
	when, _ := event.When()
	if !result.Valid {
		result.Notes = append(result.Notes, r.Notes...)
		return
	}
	matched := w.e.o.Candidates[p.candidates[verdict.KeyIndex]]
	result.WebhookID, result.Webhook = matched.ID, matched.Name
	if w.contradict(p.Envelope, event, header, result) {
		f.contradiction = true
	}
	f.when = when
	if w.e.o.MaxAge > 0 {
		w.age(event, when, result)
	}
}

// override applies Options.Headers.
func (w *worker) override(h capture.Header) capture.Header {
	if len(w.e.o.Headers) == 0 {
		return h
	}
	w.header = w.header[:0]
	given := capture.Header(w.e.o.Headers)
	for _, f := range h {
		if !given.Has(f.Name) {
			w.header = append(w.header, f)
		}
	}
	w.header = append(w.header, given...)
	return w.header
}

// detect sets w.possible: the providers that a delivery may come from.
func (w *worker) detect(header capture.Header) {
	w.possible = w.possible[:0]
	for i := range w.e.providers {
		if len(w.e.providers) == 1 || w.present(i, header) {
			w.possible = append(w.possible, i)
		}
	}
	if len(w.possible) > 0 || w.e.o.Signature == "" {
		return
	}
	for i := range w.e.providers {
		w.possible = append(w.possible, i)
	}
}

func (w *worker) present(i int, header capture.Header) bool {
	for _, name := range w.e.providers[i].Scheme.Headers {
		if header.Has(name) {
			return true
		}
	}
	return false
}

func (w *worker) claim(i int, header capture.Header) signature.Reason {
	scheme := &w.e.providers[i].Scheme
	if w.e.o.Signature != "" {
		return scheme.ClaimValue(w.e.o.Signature, header, &w.claims[i])
	}
	return scheme.Claim(header, &w.claims[i])
}

// held judges a body in memory under each possible provider. A match counts;
// else the first mismatch; else the first verdict of another kind, a missing
// secret last.
func (w *worker) held(header capture.Header, body []byte) (int, signature.Verdict) {
	return w.choose(header, func(i int) signature.Verdict {
		return w.verifiers[i].Match(&w.claims[i], body)
	})
}

func (w *worker) choose(header capture.Header, match func(i int) signature.Verdict) (int, signature.Verdict) {
	best, verdict := -1, signature.Verdict{Reason: signature.NoSignature, KeyIndex: -1}
	for _, i := range w.possible {
		v := signature.Verdict{Reason: w.claim(i, header), KeyIndex: -1}
		switch {
		case v.Reason != signature.OK:
		case w.verifiers[i] == nil:
			v.Reason = signature.NoSecret
		default:
			v = match(i)
		}
		if best < 0 || rank(v.Reason) > rank(verdict.Reason) {
			best, verdict = i, v
		}
		if v.Reason == signature.OK {
			break
		}
	}
	return best, verdict
}

func rank(r signature.Reason) int {
	switch r {
	case signature.OK:
		return 3
	case signature.Mismatch:
		return 2
	case signature.NoSecret:
		return 0
	}
	return 1
}

// stream judges a body that is read once, under all possible providers at the
// same time, and returns its beginning.
func (w *worker) stream(ctx context.Context, body io.Reader, header capture.Header) (int, signature.Verdict, []byte, error) {
	var feed []int
	for _, i := range w.possible {
		if w.claim(i, header) == signature.OK && w.verifiers[i] != nil {
			w.verifiers[i].Begin(&w.claims[i])
			feed = append(feed, i)
		}
	}
	var head []byte
	err := readAhead(ctx, body, func(p []byte) error {
		head = append(head, p[:min(len(p), streamHead-len(head))]...)
		for _, i := range feed {
			if _, err := w.verifiers[i].Write(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return -1, signature.Verdict{}, nil, err
	}
	best, verdict := w.choose(header, func(i int) signature.Verdict {
		return w.verifiers[i].End(&w.claims[i])
	})
	return best, verdict, head, nil
}

// contradict notes where unsigned headers say something else than the signed
// body.
func (w *worker) contradict(env capture.Envelope, event capture.Event, header capture.Header, result *Result) bool {
	before := len(result.Notes)
	for _, c := range []struct{ header, body, what string }{
		{env.HeaderID, event.ID, env.ID},
		{env.HeaderType, event.Type, env.Type},
	} {
		if c.header == "" {
			continue
		}
		for i := range header {
			if header[i].Value != c.body && capture.SameName(header[i].Name, c.header) {
				result.Notes = append(result.Notes, fmt.Sprintf("%s says %q, the signed body's %s is %q: trust the body, headers are not signed",
					c.header, clip(header[i].Value), c.what, clip(c.body)))
			}
		}
	}
	return len(result.Notes) > before
}

// clip bounds what a note repeats of a delivery.
func clip(s string) string {
	const most = 100
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// age applies MaxAge to a valid delivery. Exactly MaxAge is still in time.
func (w *worker) age(event capture.Event, when time.Time, result *Result) {
	now := w.e.o.Now()
	var note string
	switch {
	case when.IsZero() && event.Time == "":
		note = "the body states no time, so its age is unknown"
	case when.IsZero():
		note = fmt.Sprintf("the time that the body states, %q, is not RFC 3339", clip(event.Time))
	case now.Sub(when) > w.e.o.MaxAge:
		note = fmt.Sprintf("the body is from %s, more than %s ago", when.Format(time.RFC3339), w.e.o.MaxAge)
	case when.Sub(now) > w.e.o.MaxAge:
		note = fmt.Sprintf("the body is from %s, more than %s in the future", when.Format(time.RFC3339), w.e.o.MaxAge)
	default:
		return
	}
	result.Valid, result.Reason = false, signature.TooOld
	result.Notes = append(result.Notes, note)
}
