package view

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// JUnit is a report file. It is written beside its place and moved there when
// it is complete, so that nobody reads half of one.
type JUnit struct {
	path, suite string
	file        *os.File
	w           *bufio.Writer
	counts      map[ending]int
}

// testCase is a delivery in a report.
type testCase struct {
	class, name string
	ended       ending
	// Of one that has not passed: what was wrong in a line, in a word, and at length.
	message, kind string
	lines         []string
}

// ending is the element that says what became of a test case.
type ending string

const (
	passed  ending = ""
	failed  ending = "failure"
	errored ending = "error"
	skipped ending = "skipped"
)

// classOf is the class of a provider's deliveries in the reports of a command.
func classOf(command, provider string) string {
	if provider == "" {
		return "hookctl." + command
	}
	return "hookctl." + command + "." + provider
}

func newJUnit(path, suite string) (*JUnit, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".hookctl-report-*")
	if err != nil {
		return nil, reportError(path, err)
	}
	j := &JUnit{path: path, suite: suite, file: f, w: bufio.NewWriterSize(f, 64<<10), counts: map[ending]int{}}
	_, _ = j.w.Write(junitOpen(suite, nil)) // less than is gathered
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

func (j *JUnit) add(c testCase) error {
	j.counts[c.ended]++
	if _, err := j.w.Write(junitCase(c)); err != nil {
		return reportError(j.path, err)
	}
	return nil
}

// Close puts the report in its place. It is called once, also where the run was
// interrupted.
func (j *JUnit) Close() error {
	_, err := j.w.WriteString(junitClose)
	err = errors.Join(err, j.w.Flush())
	if err == nil {
		_, err = j.file.WriteAt(junitOpen(j.suite, j.counts), 0)
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

// junitOpen is the beginning of a JUnit report, padded to [junitOpenSize] bytes, so
// that it can be put in place when the counts are known.
func junitOpen(suite string, counts map[ending]int) []byte {
	tests := counts[passed] + counts[failed] + counts[errored] + counts[skipped]
	head := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"",
		suite, tests, counts[failed], counts[errored], counts[skipped])
	return fmt.Appendf(nil, "%-*s>\n", junitOpenSize-2, head)
}

// junitOpenSize holds four counts of any size.
const junitOpenSize = 256

// junitClose is the end of a report.
const junitClose = "</testsuite>\n</testsuites>\n"

func junitCase(c testCase) []byte {
	var b bytes.Buffer
	b.WriteString("<testcase classname=")
	xmlText(&b, c.class)
	b.WriteString(" name=")
	xmlText(&b, c.name)
	if c.ended == passed {
		b.WriteString("/>\n")
		return b.Bytes()
	}
	fmt.Fprintf(&b, ">\n<%s message=", c.ended)
	xmlText(&b, c.message)
	if c.ended != skipped {
		b.WriteString(" type=")
		xmlText(&b, c.kind)
		b.WriteString(">")
		var lines []string
		for _, line := range c.lines {
			lines = append(lines, term.Clean(line))
		}
		b.Write(xmlEscape(strings.Join(lines, "\n")))
		fmt.Fprintf(&b, "</%s>", c.ended)
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
