//go:build !unix

package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// isDiskFull knows ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL of Windows.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112))
}

func checkPrivate(string, fs.FileInfo) error { return nil }

func checkLinkOwner(string, fs.FileInfo) error { return nil }

func checkDirModes(string, fs.FileInfo, bool, string) error { return nil }

func keepOwner(*os.File, fs.FileInfo) error { return nil }

// dirLock is the lock of a directory, which cannot be locked itself here: a file
// in the user's directory for temporary files, named for the directory. Another
// user's process has another one, but no business in the directory either.
func dirLock(dir string) *flock.Flock {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	name := sha256.Sum256([]byte(strings.ToLower(dir)))
	return flock.New(filepath.Join(os.TempDir(), "hookctl-"+hex.EncodeToString(name[:16])+".lock"),
		flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
}
