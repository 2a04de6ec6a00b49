// Package norace says which tests the race detector only slows down.
package norace

import "testing"

// Only is said by a test of what one goroutine computes and that takes long: it
// runs where Race is false. .ci/run has both, and finds the packages that need a
// run without the race detector by this call.
func Only(t *testing.T) {
	t.Helper()
	if Race {
		t.Skip("one goroutine: see the tests without the race detector")
	}
}
