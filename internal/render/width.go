package render

import (
	"bytes"
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// gap stands between two columns; narrowGap where the terminal is too narrow.
const (
	gap       = "   "
	narrowGap = "  "
)

// appendRow adds cells padded to widths, without blanks at the end. What paint makes
// of a cell is as wide as the cell.
func appendRow(b *bytes.Buffer, cells []string, widths []int, between string, paint painter) {
	var line strings.Builder
	for i, cell := range cells {
		line.WriteString(paint(i, cell))
		if i < len(cells)-1 {
			line.WriteString(strings.Repeat(" ", max(0, widths[i]-term.Width(cell))))
			line.WriteString(between)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " "))
	b.WriteByte('\n')
}

// painter is a cell in its colour; i is its column's place in the line.
type painter func(i int, cell string) string

func unpainted(_ int, cell string) string { return cell }

// bold is s in bold where colour is wanted.
func (p *Printer) bold(s string) string {
	if !p.opts.Color || s == "" {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}
