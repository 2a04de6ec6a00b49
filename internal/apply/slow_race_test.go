//go:build race

package apply

// slower is how many times longer things may take under the race detector.
const slower = 15
