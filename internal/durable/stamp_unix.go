//go:build linux || darwin

package durable

import (
	"io/fs"
	"syscall"
)

// StampOf is the stamp of a file; false where the system does not tell enough.
func StampOf(fi fs.FileInfo) (Stamp, bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return Stamp{}, false
	}
	return Stamp{Inode: int64(st.Ino), Size: fi.Size(), Modified: fi.ModTime().UnixNano(), Changed: changed(st)}, true
}
