package sink

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
)

// Outside reports whether the sink of a webhook writes a file that does not lie in
// dir, which is absolute and free of symbolic links. A path that cannot be resolved
// counts as outside.
func (t Spec) Outside(it Item, dir string) bool {
	filled, _, err := t.place(it)
	return err != nil || filled.leads(dir)
}

// Within is the sink, which refuses to write a file outside dir. A link may come to
// stand in its way at any time, so it looks before it writes.
func (t Spec) Within(dir string) Spec {
	t.dir = dir
	return t
}

// usable is the place of the secret of a webhook, if it may be used and can carry that.
func (t Spec) usable(it Item) (place, error) {
	filled, p, err := t.place(it)
	if err != nil {
		return nil, err
	}
	if t.dir != "" && filled.leads(t.dir) {
		return nil, fault.Errorf(fault.Other, "%s is outside the manifest's directory, %s", filled.spec, t.dir).
			WithHint("check where it points to; --allow-outside permits it")
	}
	return p, fitting(p, it)
}

// leads reports whether the sink writes a file outside dir.
func (t Spec) leads(dir string) bool { return t.path != "" && !inside(t.path, dir) }

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

var errNoWay = errors.New("the path has a broken link")

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
