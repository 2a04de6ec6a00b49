package printed

import (
	"bytes"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
)

// hasJSONCell reports whether JSON begins in a cell of a row, in which quotes are
// doubled: as a program's literal it would end there.
func hasJSONCell(text []byte) bool {
	row, _, _ := bytes.Cut(text, []byte("\n"))
	for i := range row {
		if row[i] != '"' || i > 0 && bytes.IndexByte([]byte(",;\t|"), row[i-1]) < 0 || !walk.IsObject(text[i+1:]) && !walk.IsList(text[i+1:]) {
			continue
		}
		if cell := text[i+2 : min(len(text), i+2+258)]; bytes.HasPrefix(cell[max(0, bytes.IndexByte(cell, '"')):], []byte(`""`)) {
			return true
		}
	}
	return false
}

// sniff returns the name of the format of a print or a paste in which a whole
// delivery stands or, where the input goes on, headers with a signature; "" for
// what is none. One JSON value is none, nor are records and dumps.
func sniff(head []byte, more bool, names []string) string {
	p := newPrints(names)
	t := newPrintedText(message.WithoutColours(message.TrimBOM(head)))
	if len(p.anchorsOf(t)) == 0 {
		return ""
	}
	text := bytes.TrimSpace(t.b)
	if hasJSONCell(text) {
		return "" // a row of a table without titles
	}
	if end := newPrintedText(text).jsonAt(0); end == len(text) {
		return ""
	}
	if walk.IsObject(text) || walk.IsList(text) {
		var s walk.Scanner
		if _, result := s.Scan(text); result == walk.ScanOpen || result == walk.ScanTorn {
			return "" // JSON that is cut off
		}
	}
	found := p.find(t, 0)
	for _, h := range found {
		if h.record {
			return ""
		}
	}
	for i, bodies := range p.pairUp(t, found) {
		if len(bodies) > 0 || more && len(head) >= recorded.HeadStep && i == len(found)-1 {
			if found[0].lines {
				return recorded.HTTP
			}
			return recorded.Log
		}
	}
	return ""
}

// AfterHead reports whether what follows header lines without a request line
// is the print of a body rather than the body: what a program prints of its
// request's headers ends with a blank line, as a head does, and pages put a heading
// before the body.
func AfterHead(head []byte, names []string) bool {
	p := newPrints(names)
	head = message.WithoutColours(head)
	t := newPrintedText(head)
	found := p.find(t, 0)
	if len(found) == 0 || !found[0].lines || found[0].record {
		return false
	}
	after := head[found[0].to:]
	after = after[message.LineEnd(after):]
	blank := message.LineEnd(after)
	after = after[blank:]
	f := message.FramingOf(found[0].header)
	if blank > 0 && message.CutBody(after, f).Fits {
		return false
	}
	bodies := p.pairUp(t, found)[0]
	r := recorded.Request{Header: found[0].header}
	if len(bodies) == 0 || printedInto(&r, bodies) != nil {
		return false
	}
	if f.Length >= 0 {
		return len(r.Body) == f.Length
	}
	first := best(bodies)[0]
	return first.term.kind != noTerm || first.rank <= rankLabelled || first.rank == rankBare && message.LineEnds(after) > 0
}
