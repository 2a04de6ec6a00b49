// Package render prints results in the output formats of the command line:
// table, json, yaml, ndjson, name, and any of them through a jq expression.
//
// Whatever the format, nothing that a provider or a delivery said can drive the
// terminal: tables and names replace control characters, the JSON family
// escapes them. Every write is checked.
package render

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// Format is an output format.
type Format string

// The formats.
const (
	Table  Format = "table"
	JSON   Format = "json"
	YAML   Format = "yaml"
	NDJSON Format = "ndjson"
	Name   Format = "name"
)

// Formats lists them in the order of the help text.
var Formats = []Format{Table, JSON, YAML, NDJSON, Name}

// Options configure a Printer.
type Options struct {
	Format Format // "" is table
	JQ     string // expression; "" for none. It implies json with every format but ndjson.
	Color  bool   // already decided: terminal, NO_COLOR, CLICOLOR_FORCE, --no-color
	TTY    bool   // a terminal: cut the flexible column to Width; else tab-free plain columns with full values
	Width  int    // columns that prose may take, and on a terminal tables; 0: 80 and any number

	// Context ends a jq expression that runs for ever; nil for never.
	Context context.Context
}

// Column is one column of a table. All but the title is about terminals that
// are too narrow.
type Column struct {
	Title string
	// Short is a shorter form of a row's cell; nil where there is none. Row
	// counts from 0.
	Short    func(row int, cell string) string
	Flexible bool // cut
	Room     int  // a flexible one keeps so much while there is another one to leave out; 0 is what is comfortable
	Last     bool // of the flexible columns: cut after the others
	Optional bool // left out when cutting is not enough, the last one first
	Spare    int  // left out when that is not enough either, the highest first; 0 is never
	// Tone is what a cell means, by its whole text; nil: nothing of note.
	Tone func(cell string) Tone
}

// Grid is a table. Cells are cleaned of control characters by the printer.
type Grid struct {
	Columns []Column
	Rows    [][]string
	Empty   string // said on standard error's behalf by the caller when there are no rows
}

// Fact is one line of a single thing's description. A List is shown in place of
// Value, with commas. It takes several lines where a terminal is too narrow, and
// Prose everywhere.
type Fact struct {
	Label, Value string
	List         []string
	Tone         Tone
	Prose        bool
}

// Text is what the fact says, on one line.
func (f Fact) Text() string {
	if len(f.List) > 0 {
		return strings.Join(f.List, ", ")
	}
	return f.Value
}

// View is one result and how it looks in each format. Data is what
// encoding/json makes of it; yaml, ndjson and jq are made from that JSON, so
// that all agree, key order and number texts included. A nil slice anywhere in
// Data is an empty list, never null.
type View struct {
	Data  any      // a struct or map: one document; a slice: a list (ndjson prints its elements)
	Grid  *Grid    // for table, when a list
	Facts []Fact   // for table, when a single thing
	Lines []Line   // for table, when neither: paragraphs for people
	Text  string   // for table, when none of these: printed as it is, cleaned as a block
	Signs bool     // lines of Text that begin with + or - were added or removed
	Names []string // for name: one a line, exact bytes but control characters
}

// Printer writes results to one stream, checking every write.
type Printer struct {
	out    io.Writer
	opts   Options
	filter *filter // nil without a jq expression
}

// New checks the options (the jq expression is compiled here): errors are of
// kind Usage.
func New(out io.Writer, o Options) (*Printer, error) {
	if o.Format == "" {
		o.Format = Table
	}
	if !slices.Contains(Formats, o.Format) {
		names := make([]string, len(Formats))
		for i, f := range Formats {
			names[i] = string(f)
		}
		hint := "one of: " + strings.Join(names, ", ")
		if meant := term.Nearest(string(o.Format), names, 1); len(meant) > 0 {
			hint = "did you mean: " + meant[0] + "\n" + hint
		}
		return nil, fault.Usagef("unknown output format %q", o.Format).WithHint("%s", hint)
	}
	p := &Printer{out: out, opts: o}
	if o.JQ != "" {
		f, err := compile(o.Context, o.JQ)
		if err != nil {
			return nil, err
		}
		p.filter = f
		if o.Format != NDJSON {
			p.opts.Format = JSON
		}
	}
	return p, nil
}

// Structured reports whether the output is json, yaml or ndjson (or jq).
func (p *Printer) Structured() bool {
	return p.opts.Format == JSON || p.opts.Format == YAML || p.opts.Format == NDJSON
}

// Format is the effective format.
func (p *Printer) Format() Format { return p.opts.Format }

// Print writes one view. An error of kind Other says that standard output could
// not be written; one of kind Usage comes from the jq expression.
func (p *Printer) Print(v View) error {
	switch p.opts.Format {
	case Table:
		return p.printTable(v)
	case Name:
		var b bytes.Buffer
		for _, name := range v.Names {
			p.appendName(&b, name)
		}
		return p.write(b.Bytes())
	}
	if list := reflect.ValueOf(v.Data); p.filter == nil && list.Kind() == reflect.Slice && list.Type().Elem().Kind() != reflect.Uint8 && !marshals(list.Type()) {
		s := p.Stream(nil, nil) // a long one is never in memory as a whole
		s.Buffer(chunk)
		for i := range list.Len() {
			if s.Item(list.Index(i).Interface(), nil, "") != nil {
				break
			}
		}
		return s.Close()
	}
	doc, err := marshal(v.Data)
	if err != nil {
		return err
	}
	docs := [][]byte{doc}
	ofList := p.opts.Format == NDJSON && doc[0] == '['
	if p.opts.Format == NDJSON {
		if docs, err = elements(doc); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	for _, doc := range docs {
		switch {
		case p.filter != nil:
			err = p.filter.run(doc, func(result any) error {
				b.Write(p.result(result))
				return p.spill(&b, chunk)
			})
			if ofList {
				err = itemwise(err)
			}
		case p.opts.Format == NDJSON:
			b.Write(doc)
			b.WriteByte('\n')
		case p.opts.Format == YAML:
			err = appendYAML(&b, doc)
		default:
			err = appendIndented(&b, doc, "")
			b.WriteByte('\n')
		}
		if err != nil {
			return errors.Join(err, p.spill(&b, 0)) // the results before the failure
		}
	}
	return p.write(b.Bytes())
}

// chunk is how much of a jq expression's results, which may be without end, is
// gathered before writing.
const chunk = 64 << 10

// spill writes and empties b if it holds more than limit bytes.
func (p *Printer) spill(b *bytes.Buffer, limit int) error {
	if b.Len() <= limit {
		return nil
	}
	defer b.Reset()
	return p.write(b.Bytes())
}

func (p *Printer) printTable(v View) error {
	var b bytes.Buffer
	switch {
	case v.Grid != nil:
		if len(v.Grid.Rows) == 0 {
			return nil
		}
		if err := p.appendGrid(&b, v.Grid); err != nil {
			return err
		}
	case len(v.Facts) > 0:
		p.appendFacts(&b, v.Facts)
	case len(v.Lines) > 0:
		b.WriteString(Layout(v.Lines, cmp.Or(p.opts.Width, 80), p.opts.Color))
	case v.Text != "":
		text := term.CleanBlock(v.Text)
		if v.Signs && p.opts.Color {
			text = paintSigns(text)
		}
		b.WriteString(text)
		if !strings.HasSuffix(v.Text, "\n") {
			b.WriteByte('\n')
		}
	}
	return p.write(b.Bytes())
}

// appendName adds a name on a line of its own. In a pipe it keeps all that is
// not a control character, for it may be an id that the reader sends back.
func (p *Printer) appendName(b *bytes.Buffer, name string) {
	name = p.clean(name)
	b.WriteString(strings.NewReplacer("\n", " ", "\t", " ").Replace(name))
	b.WriteByte('\n')
}

// result is a jq result as it is printed, with its newline: strings as they
// are, anything else as JSON on one line.
func (p *Printer) result(v any) []byte {
	if s, ok := v.(string); ok {
		return append([]byte(p.clean(s)), '\n')
	}
	return append(escape(encode(v)), '\n')
}

func (p *Printer) clean(s string) string {
	if p.opts.TTY {
		return term.CleanBlock(s)
	}
	return term.CleanControls(s)
}

func (p *Printer) write(b []byte) error { return WriteAll(p.out, b) }

// WriteAll writes b to standard output, which is out, or says that it failed.
func WriteAll(out io.Writer, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := out.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fault.Errorf(fault.Other, "writing to standard output failed: %w", err).WithCode("output")
	}
	return nil
}
