//go:build !unix

package durable

// OpenSafely: there are no such flags here; who opens a file that must be a
// regular one looks first.
const OpenSafely = 0

// HasModes says that files have no permission bits: who may read them follows
// from the user's profile directory.
const HasModes = false

// syncDir does nothing: directories cannot be synced here, and a rename is
// durable once the file system's own journal is written.
func syncDir(string) error { return nil }

// CannotSync reports that a file system has no sync for directories.
func CannotSync(error) bool { return false }
