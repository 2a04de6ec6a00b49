package zyntrofake

import (
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// random makes ids and secrets. It is not safe for concurrent use.
type random struct{ *rand.Rand }

// newRandom is the same sequence for the same seed; 0 is a random one.
func newRandom(seed int64) random {
	s := uint64(seed)
	if s == 0 {
		var b [8]byte
		crand.Read(b[:]) // never fails, as its documentation says
		s = binary.LittleEndian.Uint64(b[:])
	}
	return random{rand.New(rand.NewPCG(s, 0))}
}

// seed starts a sequence of its own; never 0.
func (r random) seed() int64 { return r.Int64() | 1 }

// hex returns n hexadecimal digits.
func (r random) hex(n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%016x", r.Uint64())
	}
	return b.String()[:n]
}

// id looks like a UUID and is none: the documented sample has a 'g' in the
// same place.
func (r random) id() string {
	h := r.hex(32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], "defg", h[20:]}, "-")
}
