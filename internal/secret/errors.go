package secret

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

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
	case strings.HasPrefix(hint.Text, "choose a directory"):
		hint.Text += ", with " + durable.ChooseConfig
	case hint.Command == "" && fault.Code(err) != durable.CodeStore && fault.Code(err) != durable.CodeElsewhere:
		hint.Text += "; choose another directory with " + durable.ChooseConfig
	}
	return fault.Errorf(fault.Other, "%s cannot be used: %w", what, err).With(hint).WithCode(durable.CodeStore)
}

func storeFault(err error) error   { return unusable("the secret store", err) }
func journalFault(err error) error { return unusable("the journal", err) }

// unreadable is a file of the store that is kept as it is since it cannot be
// read or understood.
func unreadable(path string, err error) error {
	var fe *fault.Error
	if errors.As(err, &fe) {
		return err
	}
	hint := fault.HintOf(durable.Fault(path, err)) // where it is the system that does not let it be read
	if hint == (fault.Hint{}) {
		hint.Text = "the file was not changed; check it, then move it away or restore a good copy"
	}
	return fault.Errorf(fault.Other, "cannot read %s: %w", path, durable.WithoutPath(err)).With(hint)
}

// readPrivate reads one file of the store or the journal, of at most limit bytes.
// An absent file is [fs.ErrNotExist]; any other error is a fault that names the
// file.
func readPrivate[T any](path string, limit int64, decode func([]byte) (T, error)) (T, error) {
	var none T
	data, err := durable.ReadPrivate(path, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return none, fs.ErrNotExist
	}
	if err == nil {
		var v T
		if v, err = decode(data); err == nil {
			return v, nil
		}
	}
	return none, unreadable(path, err)
}

// openStoreDir checks the directory sub of the store, and the directory above
// it, before anything in it is trusted. It reports false where sub is absent, or
// "": there is no store.
func openStoreDir(sub string) (bool, error) {
	if sub == "" {
		return false, nil
	}
	err := durable.CheckDir(filepath.Dir(sub), durable.ChooseConfig)
	if err == nil {
		err = durable.CheckPrivateDir(sub, durable.ChooseConfig)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// makeStoreDir is openStoreDir for writers: what is missing is made.
func makeStoreDir(sys *durable.Calls, sub string) error {
	if sub == "" {
		return durable.NoPlace()
	}
	err := sys.MakeDir(sub)
	if err == nil {
		if ok, err := openStoreDir(sub); ok || err != nil {
			return err
		}
		err = fs.ErrNotExist
	}
	return durable.Fault(sub, err)
}
