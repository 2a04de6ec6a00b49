package httpx

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestHeadEnd compares with the plain search for the first of both ends.
func TestHeadEnd(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		text := make([]byte, r.IntN(12))
		for i := range text {
			text[i] = "\r\n\r\nx"[r.IntN(5)]
		}
		want := -1
		for _, end := range []string{"\r\n\r\n", "\n\n"} {
			if i := bytes.Index(text, []byte(end)); i >= 0 && (want < 0 || i+len(end) < want) {
				want = i + len(end)
			}
		}
		if got := headEnd(text); got != want {
			t.Fatalf("%q: %d, want %d", text, got, want)
		}
	}
}
