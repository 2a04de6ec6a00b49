//go:build !linux

package cli

import "time"

// startedAt is when this process was started, as far as it knows.
func startedAt(now time.Time) time.Time { return now }
