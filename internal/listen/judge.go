package listen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

// judge verifies single deliveries as package verify does batches: the same
// verdict, without the machinery. What fails is explained by package verify
// itself, see explain.
type judge struct {
	providers  []ringed
	candidates []verify.Candidate
	engine     *verify.Engine
	benches    sync.Pool // of *bench
}

// ringed is a provider with the secrets that fit it.
type ringed struct {
	verify.Provider
	ring       *signature.Keyring // nil where no secret fits
	candidates []int              // of judge.candidates, by the ring's key index
}

// bench is what one delivery at a time is judged with.
type bench struct {
	verifiers []*signature.Verifier // nil where the provider has no secret
	claims    []signature.Claim
	possible  []int // of judge.providers: whose delivery it may be
}

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
	j := &judge{candidates: o.Candidates, engine: engine}
	for _, p := range o.Providers {
		r := ringed{Provider: p}
		var keys []secret.Value
		for i, c := range o.Candidates {
			if c.Provider == "" || c.Provider == p.Name {
				keys = append(keys, c.Secret)
				r.candidates = append(r.candidates, i)
			}
		}
		if len(keys) > 0 {
			if r.ring, err = signature.NewKeyring(p.Scheme, keys); err != nil {
				return nil, err
			}
		}
		j.providers = append(j.providers, r)
	}
	j.benches.New = func() any { return j.newBench() }
	return j, nil
}

func checkSchemes(providers []verify.Provider) error {
	for _, p := range providers {
		if err := p.Scheme.Check(); err != nil {
			return err
		}
	}
	return nil
}

func (j *judge) newBench() *bench {
	b := &bench{verifiers: make([]*signature.Verifier, len(j.providers)), claims: make([]signature.Claim, len(j.providers))}
	for i, p := range j.providers {
		if p.ring != nil {
			b.verifiers[i] = p.ring.Verifier()
		}
	}
	return b
}

// judge fills in the verdict and, from the body, what the delivery says of
// itself. The body is looked into only after it was verified.
func (j *judge) judge(d *Delivery, header http.Header, body []byte) {
	b := j.benches.Get().(*bench)
	defer j.benches.Put(b)
	b.possible = b.possible[:0]
	best := -1 // of j.providers: whose verdict counts
	verdict := signature.Verdict{Reason: signature.NoSignature, KeyIndex: -1}
	for i, p := range j.providers {
		if len(j.providers) > 1 && !p.Scheme.Present(header) {
			continue
		}
		b.possible = append(b.possible, i)
		v := signature.Verdict{Reason: p.Scheme.Claim(header, &b.claims[i]), KeyIndex: -1}
		switch {
		case v.Reason != signature.OK:
		case b.verifiers[i] == nil:
			v.Reason = signature.NoSecret
		default:
			v = b.verifiers[i].Match(&b.claims[i], body)
		}
		if best < 0 || rank(v.Reason) > rank(verdict.Reason) {
			best, verdict = i, v
		}
		if v.Reason == signature.OK {
			break
		}
	}
	d.Reason = verdict.Reason
	if d.Reason != signature.OK {
		j.attribute(d, b.possible, body)
		return
	}
	p := &j.providers[best]
	describe(d, p.Provider, body)
	matched := j.candidates[p.candidates[verdict.KeyIndex]]
	d.WebhookID, d.Webhook = matched.ID, matched.Name
	if matched.Older {
		d.Notes = append(d.Notes, fmt.Sprintf("signed with an older secret of this webhook (%s), not with its present one", matched.Secret.Fingerprint()))
	}
	d.Notes = append(d.Notes, contradictions(p.Envelope, d, header)...)
}

// attribute says whose an invalid delivery seems to be. Where several providers
// are possible none is named; the body may tell its event all the same.
func (j *judge) attribute(d *Delivery, possible []int, body []byte) {
	if len(possible) == 1 {
		describe(d, j.providers[possible[0]].Provider, body)
		return
	}
	for _, i := range possible {
		if event := j.providers[i].Envelope.Event(body); event.ID != "" && event.Type != "" && event.Time != "" {
			d.EventID, d.EventType = event.ID, event.Type
			return
		}
	}
}

// rank orders the verdicts of several providers: a match counts, else the
// first mismatch, else the first of another kind, a missing secret last.
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

// describe fills in what the body says, read as p's.
func describe(d *Delivery, p verify.Provider, body []byte) {
	d.Provider = p.Name
	event := p.Envelope.Event(body)
	d.EventID, d.EventType = event.ID, event.Type
}

// guess is describe for a delivery that is not verified: its headers say whose
// it may be.
func guess(providers []verify.Provider, d *Delivery, header http.Header, body []byte) {
	for _, p := range providers {
		if len(providers) == 1 || p.Scheme.Present(header) {
			describe(d, p, body)
			return
		}
	}
}

// contradictions are the unsigned headers that say something else than the
// signed body.
func contradictions(env capture.Envelope, d *Delivery, header http.Header) []string {
	var notes []string
	for _, c := range []struct{ header, body, what string }{
		{env.HeaderID, d.EventID, env.ID},
		{env.HeaderType, d.EventType, env.Type},
	} {
		if c.header == "" {
			continue
		}
		for _, v := range header.Values(c.header) {
			if v != c.body {
				notes = append(notes, fmt.Sprintf("%s says %q, the signed body's %s is %q: trust the body, headers are not signed",
					c.header, clip(v, mostQuoted), c.what, clip(c.body, mostQuoted)))
			}
		}
	}
	return notes
}

// Bounds, in bytes, of what a note repeats of a delivery, and of each text of
// one that anybody may have sent.
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
