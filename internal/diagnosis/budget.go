package diagnosis

import (
	"encoding/json"
	"strings"
)

// What a search may cost. Its work is counted in bytes hashed and not in time, so
// that it finds the same on every machine.
const (
	// diagnosisBudget is a few milliseconds on current machines.
	diagnosisBudget = 4 << 20
	// Large bodies are looked at too, if only by the likeliest transformations:
	// for each byte smallShare is added up to maxSmall, for each fewKeys keys again,
	// and largeShare.
	fewKeys    = 4
	smallShare = 512
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
)

// wholeBody is up to where every change of a body is tried. Of a larger one
// no copies are made: what was put around it is taken off, and what can be
// changed on the way into a hash is changed there, as for a body that is not
// in memory at all. It is a variable for the tests.
var wholeBody = 8 << 20

// budget is what a search may still cost, in bytes to hash.
type budget struct{ whole, left int }

func newBudget(body, keys int) budget {
	n := diagnosisBudget + min(smallShare*body*max(keys/fewKeys, 1), maxSmall) + largeShare*body
	return budget{whole: n, left: n}
}

func (b *budget) spent() bool { return b.left <= 0 }

// charge takes what making a form of the body costs, and reports whether it may be
// looked at.
func (b *budget) charge(form []byte) bool {
	b.left -= formCost * (len(form) + hashCost)
	return !b.spent()
}

// limit leaves at most so much, until it is lifted.
func (b *budget) limit(most int) (lift func()) {
	held := max(b.left-most, 0)
	b.left -= held
	return func() { b.left += held }
}

// What the search for one cause takes in memory.
const (
	bodyForms  = 8   // times the body: forms of it that are there at once, and pairs
	largeForms = 2   // of a body over wholeBody
	tokenForms = 800 // bytes for each token of a JSON document
)

// Memory is about how many bytes the explanation of a body takes.
func Memory(body []byte) int {
	switch {
	case len(body) > wholeBody:
		return largeForms * len(body)
	case len(body) > maxJSON:
		return bodyForms * len(body)
	}
	n := countTokens(body)
	if !jsonShaped(body) || !json.Valid(body) { // what JSON is made of: a print, a string, escapes left on
		for _, c := range body {
			if strings.IndexByte("{}[]:,;=", c) >= 0 {
				n += 2
			}
		}
	}
	return bodyForms*len(body) + tokenForms*min(n, maxTokens)
}
