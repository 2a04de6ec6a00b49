package sink

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
)

// String returns the words that the template was parsed from.
func (t Template) String() string { return t.spec }

// Runs reports whether the sinks of the template run a command.
func (t Template) Runs() bool { return t.kind == "exec" }

// writer is a sink that writes a file which its words name.
type writer interface{ target() string }

func (s fileSink) target() string { return s.path }

func (s dotenvSink) target() string { return s.path }

// Outside reports whether s writes a file that does not lie in dir, which is
// absolute and free of symbolic links. A path that cannot be resolved counts as
// outside. The id of a late sink is one element of a path: any will do.
func Outside(s Sink, dir string) bool {
	if late, ok := s.(lateSink); ok {
		whole, err := late.For(Item{Provider: late.it.Provider, Name: late.it.Name, ID: "ID"})
		if err != nil {
			return true
		}
		s = whole
	}
	w, ok := s.(writer)
	return ok && !inside(w.target(), dir)
}

// inside reports whether path leads into dir, as the system goes along it and as
// it reads: behind a symbolic link the two differ in what ".." means. A "~" is
// nothing special here, but whoever wrote it means a home.
func inside(path, dir string) bool {
	if path == "~" || strings.HasPrefix(path, "~") && strings.ContainsAny(path, `/\`) {
		return false
	}
	clean, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	whole := path
	if !filepath.IsAbs(whole) {
		here, err := filepath.Abs(".")
		if err != nil {
			return false
		}
		whole = here + string(filepath.Separator) + whole // not cleaned
	}
	for _, way := range []string{clean, whole} {
		end, err := resolve(way)
		if err != nil {
			return false
		}
		rel, err := filepath.Rel(dir, end)
		if err != nil || !filepath.IsLocal(rel) {
			return false
		}
	}
	return true
}

var errNoWay = errors.New("the path leads nowhere")

// resolve is an absolute path without its symbolic links. What is not there yet
// stays as it is.
func resolve(path string) (string, error) {
	volume := filepath.VolumeName(path)
	parts := strings.FieldsFunc(path[len(volume):], func(r rune) bool { return r < utf8.RuneSelf && os.IsPathSeparator(uint8(r)) })
	at := volume + string(filepath.Separator)
	for i, part := range parts {
		switch part {
		case ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		next, err := filepath.EvalSymlinks(filepath.Join(at, part))
		if errors.Is(err, fs.ErrNotExist) {
			rest := filepath.Join(parts[i:]...)
			if _, err := os.Lstat(filepath.Join(at, part)); err == nil || !filepath.IsLocal(rest) {
				return "", errNoWay // a link to nothing, or steps back from there
			}
			return filepath.Join(at, rest), nil
		}
		if err != nil {
			return "", err
		}
		at = next
	}
	return at, nil
}

// Within is s, which refuses to write a file outside dir. A link may come to
// stand in its way at any time, so it looks before it writes.
func Within(s Sink, dir string) Sink { return withinSink{s, dir} }

type withinSink struct {
	Sink
	dir string
}

func (s withinSink) look() error {
	if !Outside(s.Sink, s.dir) {
		return nil
	}
	return fault.Errorf(fault.Other, "%s leads outside the directory of the manifest, %s", s.Sink, s.dir).
		WithHint("look at where it leads; --allow-outside lets it")
}

func (s withinSink) Check(ctx context.Context) error {
	if err := s.look(); err != nil {
		return err
	}
	return s.Sink.Check(ctx)
}

func (s withinSink) Put(ctx context.Context, it Item) error {
	whole := For(s.Sink, it)
	if err := (withinSink{whole, s.dir}).look(); err != nil {
		return err
	}
	return whole.Put(ctx, it)
}

// For implements [Late].
func (s withinSink) For(it Item) (Sink, error) { return withinSink{For(s.Sink, it), s.dir}, nil }
