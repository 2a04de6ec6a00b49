package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/child"
)

// TestDependencies compares what the program links, on every system that releases
// are for, with docs/dependencies.md, and makes the text of the licences.
func TestDependencies(t *testing.T) {
	t.Parallel()
	if _, err := child.Look("go"); err != nil {
		t.Skip("this test asks the go command what is linked:", err)
	}
	// What has been read counts for the cache of go test; what its children read
	// does not. What is linked on this system is compiled into the test.
	required := requirements(t, read(t, repository, "go.mod"))
	modules, err := linked(repository)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range modules {
		if m.path != standardLibrary {
			want = append(want, m.path)
		}
	}
	page := string(read(t, repository, "docs/dependencies.md"))
	program, others, found := strings.Cut(page, "\n## Not in the program\n")
	if !found {
		t.Fatal("docs/dependencies.md has no section on what is not in the program")
	}
	compareModules(t, "what the program links", modulesOf(program), want)
	compareModules(t, "what only tests and generators need", modulesOf(others),
		slices.DeleteFunc(required, func(m string) bool { return slices.Contains(want, m) }))

	text, err := licenses(modules)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range append(want, standardLibrary) {
		if !bytes.Contains(text, []byte("\n"+m+" ")) {
			t.Errorf("the licences lack that of %s", m)
		}
	}
	for _, terms := range []string{"Permission is hereby granted", "Redistribution and use", "Apache License", "The Go Authors", "--- NOTICE"} {
		if !bytes.Contains(text, []byte(terms)) {
			t.Errorf("the licences lack %q", terms)
		}
	}
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 && bytes.Contains(text, []byte(home)) {
		t.Error("the licences name a directory of this machine")
	}
}

// requirements are the modules that go.mod names: all that packages and tests are
// made of.
func requirements(t *testing.T, text []byte) []string {
	t.Helper()
	var paths []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+( // indirect)?$`).FindAllSubmatch(text, -1) {
		paths = append(paths, string(m[1]))
	}
	if len(paths) < 10 {
		t.Fatalf("go.mod requires only %v", paths)
	}
	return paths
}

// modulesOf are the modules in the first column of a page's tables.
func modulesOf(page string) []string {
	var paths []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(page, -1) {
		paths = append(paths, m[1])
	}
	return paths
}

func compareModules(t *testing.T, what string, page, modules []string) {
	t.Helper()
	for _, m := range modules {
		if !slices.Contains(page, m) {
			t.Errorf("%s: docs/dependencies.md lacks %s: why is it needed, and what if it ends?", what, m)
		}
	}
	for i, m := range page {
		if !slices.Contains(modules, m) {
			t.Errorf("%s: docs/dependencies.md has %s, which is not needed", what, m)
		}
		if slices.Contains(page[:i], m) {
			t.Errorf("%s: docs/dependencies.md has %s twice", what, m)
		}
	}
}

// TestLicenses: the licences of a module are those of its root and those beside and
// above what is linked of it.
func TestLicenses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"LICENSE.txt": "root\r\nterms\r\n", "NOTICE": "notice", "licenses.go": "package x", "COPYING/x": "no file of that name",
		"a/LICENCE": "a", "a/b/x.go": "package b", "c/LICENSE": "not linked",
	} {
		if err := writeFiles(dir, map[string][]byte{name: []byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
	m := module{path: "example.com/m", version: "v1.2.3", dir: dir, packages: []string{filepath.Join(dir, "a", "b"), dir}}
	text, err := licenses([]module{m})
	if err != nil {
		t.Fatal(err)
	}
	want := "\n" + strings.Repeat("=", 80) + "\nexample.com/m v1.2.3\n\n--- LICENSE.txt\n\nroot\nterms\n\n--- NOTICE\n\nnotice\n\n--- a/LICENCE\n\na\n"
	if _, got, _ := strings.Cut(string(text), "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	m.packages = []string{filepath.Join(dir, "COPYING")}
	m.dir = m.packages[0]
	if _, err := licenses([]module{m}); err == nil || !strings.Contains(err.Error(), "example.com/m v1.2.3 has no licence") {
		t.Errorf("a module without a licence: %v", err)
	}
}

func TestPackageChangelog(t *testing.T) {
	t.Parallel()
	page := "# Changelog\n\n- not of a version\n\n## [Unreleased]\n\n### Added\n\n- `verify` reads **all**\n  that [there is](files.md#x).\n\nNot a change.\n  Nor this.\n\n" +
		"### Fixed\n\n- Two\n\n## [1.1.0] - 2026-10-02\n\n- Three\n\n## [1.0.0] - 2026-09-01\n"
	text, err := packageChangelog([]byte(page), "1.2.0", testDate)
	if err != nil {
		t.Fatal(err)
	}
	var got []changes
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Version != "1.2.0" || got[0].Date != "2026-11-28T00:00:00Z" || got[1].Version != "1.1.0" || got[1].Date != "2026-10-02T00:00:00Z" ||
		!slices.Equal(got[0].Changes, []change{{"verify reads all that there is."}, {"Two"}}) || !slices.Equal(got[1].Changes, []change{{"Three"}}) {
		t.Errorf("got:\n%s", text)
	}
	for _, empty := range []string{"", "# Changelog\n\n- no version\n", "## [Unreleased]\n"} {
		if text, err := packageChangelog([]byte(empty), "1.2.0", testDate); err == nil {
			t.Errorf("of %q was made:\n%s", empty, text)
		}
	}
}

// TestChangelogFile: packages can be made with the changelog that there is.
func TestChangelogFile(t *testing.T) {
	t.Parallel()
	if _, err := packageChangelog(read(t, repository, changelogFile), "1.2.0", testDate); err != nil {
		t.Error(err)
	}
}
