package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
)

// KeySet is a scheme with its candidate keys, decoded and checked. It is safe
// for use by several goroutines, each through its own [Verifier].
type KeySet struct {
	scheme Scheme
	layout layout
	keys   [][]byte
	index  []int // of keys in the list that NewKeySet was given
	place  []int // in keys of those in that list
}

// KeyError says which of the keys given to [NewKeySet] is unusable. It is
// wrapped in an error of kind Usage and never holds the key.
type KeyError struct {
	Index int
	Err   error
}

func (e *KeyError) Error() string { return fmt.Sprintf("secret %d: %v", e.Index+1, e.Err) }

func (e *KeyError) Unwrap() error { return e.Err }

// NewKeySet prepares keys, the preferred one first, for verification under s.
// Of equal keys the first counts. An unusable scheme or key is an error of
// kind Usage, a key's a [KeyError]; no key at all is an error too, since a
// set that cannot match must not be mistaken for one that did not.
func NewKeySet(s Scheme, keys []secret.Value) (*KeySet, error) {
	l, err := s.compile()
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fault.Usagef("no secret to verify with")
	}
	k := &KeySet{scheme: s, layout: l}
	seen := make(map[string]int, len(keys))
	for i, v := range keys {
		key, err := s.key(v)
		if err != nil {
			return nil, fault.Wrap(fault.Usage, &KeyError{Index: i, Err: err})
		}
		at, again := seen[string(key)]
		if !again {
			at = len(k.keys)
			seen[string(key)] = at
			k.keys = append(k.keys, key)
			k.index = append(k.index, i)
		}
		k.place = append(k.place, at)
	}
	return k, nil
}

// Scheme is the scheme that the set was made for.
func (k *KeySet) Scheme() Scheme { return k.scheme }

// Verifier checks deliveries against the keys of a set. It holds one
// reusable HMAC per key, which is why it belongs to a single goroutine.
type Verifier struct {
	// Guess, where set, is asked which keys to try first. It decides nothing but the
	// time that a verdict takes.
	Guess Guess

	keys  *KeySet
	macs  []hash.Hash
	last  int // the key that matched last: tried first, as most batches have one
	claim Claim
	sum   []byte
	tried []bool // by key, of the delivery that is judged
}

// Guess knows which of many keys have likely made a signature. Keys are named by
// their place in the list that [NewKeySet] was given.
type Guess interface {
	// Likely is asked where the key that matched last does not. The answer is read
	// before the next call.
	Likely(body []byte) []int
	// Matched says which key it was, of the body that Likely was asked of.
	Matched(key int)
}

// fewKeys are tried sooner than they are guessed.
const fewKeys = 4

// Verifier makes a verifier for one goroutine.
func (k *KeySet) Verifier() *Verifier {
	v := &Verifier{keys: k, macs: make([]hash.Hash, len(k.keys)), sum: make([]byte, 0, sha256.Size), tried: make([]bool, len(k.keys))}
	for i, key := range k.keys {
		v.macs[i] = hmac.New(sha256.New, key)
	}
	return v
}

// Verify judges body by the signature in its headers.
func (v *Verifier) Verify(h Header, body []byte) Verdict {
	if reason := v.keys.scheme.Claim(h, &v.claim); reason != OK {
		return Verdict{Reason: reason, KeyIndex: -1}
	}
	return v.Match(&v.claim, body)
}

// Match judges body by a claim that was read before: [OK] or [Mismatch].
func (v *Verifier) Match(c *Claim, body []byte) Verdict {
	if v.try(v.last, c, body) {
		return v.ok()
	}
	if len(v.macs) > 1 && v.others(c, body) {
		return v.ok()
	}
	return Verdict{Reason: Mismatch, KeyIndex: -1}
}

// others tries every key but the last one, the likely ones first.
func (v *Verifier) others(c *Claim, body []byte) bool {
	clear(v.tried)
	v.tried[v.last] = true
	untried := func(i int) bool {
		again := v.tried[i]
		v.tried[i] = true
		return !again && v.try(i, c, body)
	}
	guess := v.Guess != nil && len(v.macs) > fewKeys
	found := guess && slices.ContainsFunc(v.Guess.Likely(body), func(key int) bool { return untried(v.keys.place[key]) })
	for i := 0; i < len(v.macs) && !found; i++ {
		found = untried(i)
	}
	if guess && found {
		v.Guess.Matched(v.keys.index[v.last])
	}
	return found
}

// try reports whether key i has made the signature; it is the last one then.
func (v *Verifier) try(i int, c *Claim, body []byte) bool {
	mac := v.macs[i]
	mac.Reset()
	v.write(mac, v.keys.layout.before, c)
	mac.Write(body)
	return v.ends(i, c)
}

// ends is try of what was written to the key's HMAC.
func (v *Verifier) ends(i int, c *Claim) bool {
	v.write(v.macs[i], v.keys.layout.after, c)
	v.sum = v.macs[i].Sum(v.sum[:0])
	if !contains(c.digests, v.sum) {
		return false
	}
	v.last = i
	return true
}

func (v *Verifier) ok() Verdict { return Verdict{Reason: OK, KeyIndex: v.keys.index[v.last]} }

// Begin starts judging a body that is not in memory: give it to Write piece by
// piece, once through all keys, and ask End for the verdict.
func (v *Verifier) Begin(c *Claim) {
	for _, mac := range v.macs {
		mac.Reset()
		v.write(mac, v.keys.layout.before, c)
	}
}

// Write implements io.Writer between Begin and End. It never fails.
func (v *Verifier) Write(p []byte) (int, error) {
	for _, mac := range v.macs {
		mac.Write(p)
	}
	return len(p), nil
}

// End is the verdict on what was written since Begin: [OK] or [Mismatch].
func (v *Verifier) End(c *Claim) Verdict {
	for i := range v.macs {
		if v.ends(i, c) {
			return v.ok()
		}
	}
	return Verdict{Reason: Mismatch, KeyIndex: -1}
}

// write feeds what surrounds the body. Hashes never fail to write.
func (v *Verifier) write(mac hash.Hash, text string, c *Claim) {
	if text == "" {
		return
	}
	if v.keys.layout.timestamp {
		text = strings.ReplaceAll(text, timestampPlaceholder, c.timestamp)
	}
	mac.Write([]byte(text))
}
