package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
)

// maxFile is the most that is read of a file of the store, in bytes.
const maxFile = 4 << 20

// staleTemp is the age at which a temporary file is taken to be left over from
// a process that was killed.
const staleTemp = time.Hour

// disk writes durably: what it reports as done survives a power cut, and what
// it reports as failed has left either the old file or the whole new one.
type disk struct {
	sys    *durable.Calls
	warn   func(string) // may be nil
	warned sync.Once
}

// newDisk uses sys; nil is the system's own.
func newDisk(sys *durable.Calls, warn func(string)) *disk { return &disk{sys: sys.Or(), warn: warn} }

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
	if err := d.sys.Rename(tmp, path); err != nil {
		return errors.Join(err, d.sys.Remove(tmp))
	}
	return d.syncDir(dir)
}

// writeTemp writes the chunks durably to a new temporary file in dir. On an
// error there is no such file.
func (d *disk) writeTemp(dir string, prepare func(*os.File) error, chunks ...[]byte) (path string, err error) {
	path = filepath.Join(dir, tempPrefix+randomID()+tempSuffix)
	f, err := d.sys.Create(path)
	if err != nil {
		return "", err
	}
	err = d.fill(f, prepare, chunks)
	if cerr := d.sys.Close(f); cerr != nil {
		// The descriptor may be open still; closing it twice does no harm.
		_ = f.Close()
		err = errors.Join(err, cerr)
	}
	if err != nil {
		return "", errors.Join(err, d.sys.Remove(path))
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
		if _, err := d.sys.Write(f, c); err != nil {
			return err
		}
	}
	return d.sys.Sync(f)
}

// removeFile removes path durably.
func (d *disk) removeFile(path string) error {
	if err := d.sys.Remove(path); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// syncDir makes the names in dir durable. File systems that cannot (some
// network ones) are put up with, and that is said once.
func (d *disk) syncDir(dir string) error {
	err := d.sys.SyncDir(dir)
	if err == nil || !durable.CannotSync(err) {
		return err
	}
	d.warned.Do(func() {
		if d.warn != nil {
			d.warn(fmt.Sprintf("the file system of %s cannot sync directories: a power cut may lose the latest secret", dir))
		}
	})
	return nil
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
			_ = d.sys.Remove(filepath.Join(dir, e.Name()))
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
