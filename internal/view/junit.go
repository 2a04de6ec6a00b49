package view

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// junitOpen is the beginning of a JUnit report, padded to [junitOpenSize] bytes, so
// that it can be put in place when the counts are known.
func junitOpen(suite string, c counts) []byte {
	head := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"",
		suite, c.total(), c[failed], c[errored], c[skipped])
	return fmt.Appendf(nil, "%-*s>\n", junitOpenSize-2, head)
}

// junitOpenSize holds four counts of any size.
const junitOpenSize = 256

// junitClose is the end of a report. A run that was broken off is one error more.
func junitClose(r *Report, broken error) []byte {
	var text []byte
	if broken != nil {
		text = junitCase(r.brokenOff(broken))
		r.counts[errored]++
	}
	return append(text, "</testsuite>\n</testsuites>\n"...)
}

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
