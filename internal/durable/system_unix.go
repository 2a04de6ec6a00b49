//go:build unix

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// openSafely are the flags with which no open follows a symbolic link in the
// last part of the path or waits for the other end of a pipe.
const openSafely = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// HasModes says that files have the permission bits of Unix.
const HasModes = true

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// CannotSync reports that a file system has no sync for directories.
func CannotSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP)
}

func isDiskFull(error) bool { return false }

// isBusy: another program that has a file open is in nobody's way here.
func isBusy(error) bool { return false }

// owner is the user id of a file, or -1 where the system does not say.
func owner(fi fs.FileInfo) int {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// checkPrivate refuses a file of the store that somebody else owns or can read.
func checkPrivate(path string, fi fs.FileInfo) error {
	if uid := owner(fi); uid != os.Geteuid() {
		return refuse(path, fmt.Sprintf("belongs to another user (id %d)", uid), fmt.Sprintf("sudo chown %d %%s", os.Geteuid()))
	}
	if fi.Mode().Perm()&0o077 != 0 {
		return refuse(path, fmt.Sprintf("is open to other users (mode %04o)", fi.Mode().Perm()), "chmod 600 %s")
	}
	return nil
}

// chmod is the command that gives this user the use of their own file or directory;
// "" where it has all the permissions for that, or is another user's. One that
// others may use stays open to them.
func chmod(path string, fi fs.FileInfo) string {
	whole, add := fs.FileMode(0o600), "u+rw"
	if fi.IsDir() {
		whole, add = 0o700, "u+rwx"
	}
	perm := fi.Mode().Perm()
	if perm&whole == whole || owner(fi) != os.Geteuid() {
		return ""
	}
	if perm&0o077 == 0 {
		add = fmt.Sprintf("%o", whole)
	}
	return "chmod " + add + " " + term.ShellWord(path)
}

// checkLinkOwner refuses a symbolic link that another user could turn elsewhere.
func checkLinkOwner(path string, fi fs.FileInfo) error {
	if uid := owner(fi); uid != os.Geteuid() && uid != 0 {
		return refuse(path, fmt.Sprintf("is a symbolic link of another user (id %d)", uid), "check it with ls -ld %s, and put your own directory there")
	}
	return nil
}

// checkModes: a strict directory must be ours alone; another one must not
// be writable for others, and may belong to root. One that is another user's, or
// that everybody shares, such as /tmp, is not for this user to change: choose
// says how another one is named.
func checkModes(path string, fi fs.FileInfo, strict bool, choose string) error {
	uid, me := owner(fi), os.Geteuid()
	elsewhere := func(why string) *fault.Error {
		return fault.Errorf(fault.Other, "%s %s", path, why).WithCode(CodeElsewhere).WithHint("choose another directory with %s", choose)
	}
	if uid != me && (strict || uid != 0) {
		err := elsewhere(fmt.Sprintf("belongs to another user (id %d)", uid))
		if strict { // it has a name of ours: a sudo may have made it
			err.Hint.Text += fmt.Sprintf("; if everything in it is yours: sudo chown -R %d %s", me, term.ShellWord(path))
		}
		return err
	}
	switch perm := fi.Mode().Perm(); {
	case strict && perm&0o077 != 0:
		return refuse(path, fmt.Sprintf("is open to other users (mode %04o)", perm), "chmod 700 %s")
	case perm&0o022 != 0 && fi.Mode()&fs.ModeSticky != 0:
		return elsewhere(fmt.Sprintf("is shared with other users (mode %04o and the sticky bit)", perm))
	case perm&0o022 != 0 && uid != me: // root's, and so not for chmod
		return elsewhere(fmt.Sprintf("can be written by other users (mode %04o)", perm))
	case perm&0o022 != 0:
		return refuse(path, fmt.Sprintf("can be written by other users (mode %04o)", perm), "chmod go-w %s")
	}
	return nil
}

// keepOwner gives f the owner of the file that it will replace: a container's
// root must not take a user's file away.
func keepOwner(f *os.File, old fs.FileInfo) error {
	st, ok := old.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) == os.Geteuid() {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}

// lockOf is the lock of a file or directory itself.
func lockOf(path string) *flock.Flock { return flock.New(path, flock.SetFlag(os.O_RDONLY)) }

// refuse is the error for a file or directory that others could reach.
func refuse(path, why, command string) error {
	return fault.Errorf(fault.Other, "%s %s", path, why).WithCommand(command, term.ShellWord(path))
}

// Removed reports whether no name leads to f any more.
func Removed(f *os.File) bool {
	fi, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}
