//go:build race

package capture

import "testing"

// hostileSize is about how many bytes a text has that is made to cost time. No clock
// is looked at: what takes time that grows with the square takes minutes, and there
// are many such texts. Races need less, and .ci/run has both.
const hostileSize = 4 << 10

// pure is said by tests of what is computed in one goroutine, where it takes long.
func pure(t *testing.T) { t.Skip("has no races: see the tests without the race detector") }
