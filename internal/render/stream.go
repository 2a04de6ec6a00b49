package render

import (
	"bytes"
	"errors"
	"slices"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// Stream writes many views one after the other, in constant memory: json
// becomes one array, yaml a sequence, ndjson and name a line each, jq is run
// per item (a slice-level expression is a usage error only jq can report),
// table rows are written as they come in columns of the widths given by hint.
//
// Each item is written at once, for a person or a pipe that waits for it;
// Buffer gathers them where nobody does. A Stream is not for concurrent use.
type Stream struct {
	p       *Printer
	columns []Column
	widths  []int

	held   [][]string // the rows that the columns are made to fit
	align  int        // how many of them at most
	titled bool       // the titles are written
	rows   int        // written

	// From then on, on a terminal that is too narrow; see narrowed.
	shown   []Column
	kept    []int // of columns
	short   []bool
	between string
	most    int // columns that a line may take; 0: any number

	pending bytes.Buffer
	limit   int // bytes to gather before writing; 0: write each item
	items   int
	closed  bool
	broken  bool  // a write failed: no more are tried
	err     error // the first failure; later calls return it
}

// Stream begins a stream. Titles and widths are for the table format; a missing
// width is that of the title. A cell wider than its column moves the rest of
// its line, but on a terminal it is cut where the column is flexible. No line is wider
// than the terminal where columns can be left out.
func (p *Printer) Stream(columns []Column, widths []int) *Stream {
	s := &Stream{p: p, columns: columns, widths: make([]int, len(columns))}
	for i, c := range columns {
		s.widths[i] = term.Width(term.Clean(c.Title))
		if i < len(widths) {
			s.widths[i] = max(s.widths[i], widths[i])
		}
	}
	return s
}

// Buffer makes the stream gather about n bytes between writes, for speed.
func (s *Stream) Buffer(n int) { s.limit = n }

// Align makes the columns of a table as wide as the first n rows need, which are
// written only when there are so many, or at the end. It is for rows that do
// not come slowly.
func (s *Stream) Align(n int) { s.align = n }

// Item writes one item: Data, Names and one row. An empty name prints no line
// in the name format.
func (s *Stream) Item(data any, row []string, name string) error {
	if s.err == nil && s.closed {
		s.err = fault.Errorf(fault.Other, "the output is already closed")
	}
	if s.err == nil {
		s.err = s.item(data, row, name)
	}
	if s.err == nil {
		s.err = s.spill(s.limit)
	}
	return s.err
}

func (s *Stream) item(data any, row []string, name string) error {
	s.items++
	b := &s.pending
	switch s.p.opts.Format {
	case Table:
		s.row(row)
		return nil
	case Name:
		if name != "" {
			s.p.appendName(b, name)
		}
		return nil
	}
	doc, err := marshal(data)
	if err != nil {
		return err
	}
	switch {
	case s.p.filter != nil:
		return itemwise(s.p.filter.run(doc, func(result any) error {
			b.Write(s.p.result(result))
			return s.spill(max(s.limit, chunk))
		}))
	case s.p.opts.Format == NDJSON:
		b.Write(doc)
		b.WriteByte('\n')
	case s.p.opts.Format == YAML:
		return appendYAMLDocument(b, slices.Concat([]byte("["), doc, []byte("]")))
	default:
		b.WriteString(map[bool]string{true: "[\n  ", false: ",\n  "}[s.items == 1])
		return appendIndented(b, doc, "  ")
	}
	return nil
}

func (s *Stream) row(row []string) {
	cells := cleanRow(row, len(s.columns))
	if len(s.held) < s.align {
		s.held = append(s.held, cells)
		for i, c := range s.columns {
			if !c.Flexible {
				s.widths[i] = max(s.widths[i], term.Width(cells[i]))
			}
		}
		if len(s.held) == s.align {
			s.release()
		}
		return
	}
	s.line(cells)
}

// release writes the rows that were held back; no more are.
func (s *Stream) release() {
	for _, cells := range s.held {
		s.line(cells)
	}
	s.held, s.align = nil, 0
}

func (s *Stream) line(cells []string) {
	if !s.titled {
		s.titled = true
		s.narrowed(cells)
		titles := make([]string, len(s.columns))
		for i, c := range s.columns {
			titles[i] = term.Clean(c.Title)
		}
		s.pending.WriteString(s.p.bold(s.fitted(titles, nil, unpainted)))
		s.pending.WriteByte('\n')
	}
	s.pending.WriteString(s.fitted(cells, s.short, s.p.painter(s.shown, s.kept, cells)))
	s.pending.WriteByte('\n')
	s.rows++
}

// narrowed fits the columns to the terminal, as far as the first row shows how wide
// they are. Where there is room, a flexible last one gets it.
func (s *Stream) narrowed(cells []string) {
	s.shown, s.kept, s.between = s.columns, everyOne(s.columns), gap
	s.short = make([]bool, len(s.columns))
	limit, last := s.p.opts.Width, len(s.columns)-1
	if !s.p.opts.TTY || limit <= 0 || last < 0 {
		return
	}
	spare := leaveOut(s.columns) >= 0
	if spare {
		s.most = limit
	}
	over := excess(s.widths, gap, limit)
	if over <= 0 {
		if s.columns[last].Flexible {
			s.widths[last] -= over
		}
		return
	}
	widths, short := slices.Clone(s.widths), slices.Clone(s.short)
	for i, c := range s.columns {
		if c.Short != nil && excess(widths, narrowGap, limit) > 0 {
			short[i], widths[i] = true, max(term.Width(term.Clean(c.Title)), term.Width(term.Clean(c.Short(0, cells[i]))))
		}
	}
	kept, shrunk, readable := narrow(s.columns, widths, limit)
	if !readable && !spare {
		return
	}
	s.shown, s.kept, s.widths = pick(s.columns, kept), kept, shrunk
	s.short, s.between = short, narrowGap
}

// fitted is a line of cells, short where they have such forms and those are wanted,
// without its end.
func (s *Stream) fitted(cells []string, short []bool, paint painter) string {
	row := pick(cells, s.kept)
	for i, c := range s.shown {
		if short != nil && short[s.kept[i]] {
			row[i] = term.Clean(c.Short(s.rows, row[i]))
		}
		if s.p.opts.TTY && c.Flexible {
			row[i] = term.Cut(row[i], max(s.widths[i], least))
		}
	}
	line, last := s.joined(row, unpainted), len(row)-1
	over := term.Width(line) - s.most
	if s.most == 0 || over <= 0 {
		return s.joined(row, paint)
	}
	if room := term.Width(row[last]) - over; s.shown[last].Flexible && room >= least {
		row[last] = term.Cut(row[last], room)
		return s.joined(row, paint)
	}
	for i := range row {
		row[i] = term.Cut(row[i], s.widths[i])
	}
	if line = s.joined(row, unpainted); term.Width(line) > s.most {
		return term.Cut(line, s.most)
	}
	return s.joined(row, paint)
}

func (s *Stream) joined(row []string, paint painter) string {
	var b bytes.Buffer
	appendRow(&b, row, s.widths, s.between, paint)
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// Close ends the document and flushes. It is safe to call twice.
func (s *Stream) Close() error {
	if s.closed {
		return s.err
	}
	s.closed = true
	s.release()
	if s.err == nil && s.p.filter == nil {
		switch {
		case s.p.opts.Format == JSON && s.items > 0:
			s.pending.WriteString("\n]\n")
		case s.p.opts.Format == JSON, s.p.opts.Format == YAML && s.items == 0:
			s.pending.WriteString("[]\n")
		}
	}
	// After a failed item the whole ones before it are still written; a document
	// that breaks off is left without its end, so that nobody takes it for whole.
	if !s.broken {
		s.err = errors.Join(s.err, s.spill(0))
	}
	return s.err
}

func (s *Stream) spill(limit int) error {
	err := s.p.spill(&s.pending, limit)
	s.broken = s.broken || err != nil
	return err
}
