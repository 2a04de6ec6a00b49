// Command docgen writes what is generated from the program itself: the
// reference and the pictures under docs/ and the completion scripts, which are
// committed, and the man pages, which a release makes:
//
//	go generate ./cmd/hookctl
//	go run ./internal/docgen man DIRECTORY 2026-11-28T00:00:00Z
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
	if len(args) == 3 && args[0] == "man" {
		date, err := time.Parse(time.RFC3339, args[2])
		if err != nil {
			return err
		}
		pages, err := manual(date)
		if err != nil {
			return err
		}
		return writeFiles(args[1], pages)
	}
	if len(args) != 1 {
		return errors.New("usage: docgen REPOSITORY, or: docgen man DIRECTORY DATE")
	}
	files, err := generate()
	if err != nil {
		return err
	}
	return write(args[0], files)
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
