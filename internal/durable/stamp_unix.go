//go:build linux || darwin

package durable

import "syscall"

// StampOf is the stamp of what is at path, or false where nothing is or the system
// does not tell enough. A [fs.FileInfo] would cost more than the question.
func StampOf(path string) (Stamp, bool) {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return Stamp{}, false
	}
	return Stamp{Inode: int64(st.Ino), Size: st.Size, Modified: modified(&st), Changed: changed(&st)}, true
}
