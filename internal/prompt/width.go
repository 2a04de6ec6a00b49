package prompt

import (
	"strings"

	xterm "golang.org/x/term"

	"github.com/hookctl/hookctl/internal/term"
)

// size is the terminal's; no columns where it has none.
func (p *prompter) size() (cols, rows int) {
	cols, rows, err := xterm.GetSize(int(p.o.Err.Fd()))
	if err != nil || cols <= 0 {
		return 0, 24
	}
	return cols, rows
}

// wrap breaks text between words into lines of fewer than cols columns, so that what
// is typed behind it has one at least. 0 columns: as it is.
func wrap(text string, cols int) string {
	if cols == 0 {
		return text
	}
	bare := strings.TrimRight(text, " ")
	return term.Wrap("", bare, cols-1) + text[len(bare):]
}

// tail shortens s to at most cols columns, the first of them an ellipsis.
func tail(s string, cols int) string {
	if term.Width(s) <= cols {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && term.Width(string(runes)) >= cols {
		runes = runes[1:]
	}
	return "…" + string(runes)
}
