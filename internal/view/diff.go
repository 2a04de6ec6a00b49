package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

// Difference is what differs between two deliveries. Its JSON is a promise: a side
// that has nothing is null.
type Difference struct {
	Equal   bool               `json:"equal"`
	Headers []headerDifference `json:"headers"`
	Body    []bodyDifference   `json:"body"`

	left, right *capture.Request
	kind        capture.BodyKind
}

type headerDifference struct {
	Name  string       `json:"name"`
	Left  headerValues `json:"left"`
	Right headerValues `json:"right"`
}

// headerValues is a list, or null for a side that has no such header.
type headerValues []string

// MarshalJSON implements json.Marshaler.
func (v headerValues) MarshalJSON() ([]byte, error) { return jsontext.Marshal([]string(v)) }

type bodyDifference struct {
	Path  string          `json:"path"`
	Left  json.RawMessage `json:"left"`
	Right json.RawMessage `json:"right"`
}

// NewDifference compares two deliveries whose bodies are in memory.
func NewDifference(left, right *capture.Request) Difference {
	d := Difference{left: left, right: right}
	for _, h := range capture.CompareHeaders(left.Header, right.Header) {
		d.Headers = append(d.Headers, headerDifference{h.Name, h.Left, h.Right})
	}
	kind, body := capture.CompareBodies(left.Body, right.Body)
	d.Body = bodyDifferences(body)
	d.kind, d.Equal = kind, len(d.Headers)+len(d.Body) == 0
	return d
}

// Print shows the difference.
func (d Difference) Print(p *render.Printer) error {
	var names []string
	for _, h := range d.Headers {
		names = append(names, h.Name)
	}
	for _, b := range d.Body {
		names = append(names, b.Path)
	}
	if p.Format() != render.Table {
		return p.Print(render.View{Data: d, Names: names})
	}
	w := partWriter{p: p, signs: true}
	if !d.Equal {
		w.say("--- %s", visible(d.left.Source))
		w.say("+++ %s", visible(d.right.Source))
	}
	if len(d.Headers) > 0 {
		w.say("\nHeaders")
	}
	for _, h := range d.Headers {
		w.header("-", h.Name, h.Left)
		w.header("+", h.Name, h.Right)
	}
	if len(d.Body) > 0 {
		d.body(&w)
	}
	w.flush()
	return w.err
}

func (w *partWriter) header(sign, name string, values []string) {
	for _, v := range values {
		w.say("%s %s: %s", sign, visible(name), visible(v))
	}
}

func (d Difference) body(w *partWriter) {
	sizes := term.Plural(len(d.left.Body), "byte", "bytes")
	if len(d.right.Body) != len(d.left.Body) {
		sizes = fmt.Sprintf("%d and %s", len(d.left.Body), term.Plural(len(d.right.Body), "byte", "bytes"))
	}
	w.say("\nBody: %s, %s", sizes, d.kind)
	if d.kind == capture.KindText {
		for text := range bytes.Lines(capture.Unified(d.left.Body, d.right.Body)) {
			_ = w.line([]byte(visible(string(bytes.TrimSuffix(text, []byte("\n"))))))
		}
		return
	}
	for _, b := range d.Body {
		if strings.HasPrefix(b.Path, "byte ") && d.kind == capture.KindJSON {
			w.say("the values are the same; the bytes differ in layout, order or escapes")
		}
		from := firstShown(b.Left, b.Right)
		w.side("-", b.Path, b.Left, from)
		w.side("+", b.Path, b.Right, from)
	}
}

const (
	// mostShown is how much of a value is shown to people.
	mostShown = 200
	// leadShown is how much is shown before the first byte that differs.
	leadShown = 40
)

// firstShown is where the part of two values begins that is shown: at the beginning,
// unless they differ so far behind it that nobody would see it.
func firstShown(left, right []byte) int {
	n := 0
	for n < min(len(left), len(right)) && left[n] == right[n] {
		n++
	}
	if n < mostShown-leadShown {
		return 0
	}
	return n - leadShown
}

func (w *partWriter) side(sign, path string, value []byte, from int) {
	if value == nil {
		return // it has nothing there, not even null
	}
	text := value[min(from, len(value)):]
	before, after := "", ""
	if from > 0 {
		before = "..."
	}
	if len(text) > mostShown {
		text, after = text[:mostShown], fmt.Sprintf("... (%d bytes)", len(value))
	}
	w.say("%s %s: %s%s%s", sign, visible(path), before, visible(string(text)), after)
}

// visible is text on one line in which each character can be seen: those that Clean
// would replace are escaped, since two that differ must not look the same.
func visible(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\t':
			b.WriteByte('\t')
		case r == '\n' || r == '\r':
			b.WriteString(map[rune]string{'\n': `\n`, '\r': `\r`}[r])
		case term.Hidden(r) || r == '\u200d':
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}
