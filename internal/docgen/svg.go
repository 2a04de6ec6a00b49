package main

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The measures of a picture, in pixels.
const (
	columns = 80 // of the terminal
	glyph   = 8.4
	leading = 20
	margin  = 16
)

// piece is text of one look within a line.
type piece struct {
	at   int // its column
	text string
	look
}

// look is how text is shown: a colour of the palette, "" for that of plain text.
type look struct {
	colour    string
	bold, dim bool
}

// palette has the colours of one background: those that a terminal names, by
// their numbers in an escape sequence.
type palette struct {
	name, back, frame, text, dim string
	colours                      map[string]string
}

// palettes stand out from their background by at least 4.5 to 1, as WCAG counts it.
var palettes = []palette{
	{"light", "#ffffff", "#d1d9e0", "#1f2328", "#59636e", map[string]string{
		"31": "#cf222e", "32": "#1a7f37", "33": "#8a5c00", "34": "#0969da", "35": "#8250df", "36": "#1b7c83",
	}},
	{"dark", "#0d1117", "#3d444d", "#f0f6fc", "#9198a1", map[string]string{
		"31": "#ff7b72", "32": "#3fb950", "33": "#d29922", "34": "#58a6ff", "35": "#bc8cff", "36": "#39c5cf",
	}},
}

var (
	escapes = regexp.MustCompile("\x1b\\[([0-9;]*)m")
	gaps    = regexp.MustCompile(`  +`)
)

// screen reads what was printed on a terminal: its lines, each as the texts in it.
// What only a real terminal could show is an error.
func screen(printed string) ([][]piece, error) {
	var lines [][]piece
	var now look
	for line := range strings.Lines(printed) {
		line = strings.TrimSuffix(line, "\n")
		var pieces []piece
		at := 0
		add := func(text string) error {
			for _, r := range text {
				if !unicode.IsPrint(r) {
					return fmt.Errorf("a picture cannot show %q of %q", r, line)
				}
			}
			for _, part := range apart(text) {
				for rest := []rune(part); len(rest) > 0; {
					if at == columns { // as a terminal does it
						lines = append(lines, pieces)
						pieces, at = nil, 0
					}
					n := min(len(rest), columns-at)
					fits := string(rest[:n])
					if bare := strings.TrimLeft(fits, " "); bare != "" { // a reader of SVG may drop spaces
						pieces = append(pieces, piece{at + n - utf8.RuneCountInString(bare), strings.TrimRight(bare, " "), now})
					}
					at, rest = at+n, rest[n:]
				}
			}
			return nil
		}
		done := 0
		for _, m := range escapes.FindAllStringSubmatchIndex(line, -1) {
			if err := add(line[done:m[0]]); err != nil {
				return nil, err
			}
			done = m[1]
			for code := range strings.SplitSeq(line[m[2]:m[3]], ";") {
				switch {
				case code == "" || code == "0":
					now = look{}
				case code == "1":
					now.bold = true
				case code == "2":
					now.dim = true
				case code == "22":
					now.bold, now.dim = false, false
				case code == "39":
					now.colour = ""
				case palettes[0].colours[code] != "":
					now.colour = code
				default:
					return nil, fmt.Errorf("a picture cannot show the look %s of %q", code, line)
				}
			}
		}
		if err := add(line[done:]); err != nil {
			return nil, err
		}
		lines = append(lines, pieces)
	}
	return lines, nil
}

// apart cuts a text at its gaps, so that what stands in a column of a table
// begins where it should in every font.
func apart(text string) []string {
	var parts []string
	done := 0
	for _, gap := range gaps.FindAllStringIndex(text, -1) {
		parts = append(parts, text[done:gap[0]], text[gap[0]:gap[1]])
		done = gap[1]
	}
	return append(parts, text[done:])
}

// picture draws lines as a terminal of that palette shows them.
func (p palette) picture(title string, lines [][]piece) []byte {
	width, height := 2*margin+columns*glyph, 2*margin+leading*len(lines)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%d" viewBox="0 0 %[1]g %[2]d" role="img" aria-labelledby="title">
<title id="title">%s</title>
<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; fill: %s }
.bold { font-weight: bold }
.dim { fill: %s }
`, width, height, html.EscapeString(title), p.text, p.dim)
	for _, code := range []string{"31", "32", "33", "34", "35", "36"} {
		fmt.Fprintf(&b, ".c%s { fill: %s }\n", code, p.colours[code])
	}
	fmt.Fprintf(&b, "</style>\n<rect x=\"0.5\" y=\"0.5\" width=\"%g\" height=\"%d\" rx=\"8\" fill=\"%s\" stroke=\"%s\"/>\n", width-1, height-1, p.back, p.frame)
	for i, line := range lines {
		for _, r := range line {
			n := utf8.RuneCountInString(r.text)
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>`+"\n",
				margin+float64(r.at)*glyph, margin+leading*i+15, float64(n)*glyph, r.classes(), html.EscapeString(r.text))
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// classes are the attribute that gives a text its look.
func (l look) classes() string {
	var names []string
	if l.bold {
		names = append(names, "bold")
	}
	if l.dim {
		names = append(names, "dim")
	}
	if l.colour != "" {
		names = append(names, "c"+l.colour)
	}
	if names == nil {
		return ""
	}
	return ` class="` + strings.Join(names, " ") + `"`
}
