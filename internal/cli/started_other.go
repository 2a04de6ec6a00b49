//go:build !linux

package cli

import "time"

// started tells when this process was started, as far as it knows: now.
func started(clock func() time.Time) func() time.Time {
	at := clock()
	return func() time.Time { return at }
}
