package printed

import (
	"bytes"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// Headers as lines: "Name: value", "Name = value", "Name<TAB>value", columns,
// cells of a table, or a name on one line and its value on the next.

// pair is one header in a line, or in two.
type pair struct {
	name, value string
	style       string // what is between name and value
	valueAt     int    // in the line
	indent, at  int    // of the name, and of what is behind it
}

// beside reports whether two lines are of the same head: laid out alike, and under
// each other.
func (p pair) beside(o pair) bool {
	return p.style == o.style && (p.indent == o.indent || p.at == o.at)
}

// cutPair takes a line for a header, with what lists and tables put around it.
func cutPair(line []byte) (p pair, ok bool) {
	s := strings.TrimRight(string(line[:min(len(line), message.MaxLine)]), " \t\r")
	text := strings.TrimLeft(s, " \t")
	p.indent = len(s) - len(text)
	if cells := cellsOf(text); cells != nil {
		if len(cells) > 2 && cells[0] == "" {
			cells = cells[1:]
		}
		if len(cells) < 2 {
			return p, false
		}
		p = pair{name: unwrapped(cells[0]), value: unwrapped(cells[1]), style: "|"}
		return p, recorded.IsToken(p.name)
	}
	for _, bullet := range []string{"- ", "* ", "• ", "+ "} {
		text = strings.TrimPrefix(text, bullet)
	}
	n := strings.IndexAny(text, ":=\t>")
	if columns := strings.Index(text, "  "); columns > 0 && n > columns && (text[n] == ':' || text[n] == '=') && strings.TrimSpace(text[columns:n]) != "" {
		n = -1
	}
	switch {
	case n > 0 && text[n] == '>' && text[n-1] == '-': // ->
		p.style, n = "->", n-1
	case n > 0 && text[n] == '>':
		return p, false
	case n > 0 && strings.HasPrefix(text[n:], "=>"):
		p.style = "=>"
	case n > 0:
		p.style = text[n : n+1]
	default:
		if n = strings.Index(text, "  "); n < 0 {
			return p, false
		}
		p.style = "  "
	}
	p.name, p.at = unwrapped(text[:n]), len(s)-len(text)+n
	value := strings.TrimLeft(text[n+len(p.style):], " \t")
	p.valueAt = len(s) - len(value)
	p.value = unwrapped(strings.TrimSuffix(value, ","))
	if p.style == ":" && strings.HasPrefix(value, "//") {
		return p, false
	}
	return p, recorded.IsToken(strings.ReplaceAll(p.name, " ", "-")) && len(p.name) <= 80
}

// cellsOf are the cells of a line of a table; nil for any other line.
func cellsOf(line string) []string {
	for _, bar := range []string{"|", "│", "║", "┃"} {
		if inner, ok := strings.CutPrefix(line, bar); ok {
			cells := strings.Split(strings.TrimSuffix(inner, bar), bar)
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			return cells
		}
	}
	return nil
}

// unwrapped is a name or a value without quotes, brackets or marks around it.
func unwrapped(s string) string {
	s = strings.TrimSpace(s)
	for _, w := range []string{"**", "`", `"`, "'", "{}", "[]"} {
		open, closing := w, w
		if w == "{}" || w == "[]" {
			open, closing = w[:1], w[1:]
		}
		if len(s) >= len(open)+len(closing) && strings.HasPrefix(s, open) && strings.HasSuffix(s, closing) {
			s = strings.TrimSpace(s[len(open) : len(s)-len(closing)])
		}
	}
	return s
}

// lineAt returns the line around i: where it begins, and where its newline or the
// end of the text is.
func lineAt(b []byte, i int) (from, to int) {
	from = bytes.LastIndexByte(b[:i], '\n') + 1
	to = len(b)
	if n := bytes.IndexByte(b[i:], '\n'); n >= 0 {
		to = i + n
	}
	return from, to
}

// maxPrintLines is how many header lines a head has.
const maxPrintLines = 512

// lines reads the headers around the signature header's name at i, which are no
// value of a program. It looks at nothing before floor.
func (p *prints) lines(t *printedText, i, floor int) (h printedHead, ok bool) {
	from, to := lineAt(t.b, i)
	t.left -= to - from
	from = max(from, floor)
	h.from, h.to, h.lines = from, to, true
	take := func(from, to int) (pair, bool) {
		pair, ok := cutPair(t.b[from:to])
		return pair, ok
	}
	mine, ok := take(from, to)
	if ok {
		name, signature := p.signatureName(mine.name)
		if _, more, _ := strings.Cut(mine.value, " "); !signature || !likeSignature(mine.value) || strings.ContainsAny(more, "={") { // or the line goes on with another pair
			ok = false
		} else {
			h.header = recorded.Header{{Name: name, Value: mine.value}}
		}
	}
	if !ok {
		if h, ok := p.alternate(t, from, to, floor); ok {
			return h, true
		}
		return p.inline(t, i)
	}
	h.plain = mine.style == ":" && !isBlank(t.b[from])
	var before recorded.Header
	for at := from; at > floor && len(before) < maxPrintLines; { // upwards
		first, last := lineAt(t.b, at-1)
		x, ok := take(first, last)
		if first < floor || !ok || !x.beside(mine) {
			line := strings.TrimLeft(string(t.b[first:min(last, first+message.MaxLine)]), " \t>|")
			if _, _, request := message.RequestLine(message.Bare(strings.TrimRight(line, " \t\r"))); request && mine.style == ":" {
				h.record = true // a dump
			}
			break
		}
		at = first
		if isBodyName(x.name) {
			if x.value != "" && !isTarget(x.value) {
				h.above = &printedBody{t: t, from: first + x.valueAt, to: last, rank: rankLabelled}
			}
			break
		}
		h.from = first
		if name := headerName(x.name); name != "" && x.value != "" {
			before = append(before, recorded.Field{Name: name, Value: x.value})
		}
	}
	for l, r := 0, len(before)-1; l < r; l, r = l+1, r-1 {
		before[l], before[r] = before[r], before[l]
	}
	h.header = append(before, h.header...)
	for at := to; at < len(t.b) && len(h.header) < 2*maxPrintLines; { // downwards
		first, last := lineAt(t.b, at+1)
		x, ok := take(first, last)
		if !ok || !x.beside(mine) || isBodyName(x.name) || x.value == "" && x.style != "|" {
			break
		}
		if name, signature := p.signatureName(x.name); signature {
			h.header = append(h.header, recorded.Field{Name: name, Value: x.value})
		} else if name := headerName(x.name); name != "" {
			h.header = append(h.header, recorded.Field{Name: name, Value: x.value})
		}
		at, h.to = last, last
	}
	return h, true
}

// isTarget reports whether a value is where a request goes: "POST" before it is a
// method, and no name of a body.
func isTarget(value string) bool {
	scheme, rest, absolute := strings.Cut(value, "://")
	return !strings.ContainsAny(value, " \t") && (value[0] == '/' || absolute && rest != "" && recorded.IsToken(scheme))
}

// alternate reads names and values on lines of their own.
func (p *prints) alternate(t *printedText, from, to, floor int) (h printedHead, ok bool) {
	nameOf := func(from, to int) string {
		return strings.TrimSuffix(unwrapped(string(t.b[from:min(to, from+message.MaxLine)])), ":")
	}
	next := func(to int) (int, int) {
		if to >= len(t.b) {
			return len(t.b), len(t.b)
		}
		return lineAt(t.b, to+1)
	}
	name, signature := p.signatureName(nameOf(from, to))
	vFrom, vTo := next(to)
	value := unwrapped(string(t.b[vFrom:min(vTo, vFrom+message.MaxLine)]))
	if !signature || !likeSignature(value) {
		return h, false
	}
	h = printedHead{from: from, to: vTo, lines: true, header: recorded.Header{{Name: name, Value: value}}}
	for at := from; at > floor && len(h.header) < maxPrintLines; {
		v, vEnd := lineAt(t.b, at-1)
		if v <= floor {
			break
		}
		n, nEnd := lineAt(t.b, v-1)
		name, value := headerName(nameOf(n, nEnd)), unwrapped(string(t.b[v:vEnd]))
		if n < floor || name == "" || value == "" || len(name) > 80 || isBodyName(name) || len(value) > message.MaxLine {
			break
		}
		h.header = append(recorded.Header{{Name: name, Value: value}}, h.header...)
		at, h.from = n, n
	}
	for len(h.header) < 2*maxPrintLines {
		n, nEnd := next(h.to)
		v, vEnd := next(nEnd)
		key := nameOf(n, nEnd)
		name, value := headerName(key), unwrapped(string(t.b[v:min(vEnd, v+message.MaxLine)]))
		if s, signature := p.signatureName(key); signature {
			name = s
		}
		if name == "" || value == "" || len(name) > 80 || isBodyName(name) || isBodyName(value) || strings.ContainsAny(value[:1], "{[<") {
			break
		}
		h.header = append(h.header, recorded.Field{Name: name, Value: value})
		h.to = vEnd
	}
	return h, true
}

// inline takes the signature that stands behind its name in the middle of a line.
func (p *prints) inline(t *printedText, i int) (h printedHead, ok bool) {
	from := i
	for i < len(t.b) && (isWord(t.b[i]) || t.b[i] == '-' || t.b[i] == '.') {
		i++
	}
	name, signature := p.signatureName(string(t.b[from:min(i, from+257)]))
	value := i
	for value < len(t.b) && value < i+16 && bytes.IndexByte([]byte(" \t:=>-\"'`[](){},|"), t.b[value]) >= 0 {
		value++
	}
	end := value
	for end < len(t.b) && (isWord(t.b[end]) || bytes.IndexByte([]byte("+/=-"), t.b[end]) >= 0) {
		end++
	}
	if !signature || !likeSignature(string(t.b[value:min(end, value+message.MaxLine)])) {
		return h, false
	}
	for end < len(t.b) && bytes.IndexByte([]byte("\"'`])}"), t.b[end]) >= 0 {
		end++
	}
	text := strings.Trim(string(t.b[value:end]), "\"'`[](){}")
	return printedHead{from: from, to: end, header: recorded.Header{{Name: name, Value: text}}}, true
}
