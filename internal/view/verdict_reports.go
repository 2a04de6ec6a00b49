package view

import (
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// VerdictSink is told of each result, beside the output. Close is called once,
// also where the run was interrupted.
type VerdictSink interface {
	Add(r *verify.Result) error
	Close() error
}

// verdictJUnit tells a report of verdicts; counts tells which reasons make a failure.
type verdictJUnit struct {
	*JUnit
	counts func(signature.Reason) bool
}

// NewJUnit begins a report of verdicts; counts tells which reasons make a failure.
func NewJUnit(path string, counts func(signature.Reason) bool) (VerdictSink, error) {
	j, err := newJUnit(path, "hookctl verify")
	if err != nil {
		return nil, err
	}
	return verdictJUnit{j, counts}, nil
}

func (j verdictJUnit) Add(r *verify.Result) error { return j.add(verdictCase(r, j.counts(r.Reason))) }

// verdictCase is one delivery as a test case: a failure, an error where it could
// not be read, skipped where it is invalid for a reason that does not count.
func verdictCase(r *verify.Result, counts bool) testCase {
	c := testCase{class: classOf("verify", r.Provider), name: strings.TrimSpace(r.Source + " " + r.EventType)}
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
	W      io.Writer
	Counts func(signature.Reason) bool
	n      int
}

// Add writes one for a failure that counts.
func (a *Annotations) Add(r *verify.Result) error {
	if r.Valid || !a.Counts(r.Reason) || a.n == maxAnnotations {
		return nil
	}
	a.n++
	return term.WriteLine(a.W, annotation(r))
}

// Close does nothing.
func (a *Annotations) Close() error { return nil }

// place is the file, and the line if there is one, in a result's source.
var place = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)^(.*?)(?::([0-9]+)|#[0-9]+)?$`) })

// annotation is one failed delivery as a workflow command of GitHub Actions,
// which shows it at the file and line. Nothing in a delivery can end the
// command or add to it.
func annotation(r *verify.Result) string {
	command := "::error "
	if m := place().FindStringSubmatch(r.Source); m != nil && m[1] != "-" {
		command += "file=" + annotationProperty(m[1]) + ","
		if m[2] != "" {
			command += "line=" + m[2] + ","
		}
	}
	text := meaning(r.Reason)
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
