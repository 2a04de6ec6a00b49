package around

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/pattern"
)

// table finds a table in text, CSV or one with other marks between its cells, whose
// first line names its columns. Each row is a JSON object.
func table(head []byte, names []string) (l Layer, ok bool) {
	first, rest, found := bytes.Cut(message.TrimBOM(head), []byte("\n"))
	for found && beforeTitles(first) {
		first, rest, found = bytes.Cut(rest, []byte("\n"))
	}
	columns, sep := columnsOf(bytes.TrimRight(first, "\r"))
	if columns == nil || len(rest) == 0 {
		return l, false
	}
	second := row{sep: sep}
	for line := range bytes.Lines(rest) {
		if second.add(line) {
			break
		}
	}
	if second.quoted && len(head) < recorded.HeadStep || !second.quoted && len(second.cells) != len(columns) {
		return l, false
	}
	for i, cell := range second.cells {
		if i < len(columns) && bytes.Equal(bytes.TrimSpace(cell), columns[i]) { // what a collector puts before each line
			return l, false
		}
	}
	return Layer{Note: "it is a row of a table", lines: func(fill bool) func([]byte) []byte {
		var text joiner
		r, titles := row{sep: sep}, true
		return func(line []byte) []byte {
			switch {
			case titles && line != nil:
				titles = beforeTitles(message.TrimBOM(line))
				return []byte("\n")
			case line == nil:
				return text.text
			}
			if text.add(line); len(text.text) <= largestRow && !r.add(line) {
				return nil // it goes on in the next line
			}
			cells, raw, object := r.cells, text.text, []byte(nil)
			if r = (row{sep: sep}); len(raw) <= largestRow && len(cells) == len(columns) {
				object = objectOf(columns, cells, names)
			}
			if object == nil || !keeps(raw, object, names) {
				text = joiner{}
				return raw
			}
			text.text = object
			return text.flush(fill)
		}
	}}, true
}

// beforeTitles reports whether a line may come before the names of columns: a blank
// one, or one that says for Excel what is between cells.
func beforeTitles(line []byte) bool {
	line = bytes.TrimRight(line, "\r\n")
	return len(line) == 0 || len(line) == len("sep=;") && bytes.HasPrefix(line, []byte("sep="))
}

// largestRow is how large a row may be: as JSON it takes many times as much.
const largestRow = 16 << 20

// longestTitle is shorter than a digest, which names no column.
const longestTitle = 60

// clock is a time, which names no column either.
var clock = pattern.Of(`\d\d:\d\d:\d\d`)

// columnsOf are the names in the first line of a table, and what is between them.
func columnsOf(line []byte) (columns [][]byte, sep byte) {
	for _, c := range []byte(",;\t|") {
		if bytes.Count(line, []byte{c}) > max(0, bytes.Count(line, []byte{sep})) || sep == 0 && bytes.IndexByte(line, c) >= 0 {
			sep = c
		}
	}
	if sep == 0 {
		return nil, 0
	}
	titles := row{sep: sep}
	ended := titles.add(line)
	columns = titles.cells
	for i, c := range columns {
		columns[i] = bytes.TrimSpace(c)
		if !ended || len(columns[i]) == 0 || len(c) > longestTitle || bytes.ContainsAny(c, `{}"=`) || clock().Match(c) || slices.ContainsFunc(columns[:i], func(o []byte) bool { return bytes.Equal(o, columns[i]) }) {
			return nil, 0
		}
	}
	return columns, sep
}

// row is the cells of a row: quotes are around some, and doubled in those.
type row struct {
	sep    byte
	cells  [][]byte
	cell   []byte
	quoted bool // it goes on in a cell
}

// add takes a line, and reports whether the row ends with it.
func (r *row) add(line []byte) bool {
	for fresh := !r.quoted; ; {
		if fresh && len(line) > 0 && line[0] == '"' {
			line, r.quoted = line[1:], true
		}
		fresh = false
		if r.quoted {
			i := bytes.IndexByte(line, '"')
			if i < 0 {
				r.cell = append(r.cell, line...)
				return false
			}
			r.cell, line = append(r.cell, line[:i]...), line[i+1:]
			if r.quoted = len(line) > 0 && line[0] == '"'; r.quoted {
				r.cell, line = append(r.cell, '"'), line[1:]
			}
			continue
		}
		end := bytes.IndexByte(line, r.sep)
		if end < 0 {
			r.cells, r.cell = append(r.cells, append(r.cell, bytes.TrimRight(line, "\r\n")...)), nil
			return true
		}
		r.cells, r.cell = append(r.cells, append(r.cell, line[:end]...)), nil
		line, fresh = line[end+1:], true
	}
}

// objectOf is a row as a JSON object. Columns that are headers are an object in it,
// where no column holds the headers.
func objectOf(columns, cells [][]byte, names []string) []byte {
	out, header := []byte{'{'}, []byte(nil)
	add := func(to []byte, name, value []byte) []byte {
		if len(to) > 1 {
			to = append(to, ',')
		}
		to = append(append(to, jsontext.Quote(string(name))...), ':')
		return append(to, value...)
	}
	whole, signed := false, false
	for i, name := range columns {
		value := jsontext.Quote(string(cells[i]))
		if !utf8.Valid(cells[i]) {
			value = buffer(cells[i])
		}
		out = add(out, name, value)
		folded := strings.ReplaceAll(recorded.FoldName(string(name)), "_", "-")
		whole = whole || strings.Contains(folded, "headers")
		signed = signed || slices.ContainsFunc(names, func(n string) bool { return recorded.SameName(n, folded) })
		if recorded.IsToken(folded) && len(cells[i]) <= message.MaxLine && !bytes.HasPrefix(cells[i], []byte("{")) {
			if header == nil {
				header = []byte{'{'}
			}
			header = add(header, []byte(folded), value)
		}
	}
	if signed && !whole {
		out = add(out, []byte("headers"), append(header, '}'))
	}
	return append(out, '}')
}

// buffer is bytes that are no text, as Node writes them.
func buffer(b []byte) []byte {
	out := append(make([]byte, 0, 4*len(b)+32), `{"type":"Buffer","data":[`...)
	for i, c := range b {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendUint(out, uint64(c), 10)
	}
	return append(out, "]}"...)
}
