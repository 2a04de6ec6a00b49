//go:build !race

package norace

// Race reports whether the race detector is on, which makes computing 5 to 15 times
// slower.
const Race = false
