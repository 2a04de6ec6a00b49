//go:build !unix

package secret

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// isDiskFull knows ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL of Windows.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112))
}

func checkPrivate(string, fs.FileInfo) error { return nil }

func checkLinkOwner(string, fs.FileInfo) error { return nil }

func checkDirModes(string, fs.FileInfo, bool, string) error { return nil }

func keepOwner(*os.File, fs.FileInfo) error { return nil }
