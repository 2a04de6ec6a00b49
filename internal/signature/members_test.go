package signature

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
)

// TestMembers compares the members of a line with those that are found by cutting it
// at each separator first, for prefixes that a digest or a line may begin with too.
func TestMembers(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	digits := strings.Repeat("0123456789abcdefABCDEF", 3)[:64]
	r := rand.New(rand.NewPCG(1, 1))
	found := 0
	for _, prefix := range []string{"", "sha256=", "0", "ab", "v1,", "v1, ", ",", "=", strings.Repeat("a", 64)} {
		pieces := []string{digits, digits, digits, prefix, prefix, strings.ToUpper(prefix), ",", " ", "\t", "\r\n", "\n", ";", "", "0", "g", "sha256=",
			digits[1:], "\x00", "é", digits[:63] + "g", digits[:63] + "/", digits[:63] + ":", digits[:63] + "@", digits[:63] + "`", "\u017f"}
		s := Scheme{Prefix: prefix}
		for range 20_000 {
			var line string
			for range r.IntN(7) {
				line += pieces[r.IntN(len(pieces))]
			}
			var want []digest
			for _, member := range strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(", \t\r\n", c) }) {
				if len(member) >= len(prefix) && asciiLower(member[:len(prefix)]) == asciiLower(prefix) {
					member = member[len(prefix):]
				}
				if b, err := hex.DecodeString(member); err == nil && len(b) == len(digest{}) {
					want = append(want, digest(b))
				}
			}
			if got := s.members(nil, line); !slices.Equal(got, want) {
				t.Fatalf("prefix %q, %q: %x, want %x", prefix, line, got, want)
			}
			found += len(want)
		}
	}
	if found < 10_000 {
		t.Errorf("only %d members were well-formed", found)
	}
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
