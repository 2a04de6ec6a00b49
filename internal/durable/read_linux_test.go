package durable_test

import (
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/durable"
)

// TestGrowingFile: a file that holds more than its size, though less than may be
// read, is being written; its beginning is not taken for the whole.
func TestGrowingFile(t *testing.T) {
	t.Parallel()
	const path = "/proc/self/status" // of size 0
	if data, err := durable.ReadFile(path); err == nil || len(data) > 0 || !strings.Contains(err.Error(), "it grew while hookctl read it") {
		t.Errorf("%q, %v", data, err)
	}
}
