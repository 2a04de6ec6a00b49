package config

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// layout finds the parsed tree's nodes in the text that they came from.
type layout struct {
	text  string
	lines []string // with their ends
	eol   string   // the end of the first line
}

func newLayout(text string) *layout {
	t := &layout{text: text, eol: "\n"}
	for line := range strings.Lines(text) {
		t.lines = append(t.lines, line)
	}
	if len(t.lines) > 0 && strings.HasSuffix(t.lines[0], "\r\n") {
		t.eol = "\r\n"
	}
	return t
}

func (t *layout) lineCount() int { return len(t.lines) }

// offset is where n begins in the text, -1 if that is not in it.
func (t *layout) offset(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(t.lines) {
		return -1
	}
	at := 0
	for _, line := range t.lines[:n.Line-1] {
		at += len(line)
	}
	line := t.lines[n.Line-1]
	for range n.Column - 1 { // columns are characters
		if line == "" {
			return -1
		}
		_, size := utf8.DecodeRuneInString(line)
		line, at = line[size:], at+size
	}
	return at
}

// span is the part of the text that is the scalar n, its quotes included. It
// knows scalars of one line.
func (t *layout) span(n *yaml.Node) (begin, end int, ok bool) {
	begin = t.offset(n)
	if n.Kind != yaml.ScalarNode || begin < 0 {
		return 0, 0, false
	}
	line, _, _ := strings.Cut(t.text[begin:], "\n")
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		end = quoted(line, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		end = quoted(line, '\'')
	case n.Style == 0 && n.Value != "" && strings.HasPrefix(line, n.Value):
		end = len(n.Value)
	}
	return begin, begin + end, end > 0
}

// quoted is the length of the quoted text that line begins with, 0 for none.
func quoted(line string, quote byte) int {
	if line == "" || line[0] != quote {
		return 0
	}
	for i := 1; i < len(line); i++ {
		switch {
		case quote == '"' && line[i] == '\\':
			i++
		case line[i] != quote:
		case quote == '\'' && i+1 < len(line) && line[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// block is the lines that put value at path, indented by indent blanks.
func (t *layout) block(path []string, value string, indent int) string {
	var b strings.Builder
	for i, name := range path {
		b.WriteString(strings.Repeat(" ", indent+2*i) + name + ":")
		if i == len(path)-1 {
			b.WriteString(" " + scalar(value))
		}
		b.WriteString(t.eol)
	}
	return b.String()
}

// insertAfter puts whole lines after the nth line, counted from 1.
func (t *layout) insertAfter(n int, lines string) string {
	before := strings.Join(t.lines[:n], "")
	if before != "" && !strings.HasSuffix(before, "\n") {
		before += t.eol
	}
	return before + lines + strings.Join(t.lines[n:], "")
}

// remove takes the member at index out of its mapping.
func (t *layout) remove(parent *yaml.Node, index int) (string, bool) {
	key, value := parent.Content[index], parent.Content[index+1]
	begin := t.offset(key)
	if group := value.Kind == yaml.MappingNode || value.Tag == "!!null"; group && parent.Style&yaml.FlowStyle == 0 {
		return t.removeLines(key, max(key.Line, lastLine(value)))
	}
	_, end, ok := t.span(value)
	if !ok || begin < 0 {
		return "", false
	}
	if parent.Style&yaml.FlowStyle == 0 {
		if key.Line != value.Line {
			return "", false
		}
		return t.removeLines(key, key.Line)
	}
	switch {
	case index+2 < len(parent.Content):
		end = t.offset(parent.Content[index+2])
	case index > 0:
		if _, begin, ok = t.span(parent.Content[index-1]); !ok {
			return "", false
		}
	}
	if end < begin {
		return "", false
	}
	return t.text[:begin] + t.text[end:], true
}

// removeLines takes out the lines from key's to the one numbered last. It
// reports false where something else stands before the key.
func (t *layout) removeLines(key *yaml.Node, last int) (string, bool) {
	if last > len(t.lines) || strings.TrimSpace(t.lines[key.Line-1][:key.Column-1]) != "" {
		return "", false
	}
	return strings.Join(t.lines[:key.Line-1], "") + strings.Join(t.lines[last:], ""), true
}
