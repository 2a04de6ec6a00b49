//go:build !linux && !darwin

package durable

import "io/fs"

// StampOf is the stamp of a file; false where the system does not tell enough.
func StampOf(fs.FileInfo) (Stamp, bool) { return Stamp{}, false }
