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

// gitlabNoFile is the place of what is in no file, such as deliveries from standard
// input: where the job is declared, usually. GitLab wants a file of the repository.
const gitlabNoFile = ".gitlab-ci.yml"

// gitlabIssue is a delivery that has failed, as an entry of the list. Its
// fingerprint tells it from others, and is the same in the next run, wherever the
// runner puts the repository then.
func gitlabIssue(r *Report, c testCase) []byte {
	severity := "major"
	switch c.ended {
	case passed, skipped:
		return nil
	case errored:
		severity = "critical"
	}
	path, line := placeOf(c.source)
	name, found := strings.CutPrefix(c.name, path)
	at := strings.TrimPrefix(c.source, path)
	if path == "" || path == "-" {
		path, line, at, name = gitlabNoFile, 0, c.source, c.name
	} else if path = inProject(path, r.project); found {
		name = path + name
	}
	sum := sha256.Sum256([]byte(c.class + "\x00" + path + "\x00" + at + "\x00" + c.kind))
	issue := codeIssue{
		Description: term.Clean(strings.TrimSpace(name) + ": " + c.message),
		Check:       c.class + "." + c.kind, Fingerprint: hex.EncodeToString(sum[:]), Severity: severity,
		Location: codeLocation{Path: term.Clean(path)},
	}
	issue.Location.Lines.Begin = max(1, line)
	text, _ := json.Marshal(issue) // strings and a number
	between := ",\n"
	if r.counts.bad() == 0 {
		between = "[\n"
	}
	return term.EscapeCommands(append([]byte(between), text...), `\u0023`, `\u003a`)
}

func gitlabClose(r *Report, broken error) []byte {
	var text []byte
	switch {
	case broken != nil:
		text = gitlabIssue(r, r.brokenOff(broken))
	case r.counts.bad() == 0:
		return []byte("[]\n")
	}
	return append(text, "\n]\n"...)
}

// inProject is the path of a file as others find it in the repository that is in dir
// (the present directory, if that is empty): relative, and with slashes. Of one that is
// elsewhere it is the whole path, still relative.
func inProject(path, dir string) string {
	path, err := filepath.Abs(path)
	root, rerr := filepath.Abs(dir)
	if err != nil || rerr != nil {
		return filepath.ToSlash(path)
	}
	rel, err := filepath.Rel(root, path)
	if err != nil || !filepath.IsLocal(rel) { // one may be named through a symbolic link
		if real, err := filepath.EvalSymlinks(root); err == nil {
			root = real
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		rel, err = filepath.Rel(root, path)
	}
	if err != nil || !filepath.IsLocal(rel) {
		rel = strings.TrimLeft(path[len(filepath.VolumeName(path)):], string(filepath.Separator))
	}
	return filepath.ToSlash(rel)
}
