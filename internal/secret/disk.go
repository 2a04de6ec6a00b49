package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// maxFile is the most that is read of a file of the store, in bytes.
const maxFile = 4 << 20

// staleTemp is the age at which a temporary file is taken to be left over from
// a process that was killed.
const staleTemp = time.Hour

// calls are the operations by which this package changes the disk. They are
// values so that tests can make the nth of them fail.
type calls struct {
	mkdir   func(path string) error             // mode 0700
	create  func(path string) (*os.File, error) // exclusive, mode 0600
	open    func(path string) (*os.File, error) // existing, for reading and writing
	write   func(f *os.File, p []byte) error
	writeAt func(f *os.File, p []byte, off int64) (int, error)
	sync    func(f *os.File) error
	close   func(f *os.File) error
	rename  func(from, to string) error
	syncDir func(dir string) error
	remove  func(path string) error
}

func systemCalls() calls {
	return calls{
		mkdir:  makePrivateDir,
		create: createPrivate,
		open: func(path string) (*os.File, error) {
			return os.OpenFile(path, os.O_RDWR|openSafely, 0)
		},
		write: func(f *os.File, p []byte) error {
			_, err := f.Write(p)
			return err
		},
		writeAt: (*os.File).WriteAt,
		sync:    (*os.File).Sync,
		close:   (*os.File).Close,
		rename:  os.Rename,
		syncDir: syncDir,
		remove:  os.Remove,
	}
}

// disk writes durably: what it reports as done survives a power cut, and what
// it reports as failed has left either the old file or the whole new one.
type disk struct {
	sys    calls
	warn   func(string) // may be nil
	warned sync.Once
}

func newDisk(warn func(string)) *disk { return &disk{sys: systemCalls(), warn: warn} }

// makePrivateDir makes one directory of mode 0700 whatever the umask.
func makePrivateDir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	fi, err := os.Lstat(path)
	if err != nil || fi.Mode().Perm() == 0o700 || !hasModes {
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
	if !hasModes {
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

// replace puts data at path in one step: a reader sees the old file or the new
// one. On an error before the rename the old file is as it was and the
// temporary file is gone.
func (d *disk) replace(path string, data []byte) error {
	return d.replaceOwned(path, data, nil)
}

// replaceOwned is replace with a step between creating the temporary file and
// writing it.
func (d *disk) replaceOwned(path string, data []byte, prepare func(*os.File) error) error {
	dir := filepath.Dir(path)
	tmp, err := d.writeTemp(dir, prepare, data)
	if err != nil {
		return err
	}
	if err := d.sys.rename(tmp, path); err != nil {
		return errors.Join(err, d.sys.remove(tmp))
	}
	return d.syncDir(dir)
}

// writeTemp writes the chunks durably to a new temporary file in dir. On an
// error there is no such file.
func (d *disk) writeTemp(dir string, prepare func(*os.File) error, chunks ...[]byte) (path string, err error) {
	path = filepath.Join(dir, tempPrefix+randomID()+tempSuffix)
	f, err := d.sys.create(path)
	if err != nil {
		return "", err
	}
	err = d.fill(f, prepare, chunks)
	if cerr := d.sys.close(f); cerr != nil {
		// The descriptor may be open still; closing it twice does no harm.
		_ = f.Close()
		err = errors.Join(err, cerr)
	}
	if err != nil {
		return "", errors.Join(err, d.sys.remove(path))
	}
	return path, nil
}

func (d *disk) fill(f *os.File, prepare func(*os.File) error, chunks [][]byte) error {
	if prepare != nil {
		if err := prepare(f); err != nil {
			return err
		}
	}
	for _, c := range chunks {
		if err := d.sys.write(f, c); err != nil {
			return err
		}
	}
	return d.sys.sync(f)
}

// removeFile removes path durably.
func (d *disk) removeFile(path string) error {
	if err := d.sys.remove(path); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// syncDir makes the names in dir durable. File systems that cannot (some
// network ones) are put up with, and that is said once.
func (d *disk) syncDir(dir string) error {
	err := d.sys.syncDir(dir)
	if err == nil || !cannotSync(err) {
		return err
	}
	d.warned.Do(func() {
		if d.warn != nil {
			d.warn(fmt.Sprintf("the file system of %s cannot sync directories: a power cut may lose the latest secret", dir))
		}
	})
	return nil
}

// makeDir makes path, and what is missing above it, durably and with mode 0700.
func (d *disk) makeDir(path string) error {
	_, err := os.Stat(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := d.makeDir(parent); err != nil {
			return err
		}
	}
	if err := d.sys.mkdir(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.syncDir(parent)
}

// sweep removes the temporary files in dir that a killed process left. Errors
// do not matter: they are tried again next time.
func (d *disk) sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if isTemp(e.Name()) && olderThan(e, staleTemp) {
			_ = d.sys.remove(filepath.Join(dir, e.Name()))
		}
	}
}

const (
	tempPrefix = ".hookctl-"
	tempSuffix = ".tmp"
)

// isTemp reports whether name is one that writeTemp makes.
func isTemp(name string) bool {
	id, ok := strings.CutPrefix(name, tempPrefix)
	if !ok {
		return false
	}
	id, ok = strings.CutSuffix(id, tempSuffix)
	return ok && isID(id)
}

func olderThan(e os.DirEntry, age time.Duration) bool {
	fi, err := e.Info()
	return err == nil && fi.Mode().IsRegular() && time.Since(fi.ModTime()) > age
}

// randomID is 16 random bytes in hex.
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// isID reports whether s looks like a randomID.
func isID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// sameBytes reads path back and fails unless it holds data.
func sameBytes(path string, data []byte) error {
	got, _, err := readFile(path, int64(len(data)))
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if !bytes.Equal(got, data) {
		return errors.New("the file reads back differently from what was written")
	}
	return nil
}
