package wundertreosfake

import (
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
)

// random makes ids and secrets. It is not safe for concurrent use.
type random struct{ source *rand.ChaCha8 }

func newRandom(seed int64) random {
	var key [32]byte
	if seed == 0 {
		_, _ = crand.Read(key[:]) // documented never to fail
	} else {
		binary.LittleEndian.PutUint64(key[:], uint64(seed))
	}
	return random{rand.NewChaCha8(key)}
}

func (r random) bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = r.source.Read(b) // documented never to fail
	return b
}

// uuid is a version 4 UUID.
func (r random) uuid() string {
	b := r.bytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// secret is 64 lower-case hex characters, as in the documented sample.
func (r random) secret() string { return hex.EncodeToString(r.bytes(32)) }
