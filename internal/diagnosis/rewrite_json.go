package diagnosis

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The forms that JSON takes when it is parsed and written again. Texts are
// taken apart into tokens and put together in other ways; numbers keep their
// digits unless changing them is the point.

// maxJSON bounds the bodies that are taken apart, maxJSONDepth how deep, and
// maxTokens into how many pieces: each takes many times its bytes.
const (
	maxJSON      = 1 << 20
	maxJSONDepth = 200
	maxTokens    = 1 << 17
	// maxForm bounds what is made of one: laid out in lines, a body that is nested
	// deeply grows by the depth.
	maxForm = 16 * maxJSON
)

// token is a piece of JSON: punctuation, a string with its quotes, or another
// scalar.
type token struct {
	kind byte   // one of {}[]:, or " for a string, 0 for another scalar
	at   int    // its place in the document that it comes from
	gap  []byte // the white space before it
	text []byte
	name []byte // of the member that a scalar is the value of
}

// tokens takes a document apart; nil where it is no JSON, or too much of it.
func tokens(b []byte) (list []token, tail []byte) {
	if len(b) > maxJSON || !json.Valid(b) {
		return nil, nil
	}
	count := countTokens(b)
	if count > maxTokens {
		return nil, nil
	}
	list = make([]token, 0, count)
	depth := 0
	var name []byte
	for i := 0; ; {
		start := i
		for i < len(b) && strings.IndexByte(" \t\r\n", b[i]) >= 0 {
			i++
		}
		gap := b[start:i]
		if i == len(b) {
			return list, gap
		}
		t := token{gap: gap, at: len(list)}
		switch c := b[i]; c {
		case '{', '[', '}', ']', ':', ',':
			if t.kind = c; c == '{' || c == '[' {
				if depth++; depth > maxJSONDepth {
					return nil, nil
				}
			} else if c == '}' || c == ']' {
				depth--
			}
			if c != ':' {
				name = nil
			}
			t.text = b[i : i+1]
		case '"':
			t.kind = '"'
			end := i + 1
			for b[end] != '"' {
				if b[end] == '\\' {
					end++
				}
				end++
			}
			t.text = b[i : end+1]
			name = t.text
		default:
			end := i
			for end < len(b) && strings.IndexByte(" \t\r\n,:]}", b[end]) < 0 {
				end++
			}
			t.text, t.name = b[i:end], name
		}
		i += len(t.text)
		list = append(list, t)
	}
}

// countTokens is how many there are in b, if it is JSON, or more.
func countTokens(b []byte) int {
	if !jsonShaped(b) {
		return 1
	}
	n, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && strings.IndexByte("{}[]:,", c) >= 0:
			n++
		}
	}
	return 2*n + 1 // each with a scalar beside it
}

// document is a body, taken apart once for all that look at its JSON; list is
// nil where it is none.
type document struct {
	raw  []byte
	list []token
	tail []byte
}

func parse(b []byte) *document {
	list, tail := tokens(b)
	return &document{raw: b, list: list, tail: tail}
}

// layout says how tokens are put together.
type layout struct {
	keep         bool   // with the gaps that they had
	comma, colon string // what stands for , and :
	indent       string // of pretty-printing; "" for none
}

var (
	asWas    = layout{keep: true}
	compact  = layout{comma: ",", colon: ":"}
	spaced   = layout{comma: ", ", colon: ": "} // Python's default
	oddly    = []layout{{comma: ", ", colon: ":"}, {comma: ",", colon: ": "}}
	indented = []layout{
		{comma: ",", colon: ": ", indent: "  "},
		{comma: ",", colon: ": ", indent: "    "},
		{comma: ",", colon: ": ", indent: "\t"},
	}
)

// write appends tokens put together, up to about maxForm. Where pieces is not nil
// it holds the text of each, by its place in the document.
func write(out []byte, list []token, tail []byte, l layout, pieces [][]byte) []byte {
	depth := 0
	line := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, l.indent...)
		}
	}
	for i, t := range list {
		if len(out) > maxForm {
			break
		}
		piece := t.text
		if pieces != nil && (t.kind == '"' || t.kind == 0) {
			piece = pieces[t.at]
		}
		switch {
		case l.keep:
			out = append(append(out, t.gap...), piece...)
		case t.kind == ',':
			out = append(out, l.comma...)
			if l.indent != "" {
				line()
			}
		case t.kind == ':':
			out = append(out, l.colon...)
		case l.indent != "" && (t.kind == '{' || t.kind == '['):
			out = append(out, piece...)
			if next := list[i+1].kind; next != '}' && next != ']' {
				depth++
				line()
			}
		case l.indent != "" && (t.kind == '}' || t.kind == ']'):
			if before := list[i-1].kind; before != '{' && before != '[' {
				depth--
				line()
			}
			out = append(out, piece...)
		default:
			out = append(out, piece...)
		}
	}
	if l.keep {
		out = append(out, tail...)
	}
	return out
}

// pieces is the texts of a document's tokens, those of one kind changed; nil
// where that changes none.
func pieces(list []token, kind byte, change func(token) []byte) [][]byte {
	var all [][]byte
	for i, t := range list {
		if t.kind != kind {
			continue
		}
		text := change(t)
		if all == nil && !bytes.Equal(text, t.text) {
			all = make([][]byte, len(list))
			for j := range list {
				all[j] = list[j].text
			}
		}
		if all != nil {
			all[i] = text
		}
	}
	return all
}

// strings and numbers of a document written in other ways, each once.
func stringPieces(list []token) [][][]byte {
	var all [][][]byte
	for _, s := range stringForms {
		all = appendNew(all, pieces(list, '"', func(t token) []byte { return s(t.text) }))
	}
	return all
}

func numberPieces(list []token) [][][]byte {
	var all [][][]byte
	for _, n := range numberForms {
		all = appendNew(all, pieces(list, 0, n))
	}
	return all
}

func appendNew(all [][][]byte, p [][]byte) [][][]byte {
	same := func(other [][]byte) bool { return other != nil && slices.EqualFunc(p, other, bytes.Equal) }
	if p == nil || slices.ContainsFunc(all, same) {
		return all
	}
	return append(all, p)
}

// combined is the pieces of a document whose strings and numbers are changed.
func combined(list []token, text, number [][]byte) [][]byte {
	if text == nil || number == nil {
		return slices.Concat(text, number) // the one that there is
	}
	all := slices.Clone(text)
	for i, t := range list {
		if t.kind == 0 {
			all[i] = number[i]
		}
	}
	return all
}

// The forms below are written into one buffer: each is gone when the next one
// is asked for.

// jsonUnpretty: captured with line breaks between its tokens, signed without.
func jsonUnpretty(doc *document) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, tail := doc.list, doc.tail
		if !hasLines(list) {
			return
		}
		var buf []byte
		changed := slices.Concat([][][]byte{nil}, numberPieces(list), stringPieces(list))
		for _, l := range []layout{compact, spaced} {
			for _, p := range changed {
				if buf = write(buf[:0], list, tail, l, p); !yield(buf) {
					return
				}
			}
		}
	}
}

func jsonReserialised(doc *document) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, tail := doc.list, doc.tail
		if list == nil {
			return
		}
		var buf []byte
		try := func(list []token, l layout, p [][]byte) bool {
			buf = write(buf[:0], list, tail, l, p)
			return bytes.Equal(buf, doc.raw) || yield(buf) && yield(append(buf, '\n'))
		}
		for _, l := range slices.Concat([]layout{spaced, compact}, indented, oddly) {
			if !try(list, l, nil) {
				return
			}
		}
		numbers := numberPieces(list)
		for _, l := range []layout{asWas, compact, spaced} {
			for _, p := range numbers {
				if !try(list, l, p) {
					return
				}
			}
		}
		sorted := alphabetical(list)
		for _, l := range []layout{compact, spaced} {
			if !try(sorted, l, nil) {
				return
			}
		}
	}
}

// jsonEscaping: other escapes, the layout as it is.
func jsonEscaping(doc *document) iter.Seq[[]byte] { return escaped(doc, asWas) }

// jsonEscapingSpaced: other escapes and another layout.
func jsonEscapingSpaced(doc *document) iter.Seq[[]byte] { return escaped(doc, compact, spaced) }

func escaped(doc *document, layouts ...layout) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var buf []byte
		var texts [][][]byte // made as they are needed
		for _, form := range stringForms {
			known := len(texts)
			if texts = appendNew(texts, pieces(doc.list, '"', func(t token) []byte { return form(t.text) })); len(texts) == known {
				continue
			}
			for _, l := range layouts {
				if buf = write(buf[:0], doc.list, doc.tail, l, texts[known]); !yield(buf) {
					return
				}
			}
		}
	}
}

// jsonUnescaped is the commonest forms only: compact as it is and as plain text,
// and with Python's spacing.
func jsonUnescaped(doc *document) iter.Seq[[]byte] {
	b, list, tail := doc.raw, doc.list, doc.tail
	if list == nil {
		return each(b)
	}
	plain := pieces(list, '"', func(t token) []byte { return stringForms[0](t.text) })
	return each(b, write(nil, list, tail, compact, nil), write(nil, list, tail, compact, plain), write(nil, list, tail, spaced, nil))
}

// jsonRewritten is what a parser and a writer of another language make of the
// body: layout, numbers and escapes changed at the same time.
func jsonRewritten(doc *document) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list := doc.list
		text, isPython := fromPython(doc.raw)
		if isPython {
			list, _ = tokens(text)
		}
		if list == nil {
			return
		}
		var buf []byte
		try := func(list []token, l layout, p [][]byte) bool {
			buf = write(buf[:0], list, nil, l, p)
			return yield(buf)
		}
		layouts := slices.Concat([]layout{compact, spaced}, indented, oddly)
		texts := slices.Concat([][][]byte{nil}, stringPieces(list))
		if isPython {
			for _, l := range layouts {
				for _, p := range texts[:min(3, len(texts))] {
					if !try(list, l, p) {
						return
					}
				}
			}
		}
		numbers := slices.Concat([][][]byte{nil}, numberPieces(list))
		for _, order := range [][]token{list, alphabetical(list)} {
			for _, l := range layouts {
				for _, text := range texts {
					for _, number := range numbers {
						if !try(order, l, combined(list, text, number)) || l.indent != "" && !yield(append(buf, '\n')) {
							return
						}
					}
				}
			}
		}
	}
}

// laidOut is forms for a body with line breaks between its tokens; oneLine for
// any other.
func laidOut(forms func(*document) iter.Seq[[]byte]) func(*document) iter.Seq[[]byte] {
	return onlyFor(forms, true)
}

func oneLine(forms func(*document) iter.Seq[[]byte]) func(*document) iter.Seq[[]byte] {
	return onlyFor(forms, false)
}

func onlyFor(forms func(*document) iter.Seq[[]byte], pretty bool) func(*document) iter.Seq[[]byte] {
	return func(doc *document) iter.Seq[[]byte] {
		if hasLines(doc.list) != pretty {
			return each(nil)
		}
		return forms(doc)
	}
}

// hasLines reports whether there are line breaks between tokens.
func hasLines(list []token) bool {
	return slices.ContainsFunc(list, func(t token) bool { return bytes.IndexByte(t.gap, '\n') >= 0 && t.kind != '{' })
}

// jsonNumbers changes numbers independently of each other: one of them in all
// ways, then two, then three. A program that has written 1.0 as 1 has left
// alone what was 1 before.
func jsonNumbers(doc *document) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, tail := doc.list, doc.tail
		var at []int // of the numbers
		var ways [][][]byte
		for i, t := range list {
			if t.kind != 0 {
				continue
			}
			if w := spelled(t.text); len(w) > 0 && len(at) < maxNumbers {
				at, ways = append(at, i), append(ways, w)
			}
		}
		if len(at) == 0 {
			return
		}
		layouts := []layout{compact, spaced}
		if !hasLines(list) {
			layouts[0] = asWas
		}
		now := make([][]byte, len(list))
		for i, t := range list {
			now[i] = t.text
		}
		var buf []byte
		var change func(from, left int, l layout) bool
		change = func(from, left int, l layout) bool {
			if left == 0 {
				buf = write(buf[:0], list, tail, l, now)
				return yield(buf)
			}
			for n := from; n < len(at); n++ {
				for _, way := range ways[n] {
					now[at[n]] = way
					if !change(n+1, left-1, l) {
						return false
					}
				}
				now[at[n]] = list[at[n]].text
			}
			return true
		}
		for changed := 1; changed <= min(len(at), maxChanged); changed++ {
			for _, l := range layouts {
				if !change(0, changed, l) {
					return
				}
			}
		}
	}
}

// Bounds of what jsonNumbers tries.
const (
	maxNumbers = 64
	maxChanged = 4
)

// spelled is the other ways in which programs write the same number.
func spelled(n []byte) [][]byte {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || len(n) > 32 {
		return nil
	}
	text := string(n)
	var all [][]byte
	add := func(form string) {
		if form != text && !slices.ContainsFunc(all, func(a []byte) bool { return string(a) == form }) {
			all = append(all, []byte(form))
		}
	}
	plain := strconv.FormatFloat(f, 'f', -1, 64)
	if whole(n) {
		plain = text // with digits that a float64 does not have
	}
	add(plain)
	if i := strings.IndexByte(plain, '.'); i < 0 {
		add(plain + ".0")
		add(plain + ".00")
		add(plain + ".000")
	} else {
		add(plain + "0")
		add(plain + "00")
	}
	if f == 0 {
		add("-0")
		add("-0.0")
		add("0")
		return all
	}
	for _, digits := range []int{-1, 1} {
		short := strconv.FormatFloat(f, 'e', digits, 64) // 2.5e+02
		mantissa, power, _ := strings.Cut(short, "e")
		sign, power := strings.TrimPrefix(power[:1], "+"), strings.TrimLeft(power[1:], "0")
		if power == "" {
			continue
		}
		for _, e := range []string{"e", "E"} {
			add(mantissa + e + sign + power)
			if sign == "" {
				add(mantissa + e + "+" + power)
			}
		}
		add(short)
	}
	return all
}

// fromPython makes JSON of what Python prints of an object.
func fromPython(b []byte) ([]byte, bool) {
	text := bytes.TrimSpace(b)
	if !bytes.HasPrefix(text, []byte("{'")) && !bytes.HasPrefix(text, []byte("[{'")) {
		return nil, false
	}
	out := make([]byte, 0, len(text))
	var within byte // the quotation mark of the string that is open
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case within == 0 && (c == '\'' || c == '"'):
			within = c
			out = append(out, '"')
		case within == 0:
			word := text[i:]
			switch {
			case bytes.HasPrefix(word, []byte("True")):
				out, i = append(out, "true"...), i+3
			case bytes.HasPrefix(word, []byte("False")):
				out, i = append(out, "false"...), i+4
			case bytes.HasPrefix(word, []byte("None")):
				out, i = append(out, "null"...), i+3
			default:
				out = append(out, c)
			}
		case c == within:
			within = 0
			out = append(out, '"')
		case c == '\\' && i+1 < len(text):
			if i++; text[i] != '\'' {
				out = append(out, c)
			}
			out = append(out, text[i])
		case c == '"':
			out = append(out, '\\', '"')
		default:
			out = append(out, c)
		}
	}
	return out, json.Valid(out)
}

// namesSorted reports whether each object's names are in alphabetical order,
// with enough of them in one for that to be no accident.
func namesSorted(list []token) bool {
	const telling = 4
	most := 0
	var names [][]string // of the objects that are open; nil for an array
	for i, t := range list {
		switch t.kind {
		case '{':
			names = append(names, []string{})
		case '[':
			names = append(names, nil)
		case '}', ']':
			last := names[len(names)-1]
			names = names[:len(names)-1]
			if !slices.IsSorted(last) {
				return false
			}
			most = max(most, len(last))
		case '"':
			if i+1 < len(list) && list[i+1].kind == ':' {
				names[len(names)-1] = append(names[len(names)-1], string(t.text))
			}
		}
	}
	return most >= telling
}

// jsonShaped reports whether b begins as a JSON object or array.
func jsonShaped(b []byte) bool {
	text := bytes.TrimLeft(b, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// numberForms are what numbers may have been before they went through a
// parser: amounts with two decimals, which few parsers keep.
var numberForms = []func(token) []byte{
	func(t token) []byte { return decimals(t.text) },
	func(t token) []byte { return bytes.TrimSuffix(t.text, []byte(".0")) },
	func(t token) []byte {
		if whole(t.text) && money(t.name) {
			return append(bytes.Clone(t.text), ".00"...)
		}
		return decimals(t.text)
	},
	func(t token) []byte {
		if whole(t.text) && money(t.name) {
			return append(bytes.Clone(t.text), ".0"...)
		}
		return t.text
	},
	func(t token) []byte { return shortest(t.text) },
	func(t token) []byte {
		if bytes.HasSuffix(t.text, []byte(".0")) {
			return append(bytes.Clone(t.text), '0')
		}
		return t.text
	},
	func(t token) []byte {
		if whole(t.text) && money(t.name) {
			return append(bytes.Clone(t.text), ".00"...)
		}
		return t.text
	},
	func(t token) []byte {
		if whole(t.text) {
			return append(bytes.Clone(t.text), ".0"...)
		}
		return t.text
	},
	func(t token) []byte { return unscientific(t.text) },
}

// decimals fills a fraction up to two digits.
func decimals(n []byte) []byte {
	if i := bytes.IndexByte(n, '.'); i >= 0 && len(n)-i == 2 {
		return append(bytes.Clone(n), '0')
	}
	return n
}

// unscientific writes 1e+06 as 1000000 and 1.5E3 as 1500.
func unscientific(n []byte) []byte {
	if !bytes.ContainsAny(n, "eE") || len(n) > 32 {
		return n
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || f > 1e21 || f < -1e21 {
		return n
	}
	return strconv.AppendFloat(nil, f, 'f', -1, 64)
}

// shortest drops the zeros at the end of a fraction.
func shortest(n []byte) []byte {
	if bytes.IndexByte(n, '.') < 0 || bytes.ContainsAny(n, "eE") {
		return n
	}
	return bytes.TrimSuffix(bytes.TrimRight(n, "0"), []byte("."))
}

func whole(n []byte) bool {
	digits := bytes.TrimPrefix(n, []byte("-"))
	return len(digits) > 0 && len(bytes.Trim(digits, "0123456789")) == 0
}

func money(name []byte) bool {
	low := strings.ToLower(string(name))
	for _, word := range []string{"amount", "total", "price", "value", "cost", "balance", "fee", "tax"} {
		if strings.Contains(low, word) {
			return true
		}
	}
	return false
}

// stringForms are the ways in which libraries write strings. Each takes and
// gives them with their quotes.
var stringForms = []func([]byte) []byte{
	escaper("", false, "0123456789abcdef"),           // JavaScript, Go without HTML escaping
	escaper("", true, "0123456789abcdef"),            // Python
	escaper("/", true, "0123456789abcdef"),           // PHP
	escaper("/", false, "0123456789abcdef"),          // PHP with JSON_UNESCAPED_UNICODE
	escaper("<>&", false, "0123456789abcdef"),        // Go
	escaper("", true, "0123456789ABCDEF"),            // Java, C#
	escaper("<>&'+`\"", true, "0123456789ABCDEF"),    // System.Text.Json
	escaper("<>&'=", false, "0123456789abcdef"),      // Gson
	escaper("", false, "0123456789ABCDEF"),           // control characters in upper case
	func(s []byte) []byte { return hexCase(s, 'a') }, // as it is, but the case of \uXXXX
	func(s []byte) []byte { return hexCase(s, 'A') },
}

// escaper writes a string anew: special characters escaped (a slash as \/,
// others as \uXXXX), all that is not ASCII too if ascii is set.
func escaper(special string, ascii bool, digits string) func([]byte) []byte {
	unicode := func(out []byte, r rune) []byte {
		return append(out, '\\', 'u', digits[r>>12&0xf], digits[r>>8&0xf], digits[r>>4&0xf], digits[r&0xf])
	}
	return func(quoted []byte) []byte {
		if sameEverywhere(quoted[1 : len(quoted)-1]) {
			return quoted
		}
		var s string
		if json.Unmarshal(quoted, &s) != nil {
			return quoted
		}
		out := append(make([]byte, 0, len(quoted)+8), '"')
		for _, r := range s {
			short := -1
			if r < 0x20 || r == '"' || r == '\\' {
				short = strings.IndexRune("\b\f\n\r\t\"\\", r)
			}
			switch {
			case r == '/' && strings.Contains(special, "/"):
				out = append(out, '\\', '/')
			case r < utf8.RuneSelf && strings.ContainsRune(special, r):
				out = unicode(out, r)
			case short >= 0:
				out = append(out, '\\', `bfnrt"\`[short])
			case r < 0x20, strings.Contains(special, "<") && (r == 0x2028 || r == 0x2029):
				out = unicode(out, r)
			case r < utf8.RuneSelf || !ascii:
				out = utf8.AppendRune(out, r)
			case r >= 0x10000:
				out = unicode(unicode(out, 0xd800+(r-0x10000)>>10), 0xdc00+(r-0x10000)&0x3ff)
			default:
				out = unicode(out, r)
			}
		}
		return append(out, '"')
	}
}

// sameEverywhere reports whether every library writes s as it is.
func sameEverywhere(s []byte) bool {
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == ' ' || c == '_' || c == '-' || c == '.' || c == ',' || c == ':':
		default:
			return false
		}
	}
	return true
}

// hexCase sets the case of the digits in \uXXXX.
func hexCase(s []byte, letter byte) []byte {
	out := bytes.Clone(s)
	for i := 0; i+5 < len(out); i++ {
		if out[i] != '\\' {
			continue
		}
		if out[i+1] == 'u' {
			for j := i + 2; j < i+6; j++ {
				if out[j]|0x20 >= 'a' && out[j]|0x20 <= 'f' {
					out[j] = out[j]&^0x20 | letter&0x20
				}
			}
		}
		i++
	}
	return out
}

// unfinishedJSON reports whether b begins as JSON and ends before that does.
func unfinishedJSON(b []byte) bool {
	text := bytes.TrimLeft(b, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return false
			}
		}
	}
	return true
}
