package view

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// JUnitOpen is the beginning of a JUnit report of n test cases, padded to
// [JUnitOpenSize] bytes, so that it can be put in place when the counts are
// known.
func JUnitOpen(tests, failures, errors, skipped int) []byte {
	head := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"hookctl verify\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"", tests, failures, errors, skipped)
	return fmt.Appendf(nil, "%-*s>\n", JUnitOpenSize-2, head)
}

// JUnitOpenSize holds four counts of any size.
const JUnitOpenSize = 256

// JUnitClose is the end of a report.
const JUnitClose = "</testsuite>\n</testsuites>\n"

// JUnitCase is one delivery as a test case: a failure, an error where it could
// not be read, skipped where it is invalid for a reason that does not count.
func JUnitCase(r *verify.Result, counts bool) []byte {
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

// place is the file, and the line if there is one, in a result's source.
var place = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)^(.*?)(?::([0-9]+)|#[0-9]+)?$`) })

// Annotation is one failed delivery as a workflow command of GitHub Actions,
// which shows it at the file and line. Nothing in a delivery can end the
// command or add to it.
func Annotation(r *verify.Result) string {
	command := "::error "
	if m := place().FindStringSubmatch(r.Source); m != nil && m[1] != "-" {
		command += "file=" + annotationProperty(m[1]) + ","
		if m[2] != "" {
			command += "line=" + m[2] + ","
		}
	}
	text := reasonSentences[r.Reason]
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
