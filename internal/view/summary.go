package view

import (
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// mostSummaryRows and mostSummaryText bound a summary, whatever is in a delivery: GitHub
// shows none of more than one MiB.
const (
	mostSummaryRows = 100
	mostSummaryText = 500 // characters of a name or a message
)

// summaryRow is a delivery that has failed, as a row of a table in Markdown.
func summaryRow(r *Report, c testCase) []byte {
	bad := r.counts.bad()
	if c.ended != failed && c.ended != errored || bad >= mostSummaryRows {
		return nil
	}
	row := ""
	if bad == 0 {
		row = "| Delivery | Problem |\n| --- | --- |\n"
	}
	return fmt.Appendf([]byte(row), "| %s | %s |\n", markdown(c.name), markdown(c.message))
}

// summaryClose says in a sentence what came of all.
func summaryClose(r *Report, broken error) []byte {
	c := r.counts
	var b strings.Builder
	if more := c.bad() - mostSummaryRows; more > 0 {
		fmt.Fprintf(&b, "\n... and %d more\n", more)
	}
	verdict := "✅ passed"
	switch {
	case broken != nil:
		verdict = "❌ incomplete"
	case c.bad() > 0 || c.total() == 0:
		verdict = "❌ failed"
	}
	fmt.Fprintf(&b, "\n**%s** %s: %s", r.of, verdict, term.Plural(c.total(), "delivery", "deliveries"))
	for _, part := range []struct {
		n    int
		what string
	}{{c[failed], "failed"}, {c[errored], "unreadable"}, {c[skipped], "skipped"}} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %d %s", part.n, part.what)
		}
	}
	if broken != nil {
		fmt.Fprintf(&b, ". %s", markdown(r.brokenOff(broken).message))
	}
	b.WriteString("\n\n")
	return []byte(b.String())
}

// markdown is a text of others as text in Markdown: a reader sees what it is, and
// nothing in it is a link, a picture, HTML or the end of a cell.
func markdown(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range term.Clean(s) {
		if n++; n > mostSummaryText {
			b.WriteString("…")
			break
		}
		switch {
		case r == '&', r == '<', r == '>', r == '@': // a backslash does not keep a mention
			fmt.Fprintf(&b, "&#%d;", r)
		case r > ' ' && r < 0x7f && !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') && r != '.' && r != ',' && r != ' ':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return strings.ReplaceAll(b.String(), "www.", `www\.`) // a link to GitHub, without a scheme too
}
