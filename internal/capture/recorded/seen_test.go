package recorded

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Digits are found wherever they stand, however many there are and whatever is around
// them.
func TestDigests(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	const digits = "0123456789abcdefABCDEF"
	for range 3000 {
		var text strings.Builder
		want := map[string]bool{}
		for range rng.IntN(12) {
			n := []int{1, 5, 31, 32, 33, 63, 64, 65, 128, 200}[rng.IntN(10)] + rng.IntN(3)
			run := make([]byte, n)
			for i := range run {
				run[i] = digits[rng.IntN(len(digits))]
			}
			text.Write(run)
			if n >= DigestDigits {
				want[strings.ToLower(string(run[:DigestDigits]))] = true
			}
			text.WriteString(strings.Repeat("g/G`@:"[rng.IntN(6):][:1], 1+rng.IntN(70)))
		}
		have := Digests([]byte(text.String()))
		if !maps.Equal(have, want) {
			t.Fatalf("%s: %q, want %q", text.String(), slices.Sorted(maps.Keys(have)), slices.Sorted(maps.Keys(want)))
		}
	}
}
