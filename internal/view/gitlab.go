package view

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// codeIssue is an entry of a GitLab code quality report, with the members that
// GitLab documents as required.
type codeIssue struct {
	Description string       `json:"description"`
	Check       string       `json:"check_name"`
	Fingerprint string       `json:"fingerprint"`
	Severity    string       `json:"severity"`
	Location    codeLocation `json:"location"`
}

type codeLocation struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

// gitlabIssue is a delivery that has failed, as an entry of the list. Its
// fingerprint tells it from others, and is the same in the next run.
func gitlabIssue(bad int, c testCase) []byte {
	severity := "major"
	switch c.ended {
	case passed, skipped:
		return nil
	case errored:
		severity = "critical"
	}
	path, line := placeOf(c.source)
	sum := sha256.Sum256([]byte(c.class + "\x00" + c.source + "\x00" + c.kind))
	issue := codeIssue{
		Description: term.Clean(strings.TrimSpace(c.name) + ": " + c.message),
		Check:       c.class + "." + c.kind, Fingerprint: hex.EncodeToString(sum[:]), Severity: severity,
		Location: codeLocation{Path: term.Clean(filepath.ToSlash(filepath.Clean(path)))},
	}
	issue.Location.Lines.Begin = max(1, line)
	text, _ := json.Marshal(issue) // strings and a number
	between := ",\n"
	if bad == 0 {
		between = "[\n"
	}
	return term.EscapeCommands(append([]byte(between), text...), `\u0023`, `\u003a`)
}

func gitlabClose(_ string, c counts, _ bool) []byte {
	if c.bad() == 0 {
		return []byte("[]\n")
	}
	return []byte("\n]\n")
}
