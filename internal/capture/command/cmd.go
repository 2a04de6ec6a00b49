package command

import (
	"bytes"
	"strings"
)

// cmd.exe reads a line first, and takes off its carets; the program that it
// starts splits what is left, by the rules of Microsoft's C runtime.

// likeCmd reports whether a command line was written for cmd.exe: a caret ends
// its lines or is before its quotes, or a quote stands twice in a quoted word.
func likeCmd(b []byte) bool {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '^':
			rest := bytes.TrimPrefix(b[i+1:], []byte("\r"))
			before := b[max(0, i-1):i]
			if len(rest) > 0 && rest[0] == '\n' || bytes.HasPrefix(rest, []byte(`"`)) && bytes.ContainsAny(before, " \t:=") {
				return true
			}
		case '\'', '\\':
			return false // a POSIX shell's, or an escape within double quotes
		case '\n':
			return false
		case '"':
			end := bytes.IndexAny(b[i+1:], "\"\n\\")
			if end < 0 {
				return false
			}
			i += end + 1
			if b[i] == '"' && i+1 < len(b) && b[i+1] == '"' && i+2 < len(b) && strings.IndexByte(" \t\r\n", b[i+2]) < 0 {
				return true
			}
			if b[i] != '"' {
				i--
			}
		}
	}
	return false
}

// cmdWords splits the command at the start of b and returns what follows it.
//
// Chrome and Firefox have put carets between quotes, where cmd.exe takes them for
// text. They are escapes where every character that needs one has one.
func cmdWords(b []byte) (words []word, rest []byte) {
	always := caretsAlways(b)
	var line []byte // as the program gets it; breaks between words as they are
	quoted := false
	i := 0
scan:
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '^' && (!quoted || always) && i+1 < len(b):
			i++
			i = skipCR(b, i)
			if b[i] != '\n' {
				line = append(line, b[i])
				continue
			}
			// The line goes on; what is next is text, and may be a line end.
			if i+1 == len(b) {
				continue
			}
			i = skipCR(b, i+1)
			switch {
			case b[i] == '\n':
				line = append(line, '\n')
			case b[i] == '"' && bytes.HasSuffix(line, []byte(`"`)): // "text"^⏎"more": the line end itself is meant
				line = append(line[:len(line)-1], '\n')
				quoted = true
			default:
				i--
			}
		case c == '"':
			quoted = !quoted && !always
			line = append(line, c)
		case c == '\n' && !quoted, c == '&' && !quoted && !always, c == '|' && !quoted && !always:
			break scan
		case c == '\r' && i+1 < len(b) && b[i+1] == '\n' && !quoted:
		default:
			line = append(line, c)
		}
	}
	return splitCRT(line), b[min(len(b), i+1):]
}

func skipCR(b []byte, i int) int {
	if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
		return i + 1
	}
	return i
}

// caretsAlways reports whether each character of the command that browsers put a
// caret before has one.
func caretsAlways(b []byte) bool {
	found := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '^':
			found = true
			i++
			if i < len(b) && b[skipCR(b, i)] == '\n' { // and the one that is meant
				if i = skipCR(b, i); i+1 < len(b) && b[skipCR(b, i+1)] == '\n' {
					i = skipCR(b, i+1)
				}
			}
		case c == '\n':
			return found
		case c == '%' && i+1 < len(b) && b[i+1] == '^':
		case c >= 0x80 || strings.IndexByte(" \t\r\v\f_-:=+~'/.',?;()*`&\"", c) >= 0:
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z':
		default:
			return false
		}
	}
	return found
}

// splitCRT splits a command line as programs on Windows do, with one exception:
// browsers double each backslash, also those that are before no quote and that a
// program then gets twice. So where all of these come in pairs, one of a pair is
// meant; the other reading is the program's.
func splitCRT(line []byte) (words []word) {
	for i := 0; ; {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		if i == len(line) {
			return words
		}
		w := word{text: []byte{}, bare: line[i] != '"'}
		halved, pairs := []byte{}, true
		quoted := false
		for i < len(line) && (quoted || line[i] != ' ' && line[i] != '\t') {
			slashes := 0
			for i < len(line) && line[i] == '\\' {
				slashes++
				i++
			}
			if i == len(line) || line[i] != '"' {
				w.text = append(w.text, bytes.Repeat([]byte{'\\'}, slashes)...)
				halved = append(halved, bytes.Repeat([]byte{'\\'}, slashes/2)...)
				pairs = pairs && slashes%2 == 0
				if i < len(line) && (quoted || line[i] != ' ' && line[i] != '\t') {
					w.text, halved = append(w.text, line[i]), append(halved, line[i])
					i++
				}
				continue
			}
			w.text = append(w.text, bytes.Repeat([]byte{'\\'}, slashes/2)...)
			halved = append(halved, bytes.Repeat([]byte{'\\'}, slashes/2)...)
			switch {
			case slashes%2 == 1:
				w.text, halved = append(w.text, '"'), append(halved, '"')
			case quoted && i+1 < len(line) && line[i+1] == '"':
				w.text, halved = append(w.text, '"'), append(halved, '"')
				i++
			default:
				quoted = !quoted
			}
			i++
		}
		if pairs && len(halved) < len(w.text) {
			w.text, w.other = halved, w.text
		}
		words = append(words, w)
	}
}
