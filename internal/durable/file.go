package durable

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hookctl/hookctl/internal/fault"
)

// This file writes files where a person wants them. Such a file ends with mode
// 0600 whatever it had before, keeps its owner, and is replaced in one durable
// step. Errors are faults that name the path.

// WriteFile makes data the whole content of path, durably and with mode 0600,
// and reads it back. The directory must exist. A symbolic link, or anything but a
// regular file, in the place of path is refused.
func (c *Calls) WriteFile(path string, data []byte) error { return c.writeFile(path, data, MaxFile) }

func (c *Calls) writeFile(path string, data []byte, most int64) error {
	if int64(len(data)) > most {
		return fault.Errorf(fault.Other, "%s: %d bytes are more than the limit of %d", path, len(data), most)
	}
	old, err := targetInfo(path)
	if err != nil {
		return err
	}
	c.Sweep(filepath.Dir(path))
	return c.replace(path, old, func(limit int64) ([]byte, error) {
		got, _, err := readFile(path, limit)
		return got, err
	}, data)
}

// UpdateFile replaces the content of path by what edit makes of it, as
// WriteFile does. Edit gets nil where there is no file; its error is returned
// as it is and nothing is changed. Two processes do not lose each other's
// updates, on file systems where a directory can be locked.
func (c *Calls) UpdateFile(ctx context.Context, path string, edit func(old []byte) ([]byte, error)) (err error) {
	return c.UpdateLarge(ctx, path, MaxFile, edit)
}

// UpdateLarge is UpdateFile for a file of at most so many bytes, before and after.
func (c *Calls) UpdateLarge(ctx context.Context, path string, most int64, edit func(old []byte) ([]byte, error)) (err error) {
	unlock, err := LockDir(ctx, filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	old, _, err := readFile(path, most)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Fault(path, err)
	}
	data, err := edit(old)
	if err != nil {
		return err
	}
	return c.writeFile(path, data, most)
}

// CheckFile finds what would make WriteFile or UpdateFile of path fail now: it
// makes and removes a file in the same directory.
func (c *Calls) CheckFile(path string) error {
	old, err := targetInfo(path)
	if err != nil {
		return err
	}
	tmp, err := c.writeTemp(filepath.Dir(path), old, []byte("probe\n"))
	if err == nil {
		err = c.Remove(tmp)
	}
	return Fault(filepath.Dir(path), err)
}

// targetInfo is what stands at path, nil for nothing.
func targetInfo(path string) (fs.FileInfo, error) {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = regular(fi)
	}
	return fi, Fault(path, err)
}
