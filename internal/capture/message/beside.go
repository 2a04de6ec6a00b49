package message

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/durable"
)

// ReadWhole reads an input that is read as one piece.
func ReadWhole(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, recorded.MaxDelivery+1))
	if err == nil && len(data) > recorded.MaxDelivery {
		err = fmt.Errorf("%w, which is the most that is read in one piece: split the file between two requests; if it is one, cut out its body and verify that as raw", recorded.ErrTooLarge)
	}
	return data, durable.WithoutPath(err)
}

// Beside reads a file that a capture names: a regular one, in the directory of
// the capture or below it.
func Beside(capture, name string) ([]byte, error) {
	said := fmt.Sprintf("its body is in the file %q", name)
	if capture == "-" {
		return nil, fmt.Errorf("%s, but the capture comes from standard input: save the capture in that file's directory", said)
	}
	dir := filepath.Dir(capture)
	if filepath.IsAbs(name) {
		if abs, err := filepath.Abs(dir); err == nil {
			if rel, err := filepath.Rel(abs, name); err == nil {
				name = rel
			}
		}
	}
	name = filepath.FromSlash(name)
	if !filepath.IsLocal(name) {
		return nil, fmt.Errorf("%s, which is not in the capture's directory: copy it there and name it without a path", said)
	}
	info, err := os.Stat(filepath.Join(dir, name)) // a pipe must not be opened
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s, which does not exist: put it in the capture's directory", said)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", said, durable.WithoutPath(err))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s, which is not a regular file", said)
	case info.Size() > recorded.MaxDelivery:
		return nil, fmt.Errorf("%s: %w: verify it as raw", said, recorded.ErrTooLarge)
	}
	f, err := os.OpenInRoot(dir, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", said, durable.WithoutPath(err))
	}
	text, err := io.ReadAll(io.LimitReader(f, recorded.MaxDelivery+1))
	if err = errors.Join(err, f.Close()); err == nil && len(text) > recorded.MaxDelivery {
		err = recorded.ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", said, durable.WithoutPath(err))
	}
	return text, nil
}
