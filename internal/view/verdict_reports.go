package view

import (
	"io"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// AddVerdict adds a delivery that was verified; counts says whether its reason makes a
// failure.
func (r *Report) AddVerdict(v *verify.Result, counts bool) error {
	return r.add(verdictCase(v, counts))
}

// verdictCase is one delivery as a test case: a failure, an error where it could
// not be read, skipped where it is invalid for a reason that does not count.
func verdictCase(r *verify.Result, counts bool) testCase {
	c := testCase{class: classOf("verify", r.Provider), name: strings.TrimSpace(r.Source + " " + r.EventType), source: r.Source}
	switch {
	case r.Valid:
		return c
	case !counts:
		c.ended = skipped
	case r.Reason == signature.Unreadable:
		c.ended = errored
	default:
		c.ended = failed
	}
	c.message, c.kind = why(r), string(r.Reason)
	for _, f := range VerdictReport(r) {
		c.lines = append(c.lines, f.Label+": "+f.Text())
	}
	return c
}

// maxAnnotations is how many GitHub shows of one step.
const maxAnnotations = 10

// Annotations are workflow commands of GitHub Actions. They belong on standard
// error, where they cannot get into data.
type Annotations struct {
	W       io.Writer
	Project string // the directory that the repository is in; the present one where it is empty
	n       int
}

// Add writes one for a failure that counts.
func (a *Annotations) Add(r *verify.Result, counts bool) error {
	if r.Valid || !counts || a.n == maxAnnotations {
		return nil
	}
	a.n++
	return term.WriteLine(a.W, annotation(r, a.Project))
}

// place is the file, and the line if there is one, in a result's source.
var place = pattern.Of(`(?s)^(.*?)(?::([0-9]+)|#[0-9]+)?$`)

// placeOf is the file that a source names, and the line in it; 0 where it names none.
func placeOf(source string) (path string, line int) {
	m := place().FindStringSubmatch(source) // any text fits
	line, _ = strconv.Atoi(m[2])
	return m[1], line
}

// annotation is one failed delivery as a workflow command of GitHub Actions,
// which shows it at the file and line. Nothing in a delivery can end the
// command or add to it.
func annotation(r *verify.Result, project string) string {
	command := "::error "
	if path, line := placeOf(r.Source); path != "-" {
		command += "file=" + annotationProperty(inProject(path, project)) + ","
		if line > 0 {
			command += "line=" + strconv.Itoa(line) + ","
		}
	}
	text := meaningOf(r)
	for _, f := range r.Diagnosis {
		text += "\n" + f.Cause + ": " + f.Explanation + " " + f.Fix
	}
	if len(r.Diagnosis) == 0 {
		text += "\n" + strings.Join(r.Notes, "\n")
	}
	return command + "title=" + annotationProperty("hookctl: "+why(r)) + "::" + annotationData(term.CleanBlock(strings.TrimSpace(text)))
}

func annotationData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(term.Break(s))
}

func annotationProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(annotationData(term.Clean(s)))
}
