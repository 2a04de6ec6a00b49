package secret

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

var errNotDir = errors.New("not a directory")

// diskFault is err about path with its cause in words and what to do. A fault
// is returned as it is.
func diskFault(path string, err error) error {
	var fe *fault.Error
	if err == nil || errors.As(err, &fe) {
		return err
	}
	// The path stands in front once; the inner error would repeat it.
	var pe *fs.PathError
	cause := err
	if errors.As(err, &pe) {
		cause = pe.Err
	}
	words, hint := "", ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), isDiskFull(err):
		words, hint = "the disk or the quota is full", "free some space there"
	case errors.Is(err, syscall.EROFS):
		words, hint = "the file system is read-only", "choose a directory that can be written"
	case errors.Is(err, errNotDir), errors.Is(err, syscall.ENOTDIR):
		words, hint = "a file stands where a directory is needed", "move that file away"
	case errors.Is(err, fs.ErrPermission):
		words, hint = "permission denied", "see who may write there with: ls -ld "+term.ShellWord(path)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		words, hint = "too many open files", "raise the limit (ulimit -n) and try again"
	case errors.Is(err, durable.ErrNoModes):
		words, hint = durable.ErrNoModes.Error(), "choose a directory on another file system"
	}
	if words == "" {
		return fault.Errorf(fault.Other, "%s: %w", path, &pathless{cause.Error(), err})
	}
	return fault.Errorf(fault.Other, "%s: %w", path, &pathless{words, err}).WithHint("%s", hint)
}

// NoPlace is the error of whatever must be kept where there is no configuration
// directory.
func NoPlace() error {
	return fault.Errorf(fault.Other, "there is no place for settings and secrets, since there is no home directory").
		WithHint("set HOME, or name a directory with --config or HOOKCTL_CONFIG_DIR").WithCode(codeStore)
}

// The codes of errors whose hint names another directory already.
const (
	codeStore     = "store"     // the store cannot be used
	codeElsewhere = "elsewhere" // a directory that is not for this user to change
)

// chooseStore is how another directory is named for all that is kept.
const chooseStore = "--config DIR or HOOKCTL_CONFIG_DIR"

// unusable says what of the configuration directory cannot be used, and that
// there can be another one.
func unusable(what string, err error) error {
	if err == nil {
		return nil
	}
	hint := fault.HintOf(err)
	switch {
	case hint == fault.Hint{}:
		hint.Text = "choose another directory with --config DIR"
	case hint.Command == "" && fault.Code(err) != codeStore && fault.Code(err) != codeElsewhere:
		hint.Text += "; another directory is chosen with " + chooseStore
	}
	return fault.Errorf(fault.Other, "%s cannot be used: %w", what, err).With(hint).WithCode(codeStore)
}

func storeFault(err error) error   { return unusable("the secret store", err) }
func journalFault(err error) error { return unusable("the journal", err) }

// pathless is an error in other words, with the original for errors.Is.
type pathless struct {
	words string
	err   error
}

func (p *pathless) Error() string { return p.words }
func (p *pathless) Unwrap() error { return p.err }

// unreadable is a file of the store that is kept as it is since it cannot be
// understood.
func unreadable(path string, err error) error {
	var fe *fault.Error
	if errors.As(err, &fe) {
		return err
	}
	return fault.Errorf(fault.Other, "%s cannot be read: %w", path, bare(err)).
		WithHint("it is left untouched; look at it, then move it away or put back a good copy")
}

// bare drops the operation and path that a path error begins with.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &pathless{pe.Err.Error(), err}
	}
	return err
}

// refuse is the error for a file or directory that others could reach.
func refuse(path, why, command string) error {
	return fault.Errorf(fault.Other, "%s %s", path, why).WithCommand(command, term.ShellWord(path))
}
