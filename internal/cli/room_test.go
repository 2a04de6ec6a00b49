package cli

import (
	"math"
	"runtime/debug"
	"testing"
)

// A long list raises the limit of memory that the program has set itself. It lowers none,
// and sets none where there is none: in a process that is not the program's own.
func TestRoomForRows(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	const ample = 1 << 40
	for _, c := range []struct {
		limit int64
		rows  int
		want  int64
	}{
		{math.MaxInt64, 50_000, math.MaxInt64},
		{ample, 50_000, ample},
		{ample, 1 << 30, softMemory + 1<<42},
	} {
		debug.SetMemoryLimit(c.limit)
		roomForRows(&Env{}, c.rows)
		if got := debug.SetMemoryLimit(-1); got != c.want {
			t.Errorf("%d rows within %d: %d, want %d", c.rows, c.limit, got, c.want)
		}
	}
}
