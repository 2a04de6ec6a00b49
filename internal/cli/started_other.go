//go:build !linux

package cli

import "time"

// startedAt is when this process was started, as far as it knows.
func startedAt(clock func() time.Time) time.Time { return clock() }
