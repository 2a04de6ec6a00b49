package diagnosis

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
)

// Bounds of pairs: the likeliest forms of each, for the first secrets.
const (
	pairForms      = 2
	pairCandidates = 4
	pairOthers     = 8
	pairBytes      = 32 << 20 // of all, which are in memory at once
	mostOpened     = 2
)

// form is a changed body or key, and what is wrong if it matches; nothing, where it
// is as it was captured.
type form struct {
	finding Finding
	text    []byte
}

// matchForms is what is wrong if body is signed with key; nil if it is not.
func (d *diagnosis) matchForms(key, body form) []Finding {
	if !d.matchKey(key.text, body.text) {
		return nil
	}
	return slices.DeleteFunc([]Finding{key.finding, body.finding}, func(f Finding) bool { return f.Cause == "" })
}

// provePair tries two mistakes at once: a changed key with a changed body, two
// changes of the body, and either with a mistake of another kind.
func (d *diagnosis) provePair() []Finding {
	if d.budget.spent() {
		return nil
	}
	bodies, keys := d.pairedForms()
	for _, key := range keys {
		for _, body := range bodies {
			if found := d.matchForms(key, body); found != nil {
				return found
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
			if n++; n > pairForms || len(text) > room {
				break
			}
			room -= len(text)
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
	others := d.known.others()
	for c, key := range d.provider.fitting(others[:min(len(others), pairOthers)]) {
		keys = append(keys, form{c.finding(), key})
	}
	return bodies, keys
}

// ends is the simplest changes of a body, which often come with another one.
func ends(body []byte) []form {
	var all []form
	for _, t := range []*transformation{byCause("trailing-newline"), byCause("bom"), byCause("whitespace")} {
		for text := range t.bodies(body) {
			same := func(f form) bool { return bytes.Equal(f.text, text) }
			if len(text) < len(body) && (t.cause != "whitespace" || !slices.ContainsFunc(all, same)) {
				all = append(all, form{t.finding(""), text})
			}
		}
	}
	return all
}

// opened is what the JSON is that something was put around, or that was encoded as a
// whole: the first that is found in each way, unless the body is JSON itself.
func (d *diagnosis) opened() []form {
	body := d.request.Body
	if json.Valid(body) && jsonShaped(body) {
		return nil
	}
	var all []form
	for i := range transformations {
		t := &transformations[i]
		if t.bodies == nil || t.share > 0 || len(all) == mostOpened {
			continue
		}
		for text := range d.forms(t, body) {
			same := func(f form) bool { return bytes.Equal(f.text, text) }
			if !d.budget.charge(text) {
				return all
			}
			if json.Valid(text) && !slices.ContainsFunc(all, same) {
				all = append(all, form{t.finding(""), bytes.Clone(text)})
				break
			}
		}
	}
	return all
}

// provePairOfBodies tries the simplest changes of a body, and what is in it, with every
// other change.
func (d *diagnosis) provePairOfBodies() []Finding {
	if len(d.targets) == 0 {
		return nil
	}
	simple := ends(d.request.Body)
	for n, bare := range append(simple, d.opened()...) {
		for i := range transformations {
			t := &transformations[i]
			if !t.ofBody() || t.share > 0 && n < len(simple) || t.cause == bare.finding.Cause || t.cause == "missing-newline" {
				continue
			}
			lift := d.budget.limit(d.budget.whole / max(t.share, 1))
			found := d.matchAny(d.forms(t, bare.text))
			if lift(); found {
				return []Finding{t.finding(""), bare.finding}
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
			if t.test == nil || t.hint || t.share > 0 || of.budget.spent() {
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
