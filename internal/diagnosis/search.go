package diagnosis

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// What a search may cost. Its work is counted in bytes hashed and not in time, so
// that it finds the same on every machine.
const (
	// diagnosisBudget is a few milliseconds on current machines.
	diagnosisBudget = 4 << 20
	// Large bodies are looked at too, if only by the likeliest transformations:
	// for each byte smallShare is added up to maxSmall, and largeShare.
	smallShare = 128
	maxSmall   = 48 << 20
	largeShare = 48
	// largeBody is from where on the obvious is tried first.
	largeBody = 64 << 10
	// hashCost is what hashing nothing at all costs, in bytes.
	hashCost = 256
	// formCost is what making a form of the body costs, in times of hashing it, and
	// jsonCost what taking its JSON apart costs before the first form.
	formCost = 2
	jsonCost = 24
	// maxCandidates bounds the secrets that all transformations are tried with, and
	// restBudget the work for what is likely under the others.
	maxCandidates = 64
	restBudget    = 8 << 20
	// wholeBody is up to where every change of a body is tried. Of a larger one
	// no copies are made: what was put around it is taken off, and what can be
	// changed on the way into a hash is changed there, as for a body that is not
	// in memory at all.
	wholeBody = 8 << 20
)

// What the search for one cause takes in memory.
const (
	bodyForms  = 8   // times the body: forms of it that are there at once, and pairs
	largeForms = 2   // of a body over wholeBody
	tokenForms = 400 // bytes for each token of a JSON document
)

// Memory is about how many bytes the explanation of a body takes.
func Memory(body []byte) int {
	switch {
	case len(body) > wholeBody:
		return largeForms * len(body)
	case len(body) > maxJSON:
		return bodyForms * len(body)
	}
	return bodyForms*len(body) + tokenForms*min(countTokens(body), maxTokens)
}

// transformation is one way in which deliveries go wrong. Adding one is adding
// an entry to the list in transformations.go: exactly one of bodies, json, keys
// and test is set.
type transformation struct {
	cause       string
	explanation string
	fix         string
	// bodies yields what the body may have been when it was signed.
	bodies func(body []byte) iter.Seq[[]byte]
	// json is bodies of what the body's JSON may have been.
	json func(doc *document) iter.Seq[[]byte]
	// keys yields what the key may have been, given a candidate's secret.
	keys func(c Candidate) iter.Seq[[]byte]
	// test looks for anything else. It may put its own explanation in place.
	test func(d *diagnosis) (explanation string, found bool)
	// paired says that it is tried together with those of the other kind:
	// mistakes that are often made at the same time.
	paired bool
	// lean says that it makes bodies smaller, and hardly needs more memory than the
	// captured one has: it is tried of any body.
	lean bool
	// hint marks a sign rather than a proof: asked for only when nothing was
	// proven.
	hint bool
	// and, where not nil, is a second cause that a match proves.
	and *Finding
	// share bounds a search that would not end: it may use one part in so many of
	// the budget. 0 is no bound but the budget.
	share int
}

// finding makes the public form.
func (t *transformation) finding(explanation string) Finding {
	if explanation == "" {
		explanation = t.explanation
	}
	return Finding{Cause: t.cause, Fix: t.fix, Explanation: explanation}
}

func (t *transformation) findings(explanation string) []Finding {
	found := []Finding{t.finding(explanation)}
	if t.and != nil {
		found = append(found, *t.and)
	}
	return found
}

// diagnosis is the state of one search, under one provider's scheme.
type diagnosis struct {
	known      *Explainer
	request    *capture.Request
	reason     signature.Reason
	index      int // of Explainer.Providers
	provider   *Provider
	candidates []Candidate
	keys       [][]byte // of the candidates
	rest       [][]byte // those of the candidates beyond maxCandidates
	sightings  []sighting
	// targets are the digests that a match is looked for, and prior is what is
	// already known to be wrong if one is found.
	targets   [][]byte
	prior     []Finding
	hit       bool // a target was matched
	timestamp string
	whole     int                  // budget at the beginning, in bytes to hash
	budget    int                  // what is left of it
	hashers   map[string]hash.Hash // by key
	parsed    *document            // the one that was asked for last
}

// signs are the causes of which there is a sign, and no proof.
func signs(all []*diagnosis) []Finding {
	var found []Finding
	for i := range transformations {
		t := &transformations[i]
		if !t.hint {
			continue
		}
		for _, d := range all {
			if text, ok := t.test(d); ok {
				found = append(found, t.finding(text))
				break
			}
		}
	}
	return found
}

// newDiagnosis prepares a search under the scheme of one provider.
func (e *Explainer) newDiagnosis(r *capture.Request, provider int) *diagnosis {
	d := &diagnosis{
		known: e, request: r, index: provider, provider: &e.Providers[provider],
		budget:  diagnosisBudget + min(smallShare*len(r.Body), maxSmall) + largeShare*len(r.Body),
		hashers: map[string]hash.Hash{},
	}
	d.whole = d.budget
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
	for _, c := range e.Candidates {
		if !c.Fits(d.provider.Name) {
			continue
		}
		key, err := scheme.Key(c.Secret)
		switch {
		case err != nil:
		case len(d.candidates) < maxCandidates:
			d.candidates, d.keys = append(d.candidates, c), append(d.keys, key)
		default:
			d.rest = append(d.rest, key)
		}
	}
	d.sightings = sight(r.Header, scheme, e.Signature)
	d.aim()
	return d
}

// prove returns what matches, an empty list if the targets match as they are,
// nil if nothing does.
func (d *diagnosis) prove(ctx context.Context) []Finding {
	if len(d.targets) > 0 && d.reason != signature.Mismatch && d.match(d.request.Body) {
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
			return t.findings(text)
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
	if len(d.rest) == 0 || len(d.targets) == 0 {
		return nil
	}
	left := d.budget
	d.budget = restBudget
	defer func() { d.budget = left }()
	var bodies []form
	if !d.large() {
		bodies, _ = d.pairedForms()
	}
	if d.reason != signature.Mismatch {
		bodies = slices.Insert(bodies, 0, form{text: d.request.Body})
	}
	for _, body := range bodies {
		for _, key := range d.rest {
			if d.spent() {
				return nil
			}
			if d.matchKey(key, body.text) {
				if body.finding.Cause == "" {
					return []Finding{}
				}
				return []Finding{body.finding}
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
		if !t.ofBody() || t.share > 0 || d.budget < 2*d.whole/3 || d.large() && !t.lean {
			continue
		}
		n := 0
		for form := range d.forms(t, body) {
			if n++; n > forms || d.spent() {
				break
			}
			d.budget -= formCost * len(form)
			if (len(form) < len(body) || looksCompressed(body)) && d.match(form) {
				return []Finding{t.finding("")}
			}
		}
	}
	return nil
}

func (d *diagnosis) try(t *transformation) (string, bool) {
	if t.share > 0 {
		rest := d.budget
		d.budget = min(rest, d.whole/t.share)
		granted := d.budget
		defer func() { d.budget += rest - granted }()
	}
	switch {
	case d.spent() && (t.test == nil || t.share > 0):
		return "", false
	case t.test != nil:
		return t.test(d)
	case len(d.targets) == 0, t.ofBody() && d.large():
		return "", false
	case t.ofBody():
		for body := range d.forms(t, d.request.Body) {
			if d.budget -= formCost * (len(body) + hashCost); d.spent() {
				return "", false
			}
			if d.match(body) {
				return "", true
			}
		}
	case t.keys != nil:
		for key := range d.changedKeys(t) {
			if d.spent() {
				return "", false
			}
			if d.matchKey(key, d.request.Body) {
				return "", true
			}
		}
	}
	return "", false
}

// Bounds of pairs: the likeliest forms of each, for the first secrets.
const (
	pairForms      = 2
	pairCandidates = 4
	pairOthers     = 8
	pairBytes      = 32 << 20 // of bodies, which are all in memory at once
)

// form is a changed body or key, and what is wrong if it matches.
type form struct {
	finding Finding
	text    []byte
}

// provePair tries two mistakes at once: a changed key with a changed body, two
// changes of the body, and either with a mistake of another kind.
func (d *diagnosis) provePair() []Finding {
	if d.spent() {
		return nil
	}
	bodies, keys := d.pairedForms()
	for _, key := range keys {
		for _, body := range bodies {
			if d.spent() || len(d.targets) == 0 {
				break
			}
			if d.matchKey(key.text, body.text) {
				return []Finding{key.finding, body.finding}
			}
		}
	}
	if found := d.provePairOfBodies(); found != nil {
		return found
	}
	return d.provePairWithTests(bodies, keys)
}

// pairedForms is what is tried in pairs.
func (d *diagnosis) pairedForms() (bodies, keys []form) {
	room := pairBytes
	collect := func(to []form, t *transformation, forms iter.Seq[[]byte]) []form {
		n := 0
		for text := range forms {
			if n++; n > pairForms || t.ofBody() && len(text) > room {
				break
			}
			if t.ofBody() {
				room -= len(text)
			}
			to = append(to, form{t.finding(""), bytes.Clone(text)})
		}
		return to
	}
	for i := range transformations {
		t := &transformations[i]
		if !t.paired {
			continue
		}
		if t.ofBody() {
			if len(d.request.Body) > room {
				continue
			}
			bodies = collect(bodies, t, d.forms(t, d.request.Body))
			continue
		}
		for j := range min(len(d.candidates), pairCandidates) {
			keys = collect(keys, t, t.keys(d.candidates[j]))
		}
	}
	for text := range jsonUnescaped(d.document(d.request.Body)) {
		bodies = append(bodies, form{byCause("json-reserialised").finding(""), text})
	}
	for i := range d.known.Others {
		c := &d.known.Others[i]
		if key, err := d.provider.Scheme.Key(c.Secret); err == nil && c.Fits(d.provider.Name) && i < pairOthers {
			keys = append(keys, form{c.finding(), key})
		}
	}
	return bodies, keys
}

// ends is the simplest changes of a body, which often come with another one.
func ends(body []byte) []form {
	var all []form
	for _, t := range []*transformation{byCause("trailing-newline"), byCause("bom")} {
		for text := range t.bodies(body) {
			if len(text) < len(body) {
				all = append(all, form{t.finding(""), text})
			}
		}
	}
	return all
}

// provePairOfBodies tries the simplest changes of a body with every other.
func (d *diagnosis) provePairOfBodies() []Finding {
	if len(d.targets) == 0 {
		return nil
	}
	for _, bare := range ends(d.request.Body) {
		for i := range transformations {
			t := &transformations[i]
			if !t.ofBody() || t.share > 0 || t.cause == bare.finding.Cause || t.cause == "missing-newline" {
				continue
			}
			for body := range d.forms(t, bare.text) {
				if d.budget -= formCost * (len(body) + hashCost); d.spent() {
					return nil
				}
				if d.match(body) {
					return []Finding{t.finding(""), bare.finding}
				}
			}
		}
	}
	return nil
}

// provePairWithTests tries what else may be wrong with a signature, such as
// its algorithm, for the simplest changes of the body and for changed keys.
func (d *diagnosis) provePairWithTests(bodies, keys []form) []Finding {
	try := func(changed form, body []byte, keys [][]byte) []Finding {
		of := *d
		asked := *d.request
		asked.Body = body
		of.request, of.keys = &asked, keys
		defer func() { d.budget, d.hit = of.budget, of.hit }()
		for i := range transformations {
			t := &transformations[i]
			if t.test == nil || t.hint || t.share > 0 || of.spent() {
				continue
			}
			if text, ok := of.try(t); ok {
				return []Finding{t.finding(text), changed.finding}
			}
		}
		return nil
	}
	for _, body := range bodies {
		if len(body.text) < len(d.request.Body) && len(body.text)+len("\r\n\r\n") >= len(d.request.Body) {
			if found := try(body, body.text, d.keys); found != nil {
				return found
			}
		}
	}
	for _, key := range keys {
		if found := try(key, d.request.Body, [][]byte{key.text}); found != nil {
			return found
		}
	}
	return nil
}

// ofBody reports whether t is a change of the body.
func (t *transformation) ofBody() bool { return t.bodies != nil || t.json != nil }

// forms is what t makes of the body, and nothing when there is no budget left
// for the first form.
func (d *diagnosis) forms(t *transformation, body []byte) iter.Seq[[]byte] {
	switch {
	case d.spent():
		return each(nil)
	case t.bodies != nil:
		return t.bodies(body)
	}
	doc := d.document(body)
	if d.spent() {
		return each(nil)
	}
	return t.json(doc)
}

// document takes a body apart, if that has not just been done.
func (d *diagnosis) document(body []byte) *document {
	if d.parsed != nil && len(body) > 0 && len(body) == len(d.parsed.raw) && &body[0] == &d.parsed.raw[0] {
		return d.parsed
	}
	if len(body) <= maxJSON {
		d.budget -= jsonCost * len(body)
	}
	d.parsed = parse(body)
	return d.parsed
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

func (d *diagnosis) spent() bool { return d.budget <= 0 }

// match tries body with every candidate's own key.
func (d *diagnosis) match(body []byte) bool {
	for _, key := range d.keys {
		if d.matchKey(key, body) {
			return true
		}
	}
	return false
}

func (d *diagnosis) matchKey(key, body []byte) bool {
	before, after, err := d.provider.Scheme.Around(d.timestamp)
	return err == nil && d.hits(d.sum(key, []byte(before), body, []byte(after)))
}

// sum is the HMAC-SHA256 of a text in parts; it uses up the budget.
func (d *diagnosis) sum(key []byte, parts ...[]byte) []byte {
	d.budget -= hashCost
	mac, ok := d.hashers[string(key)]
	if !ok {
		mac = hmac.New(sha256.New, key)
		if len(d.hashers) < 2*maxCandidates {
			d.hashers[string(key)] = mac
		}
	}
	mac.Reset()
	for _, part := range parts {
		d.budget -= len(part)
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// hits reports whether sum is one of the targets.
func (d *diagnosis) hits(sum []byte) bool {
	for _, target := range d.targets {
		if hmac.Equal(target, sum) {
			d.hit = true
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
	switch d.reason {
	case signature.Malformed:
		for _, s := range d.sightings {
			if s.official && len(s.mac) == sha256.Size {
				d.targets = append(d.targets, s.mac)
			}
		}
		d.prior = []Finding{digestEncoding.finding("")}
	case signature.NoSignature:
		for _, s := range d.sightings {
			if !s.official && len(s.mac) == sha256.Size {
				d.targets = append(d.targets, s.mac)
			}
		}
		d.prior = []Finding{wrongHeader.finding(otherHeaders(d.sightings, scheme))}
	default:
		for _, s := range d.sightings {
			if s.official && s.wellFormed {
				d.targets = append(d.targets, s.mac)
			}
		}
		if d.reason == signature.Conflicting {
			d.prior = []Finding{wrongHeader.finding(
				"The signature lines do not agree; one of them is right: " + strings.Join(scheme.Headers, " or ") + ".")}
		}
	}
}

// otherHeaders names where signatures stand instead.
func otherHeaders(all []sighting, scheme signature.Scheme) string {
	for _, s := range all {
		if !s.official && len(s.mac) == sha256.Size {
			return fmt.Sprintf("The signature is in %s; %s is looked for in %s.%s", term.Clip(s.header, mostQuoted), scheme.Provider, strings.Join(scheme.Headers, " or "), renamed(s.header, scheme))
		}
	}
	return ""
}

// unknown is the last word on a failure that nothing explains; all are the
// searches under the schemes that it may be of. A mismatch says most.
func unknown(all []*diagnosis) []Finding {
	var of *diagnosis
	var assumed []string
	for _, d := range all {
		if of == nil || d.reason == signature.Mismatch && of.reason != signature.Mismatch {
			of = d
		}
		if d.provider.Scheme.Assumed {
			assumed = append(assumed, d.provider.Name)
		}
	}
	if of == nil {
		return nil
	}
	switch of.reason {
	case signature.NoSignature:
		return nil
	case signature.Malformed:
		return []Finding{{Cause: causeUnknown,
			Explanation: fmt.Sprintf("The signature is not %s, and it matches in no other form either.", wellFormed(of.provider.Scheme)),
			Fix:         "Look at the header as it came: a proxy or a log may have cut or changed it."}}
	case signature.Conflicting:
		return []Finding{{Cause: causeUnknown,
			Explanation: "Several signatures came with the delivery, they differ, and none of them matches.",
			Fix:         "Do not trust this delivery: a provider sends the same signature in all its headers."}}
	}
	explanation := "No known transformation of body, secret or signature makes it match." + of.guess()
	switch {
	case of.large():
		explanation = fmt.Sprintf("No known transformation of secret or signature makes it match; of a body over %d MiB only its ends, its layout and what was put around it were tried.", wholeBody>>20)
	case of.request.Stream != nil:
		explanation = "No known transformation of secret or signature makes it match; the body is too large to be held in memory, so only its ends and its layout were tried."
		if of.request.Again == nil {
			explanation = "The body is too large to be held in memory and cannot be read twice, so no transformation of it was tried."
		}
	}
	fix := "Check that the secret is this webhook's and that the capture holds the body byte for byte; otherwise the delivery was changed on its way, or is not the provider's."
	if len(assumed) > 0 {
		fix += fmt.Sprintf(" How %s signs is not documented: --signature-header, --key-encoding, --digest-encoding and --signed-template set it.", strings.Join(assumed, " or "))
	}
	return []Finding{{Cause: causeUnknown, Fix: fix, Explanation: explanation}}
}

func wellFormed(s signature.Scheme) string {
	if s.DigestEncoding == signature.Base64 {
		return "base64 of 32 bytes"
	}
	return "64 hexadecimal digits"
}

// sighting is something in a header that may be a digest.
type sighting struct {
	header     string
	mac        []byte
	piece      string // in place of mac: a part of a digest, as text
	official   bool   // in one of the scheme's headers, or given as the signature
	wellFormed bool   // as the scheme writes digests
}

// maxSightings bounds what is made of hostile headers.
const maxSightings = 64

// sight collects everything in the headers that decodes to the length of a
// digest, or that may be a piece of one.
func sight(h capture.Header, scheme signature.Scheme, bare string) []sighting {
	var all []sighting
	add := func(header, value string, official bool) {
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		for _, member := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(", \t\r\n;", r) }) {
			if len(all) >= maxSightings {
				return
			}
			all = sightMember(all, scheme, header, member, official)
		}
	}
	if bare != "" {
		add("--signature", bare, true)
	}
	for _, f := range h {
		official := false
		for _, name := range scheme.Headers {
			official = official || capture.SameName(name, f.Name)
		}
		if bare == "" || !official {
			add(f.Name, f.Value, official)
		}
	}
	return all
}
