package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
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
	seen := make(map[string]bool, len(keys))
	for i, v := range keys {
		key, err := s.key(v)
		if err != nil {
			return nil, fault.Wrap(fault.Usage, &KeyError{Index: i, Err: err})
		}
		if seen[string(key)] {
			continue
		}
		seen[string(key)] = true
		k.keys = append(k.keys, key)
		k.index = append(k.index, i)
	}
	return k, nil
}

// Scheme is the scheme that the set was made for.
func (k *KeySet) Scheme() Scheme { return k.scheme }

// Verifier checks deliveries against the keys of a set. It holds one
// reusable HMAC per key, which is why it belongs to a single goroutine.
type Verifier struct {
	keys  *KeySet
	macs  []hash.Hash
	last  int // the key that matched last: tried first, as most batches have one
	claim Claim
	sum   []byte
}

// Verifier makes a verifier for one goroutine.
func (k *KeySet) Verifier() *Verifier {
	v := &Verifier{keys: k, macs: make([]hash.Hash, len(k.keys)), sum: make([]byte, 0, sha256.Size)}
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
	for n := range v.macs {
		i := v.nth(n)
		mac := v.macs[i]
		mac.Reset()
		v.write(mac, v.keys.layout.before, c)
		mac.Write(body)
		v.write(mac, v.keys.layout.after, c)
		v.sum = mac.Sum(v.sum[:0])
		if contains(c.digests, v.sum) {
			v.last = i
			return Verdict{Reason: OK, KeyIndex: v.keys.index[i]}
		}
	}
	return Verdict{Reason: Mismatch, KeyIndex: -1}
}

// nth is the order in which keys are tried: the one that matched last, then
// the others from the first to the last.
func (v *Verifier) nth(n int) int {
	switch {
	case n == 0:
		return v.last
	case n <= v.last:
		return n - 1
	}
	return n
}

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
	for n := range v.macs {
		i := v.nth(n)
		v.write(v.macs[i], v.keys.layout.after, c)
		v.sum = v.macs[i].Sum(v.sum[:0])
		if contains(c.digests, v.sum) {
			v.last = i
			return Verdict{Reason: OK, KeyIndex: v.keys.index[i]}
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
