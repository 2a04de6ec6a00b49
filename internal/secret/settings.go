package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// maxLinks is how many symbolic links are followed to one file, as many as
// Linux does.
const maxLinks = 40

// CheckSettings refuses a file of settings that another user owns or could
// change, or put another one in the place of: who can change the base URL can
// ask for the credentials. The file and its directory need not be private. A
// symbolic link is followed: the directory that holds it counts, and so do the
// target and the target's directory. What is absent is in order. Where files
// have no permission bits (Windows) nothing is checked.
func CheckSettings(path string) error {
	if !durable.HasModes {
		return nil
	}
	for range maxLinks {
		// Nothing is cleaned before it is resolved: ".." means the parent of where
		// a link leads.
		dir, name := filepath.Split(path)
		dir += "."
		err := checkDir(dir[:max(len(dir)-len("/."), 1)], false, chooseStore)
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
			return nil
		case err != nil:
			return diskFault(path, err)
		case fi.Mode()&fs.ModeSymlink == 0:
			return checkDirModes(path, fi, false, chooseStore)
		}
		target, err := os.Readlink(path)
		if err != nil {
			return diskFault(path, err)
		}
		if !filepath.IsAbs(target) {
			target = real + string(filepath.Separator) + target
		}
		path = target
	}
	return fault.Errorf(fault.Other, "%s: too many symbolic links lead from one to the next", path)
}
