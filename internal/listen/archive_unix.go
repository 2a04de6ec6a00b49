//go:build unix

package listen

import (
	"os"
	"syscall"
)

// removed reports whether no name leads to f any more.
func removed(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}
