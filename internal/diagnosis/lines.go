package diagnosis

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// narrowest is how wide a terminal is at least, in characters. A first line that is
// shorter was not wrapped: it is JSON laid out.
const narrowest = 20

// wrappedLines joins the lines that a terminal or an editor has broken.
func wrappedLines(b []byte) iter.Seq[[]byte] {
	breaks := bytes.Count(b, []byte("\n"))
	if end := bytes.IndexAny(b, "\r\n"); end < narrowest || (breaks-2)*narrowest > len(b) {
		return none
	}
	return func(yield func([]byte) bool) {
		text := strings.TrimRight(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
		lines := strings.Split(text, "\n")
		if len(lines) < 2 {
			return
		}
		width := 0
		for _, line := range lines {
			width = max(width, utf8.RuneCountInString(line))
		}
		padded := func(s string) string { return s + strings.Repeat(" ", width-utf8.RuneCountInString(s)) }
		ways := []struct {
			between string
			line    func(string) string
		}{
			{"", strings.Clone},
			{"", func(s string) string { return strings.TrimRight(s, " \t") }}, // a terminal's padding
			{" ", strings.TrimSpace}, // an editor's
			{"", strings.TrimSpace},
			{"", func(s string) string { return strings.TrimSuffix(s, `\`) }},
			{"", padded}, // the spaces that a terminal has lost
		}
		if width*len(lines) > 2*len(b) {
			ways = ways[:len(ways)-1] // lines of very different length, which would grow
		}
		for _, way := range ways {
			joined := make([]string, len(lines))
			for i, line := range lines[:len(lines)-1] {
				joined[i] = way.line(line)
			}
			joined[len(lines)-1] = strings.TrimSpace(lines[len(lines)-1])
			if !yield([]byte(strings.Join(joined, way.between))) {
				return
			}
		}
	}
}

// typographic are the marks that word processors and chats put in place of plain
// ones: several ways for each, the first of which is tried with those of the others
// first.
var typographic = [][]*strings.Replacer{
	{strings.NewReplacer("\u201c", `"`, "\u201d", `"`, "\u201e", `"`, "\u201f", `"`, "\u2033", `"`, "\u00ab\u00a0", `"`, "\u00a0\u00bb", `"`, "\u00ab", `"`, "\u00bb", `"`)},
	{strings.NewReplacer("\u2018", "'", "\u2019", "'", "\u201a", "'", "\u201b", "'", "\u2032", "'")},
	{strings.NewReplacer("\u2026", "...")},
	{strings.NewReplacer("\u2013", "-", "\u2014", "--"), strings.NewReplacer("\u2013", "--", "\u2014", "---"), strings.NewReplacer("\u2013", "-", "\u2014", "-")},
	{strings.NewReplacer("\u00a0", " ", "\u202f", " ")},
	{strings.NewReplacer("\u200b", "", "\u2060", "", "\ufeff", "", "\u00ad", "", "\u200e", "", "\u200f", "")}, // invisible; joiners are part of emoji
}

// plainQuotes undoes typographic quotes, and with them what else was made of plain
// characters; the body may have had some of those itself.
func plainQuotes(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if isASCII(b) || bytes.HasPrefix(b, utf8BOM) { // that is another mistake, tried with this one in pairs
			return
		}
		forms := []string{string(b)}
		for _, ways := range typographic {
			for _, form := range slices.Clone(forms) {
				for _, way := range ways {
					out := way.Replace(form)
					if slices.Contains(forms, out) {
						continue
					}
					if !yield([]byte(out)) {
						return
					}
					if len(forms) < 4 || len(forms)*len(b) < maxJSON {
						forms = append(forms, out)
					}
				}
			}
		}
	}
}

// testTypographic recognises JSON with typographic quotes, which no program writes.
func testTypographic(d *diagnosis) (string, bool) {
	text := bytes.TrimLeft(d.request.Body, " \t\r\n\u00a0{[")
	r, _ := utf8.DecodeRune(text)
	return "", jsonShaped(d.request.Body) && len(text) > 0 && strings.ContainsRune("\u201c\u201d\u201e\u201f\u00ab\u2018\u2019", r)
}
