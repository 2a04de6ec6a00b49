package term

import (
	"bytes"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// Width is how many terminal columns s takes: two for CJK and for an emoji,
// however many runes it is joined from.
func Width(s string) int { return displaywidth.String(s) }

// Cut shortens s to at most so many columns, the last of them an ellipsis.
func Cut(s string, columns int) string {
	if Width(s) <= columns {
		return s
	}
	return displaywidth.TruncateString(s, max(columns, 1), "…")
}

// leastWidth is the narrowest width that text is laid out for.
const leastWidth = 20

// Wrap lays text out behind lead, in lines of at most width columns, and without
// a newline at the end. The lines after the first are indented to where the text
// begins; where lead takes more than half of the width the text begins below it.
//
// Lines are broken at blanks only: a word that is wider than a line stays whole. One
// that fits a line only without the indentation gets one of its own without it, so
// that no terminal breaks what could be copied.
// So does a command that somebody may copy, as [commands] finds them: a newline in
// it would run one half. Lines of text stay lines; the blanks that they begin
// with are their own indentation.
func Wrap(lead, text string, width int) string {
	width = max(width, leastWidth)
	b := []byte(lead)
	margin := Width(lead)
	at := margin
	newline := func(indent int) {
		b = append(b, "\n"+strings.Repeat(" ", indent)...)
		at = indent
	}
	if first := firstPiece(lead, text); margin > width/2 && margin+Width(text) > width || margin+first > width && 4+first <= width && strings.TrimSpace(lead) != "" {
		margin = len(lead) - len(strings.TrimLeft(lead, " ")) + 4
		newline(margin)
	}
	for i, line := range strings.Split(text, "\n") {
		own := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case i > 0 && line == "":
			newline(0)
		case i > 0:
			newline(margin)
		}
		b = append(b, line[:own]...)
		at += own
		alone := false // the last piece has a line of its own
		for j, p := range pieces(lead, line[own:]) {
			w := Width(p.text)
			switch outdent := margin+own+w > width && w <= width; {
			case outdent && len(bytes.TrimRight(b[bytes.LastIndexByte(b, '\n')+1:], " ")) == 0:
				b = b[:bytes.LastIndexByte(b, '\n')+1]
				at, alone = 0, true
			case outdent:
				newline(0)
				alone = true
			case alone || j > 0 && at+len(p.blanks)+w > width:
				newline(margin + own)
				alone = false
			default:
				b = append(b, p.blanks...)
				at += len(p.blanks)
			}
			b = append(b, p.text...)
			at += w
		}
	}
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// firstPiece is how wide the first part of text is that is not broken.
func firstPiece(lead, text string) int {
	line, _, _ := strings.Cut(text, "\n")
	for _, p := range pieces(lead, line) {
		return Width(p.text)
	}
	return 0
}

// piece is a part of a line that is not broken, and the blanks before it.
type piece struct{ blanks, text string }

func pieces(lead, line string) []piece {
	var out []piece
	command := commands{colon: strings.HasSuffix(strings.TrimRight(lead, " "), ":")}
	from := 0 // where the last piece begins
	for at := 0; ; {
		text := strings.TrimLeft(line[at:], " ")
		if text == "" {
			return out
		}
		begin := len(line) - len(text)
		word, _, _ := strings.Cut(text, " ")
		end := begin + len(word)
		if command.goesOn(word) && len(out) > 0 {
			out[len(out)-1].text = line[from:end]
		} else {
			out, from = append(out, piece{line[at:begin], word}), begin
		}
		at = end
	}
}

// programs begin the commands that messages tell people to type.
var programs = []string{
	"hookctl", "eval", "printf", "curl", "cat", "export", "gh", "age-keygen", "brew", "apt", "dnf", "chmod", "sudo", "ngrok", "tailscale",
	"gzip", "bzip2", "xz", "zstd", "sqlite3", "mitmdump", "iconv",
}

// commands finds the commands in a text, word by word: what stands in quotes that
// begin with a program's name, what follows a colon and such a name, to the end of
// the sentence, and what follows "with hookctl", to the next word that joins. What stands in
// parentheses after one is about it.
type commands struct {
	closing byte // what ends it, ' ' for a sentence; 0 outside of one
	quote   byte // of the shell, in force in it
	colon   bool // the last word ended with one
	with    bool // the last word was one that a command of hookctl's own follows
	prose   bool // the command is part of a sentence, which may go on after it
}

// Words around a command in a sentence.
var (
	before = []string{"with", "run", "use", "by"}
	joins  = []string{"or", "and", "then", "to", "for", "in", "after", "before", "if"}
)

// goesOn reports whether word, which is not empty, belongs to the command that the word
// before it does.
func (c *commands) goesOn(word string) bool {
	inside := c.closing != 0
	if !inside {
		bare := strings.TrimLeft(word, "(")
		switch {
		case bare == "":
		case strings.IndexByte("`'", bare[0]) >= 0 && slices.Contains(programs, bare[1:]):
			c.closing, word = bare[0], bare[1:]
		case c.colon && slices.Contains(programs, bare):
			c.closing = ' '
		case c.with && bare == "hookctl":
			c.closing, c.prose = ' ', true
		}
		c.colon, c.with = strings.HasSuffix(word, ":"), slices.Contains(before, strings.ToLower(word))
	} else if c.quote == 0 && (c.prose && slices.Contains(joins, word) || c.closing == ' ' && word[0] == '(') {
		*c = commands{}
		return false
	}
	if c.closing == 0 {
		return false
	}
	for i := range len(word) {
		switch b := word[i]; {
		case c.closing != ' ' && b == c.closing:
			*c = commands{}
			return inside
		case c.quote == b:
			c.quote = 0
		case c.quote == 0 && (b == '"' || b == '\''):
			c.quote = b
		}
	}
	if c.closing == ' ' && c.quote == 0 && len(word) > 1 && strings.IndexByte(".,;)", word[len(word)-1]) >= 0 && !strings.HasSuffix(word, "..") {
		*c = commands{}
	}
	return inside
}

// WrapCommand lays a command line out in lines of at most width columns, indented
// as it is. It is broken between the shell's words, with a backslash, so that it can
// be copied; a comment at its end goes before it.
func WrapCommand(line string, width int) string {
	if Width(line) <= width {
		return line
	}
	bare := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(bare)]
	words, comment := shellPieces(bare, width-len(indent)-6)
	var b strings.Builder
	if comment != "" {
		for l := range strings.SplitSeq(Wrap("", comment, width-len(indent)-2), "\n") {
			b.WriteString(indent + "# " + l + "\n")
		}
	}
	b.WriteString(indent)
	at := len(indent)
	for i, w := range words {
		room := width - 2 // for the backslash
		if i == len(words)-1 {
			room = width
		}
		switch {
		case i == 0:
		case at+1+Width(w) > room:
			b.WriteString(" \\\n" + indent + "    ")
			at = len(indent) + 4
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(w)
		at += Width(w)
	}
	return b.String()
}

// shellPieces are the words of a command line as they stand there, quotes
// included, and the comment at its end. A flag and its value stay together where
// they take no more than so many columns.
func shellPieces(line string, most int) (words []string, comment string) {
	var quote byte
	depth, from := 0, 0
	flush := func(to int) {
		last := len(words) - 1
		switch w := strings.TrimSpace(line[from:to]); {
		case w == "":
		case last >= 0 && words[last][0] == '-' && !strings.ContainsAny(words[last], " =") && w[0] != '-' && !strings.ContainsAny(w[:1], "|>&;\\") && Width(words[last])+1+Width(w) <= most:
			words[last] += " " + w
		default:
			words = append(words, w)
		}
		from = to
	}
	for i := 0; i < len(line); i++ {
		switch b := line[i]; {
		case b == '\\':
			i++
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'':
			quote = b
		case b == '(':
			depth++
		case b == ')':
			depth--
		case b == '#' && depth == 0 && (i == 0 || line[i-1] == ' '):
			flush(i)
			return words, strings.TrimSpace(line[i+1:])
		case b == ' ' && depth == 0:
			flush(i)
		}
	}
	flush(len(line))
	return words, ""
}
