package render

import (
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// Tone is what a text means to its reader. It has a colour where colour is
// wanted, and is never said by the colour alone.
type Tone uint8

// The tones.
const (
	Plain  Tone = iota
	Good        // valid, kept, added: green
	Bad         // invalid, failing, not kept, removed, errors: red
	Change      // warnings and changes: yellow
)

// Paint is s in t's colour, where colour is wanted.
func (t Tone) Paint(s string, colour bool) string {
	if !colour || t == Plain || s == "" {
		return s
	}
	return "\x1b[" + []string{Good: "32", Bad: "31", Change: "33"}[t] + "m" + s + "\x1b[0m"
}

// Line is a paragraph for people: Text behind Lead, wrapped at words to the width
// of the output; see [term.Wrap].
type Line struct {
	Lead, Text string
	LeadTone   Tone
	Tone       Tone // of the text
	// Signs says that each word which begins with + or - was added or removed.
	Signs bool
}

// Layout is the paragraphs in lines of at most width columns.
func Layout(lines []Line, width int, colour bool) string {
	var b strings.Builder
	for _, l := range lines {
		lead := term.Clean(l.Lead)
		text := strings.ReplaceAll(term.CleanBlock(l.Text), "\t", " ")
		text = term.Wrap(lead, text, width)
		if colour {
			text = l.paint(text, len(strings.TrimRight(lead, " ")))
		}
		b.WriteString(text)
		b.WriteByte('\n')
	}
	return b.String()
}

// paint colours the wrapped line, whose lead is so many bytes long.
func (l Line) paint(wrapped string, lead int) string {
	lead = min(lead, len(wrapped))
	head, rest := wrapped[:lead], wrapped[lead:]
	blanks := len(head) - len(strings.TrimLeft(head, " "))
	out := head[:blanks] + l.LeadTone.Paint(head[blanks:], true)
	for part := range strings.SplitAfterSeq(rest, "\n") {
		text := strings.TrimSuffix(part, "\n")
		bare := strings.TrimLeft(text, " ")
		out += text[:len(text)-len(bare)] + l.paintText(bare) + part[len(text):]
	}
	return out
}

// paintSigns colours the lines of a difference.
func paintSigns(text string) string {
	var b strings.Builder
	for part := range strings.SplitAfterSeq(text, "\n") {
		line := strings.TrimSuffix(part, "\n")
		tone := Plain
		switch {
		case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "):
		case strings.HasPrefix(line, "+"):
			tone = Good
		case strings.HasPrefix(line, "-"):
			tone = Bad
		}
		b.WriteString(tone.Paint(line, true) + part[len(line):])
	}
	return b.String()
}

func (l Line) paintText(text string) string {
	if !l.Signs {
		return l.Tone.Paint(text, true)
	}
	words := strings.Split(text, " ")
	for i, w := range words {
		switch {
		case strings.HasPrefix(w, "+"):
			words[i] = Good.Paint(w, true)
		case strings.HasPrefix(w, "-") && w != "->":
			words[i] = Bad.Paint(w, true)
		}
	}
	return strings.Join(words, " ")
}
