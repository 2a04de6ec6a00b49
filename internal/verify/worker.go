package verify

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/diagnosis"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// streamHead is how much of a body that is not in memory is searched for its
// event.
const streamHead = 64 << 10

// mostQuoted bounds, in bytes, what a note repeats of a delivery.
const mostQuoted = 100

// worker decodes and judges batches. It belongs to one goroutine.
type worker struct {
	e         *Engine
	verifiers []*signature.Verifier // nil where the provider has no secret
	claims    []signature.Claim
	header    capture.Header
	request   *capture.Request // that is judged
	asked     asked            // what claims are read from: passed on by its address
	events    jsontext.Slab
	possible  []int
	streamed  int64 // of the body that was judged last, if it was streamed
	// diagnosed is how many failures the collector has explained so far.
	diagnosed *atomic.Int64
}

// asked is a header that is asked for the values of one name at a time: they are
// valid until the next call.
type asked struct {
	capture.Header
	values []string
}

func (a *asked) Values(name string) []string {
	a.values = a.AppendValues(a.values[:0], name)
	return a.values
}

func newWorker(e *Engine, diagnosed *atomic.Int64) *worker {
	w := &worker{e: e, diagnosed: diagnosed, request: &capture.Request{}}
	w.verifiers = make([]*signature.Verifier, len(e.providers))
	w.claims = make([]signature.Claim, len(e.providers))
	for i, p := range e.providers {
		if p.keys != nil {
			w.verifiers[i] = p.keys.Verifier()
			w.verifiers[i].Guess = &guess{guesses: p.guesses, worker: w}
		}
	}
	return w
}

// work judges one batch. When ctx ends it returns early; nobody looks at the
// chunk then.
func (w *worker) work(ctx context.Context, b capture.Batch) *Chunk {
	c := w.e.chunks.Get().(*Chunk)
	c.Note, c.Bytes, c.Ended = b.Note, b.Size, b.Ended
	failures, probes := int64(0), 0
	from := 0 // the first result of the line that is judged
	for r, err := range b.Each() {
		if ctx.Err() != nil {
			return c
		}
		if err == recorded.ErrEndOfLine || err == recorded.ErrLinePart {
			from = w.line(c, &b, from, r, err)
			continue
		}
		if r.Passed.N > 0 && !w.e.o.EachLine {
			c.Passed = append(c.Passed, r.Passed)
		}
		c.Results = append(c.Results, Result{})
		c.facts = append(c.facts, facts{})
		result, f := &c.Results[len(c.Results)-1], &c.facts[len(c.facts)-1]
		w.streamed = 0
		if err != nil {
			*result = unreadable(r, err)
		} else {
			w.judge(ctx, r, result, f)
			if result.Reason == signature.NoSignature && r.Probe(w.e.names) {
				probes++
				c.Results, c.facts = c.Results[:len(c.Results)-1], c.facts[:len(c.facts)-1]
				continue
			}
		}
		if r.Ambiguous != "" {
			result.Notes = append(result.Notes, r.Ambiguous)
		}
		if result.Format = b.Format; b.Format == capture.Raw {
			result.Size = int64(len(r.Body)) + w.streamed
		}
		if explainable(result.Reason) {
			// Whether a failure is among the first is known in input order only: the
			// collector drops what is explained here beyond the limit.
			if w.diagnosed.Load()+failures < int64(w.e.o.Diagnoses) {
				w.explain(ctx, r, result)
			}
			failures++
		}
	}
	if w.e.o.Lines {
		c.encode(w.e.o.Failing)
	}
	if !w.e.o.EachLine {
		c.Passed.Add(append(b.PassedOver(), recorded.Probes(probes))...)
	}
	return c
}

// dumpFormat is the format in which a body may have no end of its own.
const dumpFormat = "http"

// explain diagnoses the failure that was judged last.
func (w *worker) explain(ctx context.Context, r *capture.Request, result *Result) {
	memory := diagnosis.Memory(r.Body)
	if !w.e.diagnosing.acquire(ctx, memory) {
		return
	}
	defer w.e.diagnosing.release(memory)
	asked := *r
	asked.Header, asked.Size = w.override(r.Header), w.streamed
	var provider int
	provider, result.Diagnosis = w.e.explainer.Explain(ctx, &asked, w.possible)
	if result.Format == dumpFormat && r.Header.Get("Content-Length") == "" && r.Header.Get("Transfer-Encoding") == "" {
		for i := range result.Diagnosis {
			if f := &result.Diagnosis[i]; f.Cause == "trailing-newline" { // no tool added it to a file: it stands between two deliveries, or at the end
				f.Fix = "Keep Content-Length in the dump: without it, the body is every byte up to the next request, line ends included. Or remove the line ends."
			}
		}
	}
	if provider >= 0 && result.Provider == "" && r.Stream == nil {
		// That it would match tells whose it is.
		w.attribute(provider, r.Body, result)
	}
}

func unreadable(r *capture.Request, err error) Result {
	return Result{Source: r.Source, Reason: signature.Unreadable, Notes: []string{err.Error()}, Diagnosis: diagnosis.Unreadable(err)}
}

// judge fills result and f. Verification comes first and sees nothing but
// bytes; the body is looked into only afterwards.
func (w *worker) judge(ctx context.Context, r *capture.Request, result *Result, f *facts) {
	w.request, result.Source, f.ambiguous = r, r.Source, r.Ambiguous != ""
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
	if !result.Valid {
		w.reject(best, head, r, result, f)
		w.excluded(header, result)
		return
	}
	if !r.Inexact {
		result.Notes = append(result.Notes, r.Notes...)
	}
	p := &w.e.providers[best]
	event := w.attribute(best, head, result)
	when, _ := event.When()
	matched := w.e.o.Candidates[p.candidates[verdict.KeyIndex]]
	result.WebhookID, result.Webhook = matched.ID, matched.Name
	if matched.Older {
		result.Notes = append(result.Notes, fmt.Sprintf("signed with an older secret of this webhook (%s), not with its current one", matched.Secret.Fingerprint()))
	}
	if w.contradict(p.Envelope, event, header, result) {
		f.contradiction = true
	}
	f.when = when
	f.subject, f.companion = p.Envelope.SubjectOf(event.Type, head), event.Type == p.Envelope.Companion
	if w.e.o.MaxAge > 0 {
		w.age(event, when, result)
	}
}

// attribute says whose delivery it is, and what its body says of itself.
func (w *worker) attribute(provider int, body []byte, result *Result) capture.Event {
	p := &w.e.providers[provider]
	event := p.Envelope.EventIn(body, &w.events)
	result.Provider, result.Assumed = p.Name, p.Scheme.Assumed
	result.EventID, result.EventType = event.ID, event.Type
	return event
}

// reject fills in a failure. Where several providers are possible, such as for
// a bare signature, none is named; the body may tell its event all the same.
func (w *worker) reject(best int, body []byte, r *capture.Request, result *Result, f *facts) {
	result.Notes = append(result.Notes, r.Notes...)
	if result.Reason == signature.Mismatch {
		result.Chosen = w.e.o.Chosen
	}
	if result.Reason == signature.NoSignature {
		if where := cmp.Or(r.Elsewhere, recorded.SignatureIn(body, w.e.names)); where != "" {
			result.Notes = append(result.Notes, where)
		}
	}
	if best >= 0 {
		if err := w.e.providers[best].unusable; err != nil {
			result.Provider, f.unusable = w.e.providers[best].Name, err
			result.Notes = append(result.Notes, fmt.Sprintf("the signature scheme of %s cannot be used: %v", result.Provider, err))
			return
		}
	}
	if len(w.possible) == 1 {
		w.attribute(best, body, result)
		return
	}
	for _, i := range w.possible {
		if event := w.e.providers[i].Envelope.Event(body); event.ID != "" && event.Type != "" && event.Time != "" {
			result.EventID, result.EventType = event.ID, event.Type
			return
		}
	}
}

// excluded notes whose delivery one without a signature looks like.
func (w *worker) excluded(header capture.Header, result *Result) {
	if result.Reason != signature.NoSignature || w.e.o.Signature != "" {
		return
	}
	for _, p := range w.e.o.Excluded {
		for _, name := range p.Scheme.Headers {
			if signed(header, name) {
				result.Notes = append(result.Notes, fmt.Sprintf("it has %s, like deliveries of %s, but was verified as one of %s: see --webhook and --provider",
					name, p.Name, w.e.providers[0].Name))
				return
			}
		}
	}
}

// Header is what is judged of a header: with Options.Headers in the place of those of
// the same name.
func (e *Engine) Header(h capture.Header) capture.Header { return (&worker{e: e}).override(h) }

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

// detect sets w.possible: the providers that a delivery may come from. Headers
// that are all blank still tell whose they are.
func (w *worker) detect(header capture.Header) {
	w.possible = w.possible[:0]
	for _, has := range []func(capture.Header, string) bool{signed, capture.Header.Has} {
		for i := range w.e.providers {
			if len(w.e.providers) == 1 || w.present(i, header, has) {
				w.possible = append(w.possible, i)
			}
		}
		if len(w.possible) > 0 {
			return
		}
	}
	if w.e.o.Signature == "" {
		return
	}
	for i := range w.e.providers {
		w.possible = append(w.possible, i)
	}
}

func (w *worker) present(i int, header capture.Header, has func(capture.Header, string) bool) bool {
	for _, name := range w.e.providers[i].Scheme.Headers {
		if has(header, name) {
			return true
		}
	}
	return false
}

// signed reports whether there is a line of that name which is not blank.
func signed(h capture.Header, name string) bool {
	for i := range h {
		if recorded.SameName(h[i].Name, name) && !signature.Blank(h[i].Value) {
			return true
		}
	}
	return false
}

func (w *worker) claim(i int, header capture.Header) signature.Reason {
	scheme := &w.e.providers[i].Scheme
	w.asked.Header = header
	if w.e.o.Signature != "" {
		return scheme.ClaimValue(w.e.o.Signature, &w.asked, &w.claims[i])
	}
	return scheme.Claim(&w.asked, &w.claims[i])
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
	best, verdict := -1, signature.Verdict{Reason: signature.NoSignature}
	for _, i := range w.possible {
		v := signature.Verdict{Reason: w.claim(i, header)}
		switch {
		case w.e.providers[i].unusable != nil:
			v.Reason = signature.Unreadable
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
	case signature.NoSecret, signature.Unreadable:
		return 0
	}
	return 1
}

// stream judges a body that is read once, under all possible providers at the
// same time, and returns its beginning.
func (w *worker) stream(ctx context.Context, body io.Reader, header capture.Header) (int, signature.Verdict, []byte, error) {
	var feed []int
	for _, i := range w.possible {
		if w.verifiers[i] != nil && w.claim(i, header) == signature.OK {
			w.verifiers[i].Begin(&w.claims[i])
			feed = append(feed, i)
		}
	}
	var head []byte
	err := capture.ReadAhead(ctx, body, func(p []byte) error {
		head = append(head, p[:min(len(p), streamHead-len(head))]...)
		w.streamed += int64(len(p))
		for _, i := range feed {
			if _, err := w.verifiers[i].Write(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, signature.Verdict{}, nil, err
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
			if header[i].Value != c.body && recorded.SameName(header[i].Name, c.header) {
				result.Notes = append(result.Notes, fmt.Sprintf("%s says %q, but %s in the signed body is %q: trust the body, because headers are not signed",
					c.header, term.Clip(header[i].Value, mostQuoted), c.what, term.Clip(c.body, mostQuoted)))
			}
		}
	}
	return len(result.Notes) > before
}

// age applies MaxAge to a valid delivery. Exactly MaxAge is still in time.
func (w *worker) age(event capture.Event, when time.Time, result *Result) {
	now := w.e.o.Now()
	var note string
	switch {
	case when.IsZero() && event.Time == "":
		note = "the body has no time, so the delivery's age is unknown"
	case when.IsZero():
		note = fmt.Sprintf("the time in the body, %q, is not in RFC 3339 form", term.Clip(event.Time, mostQuoted))
	case now.Sub(when) > w.e.o.MaxAge:
		note = fmt.Sprintf("the body is from %s, more than %s ago", term.Date(when), w.e.o.MaxAge)
	case when.Sub(now) > w.e.o.MaxAge:
		note = fmt.Sprintf("the body is from %s, more than %s in the future", term.Date(when), w.e.o.MaxAge)
	default:
		return
	}
	result.Valid, result.Reason = false, signature.TooOld
	result.Notes = append(result.Notes, note)
}
