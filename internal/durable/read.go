package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadFile reads a regular file of at most [MaxFile] bytes. It does not follow a
// symbolic link in the last part of path and never waits. Errors are faults; an
// absent file is [fs.ErrNotExist] too.
func ReadFile(path string) ([]byte, error) {
	data, _, err := readFile(path, MaxFile)
	return data, Fault(path, err)
}

// ReadPrivate is ReadFile, of at most limit bytes, for a file that nobody else
// may own or be able to read. Only the fault that refuses it for that names the
// path.
func ReadPrivate(path string, limit int64) ([]byte, error) {
	data, fi, err := readFile(path, limit)
	if errors.Is(err, fs.ErrPermission) {
		var serr error
		if fi, serr = os.Lstat(path); serr != nil || checkPrivate(path, fi) == nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return data, checkPrivate(path, fi)
}

// readFile reads a regular file of at most limit bytes. It never waits: a
// pipe, device or symbolic link in the file's place is an error at once.
func readFile(path string, limit int64) (data []byte, fi fs.FileInfo, err error) {
	f, fi, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if fi.Size() > limit {
		return nil, nil, fmt.Errorf("%d bytes long, but the limit is %d", fi.Size(), limit)
	}
	// One byte more than expected, to notice a file that is growing.
	data = make([]byte, fi.Size()+1)
	n, err := io.ReadFull(f, data)
	switch {
	case err == nil:
		return nil, nil, errors.New("it grew while hookctl read it")
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, nil, err
	}
	return data[:n], fi, nil
}

func openRegular(path string) (*os.File, fs.FileInfo, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := regular(before); err != nil {
		return nil, nil, err
	}
	f, err := OpenFile(path, os.O_RDONLY, 0)
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
