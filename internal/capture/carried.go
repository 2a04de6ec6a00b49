package capture

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// digest stands for a signature's 64 hexadecimal digits in any case: a hash of them,
// since each row of an input is asked for it.
type digest uint64

// appendCarried adds the signatures that a delivery carries.
func (c *carriedSet) appendCarried(to []digest, h Header, names []string) []digest {
	for _, f := range h {
		if len(f.Value) < recorded.DigestDigits {
			continue
		}
		named := slices.ContainsFunc(names, func(name string) bool { return recorded.SameName(f.Name, name) })
		if rest := strings.TrimPrefix(f.Value, "sha256="); named && len(rest) == recorded.DigestDigits {
			to = append(to, c.digest(rest)) // what is no signature is never asked for
			continue
		}
		if !named && !strings.Contains(f.Value, "256=") {
			continue
		}
		recorded.SignaturesIn([]byte(f.Name+": "+f.Value), []string{f.Name}, func(s recorded.Seen) bool {
			to = append(to, c.digest(s.Digest))
			return true
		})
	}
	return to
}

func (c *carriedSet) digest(digits string) digest {
	var b [recorded.DigestDigits]byte
	copy(b[:], digits)
	for i := 0; i < len(b); i += 8 { // as strings.ToLower does with hexadecimal digits
		binary.LittleEndian.PutUint64(b[i:], binary.LittleEndian.Uint64(b[i:])|0x2020202020202020)
	}
	return digest(maphash.Bytes(c.seed, b[:]))
}

// mostCarried bounds how many signatures of an input are remembered.
const mostCarried = 1 << 16

// carriedSet is the signatures that the deliveries of an input carried. Its
// batches are decoded side by side: one that asks waits for those before it.
type carriedSet struct {
	seed    maphash.Seed
	mu      sync.Mutex
	changed *sync.Cond
	batches int
	pending map[int]bool   // batches that are not decoded yet
	recent  []carriedBy    // what is not yet in by: most inputs never ask
	held    int            // signatures in it
	by      map[digest]int // the first batch that has it
	order   []digest       // a ring, for those that were remembered longest
	oldest  int
}

func newCarriedSet() *carriedSet {
	c := &carriedSet{seed: maphash.MakeSeed(), pending: map[int]bool{}, by: map[digest]int{}}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// add returns the index of a new batch.
func (c *carriedSet) add() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches++
	c.pending[c.batches] = true
	return c.batches
}

// merge says that a batch is decoded, and what its deliveries carried.
func (c *carriedSet) merge(index int, own []digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held += len(own); len(own) > 0 {
		c.recent = append(c.recent, carriedBy{index, own})
	}
	for c.held-len(own) > mostCarried {
		c.held -= len(c.recent[0].own)
		c.recent = c.recent[1:]
	}
	delete(c.pending, index)
	c.changed.Broadcast()
}

// carriedBy is what the deliveries of a batch carried.
type carriedBy struct {
	index int
	own   []digest
}

// remember makes what was carried known by its digits.
func (c *carriedSet) remember(index int, own []digest) {
	for _, d := range own {
		if known, ok := c.by[d]; ok {
			c.by[d] = min(known, index)
			continue
		}
		if len(c.order) < mostCarried {
			c.order = append(c.order, d)
		} else {
			delete(c.by, c.order[c.oldest])
			c.order[c.oldest] = d
			c.oldest = (c.oldest + 1) % mostCarried
		}
		c.by[d] = index
	}
}

// before reports whether a delivery of a batch before this one carried d.
func (c *carriedSet) before(index int, d digest) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.waits(index) {
		c.changed.Wait()
	}
	for _, r := range c.recent {
		c.remember(r.index, r.own)
	}
	c.recent, c.held = nil, 0
	by, ok := c.by[d]
	return ok && by < index
}

func (c *carriedSet) waits(index int) bool {
	for i := range c.pending {
		if i < index {
			return true
		}
	}
	return false
}
