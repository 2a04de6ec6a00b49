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

// Bytes returns n bytes.
func (r Random) Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = r.Read(b) // documented never to fail
	return b
}

// Hex returns n hexadecimal digits.
func (r Random) Hex(n int) string { return fmt.Sprintf("%x", r.Bytes((n+1)/2))[:n] }
