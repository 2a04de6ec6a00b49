//go:build !race

package capture

// hostileSize is about how many bytes a text has that is made to cost time. No clock
// is looked at: what takes time that grows with the square takes minutes, and there
// are many such texts.
const hostileSize = 256 << 10
