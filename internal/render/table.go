package render

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"

	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/term"
)

const (
	comfortable = 12 // a flexible column keeps this while there is another one to leave out
	least       = 4  // and this in any case: three characters and an ellipsis

	longTable = 1000 // rows: more are laid out without the library
	widestPad = 500  // no cell is padded beyond this, whatever the others have: one of 100 kB would make each row as long
)

// appendGrid adds a table: titles, then a line for each row.
func (p *Printer) appendGrid(b *bytes.Buffer, g *Grid) error {
	columns, lines := cleanGrid(g)
	between, kept := gap, everyOne(columns)
	if p.opts.TTY && p.opts.Width > 0 {
		columns, lines, kept, between = fit(columns, lines, p.opts.Width)
	}
	widths := make([]int, len(columns))
	for i := range columns {
		widths[i] = widest(lines, i)
	}
	if len(lines) > longTable || slices.Max(append(widths, 0)) > widestPad {
		p.appendLong(b, lines, widths, between, func(row int) painter { return p.painter(columns, kept, g.Rows[row]) })
		return nil
	}
	// The library writes into a buffer: its Render does not say when the writer fails.
	var raw bytes.Buffer
	hide := &placeholders{}
	t := tablewriter.NewWriter(&raw)
	t.SetNoWhiteSpace(true)
	t.SetTablePadding(between)
	t.SetBorder(false)
	t.SetHeaderLine(false)
	t.SetColumnSeparator("")
	t.SetAutoFormatHeaders(false)
	t.SetAutoWrapText(false)
	t.SetHeaderAlignment(tablewriter.ALIGN_LEFT)
	t.SetAlignment(tablewriter.ALIGN_LEFT)
	t.SetHeader(hide.row(lines[0], unpainted))
	for i, line := range lines[1:] {
		t.Append(hide.row(line, p.painter(columns, kept, g.Rows[i])))
	}
	t.Render()
	first := true
	for line := range strings.Lines(hide.restore(raw.String())) {
		line = strings.TrimRight(line, " \n")
		if first {
			line, first = p.bold(line), false
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return nil
}

// appendLong adds what appendGrid would, without the library, which takes 20
// times as long. Cells that are wider than widestPad stand out of their columns.
func (p *Printer) appendLong(b *bytes.Buffer, lines [][]string, widths []int, between string, of func(row int) painter) {
	for i := range widths {
		widths[i] = min(widths[i], widestPad)
	}
	var titles bytes.Buffer
	appendRow(&titles, lines[0], widths, between, unpainted)
	b.WriteString(p.bold(strings.TrimSuffix(titles.String(), "\n")) + "\n")
	for i, line := range lines[1:] {
		appendRow(b, line, widths, between, of(i))
	}
}

// painter colours the cells of a line of columns by the whole cells of its row, of
// which those are kept.
func (p *Printer) painter(columns []Column, kept []int, row []string) painter {
	if !p.opts.Color {
		return unpainted
	}
	return func(i int, cell string) string {
		if tone := columns[i].Tone; tone != nil && kept[i] < len(row) {
			return tone(row[kept[i]]).Paint(cell, true)
		}
		return cell
	}
}

// everyOne are the places of all columns.
func everyOne(columns []Column) []int {
	kept := make([]int, len(columns))
	for i := range kept {
		kept[i] = i
	}
	return kept
}

// cleanGrid is g's columns and its lines, titles first: every cell clean, and
// as many in each line as there are columns.
func cleanGrid(g *Grid) ([]Column, [][]string) {
	lines := make([][]string, 0, len(g.Rows)+1)
	titles := make([]string, len(g.Columns))
	for i, c := range g.Columns {
		titles[i] = term.Clean(c.Title)
	}
	lines = append(lines, titles)
	for _, row := range g.Rows {
		lines = append(lines, cleanRow(row, len(g.Columns)))
	}
	return g.Columns, lines
}

func cleanRow(row []string, columns int) []string {
	cells := make([]string, columns)
	for i := range min(columns, len(row)) {
		cells[i] = term.Clean(row[i])
	}
	return cells
}

// fit makes the table as narrow as limit if it can, by ever harder means: the
// columns move together and their cells take the short forms that they have;
// the flexible ones are cut; columns are left out so that no other is cut too
// much; and then the flexible ones are cut further. A table that is still too
// wide stays so: half a status is worse than a line that wraps. The last answers
// are the places of the columns that are left, and what stands between two.
func fit(columns []Column, lines [][]string, limit int) ([]Column, [][]string, []int, string) {
	widths := make([]int, len(columns))
	for i := range columns {
		widths[i] = widest(lines, i)
	}
	if excess(widths, gap, limit) <= 0 {
		return columns, lines, everyOne(columns), gap
	}
	for i, c := range columns {
		if c.Short == nil || excess(widths, narrowGap, limit) <= 0 {
			continue
		}
		for row, line := range lines[1:] {
			line[i] = term.Clean(c.Short(row, line[i]))
		}
		widths[i] = widest(lines, i)
	}
	kept, shrunk, _ := narrow(columns, widths, limit)
	for i, line := range lines {
		lines[i] = pick(line, kept)
	}
	return pick(columns, kept), cutCells(lines, pick(widths, kept), shrunk), kept, narrowGap
}

// narrow is which columns stay, and how wide they are, so that a line fits limit if it
// can; readable is false where the flexible ones are too narrow then.
func narrow(columns []Column, widths []int, limit int) (kept, shrunk []int, readable bool) {
	kept = everyOne(columns)
	for {
		if shrunk, ok := shrink(pick(columns, kept), pick(widths, kept), limit, comfortable); ok {
			return kept, shrunk, true
		}
		next := leaveOut(pick(columns, kept))
		if next < 0 {
			break
		}
		kept = slices.Delete(kept, next, next+1)
	}
	shrunk, _ = shrink(pick(columns, kept), pick(widths, kept), limit, least)
	return kept, shrunk, false
}

func pick[T any](of []T, kept []int) []T {
	out := make([]T, len(kept))
	for i, k := range kept {
		out[i] = of[k]
	}
	return out
}

// widest is how wide the cells of column i are.
func widest(lines [][]string, i int) int {
	most := 0
	for _, line := range lines {
		most = max(most, term.Width(line[i]))
	}
	return most
}

// excess is by how much columns of such widths are wider than limit.
func excess(widths []int, between string, limit int) int {
	n := (len(widths)-1)*len(between) - limit
	for _, w := range widths {
		n += w
	}
	return n
}

// leaveOut is the column to leave out next: the last optional one, then those
// with the highest Spare. It is -1 if there is none.
func leaveOut(columns []Column) int {
	next := -1
	for i, c := range columns {
		if c.Optional {
			next = i
		}
	}
	if next >= 0 {
		return next
	}
	for i, c := range columns {
		if c.Spare > 0 && (next < 0 || c.Spare > columns[next].Spare) {
			next = i
		}
	}
	return next
}

// shrink is the widths with the flexible columns narrowed, to no less than
// floor each, until the line fits; and whether it does. Those that are marked
// Last are narrowed when the others are at the floor.
func shrink(columns []Column, widths []int, limit, floor int) ([]int, bool) {
	shrunk := slices.Clone(widths)
	over := excess(widths, narrowGap, limit)
	for _, last := range []bool{false, true} {
		for ; over > 0; over-- {
			at := -1
			for i, c := range columns {
				if c.Flexible && c.Last == last && shrunk[i] > c.floor(floor) && (at < 0 || shrunk[i] > shrunk[at]) {
					at = i
				}
			}
			if at < 0 {
				break
			}
			shrunk[at]--
		}
	}
	return shrunk, over <= 0
}

// floor is how narrow a column may become where others may become as narrow as
// most.
func (c Column) floor(most int) int {
	if most == comfortable {
		return max(most, c.Room)
	}
	return most
}

func cutCells(lines [][]string, widths, shrunk []int) [][]string {
	for i := range shrunk {
		if shrunk[i] == widths[i] {
			continue
		}
		for _, line := range lines {
			line[i] = term.Cut(line[i], shrunk[i])
		}
	}
	return lines
}

// placeholders stand in for cells that are coloured or not ASCII while the library
// lays out the table: it adds up the widths of runes, so an emoji joined from several
// would shift the rest of its line. A placeholder is a run of "~" as wide as
// its cell; a cell that has a "~" gets one too, so that runs and cells pair up
// in order.
type placeholders struct{ cells []string }

var run = pattern.Of("~+")

func (h *placeholders) row(cells []string, paint painter) []string {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = cell
		painted := paint(i, cell)
		if w := term.Width(cell); w > 0 && (painted != cell || strings.ContainsFunc(cell, func(r rune) bool { return r > 0x7e || r == '~' })) {
			h.cells = append(h.cells, painted)
			row[i] = strings.Repeat("~", w)
		}
	}
	return row
}

func (h *placeholders) restore(text string) string {
	if len(h.cells) == 0 {
		return text
	}
	next := 0
	return run().ReplaceAllStringFunc(text, func(r string) string {
		if next == len(h.cells) {
			return r
		}
		next++
		return h.cells[next-1]
	})
}

// appendFacts adds "Label:   value" lines, the values aligned.
func (p *Printer) appendFacts(b *bytes.Buffer, facts []Fact) {
	widest := 0
	labels := make([]string, len(facts))
	for i, f := range facts {
		labels[i] = term.Clean(f.Label) + ":"
		widest = max(widest, term.Width(labels[i]))
	}
	for i, f := range facts {
		most := math.MaxInt / 2
		if p.opts.TTY && p.opts.Width > 0 || f.Prose {
			most = cmp.Or(p.opts.Width, 80)
		}
		value := term.Clean(f.Value)
		if len(f.List) > 0 {
			value = commas(f.List)
		}
		lead := labels[i] + strings.Repeat(" ", widest-term.Width(labels[i])) + gap
		text := term.Wrap(lead, value, most)
		if p.opts.Color {
			text = Line{Tone: f.Tone}.paint(text, len(labels[i]))
		}
		b.WriteString(p.bold(labels[i]) + strings.TrimPrefix(text, labels[i]))
		b.WriteByte('\n')
	}
}

// commas is items with commas between them.
func commas(items []string) string {
	clean := make([]string, len(items))
	for i, item := range items {
		clean[i] = term.Clean(item)
	}
	return strings.Join(clean, ", ")
}
