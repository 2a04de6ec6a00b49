package internal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
)

// changing are the names of package os by which the disk is changed.
var changing = strings.Fields("Chmod Chown Create CreateTemp Link Mkdir MkdirAll MkdirTemp OpenFile OpenRoot Remove RemoveAll Rename Symlink Truncate WriteFile")

// onTheirOwn are the files that change the disk without internal/durable, and why
// nothing is lost when the power goes. One that no longer does fails the test.
var onTheirOwn = map[string]string{
	"internal/sink/github.go":     "appends to the runner's file, which ends with the job",
	"internal/view/report.go":     "a report is made again by the same command",
	"internal/cli/sandbox.go":     "a directory that is removed at the end",
	"internal/demo/demo.go":       "a directory that is removed at the end",
	"internal/demo/receiver.go":   "the same",
	"internal/sandbox/place.go":   "what a sandbox keeps ends with its process, and a state is tried before it is used",
	"internal/docgen/main.go":     "writes into the source",
	"internal/docgen/pictures.go": "a directory that is removed at the end",

	"internal/tunnel/tunneltest/tunneltest.go": "stands in for other programs, in tests",
}

// TestDisk: what must survive a power cut goes through the calls of
// internal/durable, where tests can record it and cut the power.
func TestDisk(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	problems, used := checkDisk(sources(t), onTheirOwn)
	compare(t, problems, nil)
	for path := range onTheirOwn {
		if !used[path] {
			t.Errorf("%s does not change the disk any more: remove the exception", path)
		}
	}
}

func checkDisk(files []source, exceptions map[string]string) (problems []string, used map[string]bool) {
	used = map[string]bool{}
	for _, f := range files {
		if f.isTest() || strings.HasPrefix(f.dir(), "internal/durable") {
			continue
		}
		for _, u := range uses(f) {
			if u.path != "os" || !slices.Contains(changing, u.name) {
				continue
			}
			if _, ok := exceptions[f.path]; ok {
				used[f.path] = true
				continue
			}
			problems = append(problems, fmt.Sprintf("%s: os.%s: use the calls of internal/durable", f.at(u.pos), u.name))
		}
	}
	return problems, used
}

func TestCheckDisk(t *testing.T) {
	t.Parallel()
	got, used := checkDisk([]source{
		parse(t, "internal/sink/a.go", `package sink
import "os"
func f() { os.Rename("a", "b"); os.Open("a"); os.WriteFile("a", nil, 0) }`),
		parse(t, "internal/sink/a_test.go", `package sink
import "os"
func f() { os.Remove("a") }`),
		parse(t, "internal/durable/calls.go", `package durable
import "os"
var remove = os.Remove`),
		parse(t, "internal/cli/demo.go", `package cli
import "os"
func f() { os.RemoveAll("a") }`),
	}, map[string]string{"internal/cli/demo.go": ""})
	compare(t, got, []string{
		"internal/sink/a.go:3: os.Rename: use the calls of internal/durable",
		"internal/sink/a.go:3: os.WriteFile: use the calls of internal/durable",
	})
	if !used["internal/cli/demo.go"] {
		t.Error("the exception was not noticed")
	}
}
