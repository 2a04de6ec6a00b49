// Command docgen writes what is generated from the program itself: the
// reference and the pictures under docs/ and the completion scripts, which are
// committed, and what a release adds to the program:
//
//	go generate ./cmd/hookctl
//	go run ./internal/docgen man DIRECTORY 2026-11-28T00:00:00Z
//	go run ./internal/docgen licenses FILE
//	go run ./internal/docgen changelog FILE 1.2.0 2026-11-28T00:00:00Z
//
// It is a program of its own so that what renders Markdown and man pages is not
// linked into hookctl.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "man":
		return release(args[1], args[2], manualFiles)
	case len(args) == 2 && args[0] == "licenses":
		modules, err := linked(".")
		if err != nil {
			return err
		}
		text, err := licenses(modules)
		if err != nil {
			return err
		}
		return writeFiles("", map[string][]byte{args[1]: text})
	case len(args) == 4 && args[0] == "changelog":
		return release("", args[3], func(date time.Time) (map[string][]byte, error) {
			page, err := os.ReadFile(changelogFile)
			if err != nil {
				return nil, err
			}
			text, err := packageChangelog(page, args[2], date)
			return map[string][]byte{args[1]: text}, err
		})
	case len(args) != 1:
		return errors.New("usage: docgen REPOSITORY, or: docgen man DIRECTORY DATE, docgen licenses FILE, docgen changelog FILE VERSION DATE")
	}
	files, err := generate()
	if err != nil {
		return err
	}
	return write(args[0], files)
}

// release writes into dir what a release of that date has.
func release(dir, date string, files func(time.Time) (map[string][]byte, error)) error {
	day, err := time.Parse(time.RFC3339, date)
	if err != nil {
		return err
	}
	made, err := files(day)
	if err != nil {
		return err
	}
	return writeFiles(dir, made)
}

// write makes the generated directories under root hold exactly files.
func write(root string, files map[string][]byte) error {
	old, err := generated(root)
	if err != nil {
		return err
	}
	for _, name := range old {
		if _, ok := files[name]; !ok {
			if err := os.Remove(filepath.Join(root, filepath.FromSlash(name))); err != nil {
				return err
			}
		}
	}
	return writeFiles(root, files)
}

// writeFiles writes files, named by their paths from root.
func writeFiles(root string, files map[string][]byte) error {
	for name, text := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generated lists the files in the directories that docgen owns, as paths from
// root with slashes. Dot-files are not among them, nor pictures that are no SVG:
// those of the inspector are a browser's.
func generated(root string) ([]string, error) {
	var names []string
	for _, dir := range []string{referenceDir, completionsDir, picturesDir} {
		entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(dir)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			ours := dir != picturesDir || strings.HasSuffix(e.Name(), ".svg")
			if ours && !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				names = append(names, dir+"/"+e.Name())
			}
		}
	}
	return names, nil
}
