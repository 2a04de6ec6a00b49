package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hookctl/hookctl/internal/durable"
)

// readFile reads a regular file of at most limit bytes. It never waits: a
// pipe, device or symbolic link in the file's place is an error at once.
func readFile(path string, limit int64) (data []byte, fi fs.FileInfo, err error) {
	f, fi, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if fi.Size() > limit {
		return nil, nil, fmt.Errorf("%d bytes long, at most %d are expected", fi.Size(), limit)
	}
	// One byte more than expected, to notice a file that is growing.
	data = make([]byte, fi.Size()+1)
	n, err := io.ReadFull(f, data)
	switch {
	case err == nil:
		return nil, nil, errors.New("it grows while it is read")
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, nil, err
	}
	return data[:n], fi, nil
}

// readPrivate is readFile for a file of the store, which nobody else may be
// able to read.
func readPrivate(path string) ([]byte, error) {
	data, fi, err := readFile(path, maxFile)
	if err != nil {
		return nil, err
	}
	return data, checkPrivate(path, fi)
}

func openRegular(path string) (*os.File, fs.FileInfo, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := regular(before); err != nil {
		return nil, nil, err
	}
	f, err := durable.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err == nil {
		err = regular(fi)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, fi, nil
}

// regular says what stands in the place of a regular file.
func regular(fi fs.FileInfo) error {
	switch m := fi.Mode(); {
	case m.IsRegular():
		return nil
	case m&fs.ModeSymlink != 0:
		return errors.New("it is a symbolic link, not a file")
	case m.IsDir():
		return errors.New("it is a directory, not a file")
	default:
		return errors.New("it is not a regular file")
	}
}

// openStoreDir checks the directory sub of the store, and the directory above
// it, before anything in it is trusted. It reports false where sub is absent, or
// "": there is no store.
func openStoreDir(sub string) (bool, error) {
	if sub == "" {
		return false, nil
	}
	for _, step := range []struct {
		path   string
		strict bool
	}{{filepath.Dir(sub), false}, {sub, true}} {
		err := checkDir(step.path, step.strict, chooseStore)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// makeStoreDir is openStoreDir for writers: what is missing is made.
func (d *disk) makeStoreDir(sub string) error {
	if sub == "" {
		return NoPlace()
	}
	if err := d.sys.MakeDir(sub); err != nil {
		return diskFault(sub, err)
	}
	ok, err := openStoreDir(sub)
	if err == nil && !ok {
		err = diskFault(sub, fs.ErrNotExist)
	}
	return err
}

// CheckDir refuses a directory that another user owns or could change. An absent
// one is [fs.ErrNotExist]. Choose says how another one is named, for the hint:
// "--save DIR".
func CheckDir(path, choose string) error { return checkDir(path, false, choose) }

// CheckOpen is CheckDir for a file in such a directory that is open, and of which
// fi is known.
func CheckOpen(path string, fi fs.FileInfo, choose string) error {
	return checkDirModes(path, fi, false, choose)
}

// checkDir refuses a directory that somebody else could change, and with
// strict one that anybody else could look into.
func checkDir(path string, strict bool, choose string) error {
	fi, err := os.Lstat(path)
	if err != nil {
		return diskFault(path, err)
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		if err := checkLinkOwner(path, fi); err != nil {
			return err
		}
		if fi, err = os.Stat(path); err != nil {
			return diskFault(path, err)
		}
	}
	if !fi.IsDir() {
		return diskFault(path, errNotDir)
	}
	return checkDirModes(path, fi, strict, choose)
}

// MakeDir makes a directory that is this user's alone, and what is missing above
// it. One that is there and is not private is refused as by [CheckPrivateDir].
func MakeDir(path, choose string) error {
	if err := durable.System().MakeDir(path); err != nil {
		return diskFault(path, err)
	}
	return CheckPrivateDir(path, choose)
}

// CheckPrivateDir is [CheckDir], and refuses one too that others can look into.
func CheckPrivateDir(path, choose string) error { return checkDir(path, true, choose) }
