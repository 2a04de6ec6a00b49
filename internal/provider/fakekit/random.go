package fakekit

import (
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// Random makes ids and secrets. It is not safe for concurrent use.
type Random struct{ *rand.ChaCha8 }

// NewRandom is the same sequence for the same seed; 0 is a random one.
func NewRandom(seed int64) Random {
	var key [32]byte
	if seed == 0 {
		_, _ = crand.Read(key[:]) // documented never to fail
	} else {
		binary.LittleEndian.PutUint64(key[:], uint64(seed))
	}
	return Random{rand.NewChaCha8(key)}
}

// Hex returns n hexadecimal digits.
func (r Random) Hex(n int) string {
	b := make([]byte, (n+1)/2)
	_, _ = r.Read(b) // documented never to fail
	return fmt.Sprintf("%x", b)[:n]
}

// Below returns a number from 0 to n-1.
func (r Random) Below(n int) int { return int(r.Uint64() % uint64(n)) }
