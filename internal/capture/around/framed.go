package around

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture/message"
)

// framed finds a table that is drawn with lines, as sqlite3 and MySQL print one. Long
// cells go on in the lines below. Each row is a JSON object.
func framed(head []byte, names []string) (l Layer, ok bool) {
	f := frame{}
	for line := range bytes.Lines(message.TrimBOM(head)) {
		if drawn := isDrawn(line); f.bars != nil {
			ok = drawn
			break
		} else if !drawn && len(bytes.TrimSpace(line)) > 0 && !f.titles(line) {
			break
		}
	}
	if !ok {
		return l, false
	}
	return Layer{Note: "it is a row of a table", lines: func(fill bool) func([]byte) []byte {
		var text joiner
		var row [][]byte // the cells so far
		begun := false
		end := func() []byte {
			raw, cells := text.text, row
			for i, cell := range cells {
				cells[i] = bytes.TrimRight(cell, " ")
			}
			if row = nil; text.held > 0 {
				if object := objectOf(f.columns, cells, names); keeps(raw, object, names) {
					text.text = object
				} else {
					text.text = bytes.TrimSuffix(raw, []byte("\n"))
				}
			}
			return text.flush(fill)
		}
		return func(line []byte) []byte {
			cells := f.cells(line)
			if row != nil && cells != nil && strings.TrimSpace(cells[0]) == "" && len(text.text) <= largestRow {
				for i, cell := range cells {
					row[i] = append(row[i], cell...)
				}
				text.add(line)
				return nil
			}
			out := end()
			switch {
			case isDrawn(line), cells != nil && !begun:
				begun = begun || cells != nil
				return append(out, '\n')
			case cells == nil:
				return append(out, line...)
			}
			for _, cell := range cells {
				row = append(row, []byte(cell))
			}
			text.add(line)
			return out
		}
	}}, true
}

// frame is how a table is drawn: what its columns are called, and between which
// characters of a line they are.
type frame struct {
	columns [][]byte
	bars    []int
}

func isBar(c rune) bool { return c == '|' || c == '│' }

// isDrawn reports whether a line is above, below or between rows.
func isDrawn(line []byte) bool {
	text := string(bytes.TrimSpace(line))
	return len(text) > 2 && strings.Trim(text, "+-|:=┌┬┐├┼┤└┴┘─│╞╪╡═") == ""
}

// titles takes the line that names the columns.
func (f *frame) titles(line []byte) bool {
	runes := []rune(string(bytes.TrimRight(line, "\r\n ")))
	for i, c := range runes {
		if isBar(c) {
			f.bars = append(f.bars, i)
		}
	}
	last := len(f.bars) - 1
	if last < 2 || f.bars[0] != 0 || f.bars[last] != len(runes)-1 {
		f.bars = nil
		return false
	}
	for _, title := range f.cells(line) {
		f.columns = append(f.columns, []byte(strings.TrimSpace(title)))
	}
	return true
}

// cells are those of a line of the table, with the blanks that fill them; nil for any
// other line.
func (f *frame) cells(line []byte) (cells []string) {
	runes := []rune(string(bytes.TrimRight(line, "\r\n ")))
	if len(runes) != f.bars[len(f.bars)-1]+1 || !utf8.Valid(line) {
		return nil
	}
	for i, at := range f.bars {
		if !isBar(runes[at]) {
			return nil
		}
		if i > 0 {
			inner := runes[f.bars[i-1]+1 : at]
			if len(inner) < 2 {
				return nil
			}
			cells = append(cells, string(inner[1:len(inner)-1]))
		}
	}
	return cells
}
