package term

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// CI runners obey what they find in a log. GitHub's runner and Azure's agent
// take "##[command]" and "##vso[command]" anywhere in a line; GitHub's takes
// "::command::" where a line begins, blanks not counted. Text from elsewhere
// must not hold either: the last "#" of "##", letters and "[", and the second
// ":" of "::" before a letter where a line begins are replaced. Nothing is
// dropped, so that no command comes together from what stood around one.

// replacement stands in for a byte that would have completed a command.
const replacement = "\ufffd"

// lineStart is the context of text that begins a line.
const lineStart = "\n"

// Break makes text safe to show to a CI runner, wherever it is shown: its
// beginning is taken for that of a line.
func Break(s string) string {
	if !strings.Contains(s, "##") && !strings.Contains(s, "::") {
		return s
	}
	return string(breakCommands([]byte(lineStart+s), len(lineStart), replacement, replacement))
}

// HasCommand reports whether Break changes s.
func HasCommand(s string) bool { return Break(s) != s }

// EscapeCommands breaks the commands in b by other ways to write "#" and ":" in
// the format of b, so that what it means stays the same. Its first line must
// not begin with text from elsewhere.
func EscapeCommands(b []byte, hash, colon string) []byte {
	if !bytes.Contains(b, []byte("##")) && !bytes.Contains(b, []byte("::")) {
		return b
	}
	return breakCommands(b, 0, hash, colon)
}

// Guard returns a writer for text that may come from elsewhere: no runner finds
// a command in all that is written to it, in however many pieces.
func Guard(w io.Writer) io.Writer { return &guard{w: w, context: lineStart} }

// WriteLine writes text to w as a line of its own, as it is, whatever w is: a
// command of this program's, or a secret. A runner obeys a command only where it
// begins a line, so one that other text has left open in a Guard is ended first.
func WriteLine(w io.Writer, text string) error {
	g, ok := w.(*guard)
	if !ok {
		_, err := io.WriteString(w, text+"\n")
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.endLine(); err != nil {
		return err
	}
	_, err := g.pass([]byte(text + "\n"))
	return err
}

// EndLine ends the line that is open in a Guard, if one is: foreign text need not
// end with a newline, and what follows it must not stand in its line.
func EndLine(w io.Writer) error {
	g, ok := w.(*guard)
	if !ok {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.endLine()
}

// Raw returns the writer behind a Guard: for bytes that must stay as they are,
// and for children, which inherit a file.
func Raw(w io.Writer) io.Writer {
	if g, ok := w.(*guard); ok {
		return g.w
	}
	return w
}

type guard struct {
	mu      sync.Mutex
	w       io.Writer
	context string // what was written, as far as a command may have begun in it
	open    bool   // the last line that was written has no newline yet
}

// pass writes out as it is.
func (g *guard) pass(out []byte) (int, error) {
	n, err := g.w.Write(out)
	if n = min(n, len(out)); n > 0 {
		g.open = out[n-1] != '\n'
	}
	if err == nil && n < len(out) {
		err = io.ErrShortWrite
	}
	return n, err
}

func (g *guard) endLine() error {
	if !g.open {
		return nil
	}
	g.context = lineStart
	_, err := g.pass([]byte("\n"))
	return err
}

func (g *guard) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.context == "" || g.context == lineStart {
		if bytes.HasSuffix(p, []byte("\n")) && !bytes.Contains(p, []byte("##")) && !bytes.Contains(p, []byte("::")) {
			g.context = lineStart
			return g.pass(p)
		}
	}
	text := slices.Concat([]byte(g.context), p)
	out := breakCommands(text, len(g.context), replacement, replacement)
	g.context = contextOf(text)
	n, err := g.pass(out)
	if err != nil {
		return min(n, len(p)), err
	}
	return len(p), nil
}

// breakCommands is text[written:] without commands: hash and colon stand in
// place of a "#" and a ":". Of a command that begins in what is written already,
// the rest gets one in front.
func breakCommands(text []byte, written int, hash, colon string) []byte {
	out := make([]byte, 0, len(text)+len(hash))
	done := written
	marker, colons := nextMarker(text, 0), nextColons(text, 0)
	for marker >= 0 || colons >= 0 {
		at, by := marker, hash
		if at < 0 || colons >= 0 && colons < at {
			at, by = colons, colon
			colons = nextColons(text, at+1)
		} else {
			marker = nextMarker(text, at+1)
		}
		if at >= written {
			out = append(out, text[done:at]...)
			done = at + 1
		}
		out = append(out, by...)
	}
	return append(out, text[done:]...)
}

// nextMarker is the index of the last "#" of the first "##", letters and "[" in
// s from an index on; -1 if there is none.
func nextMarker(s []byte, from int) int {
	for {
		i := bytes.Index(s[from:], []byte("##"))
		if i < 0 {
			return -1
		}
		i += from + 1
		for i+1 < len(s) && s[i+1] == '#' {
			i++
		}
		if marks(s[i+1:]) {
			return i
		}
		from = i + 1
	}
}

// marks reports whether what follows "##" makes it a marker: letters, then "[".
func marks[T string | []byte](s T) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '[':
			return true
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			i++
		case c < utf8.RuneSelf:
			return false
		default:
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if !unicode.IsLetter(r) {
				return false
			}
			i += n
		}
	}
	return false
}

// nextColons is the index of the second ":" of the first "::" before a letter
// and at the beginning of a line in s, from an index on; -1 if there is none.
func nextColons(s []byte, from int) int {
	for {
		i := bytes.Index(s[from:], []byte("::"))
		if i < 0 {
			return -1
		}
		i += from
		if r, _ := utf8.DecodeRune(s[i+2:]); unicode.IsLetter(r) && beginsLine(s[:i]) {
			return i + 1
		}
		from = i + 1
	}
}

// beginsLine reports whether what follows s is the first in its line that is
// not blank. Characters without a glyph are blank, and so are bytes that are
// not UTF-8: a reader may skip them.
func beginsLine(s []byte) bool {
	for len(s) > 0 {
		r, n := utf8.DecodeLastRune(s)
		switch {
		case r >= '\n' && r <= '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return true
		case !unicode.IsSpace(r) && !Hidden(r) && r != '\u200d' && !(r == utf8.RuneError && n == 1):
			return false
		}
		s = s[:len(s)-n]
	}
	return false
}

// contextOf is what matters of text for the text that follows: the beginning of
// a command, or that of a line, or nothing.
func contextOf(text []byte) string {
	rest := bytes.TrimRightFunc(text, unicode.IsLetter)
	switch {
	case bytes.HasSuffix(rest, []byte("##")) && len(rest) < len(text):
		return "##a" // any letter stands for all
	case bytes.HasSuffix(rest, []byte("##")):
		return "##"
	case bytes.HasSuffix(text, []byte("#")):
		return "#"
	}
	rest = text
	for len(text)-len(rest) < 2 && bytes.HasSuffix(rest, []byte(":")) {
		rest = rest[:len(rest)-1]
	}
	if !beginsLine(rest) {
		return ""
	}
	for n := min(utf8.UTFMax-1, len(rest)); n > 0; n-- {
		if part := text[len(text)-n:]; utf8.RuneStart(part[0]) && !utf8.FullRune(part) {
			return lineStart + string(part) // the next write has the rest of the character
		}
	}
	return lineStart + string(text[len(rest):])
}
