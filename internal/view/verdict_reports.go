package view

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
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

// junit is a report file. It is written beside its place and moved there when
// it is complete, so that nobody reads half of one.
type junit struct {
	path   string
	counts func(signature.Reason) bool
	file   *os.File
	w      *bufio.Writer

	tests, failures, errors, skipped int
}

// NewJUnit begins a report; counts tells which reasons make a failure.
func NewJUnit(path string, counts func(signature.Reason) bool) (VerdictSink, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".hookctl-report-*")
	if err != nil {
		return nil, reportError(path, err)
	}
	j := &junit{path: path, counts: counts, file: f, w: bufio.NewWriterSize(f, 64<<10)}
	_, _ = j.w.Write(junitOpen(0, 0, 0, 0)) // less than is gathered
	return j, nil
}

// reportError names the report and not the file beside it that becomes it.
func reportError(path string, err error) error {
	var le *os.LinkError
	if errors.As(err, &le) {
		err = le.Err
	}
	return fault.Errorf(fault.Other, "writing the report %s failed: %w", path, durable.WithoutPath(err)).
		WithHint("name a file in a directory that is there and that you can write to")
}

func (j *junit) Add(r *verify.Result) error {
	counts := j.counts(r.Reason)
	j.tests++
	switch {
	case r.Valid:
	case !counts:
		j.skipped++
	case r.Reason == signature.Unreadable:
		j.errors++
	default:
		j.failures++
	}
	if _, err := j.w.Write(junitCase(r, counts)); err != nil {
		return reportError(j.path, err)
	}
	return nil
}

func (j *junit) Close() error {
	_, err := j.w.WriteString(junitClose)
	err = errors.Join(err, j.w.Flush())
	if err == nil {
		_, err = j.file.WriteAt(junitOpen(j.tests, j.failures, j.errors, j.skipped), 0)
	}
	if err == nil {
		err = j.file.Chmod(0o644) // as other reports: temporary files are for their owner only
	}
	err = errors.Join(err, j.file.Close())
	if err == nil {
		err = os.Rename(j.file.Name(), j.path)
	}
	if err != nil {
		return errors.Join(reportError(j.path, err), os.Remove(j.file.Name()))
	}
	return nil
}

// junitOpen is the beginning of a JUnit report of n test cases, padded to
// [junitOpenSize] bytes, so that it can be put in place when the counts are
// known.
func junitOpen(tests, failures, errors, skipped int) []byte {
	head := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"hookctl verify\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"", tests, failures, errors, skipped)
	return fmt.Appendf(nil, "%-*s>\n", junitOpenSize-2, head)
}

// junitOpenSize holds four counts of any size.
const junitOpenSize = 256

// junitClose is the end of a report.
const junitClose = "</testsuite>\n</testsuites>\n"

// junitCase is one delivery as a test case: a failure, an error where it could
// not be read, skipped where it is invalid for a reason that does not count.
func junitCase(r *verify.Result, counts bool) []byte {
	var b bytes.Buffer
	class := "hookctl.verify"
	if r.Provider != "" {
		class += "." + r.Provider
	}
	b.WriteString("<testcase classname=")
	xmlText(&b, class)
	b.WriteString(" name=")
	xmlText(&b, strings.TrimSpace(r.Source+" "+r.EventType))
	if r.Valid {
		b.WriteString("/>\n")
		return b.Bytes()
	}
	element := "failure"
	switch {
	case !counts:
		element = "skipped"
	case r.Reason == signature.Unreadable:
		element = "error"
	}
	fmt.Fprintf(&b, ">\n<%s message=", element)
	xmlText(&b, why(r))
	if element != "skipped" {
		b.WriteString(" type=")
		xmlText(&b, string(r.Reason))
		b.WriteString(">")
		var lines []string
		for _, f := range VerdictReport(r) {
			lines = append(lines, term.Clean(f.Label+": "+f.Text()))
		}
		b.Write(xmlEscape(strings.Join(lines, "\n")))
		fmt.Fprintf(&b, "</%s>", element)
	} else {
		b.WriteString("/>")
	}
	b.WriteString("\n</testcase>\n")
	return b.Bytes()
}

// xmlText writes an attribute's value with its quotes.
func xmlText(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	b.Write(xmlEscape(term.Clean(s)))
	b.WriteByte('"')
}

// xmlEscape is s as text in XML, without commands for a CI runner that prints
// the report.
func xmlEscape(s string) []byte {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes all
	return term.EscapeCommands(b.Bytes(), "&#35;", "&#58;")
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
