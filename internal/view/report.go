package view

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// Report is a file beside the output that tells of deliveries as test cases. It is
// written beside its place and moved there when it is complete, so that nobody reads
// half of one; a summary is added to what is in its file.
type Report struct {
	reportKind
	path, of string
	project  string              // the directory that the repository is in; the present one where it is empty
	hide     func(string) string // takes out of an error's text what must not be repeated
	file     *os.File
	w        *bufio.Writer
	counts   counts
}

// reportKind is a kind of --report. Its writers return what comes next in the file;
// open is called again in the end, with the counts, where it returns anything, and
// returns as many bytes then. broken is why the run did not come to its end.
type reportKind struct {
	name  string
	adds  bool // to a file that others write too
	open  func(of string, c counts) []byte
	test  func(r *Report, c testCase) []byte // r counts those before c
	close func(r *Report, broken error) []byte
}

var reportKinds = []reportKind{
	{name: "junit", open: junitOpen, test: func(_ *Report, c testCase) []byte { return junitCase(c) }, close: junitClose},
	{name: "summary", adds: true, open: noOpening, test: summaryRow, close: summaryClose},
	{name: "gitlab", open: noOpening, test: gitlabIssue, close: gitlabClose},
}

func noOpening(string, counts) []byte { return nil }

// ReportKinds are what a value of --report begins with.
func ReportKinds() (kinds []string) {
	for _, k := range reportKinds {
		kinds = append(kinds, k.name+"=")
	}
	return kinds
}

// testCase is a delivery in a report.
type testCase struct {
	class, name, source string
	ended               ending
	// Of one that has not passed: what was wrong in a line, in a word, and at length.
	message, kind string
	lines         []string
}

// ending is the element of a JUnit report that says what became of a test case.
type ending string

const (
	passed  ending = ""
	failed  ending = "failure"
	errored ending = "error"
	skipped ending = "skipped"
)

// counts is how many test cases ended in which way.
type counts map[ending]int

// bad is how many have failed or could not be read.
func (c counts) bad() int { return c[failed] + c[errored] }

func (c counts) total() int { return c[passed] + c[failed] + c[errored] + c[skipped] }

// classOf is the class of a provider's deliveries in the reports of a command.
func classOf(command, provider string) string {
	if provider == "" {
		return "hookctl." + command
	}
	return "hookctl." + command + "." + provider
}

// NewReport begins the report that a value of --report asks for; of is the command
// that it tells of, and project the directory that the repository is in, if that is known.
// hide takes out of an error's text what must not be repeated.
func NewReport(spec, of, project string, hide func(string) string) (*Report, error) {
	kind, path, _ := strings.Cut(spec, "=")
	i := slices.IndexFunc(reportKinds, func(k reportKind) bool { return k.name == kind })
	if i < 0 || path == "" {
		return nil, fault.Usagef("--report %q is not one of %sFILE", spec, strings.Join(ReportKinds(), "FILE, ")).
			WithHint("for instance: --report junit=deliveries.xml")
	}
	dir := filepath.Dir(path)
	if reportKinds[i].adds { // it need not be moved, and what cannot be added to is found now
		to, err := openToAdd(path)
		if err == nil {
			err = to.Close()
		}
		if err != nil {
			return nil, reportError(path, err)
		}
		dir = ""
	}
	f, err := os.CreateTemp(dir, ".hookctl-report-*")
	if err != nil {
		return nil, reportError(path, err)
	}
	r := &Report{reportKind: reportKinds[i], path: path, of: of, project: project, hide: hide, file: f, w: bufio.NewWriterSize(f, 64<<10), counts: counts{}}
	_, _ = r.w.Write(r.open(of, nil)) // less than is gathered
	return r, nil
}

// reportError names the report and not the file beside it that becomes it. That of nil
// is nil.
func reportError(path string, err error) error {
	var le *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &le):
		err = le.Err
	}
	return fault.Errorf(fault.Other, "writing the report %s failed: %w", path, durable.WithoutPath(err)).
		WithHint("choose a file in a directory that exists and that you can write to")
}

func (r *Report) add(c testCase) error {
	text := r.test(r, c)
	r.counts[c.ended]++
	_, err := r.w.Write(text)
	return reportError(r.path, err)
}

// brokenOff is a run that did not come to its end, as a test case: without one, what
// came before would look like a run that passed.
func (r *Report) brokenOff(broken error) testCase {
	text := strings.ReplaceAll(r.hide(broken.Error()), "\n", "; ")
	return testCase{class: strings.ReplaceAll(r.of, " ", "."), name: r.of, ended: errored, kind: "broken-off", message: text, lines: []string{text}}
}

// Close puts the report in its place. It is called once; broken is why the run did
// not come to its end, if it did not.
func (r *Report) Close(broken error) error {
	_, err := r.w.Write(r.reportKind.close(r, broken))
	err = errors.Join(err, r.w.Flush())
	if err == nil {
		_, err = r.file.WriteAt(r.open(r.of, r.counts), 0)
	}
	if err == nil && r.adds {
		return errors.Join(r.addTo(), r.file.Close(), os.Remove(r.file.Name()))
	}
	if err == nil {
		err = r.file.Chmod(0o644) // as other reports: temporary files are for their owner only
	}
	err = errors.Join(err, r.file.Close())
	if err == nil {
		err = os.Rename(r.file.Name(), r.path)
	}
	if err != nil {
		return errors.Join(reportError(r.path, err), os.Remove(r.file.Name()))
	}
	return nil
}

func openToAdd(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
}

// addTo adds the report to what is in the file.
func (r *Report) addTo() error {
	_, err := r.file.Seek(0, io.SeekStart)
	if err != nil {
		return reportError(r.path, err)
	}
	to, err := openToAdd(r.path)
	if err != nil {
		return reportError(r.path, err)
	}
	_, err = io.Copy(to, r.file)
	return reportError(r.path, errors.Join(err, to.Close()))
}
