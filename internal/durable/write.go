package durable

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
	"syscall"
	"time"
)

// MaxFile is the most that is read or written of one file, in bytes.
const MaxFile = 4 << 20

// staleTemp is the age at which a temporary file is taken to be left over from
// a process that was killed.
const staleTemp = time.Hour

// WritePrivate puts the chunks, one after the other, at path in one durable step,
// as a file that is this user's alone, and reads it back: a reader sees the old
// file or the whole new one. On an error before the rename the old file is as it
// was and the temporary file is gone. Errors are faults that name the path.
func (c *Calls) WritePrivate(path string, chunks ...[]byte) error {
	return c.replace(path, nil, func(limit int64) ([]byte, error) { return ReadPrivate(path, limit) }, chunks...)
}

// Probe goes through all that WritePrivate and RemoveFile do in dir, with a file
// of so many bytes and a temporary name.
func (c *Calls) Probe(dir string, size int) error {
	path := tempPath(dir)
	err := c.WritePrivate(path, bytes.Repeat([]byte("hookctl probe, safe to remove\n"), size/30+1)[:size])
	if err == nil {
		return c.RemoveFile(path)
	}
	rerr := c.Remove(path)
	both := func(kind error) bool { return errors.Is(err, kind) && errors.Is(rerr, kind) }
	// The same words twice help nobody.
	if !errors.Is(rerr, fs.ErrNotExist) && !both(fs.ErrPermission) && !both(syscall.EROFS) {
		err = errors.Join(err, rerr)
	}
	return err
}

// RemoveFile removes path durably. Errors are faults that name the path; an
// absent file is [fs.ErrNotExist] too.
func (c *Calls) RemoveFile(path string) error {
	err := c.Remove(path)
	if err == nil {
		err = c.SyncNames(filepath.Dir(path))
	}
	return Fault(path, err)
}

// replace puts the chunks at path in one durable step and reads them back. The
// new file has the owner of old, which is nil for this user. Errors are faults
// that name the path.
func (c *Calls) replace(path string, old fs.FileInfo, read func(limit int64) ([]byte, error), chunks ...[]byte) error {
	dir := filepath.Dir(path)
	tmp, err := c.writeTemp(dir, old, chunks...)
	if err == nil {
		if err = c.Rename(tmp, path); err != nil {
			err = errors.Join(err, c.Remove(tmp))
		}
	}
	if err == nil {
		err = c.SyncNames(dir)
	}
	if err == nil {
		written := bytes.Join(chunks, nil)
		var got []byte
		if got, err = read(int64(len(written))); err != nil {
			err = fmt.Errorf("read back: %w", err)
		} else if !bytes.Equal(got, written) {
			err = errors.New("the file's content differs from what was written")
		}
	}
	return Fault(path, err)
}

// writeTemp writes the chunks durably to a new temporary file in dir. On an
// error there is no such file.
func (c *Calls) writeTemp(dir string, old fs.FileInfo, chunks ...[]byte) (path string, err error) {
	path = tempPath(dir)
	return path, c.make(path, func(f *os.File) error {
		if old != nil {
			if err := keepOwner(f, old); err != nil {
				return err
			}
		}
		for _, p := range chunks {
			if _, err := c.Write(f, p); err != nil {
				return err
			}
		}
		return c.Sync(f)
	})
}

// make makes the file at path and fills it. On an error there is no such file,
// unless there was one before.
func (c *Calls) make(path string, fill func(*os.File) error) error {
	f, err := c.Create(path)
	if err != nil {
		return err
	}
	err = fill(f)
	if cerr := c.Close(f); cerr != nil {
		// The descriptor may be open still; closing it twice does no harm.
		_ = f.Close()
		err = errors.Join(err, cerr)
	}
	if err != nil {
		return errors.Join(err, c.Remove(path))
	}
	return nil
}

// Sweep removes the temporary files in dir that a killed process left. Errors
// do not matter: they are tried again next time.
func (c *Calls) Sweep(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	names, _ := f.Readdirnames(-1) // there may be very many, none of them temporary
	_ = f.Close()
	for _, name := range names {
		if !isTemp(name) {
			continue
		}
		path := filepath.Join(dir, name)
		if fi, err := os.Lstat(path); err == nil && OlderThan(fs.FileInfoToDirEntry(fi), staleTemp) {
			_ = c.Remove(path)
		}
	}
}

const (
	tempPrefix = ".hookctl-"
	tempSuffix = ".tmp"
)

func tempPath(dir string) string { return filepath.Join(dir, tempPrefix+RandomID()+tempSuffix) }

// isTemp reports whether name is one that tempPath makes.
func isTemp(name string) bool {
	id, begins := strings.CutPrefix(name, tempPrefix)
	id, ends := strings.CutSuffix(id, tempSuffix)
	return begins && ends && IsID(id)
}

// RandomID is 16 random bytes in hex.
func RandomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// IsID reports whether s looks like a [RandomID].
func IsID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// OlderThan reports whether e is a file that was not changed for that long.
func OlderThan(e os.DirEntry, age time.Duration) bool {
	fi, err := e.Info()
	return err == nil && fi.Mode().IsRegular() && time.Since(fi.ModTime()) > age
}
