package render

import (
	"bytes"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// gap stands between two columns; narrowGap where the terminal is too narrow.
const (
	gap       = "   "
	narrowGap = "  "
)

// width is how many terminal columns s takes: two for CJK and for an emoji,
// however many runes it is joined from.
func width(s string) int { return displaywidth.String(s) }

// cut shortens s to at most max columns, the last of them an ellipsis.
func cut(s string, max int) string {
	if width(s) <= max {
		return s
	}
	return displaywidth.TruncateString(s, max, "…")
}

// appendRow adds cells padded to widths, without blanks at the end.
func appendRow(b *bytes.Buffer, cells []string, widths []int, between string) {
	var line strings.Builder
	for i, cell := range cells {
		line.WriteString(cell)
		if i < len(cells)-1 {
			line.WriteString(strings.Repeat(" ", max(0, widths[i]-width(cell))))
			line.WriteString(between)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " "))
	b.WriteByte('\n')
}

// bold is s in bold where colour is wanted.
func (p *Printer) bold(s string) string {
	if !p.opts.Color || s == "" {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}
