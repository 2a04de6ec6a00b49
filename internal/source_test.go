package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hookctl/hookctl"

// fileSet has every file that is parsed, since the checker of types wants one set.
var fileSet = token.NewFileSet()

// source is one Go file of the module, parsed.
type source struct {
	path string // from the module's root, with slashes
	fset *token.FileSet
	file *ast.File
}

// dir is the package's directory from the module's root.
func (s source) dir() string { return path.Dir(s.path) }

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// at is a position for messages.
func (s source) at(p token.Pos) string { return s.path + ":" + strconv.Itoa(s.fset.Position(p).Line) }

// importPaths are the paths that the file imports.
func (s source) importPaths() []string {
	var paths []string
	for _, i := range s.file.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// imports maps the name by which each import is known in the file to its path. For a
// library whose name is not the end of its path the name is a guess.
func (s source) imports() map[string]string {
	names := map[string]string{}
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // it would not compile
		}
		name := path.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = p
	}
	return names
}

// parse makes a source of text, for tests of the rules themselves.
func parse(t *testing.T, path, text string) source {
	t.Helper()
	f, err := parser.ParseFile(fileSet, path, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return source{path, fileSet, f}
}

// sources parses every Go file of the module, whatever its build constraints.
// It opens them itself, so that `go test` does not take an old result for a
// changed tree.
func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Dir(mustAbs(t, "."))
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		all = append(all, parse(t, filepath.ToSlash(rel), string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d files found under %s", len(all), root)
	}
	return all
}

func mustAbs(t *testing.T, p string) string {
	t.Helper()
	abs, err := filepath.Abs(p)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// compare fails where the problems that a rule finds are not those wanted.
func compare(t *testing.T, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
