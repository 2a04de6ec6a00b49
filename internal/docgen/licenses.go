package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/child"
)

// systems are what releases are built for; each has modules of its own.
var systems = []string{"darwin", "linux", "windows"}

// module is one that the program links.
type module struct {
	path, version string
	dir           string   // its source
	packages      []string // the directories of those of its packages that are linked
}

// standardLibrary stands for the path of what Go itself brings.
const standardLibrary = "Go's standard library"

// linked finds the modules that the program links on any of the systems, sorted
// by path. root is the repository.
func linked(root string) ([]module, error) {
	// Of the standard library one package stands for all: of those that it borrows
	// from golang.org/x, Root is where these are kept.
	format := `{{if eq .ImportPath "runtime"}}` + standardLibrary + `	` + runtime.Version() + `	{{.Root}}	{{.Root}}` +
		`{{else if not (or .Standard .Module.Main)}}{{.Module.Path}}	{{.Module.Version}}	{{.Module.Dir}}	{{.Dir}}{{end}}`
	found := map[string]*module{}
	for _, system := range systems {
		var out bytes.Buffer
		err := child.Run(context.Background(), child.Command{
			Path: "go", Args: []string{"go", "list", "-deps", "-f", format, "./cmd/hookctl"}, Dir: root,
			Env: append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0"),
			Out: &out, Err: os.Stderr,
		})
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", system, err)
		}
		for line := range strings.Lines(out.String()) {
			f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
			if len(f) != 4 {
				continue // the program's own module
			}
			m := found[f[0]]
			if m == nil {
				m = &module{path: f[0], version: f[1], dir: f[2]}
				found[m.path] = m
			}
			if !slices.Contains(m.packages, f[3]) {
				m.packages = append(m.packages, f[3])
			}
		}
	}
	var all []module
	for _, path := range slices.Sorted(maps.Keys(found)) {
		all = append(all, *found[path])
	}
	return all, nil
}

// licenseName fits the files that must go with what is made from a module.
var licenseName = regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying|notice)([.-].*)?$`)

// licenses is the text of the modules' licences. It is the same wherever they
// are kept.
func licenses(modules []module) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("hookctl contains the modules below, under these licences. Not every system's program contains all of them.\n")
	for _, m := range modules {
		texts, err := licenseTexts(m)
		if err != nil {
			return nil, err
		}
		if len(texts) == 0 {
			return nil, fmt.Errorf("%s %s has no licence: what are its terms?", m.path, m.version)
		}
		fmt.Fprintf(&b, "\n%s\n%s %s\n", strings.Repeat("=", 80), m.path, m.version)
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			fmt.Fprintf(&b, "\n--- %s\n\n%s\n", name, texts[name])
		}
	}
	return b.Bytes(), nil
}

// licenseTexts are the licences of a module, by their paths in it: those of its
// root, and those beside and above the packages that are linked.
func licenseTexts(m module) (map[string]string, error) {
	texts := map[string]string{}
	for _, dir := range m.packages {
		for within := true; within; dir = filepath.Dir(dir) {
			entries, err := os.ReadDir(dir)
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				if !e.Type().IsRegular() || !licenseName.MatchString(e.Name()) {
					continue
				}
				file := filepath.Join(dir, e.Name())
				name, err := filepath.Rel(m.dir, file)
				if err != nil {
					return nil, err
				}
				text, err := os.ReadFile(file)
				if err != nil {
					return nil, err
				}
				texts[filepath.ToSlash(name)] = strings.Trim(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
			}
			within = len(dir) > len(m.dir)
		}
	}
	return texts, nil
}
