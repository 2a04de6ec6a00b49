package diagnosis

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// maxSamples bounds the event types of one search: those of parts of a body too.
const maxSamples = 8

// diagnosis is the state of one search, under one provider's scheme.
type diagnosis struct {
	known      *Explainer
	request    *capture.Request
	reason     signature.Reason
	index      int // of Explainer.Providers
	provider   *Provider
	candidates []Candidate
	keys       [][]byte   // of the candidates
	rest       [][]byte   // those of the candidates beyond maxCandidates
	other      *Candidate // of Explainer.Others: its secret made the signature
	digests    []digestCandidate
	// targets are the digests that a match is looked for, and prior is what is
	// already known to be wrong if one is found.
	targets   [][]byte
	around    []bool // of each target, see [digestCandidate]
	prior     []Finding
	hit       bool // a target was matched
	lines     bool // by a form of the body that has line breaks
	timestamp string
	before    []byte // the body in what is signed
	after     []byte
	budget    budget
	hashers   map[string]hash.Hash // by key
	room      []byte               // of a digest
	parsed    *document            // the one that was asked for last
	printer   func() string        // see printedBy: of the captured body
	samples   map[string]*document // by event type
}

// newDiagnosis prepares a search under the scheme of one provider.
func (e *Explainer) newDiagnosis(r *capture.Request, provider int) *diagnosis {
	d := &diagnosis{
		known: e, request: r, index: provider, provider: &e.Providers[provider],
		hashers: map[string]hash.Hash{},
		printer: sync.OnceValue(func() string { return printedBy(r.Body) }),
	}
	scheme := d.provider.Scheme
	var claim signature.Claim
	if e.Signature != "" {
		d.reason = scheme.ClaimValue(e.Signature, r.Header, &claim)
	} else {
		d.reason = scheme.Claim(r.Header, &claim)
	}
	if d.reason == signature.OK {
		d.reason = signature.Mismatch
	}
	for c, key := range d.provider.fitting(e.Candidates) {
		if len(d.candidates) < maxCandidates {
			d.candidates, d.keys = append(d.candidates, *c), append(d.keys, key)
		} else {
			d.rest = append(d.rest, key)
		}
	}
	d.budget = newBudget(len(r.Body), len(d.keys))
	d.digests = findDigests(r.Header, scheme, e.Signature)
	d.aim()
	return d
}

// prove returns what matches, an empty list if the targets match as they are,
// nil if nothing does.
func (d *diagnosis) prove(ctx context.Context) []Finding {
	if d.reason != signature.Mismatch && d.match(d.request.Body) {
		return []Finding{}
	}
	if found := d.proveObvious(); found != nil {
		return found
	}
	for i := range transformations {
		t := &transformations[i]
		if t.hint {
			continue
		}
		if text, ok := d.try(t); ok {
			if d.other != nil {
				return []Finding{d.other.finding()}
			}
			return t.proven(text, t.pretty != "" && !d.lines && hasLines(d.document(d.request.Body).list))
		}
	}
	if found := d.proveRest(); found != nil {
		return found
	}
	if d.large() {
		return d.proveStream(ctx)
	}
	return d.provePair()
}

// large reports whether the body is in memory and too large to be copied.
func (d *diagnosis) large() bool { return len(d.request.Body) > wholeBody }

// proveRest tries the likeliest changes of the body, or none where the signature
// is not in its place, with the secrets that the budget is too small for.
func (d *diagnosis) proveRest() []Finding {
	if len(d.rest) == 0 {
		return nil
	}
	defer func(held budget) { d.budget = held }(d.budget)
	d.budget.left = restBudget
	var bodies []form
	if !d.large() {
		bodies, _ = d.pairedForms()
	}
	if d.reason != signature.Mismatch {
		bodies = slices.Insert(bodies, 0, form{text: d.request.Body})
	}
	for _, body := range bodies {
		for _, key := range d.rest {
			if found := d.matchForms(form{text: key}, body); found != nil {
				return found
			}
		}
	}
	return nil
}

// proveObvious tries what makes a large body smaller, before the budget is
// spent on what it does not show: most mistakes put something around a body or
// into it.
func (d *diagnosis) proveObvious() []Finding {
	const forms = 4 // of each transformation
	body := d.request.Body
	if len(body) < largeBody || len(d.targets) == 0 {
		return nil
	}
	for i := range transformations {
		t := &transformations[i]
		if !t.ofBody() || t.share > 0 || d.budget.left < 2*d.budget.whole/3 || d.large() && !t.lean {
			continue
		}
		n := 0
		for form := range d.forms(t, body) {
			if n++; n > forms || !d.budget.charge(form) {
				break
			}
			if (len(form) < len(body) || looksCompressed(body)) && d.match(form) {
				return []Finding{t.finding("")}
			}
		}
	}
	return nil
}

func (d *diagnosis) try(t *transformation) (string, bool) {
	if t.share > 0 {
		defer d.budget.limit(d.budget.whole / t.share)()
	}
	switch {
	case t.test != nil:
		return t.test(d)
	case t.ofBody():
		return "", len(d.targets) > 0 && !d.large() && d.matchAny(d.forms(t, d.request.Body))
	}
	for key := range d.changedKeys(t) {
		if d.matchKey(key, d.request.Body) {
			return "", true
		}
	}
	return "", false
}

// forms is what t makes of the body, and nothing when there is no budget left
// for the first form.
func (d *diagnosis) forms(t *transformation, body []byte) iter.Seq[[]byte] {
	switch {
	case d.budget.spent():
		return none
	case t.bodies != nil:
		return t.bodies(body)
	}
	return t.json(d.document(body))
}

// document takes a body apart, if that has not just been done.
func (d *diagnosis) document(body []byte) *document {
	if d.parsed != nil && len(body) > 0 && len(body) == len(d.parsed.raw) && &body[0] == &d.parsed.raw[0] {
		return d.parsed
	}
	if len(body) <= maxJSON {
		d.budget.left -= jsonCost * len(body)
	}
	d.parsed = parse(body)
	d.parsed.sample = d.sampleOf(body)
	return d.parsed
}

// sampleOf is what the provider writes of an event such as the body's.
func (d *diagnosis) sampleOf(body []byte) *document {
	if d.provider == nil || d.provider.Sample == nil {
		return nil
	}
	eventType := d.provider.Envelope.Event(body).Type
	if s, known := d.samples[eventType]; known {
		return s
	}
	if d.samples == nil {
		d.samples = map[string]*document{}
	}
	if len(d.samples) < maxSamples {
		d.samples[eventType] = newSample(d.provider.Sample(eventType))
	}
	return d.samples[eventType]
}

func (d *diagnosis) changedKeys(t *transformation) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, c := range d.candidates {
			for key := range t.keys(c) {
				if len(key) > 0 && !yield(key) {
					return
				}
			}
		}
	}
}

// matchAny tries forms of the body until one matches.
func (d *diagnosis) matchAny(forms iter.Seq[[]byte]) bool {
	for form := range forms {
		if !d.budget.charge(form) {
			return false
		}
		if d.match(form) {
			d.lines = bytes.IndexByte(bytes.TrimSpace(form), '\n') >= 0
			return true
		}
	}
	return false
}

// match tries body with every candidate's own key.
func (d *diagnosis) match(body []byte) bool {
	return slices.ContainsFunc(d.keys, func(key []byte) bool { return d.matchKey(key, body) })
}

func (d *diagnosis) matchKey(key, body []byte) bool {
	return len(d.targets) > 0 && d.hits(d.sum(key, d.before, body, d.after))
}

// sum is the HMAC-SHA256 of a text in parts.
func (d *diagnosis) sum(key []byte, parts ...[]byte) []byte {
	mac, ok := d.hashers[string(key)]
	if !ok {
		mac = hmac.New(sha256.New, key)
		if len(d.hashers) < 2*maxCandidates {
			d.hashers[string(key)] = mac
		}
	}
	mac.Reset()
	return d.digest(1, mac, parts...)
}

// digest is h of a text in parts, which costs so much for each byte, until the next one
// is made; nil where the budget is spent.
func (d *diagnosis) digest(cost int, h hash.Hash, parts ...[]byte) []byte {
	if d.budget.spent() {
		return nil
	}
	d.budget.left -= hashCost
	for _, part := range parts {
		d.budget.left -= cost * len(part)
		h.Write(part)
	}
	d.room = h.Sum(d.room[:0])
	return d.room
}

// hits reports whether sum is one of the targets.
func (d *diagnosis) hits(sum []byte) bool {
	for i, target := range d.targets {
		if hmac.Equal(target, sum) {
			d.hit = true
			if d.reason == signature.Malformed && d.around[i] {
				d.prior = []Finding{quotedSignature.finding("")}
			}
			return true
		}
	}
	return false
}

// aim sets the targets by the reason of the failure.
func (d *diagnosis) aim() {
	scheme := d.provider.Scheme
	if scheme.TimestampHeader != "" {
		d.timestamp = strings.TrimSpace(d.request.Header.Get(scheme.TimestampHeader))
	}
	before, after, err := scheme.Around(d.timestamp)
	if err != nil {
		return
	}
	d.before, d.after = []byte(before), []byte(after)
	elsewhere := d.reason == signature.NoSignature
	for _, c := range d.digests {
		if len(c.mac) == sha256.Size && c.official != elsewhere && (c.wellFormed || elsewhere || d.reason == signature.Malformed) {
			d.targets, d.around = append(d.targets, c.mac), append(d.around, c.around)
		}
	}
	switch d.reason {
	case signature.Malformed:
		d.prior = []Finding{digestEncoding.finding("")}
	case signature.NoSignature:
		d.prior = []Finding{byCause("wrong-header").finding(otherHeaders(d.digests, scheme))}
	case signature.Conflicting:
		f := byCause("wrong-header").finding("The signature headers differ, and one of them is right: " + cameIn(d.request.Header, scheme.Headers) + ".")
		if text := d.timestampFault(); text != "" {
			f.Explanation, f.Fix = text, timestampFix
		}
		d.prior = []Finding{f}
	}
}

const timestampFix = "Name the header with --timestamp-header, and check what on the way adds or removes headers."

// timestampFault is what is wrong with the timestamp, where nothing is with the form of
// the signature; else "".
func (d *diagnosis) timestampFault() string {
	scheme := d.provider.Scheme
	scheme.Template = ""
	switch ok := scheme.Claim(d.request.Header, &signature.Claim{}) == signature.OK; {
	case ok && d.reason == signature.Malformed:
		return fmt.Sprintf("A timestamp is a part of what is signed, and the delivery has none in %s.", scheme.TimestampHeader)
	case ok && d.reason == signature.Conflicting:
		return fmt.Sprintf("The delivery has several timestamps in %s, and they differ.", scheme.TimestampHeader)
	}
	return ""
}

// cameIn names those of the headers that came.
func cameIn(h capture.Header, headers []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(headers), func(name string) bool { return !h.Has(name) }), " or ")
}

// otherHeaders names where a signature stands instead; "" where none does.
func otherHeaders(all []digestCandidate, scheme signature.Scheme) string {
	for _, s := range all {
		if !s.official && len(s.mac) == sha256.Size {
			return fmt.Sprintf("The signature is in %s; the signature of %s belongs in %s.%s", term.Clip(s.header, mostQuoted), scheme.Provider, strings.Join(scheme.Headers, " or "), renamed(s.header, scheme))
		}
	}
	return ""
}
