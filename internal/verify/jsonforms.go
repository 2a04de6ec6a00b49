package verify

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

// maxJSON bounds the bodies that are taken apart, and maxJSONDepth how deep.
const (
	maxJSON      = 1 << 20
	maxJSONDepth = 200
)

// token is a piece of JSON: punctuation, a string with its quotes, or another
// scalar.
type token struct {
	kind byte   // one of {}[]:, or " for a string, 0 for another scalar
	gap  []byte // the white space before it
	text []byte
	name []byte // of the member that a scalar is the value of
}

// tokens takes a document apart; nil where it is no JSON, or too much of it.
func tokens(b []byte) (list []token, tail []byte) {
	if len(b) > maxJSON || !json.Valid(b) {
		return nil, nil
	}
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
		t := token{gap: gap}
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
	indented = []layout{
		{comma: ",", colon: ": ", indent: "  "},
		{comma: ",", colon: ": ", indent: "    "},
		{comma: ",", colon: ": ", indent: "\t"},
	}
)

// write puts tokens together. Text changes strings, number other scalars; nil
// leaves them.
func write(list []token, tail []byte, l layout, text func([]byte) []byte, number func(token) []byte) []byte {
	size := len(tail)
	for _, t := range list {
		size += len(t.gap) + len(t.text) + 2
	}
	out := make([]byte, 0, size+size/4)
	depth := 0
	line := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, l.indent...)
		}
	}
	for i, t := range list {
		piece := t.text
		switch {
		case t.kind == '"' && text != nil:
			piece = text(t.text)
		case t.kind == 0 && number != nil:
			piece = number(t)
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

// jsonUnpretty: captured with line breaks between its tokens, signed without.
func jsonUnpretty(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, tail := tokens(b)
		if !slices.ContainsFunc(list, func(t token) bool { return bytes.IndexByte(t.gap, '\n') >= 0 }) {
			return
		}
		for _, l := range []layout{compact, spaced} {
			if !yield(write(list, tail, l, nil, nil)) {
				return
			}
			for _, n := range numberForms {
				if !yield(write(list, tail, l, nil, n)) {
					return
				}
			}
			for _, s := range stringForms {
				if !yield(write(list, tail, l, s, nil)) {
					return
				}
			}
		}
	}
}

func jsonReserialised(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, tail := tokens(b)
		if list == nil {
			return
		}
		try := func(form []byte) bool {
			return bytes.Equal(form, b) || yield(form) && yield(append(form, '\n'))
		}
		for _, l := range append([]layout{spaced, compact}, indented...) {
			if !try(write(list, tail, l, nil, nil)) {
				return
			}
		}
		for _, l := range []layout{asWas, compact, spaced} {
			for _, n := range numberForms {
				if !try(write(list, tail, l, nil, n)) {
					return
				}
			}
		}
		sorted := sortMembers(list)
		for _, l := range []layout{compact, spaced} {
			if !try(write(sorted, nil, l, nil, nil)) {
				return
			}
		}
	}
}

func jsonEscaping(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, tail := tokens(b)
		if list == nil {
			return
		}
		for _, l := range []layout{asWas, compact, spaced} {
			for _, s := range stringForms {
				if form := write(list, tail, l, s, nil); !bytes.Equal(form, b) && !yield(form) {
					return
				}
			}
		}
	}
}

// jsonRewritten is what a parser and a writer of another language make of the
// body: layout, numbers and escapes changed at the same time.
func jsonRewritten(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		text, isPython := fromPython(b)
		if !isPython {
			text = b
		}
		list, _ := tokens(text)
		if list == nil {
			return
		}
		layouts := append([]layout{compact, spaced}, indented...)
		if isPython {
			for _, l := range layouts {
				for _, s := range append([]func([]byte) []byte{nil}, stringForms[:2]...) {
					if !yield(write(list, nil, l, s, nil)) {
						return
					}
				}
			}
		}
		texts := [][]token{list}
		for _, s := range stringForms {
			texts = appendChanged(texts, list, func(t token) []byte {
				if t.kind == '"' {
					return s(t.text)
				}
				return t.text
			})
		}
		for _, text := range texts {
			forms := [][]token{text}
			for _, n := range numberForms {
				forms = appendChanged(forms, text, func(t token) []byte {
					if t.kind == 0 {
						return n(t)
					}
					return t.text
				})
			}
			for _, form := range forms {
				for _, sorted := range [][]token{form, sortMembers(form)} {
					for _, l := range layouts {
						if out := write(sorted, nil, l, nil, nil); !yield(out) || !yield(append(out, '\n')) {
							return
						}
					}
				}
			}
		}
	}
}

// appendChanged appends list with its tokens changed, unless that makes nothing
// new.
func appendChanged(forms [][]token, list []token, change func(token) []byte) [][]token {
	out := slices.Clone(list)
	for i := range out {
		out[i].text = change(out[i])
	}
	same := func(a, b token) bool { return bytes.Equal(a.text, b.text) }
	for _, form := range forms {
		if slices.EqualFunc(form, out, same) {
			return forms
		}
	}
	return append(forms, out)
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

// sortMembers orders the members of all objects by name.
func sortMembers(list []token) []token {
	out, _ := sortValue(make([]token, 0, len(list)), list, 0)
	return out
}

// sortValue appends the value at i, sorted, and returns the index after it.
// The nesting is bounded by tokens.
func sortValue(out, list []token, i int) ([]token, int) {
	open := list[i].kind
	if open != '{' && open != '[' {
		return append(out, list[i]), i + 1
	}
	head := list[i]
	type item struct {
		name  string
		parts []token
	}
	var items []item
	for i++; list[i].kind != '}' && list[i].kind != ']'; {
		if list[i].kind == ',' {
			i++
			continue
		}
		var it item
		if open == '{' {
			// A name that cannot be unquoted sorts as it is written.
			if name, err := strconv.Unquote(string(list[i].text)); err == nil {
				it.name = name
			} else {
				it.name = string(list[i].text)
			}
			it.parts = append(it.parts, list[i], list[i+1])
			i += 2
		}
		it.parts, i = sortValue(it.parts, list, i)
		items = append(items, it)
	}
	if open == '{' {
		slices.SortStableFunc(items, func(a, b item) int { return strings.Compare(a.name, b.name) })
	}
	out = append(out, head)
	for n, it := range items {
		if n > 0 {
			out = append(out, token{kind: ',', text: []byte(",")})
		}
		out = append(out, it.parts...)
	}
	return append(out, list[i]), i + 1
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
