package render

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

const (
	comfortable = 20 // a flexible column keeps this while there is an optional one to leave out
	least       = 4  // and this in any case: three characters and an ellipsis
)

// appendGrid adds a table: titles, then a line for each row.
func (p *Printer) appendGrid(b *bytes.Buffer, g *Grid) error {
	columns, lines := cleanGrid(g)
	if p.opts.TTY && p.opts.Width > 0 {
		columns, lines = fit(columns, lines, p.opts.Width)
	}
	// The library writes into a buffer: its Render returns nil when the writer
	// fails.
	var raw bytes.Buffer
	hide := &placeholders{}
	pad := tw.CellPadding{Global: tw.Padding{Right: gap, Overwrite: true}}
	left := tw.CellAlignment{Global: tw.AlignLeft}
	t := tablewriter.NewTable(&raw,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithConfig(tablewriter.Config{
			Header:   tw.CellConfig{Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone}, Alignment: left, Padding: pad},
			Row:      tw.CellConfig{Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone}, Alignment: left, Padding: pad},
			Behavior: tw.Behavior{TrimSpace: tw.Off},
		}))
	t.Header(hide.row(lines[0]))
	for _, line := range lines[1:] {
		if err := t.Append(hide.row(line)); err != nil {
			return fault.Errorf(fault.Other, "the table cannot be made: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fault.Errorf(fault.Other, "the table cannot be made: %w", err)
	}
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

// fit makes the table as narrow as limit if it can: it cuts the flexible
// columns, the widest first; leaves out optional columns from the right when
// that would cut too much; and then cuts further. A table that is still too
// wide stays so: half an id is worse than a line that wraps.
func fit(columns []Column, lines [][]string, limit int) ([]Column, [][]string) {
	widths := make([]int, len(columns))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], width(cell))
		}
	}
	for {
		if shrunk, ok := shrink(columns, widths, limit, comfortable); ok {
			return columns, cutCells(lines, widths, shrunk)
		}
		last := -1
		for i, c := range columns {
			if c.Optional && !c.Flexible {
				last = i
			}
		}
		if last < 0 {
			break
		}
		columns = slices.Delete(slices.Clone(columns), last, last+1)
		widths = slices.Delete(widths, last, last+1)
		for i, line := range lines {
			lines[i] = slices.Delete(line, last, last+1)
		}
	}
	shrunk, _ := shrink(columns, widths, limit, least)
	return columns, cutCells(lines, widths, shrunk)
}

// shrink is the widths with the flexible columns narrowed, to no less than
// floor each, until the line fits; and whether it does.
func shrink(columns []Column, widths []int, limit, floor int) ([]int, bool) {
	shrunk := slices.Clone(widths)
	excess := (len(columns)-1)*len(gap) - limit
	for _, w := range widths {
		excess += w
	}
	for ; excess > 0; excess-- {
		widest := -1
		for i, c := range columns {
			if c.Flexible && shrunk[i] > floor && (widest < 0 || shrunk[i] > shrunk[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return shrunk, false
		}
		shrunk[widest]--
	}
	return shrunk, true
}

func cutCells(lines [][]string, widths, shrunk []int) [][]string {
	for i := range shrunk {
		if shrunk[i] == widths[i] {
			continue
		}
		for _, line := range lines {
			line[i] = cut(line[i], shrunk[i])
		}
	}
	return lines
}

// placeholders stand in for cells that are not ASCII while the library lays
// out the table: it adds up the widths of runes, so an emoji joined from several
// would shift the rest of its line. A placeholder is a run of "~" as wide as
// its cell; a cell that has a "~" gets one too, so that runs and cells pair up
// in order.
type placeholders struct{ cells []string }

var run = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("~+") })

func (h *placeholders) row(cells []string) []string {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = cell
		if w := width(cell); w > 0 && strings.ContainsFunc(cell, func(r rune) bool { return r > 0x7e || r == '~' }) {
			h.cells = append(h.cells, cell)
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
		widest = max(widest, width(labels[i]))
	}
	for i, f := range facts {
		line := p.bold(labels[i])
		if value := term.Clean(f.Value); value != "" {
			line += strings.Repeat(" ", widest-width(labels[i])) + gap + value
		}
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
}
