package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var testDate = time.Date(2026, time.November, 28, 0, 0, 0, 0, time.UTC)

const again = "run: go generate ./cmd/hookctl"

// repository is its root. The working directory is another one while pictures are
// made.
var repository, _ = filepath.Abs(filepath.Join("..", ".."))

// TestUpToDate compares what is committed with what the program says now.
func TestUpToDate(t *testing.T) {
	t.Parallel()
	fresh := t.TempDir()
	if err := run([]string{fresh}); err != nil {
		t.Fatal(err)
	}
	want, err := generated(fresh)
	if err != nil {
		t.Fatal(err)
	}
	got, err := generated(repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s is missing; %s", name, again)
			continue
		}
		a, b := read(t, fresh, name), read(t, repository, name)
		if !bytes.Equal(a, bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))) {
			t.Errorf("%s is stale; %s", name, again)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s belongs to nothing any more; %s", name, again)
		}
	}
}

// TestWriteRemoves shows that what belongs to nothing goes, and that nothing
// else does.
func TestWriteRemoves(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"docs/reference/gone.md", "docs/pictures/gone.svg", "docs/guide.md", "completions/.keep", "docs/pictures/page.png"} {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(root, map[string][]byte{"docs/reference/new.md": []byte("new")}); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"docs/reference/gone.md", "docs/pictures/gone.svg"} {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(gone))); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
	for name, want := range map[string]string{"docs/guide.md": "x", "completions/.keep": "x", "docs/pictures/page.png": "x", "docs/reference/new.md": "new"} {
		if got := read(t, root, name); string(got) != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
}

// TestDeterministic makes everything twice; and nothing of this machine is in it.
func TestDeterministic(t *testing.T) {
	t.Setenv("HOME", "/home/somebody-here")
	t.Setenv("HOOKCTL_CONFIG_DIR", "/somewhere/else")
	t.Setenv("HOOKCTL_OUTPUT", "yaml")
	a, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	b, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range a {
		if !bytes.Equal(text, b[name]) {
			t.Errorf("%s differs from one run to the next", name)
		}
		for _, local := range []string{"somebody-here", "/somewhere/else", dir, "linux/amd64", "Auto generated"} {
			if bytes.Contains(text, []byte(local)) {
				t.Errorf("%s holds %q", name, local)
			}
		}
		if len(host) > 8 && bytes.Contains(text, []byte(host)) {
			t.Errorf("%s holds the name of this machine", name)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := manual(testDate)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(files, pages)
	for name, texts := range map[string][]string{
		"hookctl.1":                               {`.TH "HOOKCTL" "1" "2026-11-28" "hookctl" "hookctl manual"`, ".SH EXAMPLES\n.EX\n  hookctl demo ", ".SH SEE ALSO"},
		"hookctl-create-zyntro.1":                 {".SS Secret", "\\fB--secret-to SINK\\fP"},
		"hookctl-get.1":                           {"hookctl get <webhook> [flags]", ".SH EXIT STATUS", "\\fB130\\fP", ".SH ENVIRONMENT", "\\fBHOOKCTL_CONFIG_DIR\\fP", ".SH FILES", "\\fBconfig.yaml\\fP", ".SH EXAMPLES"},
		"hookctl-exit-codes.7":                    {`.TH "HOOKCTL-EXIT-CODES" "7" "2026-11-28" "hookctl" "hookctl manual"`, "\\fB7\\fP", ".SH CODES IN JSON ERRORS"},
		"hookctl-environment.7":                   {"\\fBHOOKCTL_WUNDERTREOS_TOKEN\\fP"},
		"hookctl-formats.7":                       {"\\fBndjson\\fP", "\\fBconflicting-signatures\\fP", "\\fBfile:PATH\\fP"},
		"docs/reference/README.md":                {"- [hookctl create](hookctl_create.md): ", "- [Exit codes](exit-codes.md)"},
		"docs/reference/hookctl.md":               {"```\n  hookctl demo ", "[hookctl list-events](hookctl_list-events.md)"},
		"docs/reference/hookctl_create_zyntro.md": {"hookctl create zyntro [flags]", "**Secret**\n\n- `--secret-to SINK`: ", "- `--auth-type TYPE`: "},
		"docs/reference/hookctl_get.md":           {`\<webhook> is provider/id`, "hookctl get <webhook> [flags]"},
		"docs/reference/exit-codes.md":            {"| `7` | needs a human", "| `130` | interrupted, or "},
		"docs/reference/environment.md":           {"| `HOOKCTL_ZYNTRO_BASE_URL` | ", "| `HOOKCTL_WUNDERTREOS_TOKEN` | "},
		"docs/reference/formats.md":               {"| `ndjson` | ", "| `conflicting-signatures` | "},
		"completions/_hookctl":                    {"#compdef hookctl"},
		"completions/hookctl.bash":                {"complete "},
		"completions/hookctl.fish":                {"complete -c hookctl"},
		"completions/hookctl.ps1":                 {"Register-ArgumentCompleter"},
	} {
		for _, text := range texts {
			if !strings.Contains(string(files[name]), text) {
				t.Errorf("%s lacks %q:\n%s", name, text, files[name])
			}
		}
	}
	for name, page := range pages {
		sections := []string{"NAME", "DESCRIPTION", "SEE ALSO"}
		if strings.HasSuffix(name, ".1") {
			sections = append(sections, "SYNOPSIS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES")
		}
		for _, s := range sections {
			if bytes.Count(page, []byte("\n.SH "+s+"\n")) != 1 {
				t.Errorf("%s has not one section %s:\n%s", name, s, page)
			}
		}
		for _, noise := range []string{"[=false]", "[=true]", `=""`} {
			if bytes.Contains(page, []byte(noise)) {
				t.Errorf("%s has %s:\n%s", name, noise, page)
			}
		}
	}
}

// TestOnlyOurs shows that each page belongs to a command of ours: cobra adds
// help and completion commands of its own.
func TestOnlyOurs(t *testing.T) {
	t.Parallel()
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := manual(testDate)
	if err != nil {
		t.Fatal(err)
	}
	if files["docs/reference/hookctl_help.md"] == nil || pages["hookctl-help.1"] == nil {
		t.Error("a page of hookctl help is missing")
	}
	maps.Copy(files, pages)
	for name := range files {
		if strings.HasSuffix(name, "_help.md") && name != "docs/reference/hookctl_help.md" ||
			strings.HasSuffix(name, "-help.1") && name != "hookctl-help.1" {
			t.Errorf("%s is a page of cobra's own help command", name)
		}
	}
}

func TestProse(t *testing.T) {
	t.Parallel()
	got := prose("Read <this>, and `that`:\n\n  hookctl get <webhook>\n\n  hookctl list\n\nThen a * b.\n  last")
	want := "Read \\<this>, and \\`that\\`:\n\n```\n  hookctl get <webhook>\n\n  hookctl list\n```\n\nThen a \\* b.\n```\n  last\n```"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestManual makes the man pages as a release does.
func TestManual(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := run([]string{"man", dir, "2026-11-28T12:00:00Z"}); err != nil {
		t.Fatal(err)
	}
	page := read(t, dir, "hookctl-get.1")
	if !bytes.Contains(page, []byte(`"2026-11-28"`)) {
		t.Errorf("the page is:\n%s", page)
	}
	// Packages have the same pages, compressed as gzip -9n does.
	compressed := read(t, dir, "hookctl-get.1.gz")
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	same, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(same, page) || r.Name != "" || !r.ModTime.IsZero() || compressed[8] != 2 {
		t.Errorf("hookctl-get.1.gz: name %q, time %v, level %d, page:\n%s", r.Name, r.ModTime, compressed[8], same)
	}
	if err := run([]string{"man", dir, "today"}); err == nil {
		t.Error("a date that is none is taken")
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"a", "b"}} {
		if err := run(args); err == nil {
			t.Errorf("run(%v) takes it", args)
		}
	}
}

func read(t *testing.T, root, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
