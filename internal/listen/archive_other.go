//go:build !unix

package listen

import "os"

// openSafely: there are no such flags here.
const openSafely = 0

// hasModes says that files have no permission bits: who may read them follows
// from the directory.
const hasModes = false

// syncDir does nothing: directories cannot be synced here.
func syncDir(string) error { return nil }

// removed: a file that is open cannot be removed here.
func removed(*os.File) bool { return false }
