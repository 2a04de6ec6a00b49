package capture

import "github.com/hookctl/hookctl/internal/norace"

// hostileSize is about how many bytes a text has that is made to cost time. No clock
// is looked at: what takes time that grows with the square takes minutes, and there
// are many such texts. Races need less.
var hostileSize = func() int {
	if norace.Race {
		return 4 << 10
	}
	return 256 << 10
}()
