// Package printed reads what programs print of a delivery and what pages show of
// one: headers as a dictionary or as lines, and a body near them. It takes what no
// stricter format reads; what it cannot take for exact it marks [recorded.Request.Inexact].
package printed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// Format is what programs print of a delivery: headers as a dictionary, and a
// body after or before them, or beside them in one value. Paste is headers
// as lines, as pages show them and programs print them. They take what no stricter
// format reads.
var (
	Format = recorded.Format{Name: recorded.Log, Variant: true, Read: readPrint,
		About: "the output of programs: headers as a dictionary, then the body",
		Sniff: func(head []byte, more bool, names []string) bool { return sniff(head, more, names) == recorded.Log }}
	Paste = recorded.Format{Name: recorded.HTTP, Variant: true, Read: readPrint,
		About: "text from web pages: headers as lines, then the body",
		Sniff: func(head []byte, more bool, names []string) bool { return sniff(head, more, names) == recorded.HTTP }}
)

// prints finds deliveries in text.
type prints struct {
	names   []string // headers that are signatures
	spelled []string // the same, see spelling
	anchors map[*printedText][]int
}

func newPrints(names []string) *prints {
	p := &prints{names: names, anchors: map[*printedText][]int{}}
	for _, n := range names {
		p.spelled = append(p.spelled, spelling(n))
	}
	return p
}

// printedBody is something that can be the body of a delivery.
type printedBody struct {
	t        *printedText
	term     printedTerm // where it is a value; else the text from..to is
	from, to int
	rank     int // the lower the better
	base64   bool
	inValue  bool // it was parsed: its layout may be lost
	cut      bool
}

// Ranks of bodies, most exact first.
const (
	rankRaw      = iota // labelled as raw, or bytes
	rankLabelled        // labelled as a body
	rankBare            // a whole JSON value or a literal after the headers
	rankWeak            // with another label
	rankRest            // all that comes after the headers
	rankPrint           // what a program prints of a parsed body
	rankCut             // the print says that it is not whole
)

// bodiesAmong are the bodies among the members of a value; bare ones, that have no
// name, too.
func bodiesAmong(t *printedText, members []printedEntry, bare bool) (found []printedBody) {
	marked := slices.ContainsFunc(members, func(m printedEntry) bool { // as base64, in the languages' spellings of true
		return strings.ReplaceAll(spelling(t.name(m.key)), "-", "") == "isbase64encoded" && strings.EqualFold(t.text(m.value), "true")
	})
	for _, m := range members {
		name := t.name(m.key)
		labelled := isBodyName(name)
		if !labelled && !(bare && m.key.kind == noTerm) {
			continue
		}
		b := printedBody{t: t, term: m.value, from: m.value.from, to: m.value.to, rank: rankBare, inValue: true, cut: m.value.cut}
		folded := strings.ToLower(name)
		b.base64 = strings.Contains(folded, "base64") || marked && labelled && m.value.kind == aLiteral
		if labelled {
			b.rank = rankLabelled
			if strings.Contains(folded, "raw") || strings.Contains(folded, "string") || strings.Contains(folded, "bytes") || b.base64 {
				b.rank = rankRaw
			}
		}
		switch m.value.kind {
		case aLiteral, aBuffer:
		case aGroup:
			if _, _, ok := t.numbers(m.value); !ok && t.jsonAt(m.value.from) != m.value.to {
				b.rank = rankPrint
			}
		default:
			if s := t.text(m.value); !labelled || s == "" || isNothing(s) || strings.HasPrefix(s, "#<") || s[0] == '<' && strings.Contains(s, "0x") || strings.HasPrefix(s, "0xc0") && len(s) < 20 { // or where it is in memory
				continue
			}
		}
		if b.cut {
			b.rank = rankCut
		}
		found = append(found, b)
	}
	return found
}

// anchorsOf are the places where a signature header's name stands in t, with what
// can be a signature near it, in order.
func (p *prints) anchorsOf(t *printedText) []int {
	if found, ok := p.anchors[t]; ok {
		return found
	}
	var found []int
	for _, name := range p.spelled {
		if name == "" {
			continue
		}
		for i := 0; i+len(name) <= len(t.b); i++ {
			if t.b[i]|0x20 != name[0] || !spelledAt(t.b[i:], name) {
				continue
			}
			if to := i + len(name); to < len(t.b) && (isWord(t.b[to]) || t.b[to] == '-') {
				continue
			}
			if !likeSignature(string(t.b[i+len(name) : min(len(t.b), i+len(name)+256)])) {
				continue
			}
			from := i
			for from > 0 && (isWord(t.b[from-1]) || t.b[from-1] == '-' || t.b[from-1] == '.') && i-from < 64 {
				from--
			}
			if from > 0 && from < i && t.b[from-1] == '\\' { // \n before it
				from++
			}
			if bytes.HasPrefix(t.b[i+len(name):], []byte(`""`)) && bytes.HasSuffix(t.b[:from], []byte(`""`)) {
				continue // in a cell of a table
			}
			if _, ok := p.signatureName(string(t.b[from : i+len(name)])); ok {
				found = append(found, from)
			}
		}
	}
	slices.Sort(found)
	p.anchors[t] = slices.Compact(found)
	return p.anchors[t]
}

// spelledAt reports whether b begins with a spelling of name.
func spelledAt(b []byte, name string) bool {
	for i := range len(name) {
		c := b[i]
		switch {
		case name[i] == '-':
			if c != '-' && c != '_' && c != ' ' {
				return false
			}
		case c >= 'A' && c <= 'Z':
			if c|0x20 != name[i] {
				return false
			}
		case c != name[i]:
			return false
		}
	}
	return true
}

func (p *prints) namedIn(t *printedText, from, to int) bool {
	all := p.anchorsOf(t)
	i, _ := slices.BinarySearch(all, from)
	return i < len(all) && all[i] < to
}

// inText finds deliveries in a text that is itself a value: a request as it went
// over the wire, or a print of a delivery, or one of headers and nothing else.
// What merely has a signature in it is a payload.
func (p *prints) inText(text []byte, depth int) []printedHead {
	if depth >= maxPrintDepth || len(text) == 0 {
		return nil
	}
	t := newPrintedText(text)
	line, _, _ := message.CutLine(text[:min(len(text), message.MaxLine)])
	if _, _, ok := message.RequestLine(line); ok {
		var r recorded.Request
		if message.ParseRequest(text, &r) == nil {
			return []printedHead{{header: r.Header, method: r.Method, url: r.URL,
				bodies: []printedBody{{t: newPrintedText(r.Body), to: len(r.Body), rank: rankRaw}}}}
		}
	}
	found := p.find(t, depth)
	if len(found) == 1 && len(found[0].bodies) == 0 {
		h := found[0]
		before, after := bytes.TrimSpace(text[:h.from]), bytes.TrimSpace(text[h.to:])
		if len(after) > 0 && (h.from == 0 || h.plain) {
			found[0].bodies = p.around(t, found, 0)
		} else if len(after) > 0 || len(bytes.Trim(before, "maphtp.Header")) > 0 {
			return nil
		}
		return found
	}
	return slices.DeleteFunc(found, func(h printedHead) bool { return len(h.bodies) == 0 })
}

// isNothing takes what languages print where there is nothing.
func isNothing(s string) bool {
	switch s {
	case "null", "nil", "None", "NULL", "undefined":
		return true
	}
	return false
}

// find finds the headers in a text, in order.
func (p *prints) find(t *printedText, depth int) (found []printedHead) {
	all := p.anchorsOf(t)
	done := 0 // everything before it is accounted for
	i := 0    // no value that begins before it has in it what is left of all
	add := func(h printedHead) {
		if n := len(found); n > 0 && p.sameSignature(found[n-1].header, h.header) && len(found[n-1].bodies) == 0 && len(h.bodies) == 0 &&
			len(t.bodiesIn(found[n-1].to, h.from)) == 0 {
			last := &found[n-1] // shown twice
			if len(h.header) > len(last.header) {
				last.header = h.header
			}
			last.to = h.to
			return
		}
		if n := len(found); n > 0 && len(h.bodies) == 0 && found[n-1].whole != nil {
			var r recorded.Request
			whole := *found[n-1].whole
			if length, ok := lengthOf(h.header); whole.rank <= rankLabelled || ok && whole.into(&r) == nil && length == len(r.Body) {
				h.bodies = []printedBody{whole} // the body of these headers, which comes before them
				found = found[:n-1]
			}
		}
		if n := len(found); n > 0 && len(found[n-1].bodies) == 0 && p.sameSignature(found[n-1].header, h.header) && len(t.bodiesIn(found[n-1].to, h.from)) == 0 {
			found = found[:n-1] // shown once more, with the body
		}
		found = append(found, h)
	}
next:
	for len(all) > 0 && t.left > 0 {
		at := all[0]
		if at < done {
			all = all[1:]
			continue
		}
		for i = max(i, done); i < at; {
			start := t.valueStart(i, at)
			if start < 0 {
				i = at
				break
			}
			kind, end := t.valueAt(start)
			if end <= at {
				i = max(end, start+1)
				continue
			}
			inside := p.inValue(t, kind, start, end, depth)
			if n := len(found); n > 0 && found[n-1].waits(p, t, start, end, kind, inside) {
				done = end
				continue next
			}
			for j := range inside {
				inside[j].from, inside[j].to = start, end
				if kind != aGroup && len(inside) == 1 && len(inside[0].bodies) > 0 {
					label, eol := lineAt(t.b, start)
					t.left -= eol - label
					if b, ok := t.bodyAt(kind, max(label, done), start, end); ok {
						inside[0].whole = &b
					}
				}
				if j > 0 {
					inside[j].from = end
				}
				add(inside[j])
			}
			if len(inside) > 0 || kind != aGroup {
				done = end
				continue next
			}
			i = start + 1
		}
		all = all[1:]
		floor := 0
		if n := len(found); n > 0 {
			floor = found[n-1].to
		}
		if h, ok := p.lines(t, at, floor); ok {
			add(h)
			done = h.to
		}
	}
	return found
}

// waits reports whether the value from..to, in which there is a signature, is the
// body that the headers before it wait for: they have none yet, and it is not
// itself what the next headers are.
func (h *printedHead) waits(p *prints, t *printedText, from, to int, kind termKind, inside []printedHead) bool {
	if len(h.bodies) > 0 {
		return false
	}
	if len(inside) > 0 && p.sameSignature(h.header, inside[0].header) {
		return false
	}
	label, end := lineAt(t.b, from)
	t.left -= end - label
	b, ok := t.bodyAt(kind, max(label, h.to), from, to)
	if others := best(t.bodiesIn(h.to, from)); !ok || len(others) > 0 && others[0].rank <= b.rank {
		return false
	}
	length, known := lengthOf(h.header)
	if !known || kind == aGroup {
		return len(inside) == 0 || !inside[0].direct
	}
	var r recorded.Request
	return b.into(&r) == nil && len(r.Body) == length || len(inside) == 0 || b.rank <= rankLabelled
}

// inValue finds headers in the value from..to.
func (p *prints) inValue(t *printedText, kind termKind, from, to, depth int) []printedHead {
	switch kind {
	case aLiteral:
		text, _ := t.decode(printedTerm{from: from, to: to})
		return p.inText(text, depth+1)
	case aWord: // print_r
		return p.printR(t, from, to, depth)
	}
	found := p.heads(t, from, to, depth)
	for i := range found {
		found[i].record = kind == jsonTerm && (!found[i].direct || len(found[i].bodies) > 0)
	}
	return found
}

// jsonTerm is a group that is JSON.
const jsonTerm = aBuffer + 1

// valueStart returns where the next value can begin, from i on and before end; -1
// where none does.
func (t *printedText) valueStart(i, end int) int {
	from := i
	defer func() { t.left -= (i - from) / 4 }() // it costs less than to look at a value
	for ; i < end; i++ {
		switch c := t.b[i]; {
		case c == '{', c == '[', c == '(', (c == '<' || c == '\\') && t.hexBytes(i) > 0:
			return i
		case c == 'A' && bytes.HasPrefix(t.b[i:], []byte("Array")) && t.printREnd(i) > 0:
			return i
		case isQuote(c), isPrefix(c), c == 's':
			if (i == 0 || bytes.IndexByte([]byte(" \t\n=:(,>\r"), t.b[i-1]) >= 0) && t.quoteAt(i) > 0 {
				return i
			}
		}
	}
	return -1
}

// valueAt returns the kind and the end of the value at i; 0 where it has none.
// What print_r prints is a word.
func (t *printedText) valueAt(i int) (termKind, int) {
	switch t.b[i] {
	case '{', '[', '(':
		if end := t.jsonAt(i); end > 0 {
			return jsonTerm, end
		}
		if end := t.group(i, false); end > 0 {
			return aGroup, end
		}
		return aGroup, t.group(i, true)
	case '<', '\\':
		return aBuffer, t.hexBytes(i)
	case 'A':
		return aWord, t.printREnd(i)
	}
	return aLiteral, t.quoteAt(i)
}

// bodiesIn are what can be bodies in the text from..to between headers.
func (t *printedText) bodiesIn(from, to int) (found []printedBody) {
	label := from
	for i := from; i < to && t.left > 0 && len(found) < maxPrintMembers; {
		start := t.valueStart(i, to)
		if start < 0 {
			break
		}
		if nl := bytes.LastIndexByte(t.b[i:start], '\n'); nl >= 0 {
			label = i + nl + 1
		}
		kind, end := t.valueAt(start)
		if end <= 0 || end > to {
			i = start + 1
			continue
		}
		if b, ok := t.bodyAt(kind, label, start, end); ok {
			found = append(found, b)
		} else if kind == aGroup && end-start < 256 {
			end = start + 1 // what is in it may be one
		}
		i = end
		if kind == jsonTerm || kind == aLiteral {
			label = end
		}
	}
	return found
}

// bodyAt takes a value that stands in a text, behind a label.
func (t *printedText) bodyAt(kind termKind, label, from, to int) (b printedBody, ok bool) {
	said := strings.TrimSpace(string(t.b[max(label, from-200):from]))
	words := strings.FieldsFunc(said, func(r rune) bool { return r < 0x80 && !isWord(byte(r)) && r != '-' })
	bare, labelled := isNoise(said), false
	if len(words) > 0 {
		last := words[len(words)-1]
		labelled = isBodyName(last) || len(words) > 1 && isBodyName(words[len(words)-2]+last)
		if len(words) > 1 && strings.HasPrefix(strings.ToLower(words[len(words)-2]), "respon") {
			labelled = false // of the answer
		}
	} else if said == "" && label > 0 && t.b[label-1] == '\n' { // a heading may stand above it
		above := bytes.TrimRight(t.b[max(0, label-200):label], " \t\r\n")
		heading := above[bytes.LastIndexByte(above, '\n')+1:]
		labelled = isBodyName(string(heading))
	}
	b = printedBody{t: t, from: from, to: to, rank: rankWeak, term: printedTerm{kind: kind, from: from, to: to}}
	switch {
	case labelled && (strings.Contains(strings.ToLower(said), "raw") || kind == aBuffer):
		b.rank = rankRaw
	case labelled:
		b.rank = rankLabelled
	case bare:
		b.rank = rankBare
	}
	line := t.b[to:min(len(t.b), to+64)]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	ended := len(bytes.Trim(line, " \t\r,;)")) == 0
	switch kind {
	case aBuffer:
		b.rank = min(b.rank, rankBare)
	case jsonTerm:
		b.term = printedTerm{}
		if t.b[from] != '[' {
			break
		}
		list := printedTerm{kind: aGroup, from: from, to: to}
		if out, _, ok := t.numbers(list); ok && json.Valid(out) {
			b.term = list
		} else if !labelled && (!ended || !bare && !bytes.ContainsAny(t.b[from:to], "{\"")) {
			return b, false
		}
	case aLiteral:
		if bytes.HasPrefix(bytes.TrimLeft(t.b[to:], " "), []byte("... ")) {
			b.cut = true
		}
		_, _, request := message.RequestLine(string(t.b[from+1 : min(to-1, from+1+message.MaxLine)]))
		if !labelled && !bare && !(ended && t.holdsJSON(b.term)) || request || bytes.HasPrefix(t.b[from+1:], []byte("/")) || bytes.HasPrefix(t.b[from+1:], []byte("sha256=")) { // of an access log
			return b, false
		}
	default:
		if _, _, ok := t.numbers(printedTerm{kind: aGroup, from: from, to: to}); ok && (labelled || ended && (bare || adjacent(t.b, label, from))) {
			b.term.kind = aGroup
			break
		}
		if b.term.kind = aGroup; t.b[from] == '(' && (labelled || bare) { // Python's long literals
			if inner, end := t.termAt(from+1, to-1, ','); inner.kind == aLiteral && len(bytes.TrimSpace(t.b[end:to-1])) == 0 {
				b.term = inner
				break
			}
		}
		if !labelled && !(bare && ended) && !adjacent(t.b, label, from) || !bytes.ContainsAny(t.b[from:min(to, from+4096)], ":=") {
			return b, false
		}
		b.rank, b.term = rankPrint, printedTerm{}
		for b.from > label && isWord(t.b[b.from-1]) { // map[...]
			b.from--
		}
	}
	if b.cut {
		b.rank = rankCut
	}
	return b, true
}

// holdsJSON reports whether a literal is the text of an object or a list.
func (t *printedText) holdsJSON(v printedTerm) bool {
	if at := bytes.IndexAny(t.b[v.from:min(v.to, v.from+4)], "{["); at < 0 {
		return false
	}
	text, exact := t.decode(v)
	return exact && len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Valid(text)
}

// adjacent reports whether nothing but the name of a type is before a value.
func adjacent(b []byte, label, from int) bool {
	i := from
	for i > label && isWord(b[i-1]) {
		i--
	}
	return i < from && len(bytes.TrimSpace(b[label:i])) == 0
}

// isNoise reports whether a label says nothing: a time, a level, brackets.
func isNoise(said string) bool {
	for _, w := range strings.FieldsFunc(said, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') }) {
		switch strings.ToUpper(w) {
		case "T", "Z", "INFO", "DEBUG", "WARN", "WARNING", "ERROR", "TRACE", "LOG", "I", "D", "UTC", "AM", "PM", "STDOUT", "F", "B", "STRING", "LEN":
		default:
			return false
		}
	}
	return true
}

// around are the bodies before or after the i-th of all headers of a text.
func (p *prints) around(t *printedText, all []printedHead, i int) []printedBody {
	from, to := all[i].to, len(t.b)
	if i+1 < len(all) {
		to = max(from, all[i+1].from)
	}
	after := t.bodiesIn(from, to)
	if length, ok := lengthOf(all[i].header); ok {
		if b, ok := t.byLength(from, to, length, after); ok {
			return []printedBody{b}
		}
	}
	return after
}

func lengthOf(h recorded.Header) (int, bool) {
	for _, f := range h {
		if spelling(f.Name) == "content-length" {
			n, err := strconv.Atoi(strings.TrimSpace(f.Value))
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}

// byLength takes as many bytes as Content-Length says, where a print of them can
// begin, if the line ends there.
func (t *printedText) byLength(from, to, n int, others []printedBody) (b printedBody, ok bool) {
	if n == 0 {
		return b, false
	}
	var starts []int
	for _, o := range others {
		var r recorded.Request
		if o.term.kind != noTerm && o.into(&r) == nil && len(r.Body) == n {
			return o, true
		}
		if o.term.kind == noTerm && o.rank <= rankWeak {
			starts = append(starts, o.from)
		}
	}
	starts = append(starts, t.restOf(from, to))
	if i := from + message.LineEnd(t.b[from:to]); i > from {
		starts = append(starts, i, i+message.LineEnd(t.b[i:to]))
	}
	for _, s := range starts {
		if n <= to-s && (s+n == len(t.b) || message.LineEnd(t.b[s+n:]) > 0) {
			return printedBody{t: t, from: s, to: s + n, rank: rankRaw}, true
		}
	}
	return b, false
}

// restOf returns where the text after headers begins: behind blank lines, and what
// says that it is the body.
func (t *printedText) restOf(from, to int) int {
	for labels := 0; from < to; {
		rest := bytes.TrimLeft(t.b[from:to], " \t\r\n,;")
		from = to - len(rest)
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		n := bytes.IndexAny(line, ":=")
		label := line
		if n > 0 {
			label = line[:n]
		}
		if labels == 3 || !isBodyName(strings.Trim(string(label[:min(len(label), 80)]), "#*- \t\r")) {
			break
		}
		labels++
		from += len(label)
		if n > 0 {
			from++
		}
	}
	return from
}

// In is the deliveries in a text that a program has written into a log: a dump of one,
// or prints; none where one has no body.
func In(text []byte, names []string) (all []*recorded.Request) {
	p := newPrints(names)
	t := newPrintedText(text)
	var found []printedHead
	if line, _, _ := message.CutLine(text[:min(len(text), message.MaxLine)]); message.IsFirstLine(line) {
		found = p.inText(text, 0)
	} else {
		found = p.find(t, 0)
	}
	for i, bodies := range p.pairUp(t, found) {
		r := &recorded.Request{Header: found[i].header, Method: found[i].method, URL: found[i].url}
		if printedInto(r, bodies) != nil || len(bodies) > 0 && best(bodies)[0].rank == rankRest {
			return nil // what merely has a signature in it
		}
		all = append(all, r)
	}
	return all
}

// readPrint is Read of the format.
func readPrint(ctx context.Context, in recorded.Input) iter.Seq[recorded.Batch] {
	return func(yield func(recorded.Batch) bool) {
		data, err := io.ReadAll(io.LimitReader(in.R, recorded.MaxDelivery+1))
		if err == nil && len(data) > recorded.MaxDelivery {
			err = recorded.ErrTooLarge
		}
		if err != nil {
			yield(recorded.Unreadable(in.Name, durable.WithoutPath(err)))
			return
		}
		p := newPrints(in.SignatureHeaders)
		p.read(ctx, in.Name, data, yield)
	}
}

// read yields the deliveries of a text, and what is left of it.
func (p *prints) read(ctx context.Context, name string, data []byte, yield func(recorded.Batch) bool) {
	t := newPrintedText(message.WithoutColours(message.TrimBOM(data)))
	found := p.find(t, 0)
	rows, carried := 0, map[string]bool{}
	source := func() string {
		if rows++; rows > 1 {
			return fmt.Sprintf("%s#%d", name, rows)
		}
		return name
	}
	bodies := p.pairUp(t, found)
	for i, h := range found {
		if ctx.Err() != nil {
			return
		}
		r := &recorded.Request{Header: h.header, Method: h.method, URL: h.url}
		err := printedInto(r, bodies[i])
		if err != nil {
			err = fmt.Errorf("headers at line %d: %w", t.lineOf(h.from), err)
		}
		for _, text := range [][]byte{t.b[h.from:h.to], r.Body} {
			recorded.SignaturesIn(text, p.names, func(s recorded.Seen) bool {
				carried[s.Digest] = true
				return true
			})
		}
		for _, f := range h.header {
			recorded.SignaturesIn([]byte("sha256="+strings.TrimPrefix(f.Value, "sha256=")), p.names, func(s recorded.Seen) bool {
				carried[s.Digest] = true
				return true
			})
		}
		r.Source = source()
		if err != nil {
			r = &recorded.Request{Source: r.Source}
		}
		row := recorded.Single(r, err)
		if row.Format = recorded.Log; h.lines {
			row.Format = recorded.HTTP
		}
		if !yield(row) {
			return
		}
	}
	left, n, repeats := t.linesBeside(found, bodies, p.names, carried)
	recorded.SignaturesIn(t.b, p.names, func(s recorded.Seen) bool {
		left = append(left, s)
		return true
	})
	more := true
	for _, s := range message.Unread(left, carried) {
		where := fmt.Sprintf("line %d", t.lineOf(s.At))
		var err error = &walk.UnknownLayout{Where: where, Assumed: recorded.Log}
		if s.Digest == "" {
			err = fmt.Errorf("a request begins at %s, in a form that hookctl cannot read: save it in a separate file", where)
		}
		if more = yield(recorded.Unreadable(source(), err)); !more {
			return
		}
	}
	if more && rows == 0 {
		more = yield(recorded.Unreadable(source(), message.ErrNoRequest))
	}
	if more && n > 0 {
		of := recorded.Lines(n, repeats, "without a delivery")
		yield(recorded.Batch{Counted: &of})
	}
}

// linesBeside counts the lines that are of no headers and no body, with those of
// them that repeat a signature which was carried, and returns where requests begin
// among them.
func (t *printedText) linesBeside(found []printedHead, bodies [][]printedBody, names []string, carried map[string]bool) (requests []recorded.Seen, n, repeats int) {
	type span struct{ from, to int }
	var taken []span
	for i, h := range found {
		taken = append(taken, span{h.from, h.to})
		for _, b := range bodies[i] {
			if b.t == t {
				taken = append(taken, span{b.from, b.to})
			}
		}
	}
	slices.SortFunc(taken, func(a, b span) int { return a.from - b.from })
	end := 0 // of what is taken before the line
	for at := 0; at < len(t.b); {
		to := len(t.b)
		if i := bytes.IndexByte(t.b[at:], '\n'); i >= 0 {
			to = at + i
		}
		for len(taken) > 0 && taken[0].from <= to {
			end = max(end, taken[0].to)
			taken = taken[1:]
		}
		if end <= at && len(bytes.TrimSpace(t.b[at:to])) > 0 {
			n++
			if s, ok := recorded.FirstSeen(t.b[at:to], names); ok && carried[s.Digest] {
				repeats++
			}
			if line := t.b[at:to]; len(taken) == 0 || len(bytes.TrimLeft(t.b[to:taken[0].from], " \t\r\n")) > 0 {
				requests = message.RequestsIn(requests, line, t.b[min(len(t.b), to+1):], at)
			}
		}
		at = to + 1
	}
	return requests, n, repeats
}

// lineOf is the number of the line that i is in; those asked for before are counted
// on from.
func (t *printedText) lineOf(i int) int {
	if i < t.line.at {
		t.line.at, t.line.lines = 0, 0
	}
	t.line.lines += bytes.Count(t.b[t.line.at:i], []byte("\n"))
	t.line.at = i
	return t.line.lines + 1
}

// pairUp finds the bodies of headers: those in the same value, else those that
// follow, else those before. Where the first body comes before the first headers,
// and none after the last ones, all do; where a line right above the first ones says
// that it is one, such lines are of the headers below them.
func (p *prints) pairUp(t *printedText, found []printedHead) [][]printedBody {
	bodies := make([][]printedBody, len(found))
	if len(found) == 0 {
		return bodies
	}
	last := len(found) - 1
	before := t.bodiesIn(0, found[0].from)
	bodyFirst := len(best(before)) > 0 && len(p.around(t, found, last)) == 0 && len(found[last].bodies) == 0
	for i, h := range found {
		bodies[i] = h.bodies
		if len(h.bodies) > 0 {
			continue
		}
		if found[0].above != nil && h.above != nil {
			bodies[i] = []printedBody{*h.above}
			continue
		}
		after := p.around(t, found, i)
		if i > 0 {
			before = t.bodiesIn(found[i-1].to, h.from)
		}
		switch {
		case bodyFirst:
			bodies[i] = before
			if n, ok := lengthOf(h.header); ok {
				from := 0
				if i > 0 {
					from = found[i-1].to
				}
				if b, ok := t.byLength(from, h.from, n, before); ok {
					bodies[i] = []printedBody{b}
				}
			}
		case len(after) > 0:
			bodies[i] = after
		default:
			to := len(t.b)
			if i < last {
				to = max(h.to, found[i+1].from)
			}
			if from := t.restOf(h.to, to); likeBody(t.b[from:to]) {
				bodies[i] = []printedBody{{t: t, from: from, to: to, rank: rankRest}}
			}
		}
	}
	return bodies
}

// likeBody reports whether text can be a body that is kept as something else than JSON,
// or is cut off, rather than the next line of a log.
func likeBody(text []byte) bool {
	text = bytes.TrimSpace(text)
	line := text[:min(len(message.FirstLine(text)), message.MaxLine)]
	return bytes.ContainsAny(line, "{[<=\"'&%") && !message.LikeRequestLine(string(line)) || len(line) > 0 && !bytes.ContainsAny(line, " \t")
}

// best are the bodies of the lowest rank.
func best(bodies []printedBody) (top []printedBody) {
	for _, b := range bodies {
		switch {
		case len(top) == 0 || b.rank < top[0].rank:
			top = []printedBody{b}
		case b.rank == top[0].rank:
			top = append(top, b)
		}
	}
	return top
}

const (
	noteInPrint   = "body may not be byte-exact: it is part of a printed value, where spacing and escapes may be lost"
	noteOfPrint   = "the body is the print of a parsed value: print the received bytes instead"
	notePlainText = "body may not be byte-exact: it is printed text, and the line end after it was not counted as part of it"
	noteRest      = "body may not be byte-exact: everything after the headers was read as the body"
	noteEscapes   = "body may not be byte-exact: it has unknown escapes"
)

// printed fills in the body: the most exact one, or the first of several. Another
// that is not the same is for the diagnosis.
func printedInto(r *recorded.Request, bodies []printedBody) error {
	n, known := lengthOf(r.Header)
	if len(bodies) == 0 {
		if known && n == 0 {
			r.Body = []byte{}
			return nil
		}
		return errNoPrintedBody
	}
	slices.SortStableFunc(bodies, func(a, b printedBody) int { return a.rank - b.rank })
	chosen := -1
	for i, b := range bodies[:min(len(bodies), 16)] {
		var o recorded.Request
		if err := b.into(&o); err != nil {
			if i == 0 && len(bodies) == 1 {
				return err
			}
			continue
		}
		if chosen < 0 || known && len(r.Body) != n && len(o.Body) == n {
			if chosen >= 0 && r.Framed == nil {
				r.Framed = r.Body
			}
			chosen, r.Body, r.Inexact, r.Notes = i, o.Body, o.Inexact, o.Notes
		} else if r.Framed == nil && !bytes.Equal(r.Body, o.Body) {
			r.Framed = o.Body
		}
	}
	if chosen < 0 {
		var o recorded.Request
		return bodies[0].into(&o)
	}
	if r.Body == nil { // an empty literal
		r.Body = []byte{}
	}
	if known && len(r.Body) == n {
		r.Inexact, r.Notes = false, nil
	}
	for i, b := range bodies[:min(len(bodies), 16)] {
		var o recorded.Request
		if i != chosen && b.rank <= rankLabelled && b.into(&o) == nil && !walk.SameJSON(o.Body, r.Body) {
			r.Ambiguous = fmt.Sprintf("the body at line %d was verified; the one at line %d differs", bodies[chosen].t.lineOf(bodies[chosen].from), b.t.lineOf(b.from))
			r.Others = append(r.Others, o.Body)
		}
	}
	return nil
}

var errNoPrintedBody = fmt.Errorf("the output has the headers and no body: print the body's bytes after them")

// into decodes one body.
func (b printedBody) into(r *recorded.Request) error {
	if b.term.kind == aBuffer || b.term.kind == aGroup {
		if out, cut, ok := b.t.numbers(b.term); ok {
			if cut || b.cut {
				return fmt.Errorf("the output has only %d bytes of the body: print the body as text", len(out))
			}
			r.Body = out
			return nil
		}
	}
	if b.cut {
		return fmt.Errorf("the output lacks the end of the body: print all of it")
	}
	switch {
	case b.term.kind == aLiteral:
		out, exact := b.t.decode(b.term)
		r.Body = out
		if !exact {
			r.Inexact, r.Notes = true, append(r.Notes, noteEscapes)
		}
		if b.base64 {
			decoded, err := jsontext.DecodeBase64(bytes.Clone(out))
			if err != nil {
				return err
			}
			r.Body = decoded
		}
		return nil
	case b.rank == rankPrint:
		r.Inexact, r.Notes = true, append(r.Notes, noteOfPrint)
	case b.rank == rankRest:
		r.Inexact, r.Notes = true, append(r.Notes, noteRest)
	case b.inValue:
		r.Inexact, r.Notes = true, append(r.Notes, noteInPrint)
	default:
		r.Inexact, r.Notes = true, append(r.Notes, notePlainText)
	}
	text := b.t.b[b.from:b.to]
	if b.rank == rankRest {
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	}
	r.Body = bytes.Clone(text)
	return nil
}
