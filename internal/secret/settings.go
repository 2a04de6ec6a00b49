package secret

import (
	"errors"
	"io/fs"
	"os"
)

// CheckSettings refuses a file of settings, or the directory that everything
// is in, that another user owns or could change: who can change the base URL
// can ask for the credentials. Neither has to be private. An absent one is in
// order.
func CheckSettings(path string) error {
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return diskFault(path, err)
	}
	return checkDirModes(path, fi, false, chooseStore)
}
