//go:build !linux && !darwin

package durable

// StampOf is the stamp of what is at path, or false where nothing is or the system
// does not tell enough.
func StampOf(string) (Stamp, bool) { return Stamp{}, false }
