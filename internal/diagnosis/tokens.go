package diagnosis

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/jsontext"
)

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
		i = jsontext.SkipSpace(b, i)
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
		default:
			t.text = b[i:jsontext.SkipValue(b, i)]
			if c == '"' {
				t.kind, name = '"', t.text
			} else {
				t.name = name
			}
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
	raw    []byte
	list   []token
	tail   []byte
	sample *document // what the provider writes; nil where that is not known

	// What many forms are made of is made once, when it is asked for.
	texts, numbers, times, likely func() []pieces
	sorted                        func() []token   // see alphabetical
	tree                          func() *tree     // its paths are numbered with the sample's
	filled                        func() *document // see withNulls
}

func parse(b []byte) *document {
	doc := &document{raw: b}
	doc.list, doc.tail = tokens(b)
	doc.texts = sync.OnceValue(func() []pieces { return stringPieces(doc.list) })
	doc.numbers = sync.OnceValue(func() []pieces { return numberPieces(doc.list) })
	doc.likely = sync.OnceValue(func() []pieces { return slices.Concat(doc.numbersAsInSample(), doc.numbers()) })
	doc.times = sync.OnceValue(doc.timePieces)
	doc.sorted = sync.OnceValue(func() []token { return alphabetical(doc.list) })
	doc.tree = sync.OnceValue(func() *tree {
		p := paths{}
		if doc.sample != nil {
			p = doc.sample.tree().paths
		}
		return treeOf(doc.list, p)
	})
	doc.filled = sync.OnceValue(doc.withNulls)
	return doc
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

// write appends tokens put together, up to about maxForm. Where p is not nil
// it holds what stands for each, by its place in the document.
func write(out []byte, list []token, tail []byte, l layout, p pieces) []byte {
	return writeBoth(out, list, tail, l, p, p)
}

// writeBoth is write with what stands for strings and for other scalars.
func writeBoth(out []byte, list []token, tail []byte, l layout, texts, scalars pieces) []byte {
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
		if t.kind == '"' && texts != nil {
			piece = texts[t.at]
		} else if t.kind == 0 && scalars != nil {
			piece = scalars[t.at]
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

// hasLines reports whether there are line breaks between tokens.
func hasLines(list []token) bool {
	return slices.ContainsFunc(list, func(t token) bool { return bytes.IndexByte(t.gap, '\n') >= 0 && t.kind != '{' })
}

// jsonShaped reports whether b begins as a JSON object or array.
func jsonShaped(b []byte) bool {
	i := jsontext.SkipSpace(b, 0)
	return i < len(b) && (b[i] == '{' || b[i] == '[')
}

// unfinishedJSON reports whether b begins as JSON and ends before that does: a text
// that is something else has a character in it that JSON has not at that place.
func unfinishedJSON(b []byte) bool {
	if !jsonShaped(b) || jsontext.SkipValue(b, jsontext.SkipSpace(b, 0)) >= 0 {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); err != nil {
			return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
		}
	}
}
