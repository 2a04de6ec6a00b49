package verify

import (
	"hash/maphash"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/capture"
)

// guesses tell which of many keys to try first for a delivery, by what it says of
// itself. Nothing of that is signed for: a verdict stays the HMAC's, and takes longer
// where it is false.
type guesses struct {
	envelope capture.Envelope
	seed     maphash.Seed
	// known is made when it is first asked for.
	known func() webhooks

	mu      sync.RWMutex
	matched map[uint64]int // by what the deliveries had in common that a key matched
}

// webhooks are the keys of those with a path in their URL, and of those with an event.
type webhooks struct {
	path          []string // by key
	paths, events map[string][]int
}

// mostMatched bounds what is remembered. Beyond it all is forgotten.
const mostMatched = 1 << 16

func newGuesses(p *keyedProvider, all []Candidate) *guesses {
	return &guesses{envelope: p.Envelope, seed: maphash.MakeSeed(), matched: map[uint64]int{}, known: sync.OnceValue(func() webhooks {
		known := webhooks{paths: map[string][]int{}, events: map[string][]int{}}
		for key, i := range p.candidates {
			c := &all[i]
			path := pathOf(c.URL)
			known.path, known.paths[path] = append(known.path, path), append(known.paths[path], key)
			for _, event := range c.Events {
				known.events[event] = append(known.events[event], key)
			}
		}
		return known
	})}
}

// pathOf is the path of a URL, which may begin with that.
func pathOf(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		url = rest[len(host):]
	}
	path, _, _ := strings.Cut(url, "?")
	return path
}

// guess is the guesses of one worker: [signature.Guess].
type guess struct {
	*guesses
	worker *worker
	keys   []int
	common [2]uint64 // what the delivery has in common with others: everything, and all but the event
}

func (g *guess) Likely(body []byte) []int {
	r := g.worker.request
	path := pathOf(r.URL)
	org, event := g.envelope.Origin(body)
	var h maphash.Hash
	h.SetSeed(g.seed)
	for i, part := range []string{r.Header.Get("Host"), path, string(org), string(event)} {
		if i == 3 {
			g.common[1] = h.Sum64()
		}
		h.WriteString(part)
		h.WriteByte(0)
	}
	g.common[0] = h.Sum64()

	g.keys = g.keys[:0]
	g.mu.RLock()
	for _, common := range g.common {
		if key, ok := g.matched[common]; ok {
			g.keys = append(g.keys, key)
		}
	}
	g.mu.RUnlock()
	known := g.known()
	of := known.events[strings.Trim(string(event), `"`)]
	for _, key := range of {
		if known.path[key] == path {
			g.keys = append(g.keys, key)
		}
	}
	g.keys = append(append(g.keys, known.paths[path]...), of...)
	return g.keys
}

func (g *guess) Matched(key int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.matched) > mostMatched {
		clear(g.matched)
	}
	for _, common := range g.common {
		g.matched[common] = key
	}
}
