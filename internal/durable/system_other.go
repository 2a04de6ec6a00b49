//go:build !unix

package durable

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// openSafely: there are no such flags here; who opens a file that must be a
// regular one looks first.
const openSafely = 0

// HasModes says that files have no permission bits: who may read them follows
// from the user's profile directory.
const HasModes = false

// syncDir does nothing: directories cannot be synced here, and a rename is
// durable once the file system's own journal is written.
func syncDir(string) error { return nil }

// CannotSync reports that a file system has no sync for directories.
func CannotSync(error) bool { return false }

// isDiskFull knows ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL of Windows.
func isDiskFull(err error) bool { return isOne(err, 39, 112) }

// isBusy knows what Windows answers while another program, such as a virus
// scanner, has the file open without sharing it, or has removed it and not let go
// of it yet: ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION and ERROR_DELETE_PENDING.
func isBusy(err error) bool { return isOne(err, 5, 32, 303) }

func isOne(err error, codes ...syscall.Errno) bool {
	return slices.ContainsFunc(codes, func(c syscall.Errno) bool { return errors.Is(err, c) })
}

func checkPrivate(string, fs.FileInfo) error { return nil }

func chmod(string, fs.FileInfo) string { return "" }

func checkLinkOwner(string, fs.FileInfo) error { return nil }

func checkModes(string, fs.FileInfo, bool, string) error { return nil }

func keepOwner(*os.File, fs.FileInfo) error { return nil }

// lockOf is the lock of a file or directory, which cannot be locked itself here
// and be used as before: a file in the user's directory for temporary files, named
// for it. Another user's process has another one, but no business there either.
func lockOf(dir string) *flock.Flock {
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

// Removed: a file that is open cannot be removed here.
func Removed(*os.File) bool { return false }
