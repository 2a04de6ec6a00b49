//go:build !unix

package apply

import "time"

var started = time.Now()

func cpu() time.Duration { return time.Since(started) }
