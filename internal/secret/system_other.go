//go:build !unix

package secret

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openSafely: there are no such flags here; openRegular looks before it opens.
const openSafely = 0

// hasModes says that files have no permission bits: who may read them follows
// from the user's profile directory.
const hasModes = false

// syncDir does nothing: directories cannot be synced here, and a rename is
// durable once the file system's own journal is written.
func syncDir(string) error { return nil }

func cannotSync(error) bool { return false }

// isDiskFull knows ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL of Windows.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112))
}

func checkPrivate(string, fs.FileInfo) error { return nil }

func checkLinkOwner(string, fs.FileInfo) error { return nil }

func checkDirModes(string, fs.FileInfo, bool, string) error { return nil }

func keepOwner(*os.File, fs.FileInfo) error { return nil }
