package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

var errNotDir = errors.New("not a directory")

// IsNotDir reports whether err says that a file stands in the place of a directory.
// Windows has one number for that and for a path that is not there, which says neither.
func IsNotDir(err error) bool {
	return errors.Is(err, errNotDir) || errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, fs.ErrNotExist)
}

// Fault is err about path with its cause in words and what to do. A fault
// is returned as it is.
func Fault(path string, err error) error {
	var fe *fault.Error
	if err == nil || errors.As(err, &fe) {
		return err
	}
	if isTemp(filepath.Base(path)) {
		path = filepath.Dir(path) // nobody has named that file, and it is gone
	}
	words, hint := "", ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), isDiskFull(err):
		words, hint = "the disk or the quota is full", "free some space there"
	case errors.Is(err, syscall.EROFS):
		words, hint = "the file system is read-only", "choose a directory that you can write to"
	case IsNotDir(err):
		words, hint = "there is a file where a directory is needed", "move that file away"
	case errors.Is(err, fs.ErrPermission):
		return fault.Errorf(fault.Other, "%s: %w", path, fault.Reword("permission denied", err)).With(permit(path, err))
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		words, hint = "too many open files", "raise the limit (ulimit -n) and try again"
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(path, "~"):
		words, hint = WithoutPath(err).Error()+" (~ is not your home directory here)", "write the full path: only a shell replaces ~, and only at the beginning of a word"
	case errors.Is(err, errNoModes):
		words, hint = errNoModes.Error(), "choose a directory on another file system"
	}
	if words == "" {
		return fault.Errorf(fault.Other, "%s: %w", path, WithoutPath(err))
	}
	return fault.Errorf(fault.Other, "%s: %w", path, fault.Reword(words, err)).WithHint("%s", hint)
}

// permit says how to get the permission that err, about path, is for the lack of. It
// names what stands in the way: the file, or a directory where there is no such file
// yet, as of a temporary one, or where a name was to be changed.
func permit(path string, err error) fault.Hint {
	var of *fs.PathError
	var link *os.LinkError
	names := false
	switch {
	case errors.As(err, &link):
		path, names = link.New, true
	case errors.As(err, &of):
		path, names = of.Path, of.Op == "remove" || of.Op == "unlink"
	}
	fi, serr := os.Lstat(path)
	for serr != nil || names {
		dir := filepath.Dir(path)
		if dir == path {
			break
		}
		path, names = dir, false
		fi, serr = os.Stat(path)
	}
	if serr == nil {
		if command := chmod(path, fi); command != "" {
			return fault.Run("%s", command)
		}
	}
	return fault.Hint{Text: "check its permissions: ls -ld " + term.ShellWord(path)}
}

// WithoutPath is err without the operation and the path that an error of the file
// system begins with, for a message that names the path itself.
func WithoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fault.Reword(pe.Err.Error(), err)
	}
	return err
}

// What is kept lies in the configuration directory.
const (
	// ChooseConfig is how another directory is named.
	ChooseConfig = "--config DIR or HOOKCTL_CONFIG_DIR"
	// CodeStore is the code of the errors for a directory that cannot be used;
	// their hints name another one.
	CodeStore = "store"
	// CodeElsewhere is that of the errors for a directory that is not for this
	// user to change; their hints say how to choose another one.
	CodeElsewhere = "elsewhere"
)

// NoPlace is the error of whatever must be kept where there is no configuration
// directory.
func NoPlace() error {
	return fault.Errorf(fault.Other, "there is no directory for settings and secrets, because there is no home directory").
		WithHint("set HOME, or name a directory with --config or HOOKCTL_CONFIG_DIR").WithCode(CodeStore)
}
