package signature

import (
	"fmt"
	"hash"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/hookctl/hookctl/internal/secret"
)

// counted counts the digests that are computed.
type counted struct {
	hash.Hash
	n *int
}

func (c counted) Sum(b []byte) []byte {
	*c.n++
	return c.Hash.Sum(b)
}

// fixedGuess answers what it is told to, and notes what it is told.
type fixedGuess struct {
	likely  []int
	matched int
}

func (g *fixedGuess) Likely([]byte) []int { return g.likely }
func (g *fixedGuess) Matched(key int)     { g.matched = key }

// A guess, right, wrong or hostile, changes what a verdict costs and nothing of it. No
// key is tried twice, and a likely one before the others.
func TestGuessDecidesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	const n = 40
	var keys []secret.Value
	for i := range n {
		keys = append(keys, secret.New(fmt.Sprintf("key-%d", i%(n-3)))) // some are there twice
	}
	set, err := NewKeySet(wunder, keys)
	if err != nil {
		t.Fatal(err)
	}
	computed := 0
	v := set.Verifier()
	for i := range v.macs {
		v.macs[i] = counted{v.macs[i], &computed}
	}
	plain := set.Verifier()
	for round := range 2000 {
		body := fmt.Appendf(nil, "body %d", round)
		signer := secret.New("another")
		if r.IntN(4) > 0 {
			signer = keys[r.IntN(n)]
		}
		signed, err := wunder.Sign(signer, "", body)
		if err != nil {
			t.Fatal(err)
		}
		g := &fixedGuess{matched: -1}
		for range r.IntN(12) {
			g.likely = append(g.likely, r.IntN(n))
		}
		h := http.Header{"X-Wunder-Signature": {signed}}
		last := set.index[v.last]
		v.Guess, computed = g, 0
		got, want := v.Verify(h, body), plain.Verify(h, body)
		if got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if most := len(set.keys); computed > most {
			t.Fatalf("%d digests of %d keys", computed, most)
		}
		place := slices.IndexFunc(g.likely, func(key int) bool { return got.Reason == OK && set.place[key] == set.place[got.KeyIndex] })
		if place >= 0 && computed > place+2 {
			t.Errorf("%d digests for the likely key number %d", computed, place)
		}
		if told := got.Reason == OK && got.KeyIndex != last; told != (g.matched >= 0) || told && g.matched != got.KeyIndex {
			t.Errorf("matched %d is told as %d", got.KeyIndex, g.matched)
		}
	}
}
