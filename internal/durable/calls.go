// Package durable is the one door to the disk for what must survive a power cut:
// the table of calls by which files and directories are changed. Who changes
// some takes the table as an argument, so that a test can make one of the calls
// fail, or record them all and build what a crash at each point may leave.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Calls are the operations that change the disk. Every field of a table is set.
type Calls struct {
	Mkdir    func(path string) error             // mode 0700
	Create   func(path string) (*os.File, error) // exclusive, mode 0600
	Open     func(path string) (*os.File, error) // existing, for reading and writing
	Append   func(path string) (*os.File, error) // for reading and appending; made where it is missing
	Write    func(f *os.File, p []byte) (int, error)
	WriteAt  func(f *os.File, p []byte, off int64) (int, error)
	Truncate func(f *os.File, size int64) error
	Sync     func(f *os.File) error
	SyncData func(f *os.File) error // with as much of the metadata as is needed to read the data back
	Close    func(f *os.File) error
	Rename   func(from, to string) error
	SyncDir  func(dir string) error
	Remove   func(path string) error
}

// System are the calls of the operating system.
func System() *Calls {
	return &Calls{
		Mkdir:  makePrivateDir,
		Create: createPrivate,
		Open: func(path string) (*os.File, error) {
			return OpenFile(path, os.O_RDWR, 0)
		},
		Append: func(path string) (*os.File, error) {
			return OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
		},
		Write:    (*os.File).Write,
		WriteAt:  (*os.File).WriteAt,
		Truncate: (*os.File).Truncate,
		Sync:     (*os.File).Sync,
		SyncData: syncData,
		Close:    (*os.File).Close,
		Rename:   func(from, to string) error { return Retry(func() error { return os.Rename(from, to) }) },
		SyncDir:  syncDir,
		Remove:   func(path string) error { return Retry(func() error { return os.Remove(path) }) },
	}
}

// OpenFile is [os.OpenFile] that neither follows a symbolic link nor waits for
// the other end of a pipe, and that is patient with other programs: see [Retry].
func OpenFile(path string, flag int, mode fs.FileMode) (f *os.File, err error) {
	err = Retry(func() error {
		f, err = os.OpenFile(path, flag|openSafely, mode)
		return err
	})
	return f, err
}

// Retry calls f again while another program that has the file open stands in its
// way, as on Windows, for 2 s at most, as the go command does; a permission that
// is missing for good costs as long.
func Retry(f func() error) error {
	err := f()
	for wait, spent := time.Millisecond, time.Duration(0); isBusy(err) && spent < 2*time.Second; wait = min(2*wait, 100*time.Millisecond) {
		time.Sleep(wait)
		spent += wait
		err = f()
	}
	return err
}

// Or is c, or the system's calls where c is nil.
func (c *Calls) Or() *Calls {
	if c == nil {
		return System()
	}
	return c
}

// MakeDir makes path, and what is missing above it, durably and with mode 0700.
// What exists stays as it is.
func (c *Calls) MakeDir(path string) error {
	fi, err := os.Stat(path)
	switch {
	case err == nil && !fi.IsDir():
		return &fs.PathError{Op: "mkdir", Path: path, Err: errNotDir}
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := c.MakeDir(parent); err != nil {
			return err
		}
	}
	if err := c.Mkdir(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return c.SyncNames(parent)
}

// SyncNames makes the names in dir durable. File systems that cannot (some
// network ones) are put up with: what is in a file is safe all the same.
func (c *Calls) SyncNames(dir string) error {
	if err := c.SyncDir(dir); !CannotSync(err) {
		return err
	}
	return nil
}

// makePrivateDir makes one directory of mode 0700 whatever the umask.
func makePrivateDir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	fi, err := os.Lstat(path)
	if err != nil || fi.Mode().Perm() == 0o700 || !HasModes {
		return err
	}
	return os.Chmod(path, 0o700)
}

// createPrivate makes a file that must not exist, of mode 0600 from the first
// moment on: the umask can only take bits away, and they are given back.
func createPrivate(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|openSafely, 0o600)
	if err != nil {
		return nil, err
	}
	if err := restoreMode(f); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

func restoreMode(f *os.File) error {
	if !HasModes {
		return nil
	}
	fi, err := f.Stat()
	if err != nil || fi.Mode().Perm() == 0o600 {
		return err
	}
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	if fi, err = f.Stat(); err != nil {
		return err
	}
	if fi.Mode().Perm()&0o077 != 0 {
		return errNoModes
	}
	return nil
}

// errNoModes reports a file system such as FAT, where every file is open to all.
var errNoModes = errors.New("this file system does not keep file permissions, so others could read the file")
