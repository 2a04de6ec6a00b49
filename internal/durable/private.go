package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hookctl/hookctl/internal/fault"
)

// Where files have no permission bits (Windows) nothing here refuses any. Choose
// says how another directory is named, for the hint: "--save DIR".

// CheckDir refuses a directory that another user owns or could change. An absent
// one is [fs.ErrNotExist].
func CheckDir(path, choose string) error { return checkDir(path, false, choose) }

// CheckPrivateDir is [CheckDir], and refuses one too that others can look into.
func CheckPrivateDir(path, choose string) error { return checkDir(path, true, choose) }

// CheckOpen is CheckDir for a file in such a directory that is open, and of which
// fi is known.
func CheckOpen(path string, fi fs.FileInfo, choose string) error {
	return checkModes(path, fi, false, choose)
}

// MakePrivateDir makes a directory that is this user's alone, and what is missing
// above it. One that is there and is not private is refused as by
// [CheckPrivateDir].
func (c *Calls) MakePrivateDir(path, choose string) error {
	if err := c.MakeDir(path); err != nil {
		return Fault(path, err)
	}
	return CheckPrivateDir(path, choose)
}

// checkDir refuses a directory that somebody else could change, and with
// strict one that anybody else could look into.
func checkDir(path string, strict bool, choose string) error {
	fi, err := os.Lstat(path)
	if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		if err := checkLinkOwner(path, fi); err != nil {
			return err
		}
		fi, err = os.Stat(path)
	}
	if err == nil && !fi.IsDir() {
		err = errNotDir
	}
	if err != nil {
		return Fault(path, err)
	}
	return checkModes(path, fi, strict, choose)
}

// maxLinks is how many symbolic links are followed to one file, as many as
// Linux does.
const maxLinks = 40

// CheckTrusted refuses a file that another user owns or could change, or put
// another one in the place of. The file and its directory need not be private. A
// symbolic link is followed: the directory that holds it counts, and so do the
// target and the target's directory. What is absent is accepted.
func CheckTrusted(path, choose string) error {
	if !HasModes {
		return nil
	}
	_, err := TrustedFile(path, choose)
	return err
}

// TrustedFile is the file that path leads to, whether or not there is one, unless
// CheckTrusted refuses it.
func TrustedFile(path, choose string) (string, error) {
	for range maxLinks {
		// Nothing is cleaned before it is resolved: ".." means the parent of where
		// a link leads.
		dir, name := filepath.Split(path)
		dir += "."
		err := CheckDir(dir[:max(len(dir)-len("/."), 1)], choose)
		var real string
		if err == nil {
			real, err = filepath.EvalSymlinks(dir)
		}
		var fi fs.FileInfo
		if err == nil {
			path = filepath.Join(real, name)
			fi, err = os.Lstat(path)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil
		case err != nil:
			return "", Fault(path, err)
		case fi.Mode()&fs.ModeSymlink == 0:
			return path, CheckOpen(path, fi, choose)
		}
		target, err := os.Readlink(path)
		if err != nil {
			return "", Fault(path, err)
		}
		if !filepath.IsAbs(target) {
			target = real + string(filepath.Separator) + target
		}
		path = target
	}
	return "", fault.Errorf(fault.Other, "%s: too many symbolic links in a chain", path)
}
