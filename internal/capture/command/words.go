package command

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture/message"
)

// A command line as a shell reads it: quotes, escapes, here-documents, pipes,
// comments. Nothing is run. Of expansions only what the text itself answers is
// known: variables that were assigned a text before, and the output of printf,
// echo and cat. Another one stays as it is written, and the word says so.

// word is one word of a command.
type word struct {
	text []byte
	// unknown are the expansions in it that only a shell can do.
	unknown []string
	// other is what the word means where another program has written it than the
	// one that was assumed; nil where there is no doubt.
	other []byte
	// bare says that the word began without quotes.
	bare bool
}

func (w word) String() string { return string(w.text) }

// shellCommand is one simple command.
type shellCommand struct {
	words    []word
	assigned bool  // it consists of assignments alone
	input    *word // what is behind << or <<<
	from     *word // the file behind <
	before   *shellCommand
	err      error // why it cannot be read
}

// shell reads commands from b, beginning at i.
type shell struct {
	b    []byte
	i    int
	vars map[string][]byte
	// file reads a file beside the capture.
	file  func(name string) ([]byte, error)
	depth int
	room  *message.Growth
	// prompt says that the command stands behind a prompt: its other lines may then
	// begin with "> ".
	prompt bool
}

// mostSubstitutions is how deep one $( ) may stand in another.
const mostSubstitutions = 4

var errQuoteOpen = errors.New("a quote in the command line is not closed")

// next reads the command at i and what ends it. A command that another one
// writes into has that one in before.
func (s *shell) next(before *shellCommand) (c *shellCommand, piped bool) {
	c = &shellCommand{before: before}
	type document struct {
		word    *word
		end     string
		tabs    bool
		literal bool
	}
	var documents []document
	defer func() {
		// Words in front that are assignments.
		n := 0
		for n < len(c.words) && c.words[n].bare && isAssignment(c.words[n].text) {
			n++
		}
		if n > 0 && n == len(c.words) {
			c.assigned = true
		} else {
			c.words = c.words[n:]
		}
	}()
	for s.i < len(s.b) {
		switch ch := s.b[s.i]; {
		case ch == ' ' || ch == '\t' || ch == '\r':
			s.i++
		case s.continued():
			s.skipContinuation()
		case ch == '#':
			s.i += len(message.FirstLine(s.b[s.i:]))
		case ch == '\n':
			s.i++
			for _, d := range documents {
				text, ok := s.document(d.end, d.tabs)
				if !ok {
					c.err = fmt.Errorf("the here-document does not end: there is no line %q", d.end)
				}
				d.word.text = text
				if !d.literal {
					sub := shell{b: text, vars: s.vars, file: s.file, depth: s.depth, room: s.room}
					*d.word = sub.expandDocument()
				}
			}
			return c, false
		case ch == ';':
			s.i++
			if len(documents) == 0 {
				return c, false
			}
		case ch == '(' || ch == ')':
			s.i++
			if len(c.words) > 0 {
				return c, false
			}
		case ch == '&':
			if s.i++; s.i < len(s.b) && s.b[s.i] == '>' {
				continue
			}
			if s.i < len(s.b) && s.b[s.i] == '&' {
				s.i++
			}
			if len(documents) == 0 {
				return c, false
			}
		case ch == '|':
			s.i++
			if s.i < len(s.b) && (s.b[s.i] == '|' || s.b[s.i] == '&') {
				piped = s.b[s.i] == '&'
				s.i++
				return c, piped
			}
			return c, len(documents) == 0
		case ch == '<' || ch == '>':
			op := s.operator()
			switch {
			case strings.HasPrefix(op, "<<") && op != "<<<":
				s.blanks()
				literal := s.i < len(s.b) && strings.IndexByte(`'"\`, s.b[s.i]) >= 0
				w, err := s.word()
				if err != nil {
					c.err = err
					return c, false
				}
				c.input, c.from = &word{}, nil
				documents = append(documents, document{word: c.input, end: w.String(), tabs: op == "<<-", literal: literal})
			case strings.HasSuffix(op, "&"): // 2>&1
				s.blanks()
				for s.i < len(s.b) && (s.b[s.i] == '-' || '0' <= s.b[s.i] && s.b[s.i] <= '9') {
					s.i++
				}
			default:
				s.blanks()
				w, err := s.word()
				if err != nil {
					c.err = err
					return c, false
				}
				switch op {
				case "<<<":
					w.text = append(w.text, '\n')
					c.input, c.from = &w, nil
				case "<":
					c.input, c.from = nil, &w
				}
			}
		default:
			start := s.i
			w, err := s.word()
			if err != nil {
				c.err = err
				return c, false
			}
			// 2>&1: the number belongs to the operator.
			if s.i < len(s.b) && (s.b[s.i] == '>' || s.b[s.i] == '<') && s.i-start == 1 && '0' <= s.b[start] && s.b[start] <= '9' {
				continue
			}
			c.words = append(c.words, w)
		}
	}
	if len(documents) > 0 {
		c.err = fmt.Errorf("the here-document does not end: there is no line %q", documents[0].end)
	}
	return c, false
}

func (s *shell) blanks() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\t') {
		s.i++
	}
}

// operator takes <, <<, <<-, <<<, >, >>, >|, >&, <&, <>.
func (s *shell) operator() string {
	for _, op := range []string{"<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">"} {
		if bytes.HasPrefix(s.b[s.i:], []byte(op)) {
			s.i += len(op)
			return op
		}
	}
	s.i++
	return ""
}

// continued reports whether a backslash ends the line at i.
func (s *shell) continued() bool {
	b := s.b[s.i:]
	return len(b) > 1 && b[0] == '\\' && (b[1] == '\n' || len(b) > 2 && b[1] == '\r' && b[2] == '\n')
}

func (s *shell) skipContinuation() {
	s.i += len(message.FirstLine(s.b[s.i:])) + 1
	if s.prompt {
		s.i += promptLength(s.b[s.i:])
	}
}

// promptLength is that of the "> " before a line that goes on.
func promptLength(b []byte) int {
	if bytes.HasPrefix(b, []byte("> ")) {
		return 2
	}
	return 0
}

// document takes the lines up to one that is the end.
func (s *shell) document(end string, tabs bool) (text []byte, ok bool) {
	for s.i < len(s.b) {
		line := message.FirstLine(s.b[s.i:])
		next := min(len(s.b), s.i+len(line)+1)
		if tabs {
			line = bytes.TrimLeft(line, "\t")
		}
		whole := s.b[next-1] == '\n'
		s.i = next
		if string(bytes.TrimSuffix(line, []byte("\r"))) == end {
			return text, true
		}
		text = append(text, line...)
		if whole {
			text = append(text, '\n')
		}
	}
	return text, false
}

// expandDocument is the text of a here-document whose end was not quoted.
func (s *shell) expandDocument() word {
	var w word
	for s.i < len(s.b) {
		n := bytes.IndexAny(s.b[s.i:], "\\$`")
		if n < 0 {
			n = len(s.b) - s.i
		}
		w.text = append(w.text, s.b[s.i:s.i+n]...)
		if s.i += n; s.i < len(s.b) && s.inDouble(&w, false) != nil {
			w.text = append(w.text, s.b[s.i:]...)
			break
		}
	}
	return w
}

// word reads the word at i.
func (s *shell) word() (word, error) {
	w := word{text: []byte{}}
	var other []byte // the other reading, from where the two differ
	differs := false
	add := func(text []byte) {
		w.text = append(w.text, text...)
		if differs {
			other = append(other, text...)
		}
	}
	for start := s.i; s.i < len(s.b); {
		switch ch := s.b[s.i]; {
		case strings.IndexByte(" \t\n;&|<>()", ch) >= 0, ch == '\r' && s.i+1 < len(s.b) && s.b[s.i+1] == '\n', ch == '\r' && s.i+1 == len(s.b):
			if differs {
				w.other = other
			}
			return w, nil
		case ch == '\'':
			end := bytes.IndexByte(s.b[s.i+1:], '\'')
			if end < 0 {
				return w, errQuoteOpen
			}
			add(s.b[s.i+1 : s.i+1+end])
			s.i += end + 2
		case ch == '$' && s.i+1 < len(s.b) && s.b[s.i+1] == '\'':
			end := endOfAnsiC(s.b, s.i+2)
			if end < 0 {
				return w, errQuoteOpen
			}
			text, also := ansiC(s.b[s.i+2 : end])
			if also != nil && !differs {
				differs, other = true, bytes.Clone(w.text)
			}
			w.text = append(w.text, text...)
			if differs {
				other = append(other, or(also, text)...)
			}
			s.i = end + 1
		case ch == '"' || ch == '$' && s.i+1 < len(s.b) && s.b[s.i+1] == '"':
			if s.i++; ch == '$' {
				s.i++
			}
			for {
				n := bytes.IndexAny(s.b[s.i:], "\"\\$`")
				if n < 0 {
					return w, errQuoteOpen
				}
				add(s.b[s.i : s.i+n])
				if s.i += n; s.b[s.i] == '"' {
					s.i++
					break
				}
				part := word{}
				if err := s.inDouble(&part, true); err != nil {
					return w, err
				}
				if part.other != nil && !differs {
					differs, other = true, bytes.Clone(w.text)
				}
				w.text, w.unknown = append(w.text, part.text...), append(w.unknown, part.unknown...)
				if differs {
					other = append(other, or(part.other, part.text)...)
				}
			}
		case s.continued():
			s.skipContinuation()
		case ch == '\\':
			if s.i++; s.i < len(s.b) {
				add(s.b[s.i : s.i+1])
				s.i++
			}
		case ch == '$' || ch == '`':
			part := word{}
			if err := s.expansion(&part); err != nil {
				return w, err
			}
			w.unknown = append(w.unknown, part.unknown...)
			add(part.text)
		default:
			if s.i == start {
				w.bare = true
			}
			add(s.b[s.i : s.i+1])
			s.i++
		}
	}
	if differs {
		w.other = other
	}
	return w, nil
}

func or(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// inDouble reads a backslash or an expansion between double quotes, or in a
// here-document, where a backslash escapes no quote.
func (s *shell) inDouble(w *word, quoted bool) error {
	switch {
	case s.continued():
		s.skipContinuation()
	case s.b[s.i] == '\\':
		escapes := "$`\\"
		if quoted {
			escapes += `"`
		}
		if s.i+1 < len(s.b) && strings.IndexByte(escapes, s.b[s.i+1]) >= 0 {
			s.i++
		}
		w.text = append(w.text, s.b[s.i])
		s.i++
	default:
		return s.expansion(w)
	}
	return nil
}

// expansion reads what begins with $ or a backtick.
func (s *shell) expansion(w *word) error {
	b := s.b[s.i:]
	keep := func(n int) {
		w.text, w.unknown = append(w.text, b[:n]...), append(w.unknown, fmt.Sprintf("%.40s", b[:n]))
		s.i += n
	}
	variable := func(name []byte, n int) {
		if value, ok := s.vars[string(name)]; ok && s.room.Take(len(value)) {
			w.text = append(w.text, value...)
			s.i += n
		} else {
			keep(n)
		}
	}
	switch {
	case b[0] == '`':
		end := bytes.IndexByte(b[1:], '`')
		if end < 0 {
			return errQuoteOpen
		}
		keep(end + 2)
	case len(b) > 1 && b[1] == '(':
		end := endOfSubstitution(b)
		if end < 0 {
			return errors.New("a $( in the command line is not closed")
		}
		if out, other, ok := s.output(b[2 : end-1]); ok {
			w.text = append(w.text, out...)
			w.other = other
			s.i += end
		} else {
			keep(end)
		}
	case len(b) > 1 && b[1] == '{':
		end := bytes.IndexByte(b, '}')
		if end < 0 {
			return errors.New("a ${ in the command line is not closed")
		}
		variable(b[2:end], end+1)
	default:
		n := 1
		for n < len(b) && (b[n] == '_' || b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z' || n > 1 && b[n] >= '0' && b[n] <= '9') {
			n++
		}
		switch {
		case n > 1:
			variable(b[1:n], n)
		case len(b) > 1 && (b[1] >= '0' && b[1] <= '9' || strings.IndexByte("@*#?!$", b[1]) >= 0):
			keep(2)
		default:
			w.text = append(w.text, '$')
			s.i++
		}
	}
	return nil
}

// endOfSubstitution is where a $( ) at the start of b ends, or -1.
func endOfSubstitution(b []byte) int {
	depth := 0
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\\':
			i++
		case '\'':
			end := bytes.IndexByte(b[i+1:], '\'')
			if end < 0 {
				return -1
			}
			i += end + 1
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '<':
			// In a here-document nothing is a quote.
			if text, ok := bytes.CutPrefix(b[i:], []byte("<<")); ok && len(text) > 0 && text[0] != '<' {
				line := message.FirstLine(text)
				end := strings.Trim(string(bytes.TrimLeft(line, "- \t")), "'\"\\ \t\r")
				at := bytes.Index(text, []byte("\n"+end+"\n"))
				if end == "" || at < 0 {
					return -1
				}
				i += 2 + at + len(end)
			}
		}
	}
	return -1
}

// output is what the commands between $( and ) print, where the text tells it.
// Other is the text that mitmproxy has written there, which escapes less than
// printf undoes.
func (s *shell) output(text []byte) (out, other []byte, ok bool) {
	if s.depth >= mostSubstitutions {
		return nil, nil, false
	}
	sub := shell{b: text, vars: s.vars, file: s.file, depth: s.depth + 1, room: s.room}
	var last *shellCommand
	for piped := false; sub.i < len(sub.b); {
		var before *shellCommand
		if piped {
			before = last
		}
		var c *shellCommand
		c, piped = sub.next(before)
		if c.err != nil || last != nil && before == nil && len(c.words) > 0 {
			return nil, nil, false
		}
		if len(c.words) > 0 || c.from != nil {
			last = c
		}
	}
	if last == nil {
		return nil, nil, false
	}
	out, err := s.printed(last)
	if err != nil {
		return nil, nil, false
	}
	out = bytes.TrimRight(out, "\n")
	if len(last.words) == 2 && last.words[0].String() == "printf" {
		if text, ok := mitmproxyText(last.words[1].text); ok {
			return text, out, true
		}
	}
	return out, nil, true
}

// mitmproxyText undoes what mitmproxy puts between $(printf ' and '): control
// characters as \x and two digits, and nothing else.
func mitmproxyText(format []byte) ([]byte, bool) {
	var out []byte
	found := false
	for i := 0; i < len(format); i++ {
		if format[i] == '\\' && i+3 < len(format) && format[i+1] == 'x' && (format[i+2] == '0' || format[i+2] == '1') {
			if n, err := strconv.ParseUint(string(format[i+2:i+4]), 16, 8); err == nil {
				out, found = append(out, byte(n)), true
				i += 3
				continue
			}
		}
		out = append(out, format[i])
	}
	return out, found
}

var errUnknownOutput = errors.New("another program makes its input")

// printed is what a command prints, where its text tells it.
func (s *shell) printed(c *shellCommand) ([]byte, error) {
	if c == nil {
		return nil, errors.New("its body is read from standard input, which is not in the capture")
	}
	if c.err != nil {
		return nil, c.err
	}
	for _, w := range c.words {
		if len(w.unknown) > 0 {
			return nil, errUnknownOutput
		}
	}
	if len(c.words) == 0 && c.from != nil {
		return s.file(c.from.String())
	}
	if len(c.words) == 0 {
		return nil, errUnknownOutput
	}
	args := c.words[1:]
	switch c.words[0].String() {
	case "printf":
		return printf(args)
	case "echo":
		flags := ""
		for len(args) > 0 && slices.Contains([]string{"-n", "-e", "-E", "-ne", "-en"}, args[0].String()) {
			flags += args[0].String()
			args = args[1:]
		}
		var out []byte
		for i, a := range args {
			if i > 0 {
				out = append(out, ' ')
			}
			out = append(out, a.text...)
		}
		if strings.Contains(flags, "e") {
			out = unescape(out, true)
		}
		if !strings.Contains(flags, "n") {
			out = append(out, '\n')
		}
		return out, nil
	case "cat":
		if len(args) == 0 || len(args) == 1 && args[0].String() == "-" {
			return s.stdin(c)
		}
		var out []byte
		for _, a := range args {
			text, err := s.file(a.String())
			if err != nil {
				return nil, err
			}
			out = append(out, text...)
		}
		return out, nil
	}
	return nil, errUnknownOutput
}

// stdin is what a command reads.
func (s *shell) stdin(c *shellCommand) ([]byte, error) {
	switch {
	case c.input != nil && len(c.input.unknown) > 0:
		return nil, fmt.Errorf("its input contains %s, which only a shell can replace", c.input.unknown[0])
	case c.input != nil:
		return c.input.text, nil
	case c.from != nil:
		return s.file(c.from.String())
	}
	return s.printed(c.before)
}

// printf is the shell's, with %s, %b and %%.
func printf(args []word) ([]byte, error) {
	if len(args) > 0 && args[0].String() == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return nil, errUnknownOutput
	}
	format, args := args[0].text, args[1:]
	var out []byte
	for {
		used := false
		for i := 0; i < len(format); i++ {
			switch {
			case format[i] == '\\':
				n := escapeLength(format[i:])
				out = append(out, unescape(format[i:i+n], false)...)
				i += n - 1
			case format[i] != '%':
				out = append(out, format[i])
			case i+1 == len(format):
				return nil, errUnknownOutput
			default:
				var arg []byte
				verb := format[i+1]
				if i++; verb != '%' && len(args) > 0 {
					arg, args, used = args[0].text, args[1:], true
				}
				switch verb {
				case '%':
					out = append(out, '%')
				case 's':
					out = append(out, arg...)
				case 'b':
					out = append(out, unescape(arg, true)...)
				default:
					return nil, errUnknownOutput
				}
			}
		}
		if len(args) == 0 {
			return out, nil
		}
		if !used {
			return nil, errUnknownOutput
		}
	}
}

// escapeLength is that of the escape that b begins with.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return len(b)
	}
	digits := func(from, most int, base string) int {
		n := from
		for n < len(b) && n < from+most && strings.IndexByte(base, b[n]) >= 0 {
			n++
		}
		return n
	}
	const octal, hex = "01234567", "0123456789abcdefABCDEF"
	switch c := b[1]; {
	case c == 'x':
		return digits(2, 2, hex)
	case c == 'u':
		return digits(2, 4, hex)
	case c == 'U':
		return digits(2, 8, hex)
	case c == 'c' && len(b) > 2:
		return 3
	case c >= '0' && c <= '7':
		return digits(1, 3, octal)
	}
	return 2
}

// unescape undoes the escapes of printf and echo -e. Those of %b and echo have a
// zero before octal digits.
func unescape(text []byte, zero bool) []byte {
	var out []byte
	for i := 0; i < len(text); {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			i++
			continue
		}
		n := escapeLength(text[i:])
		if zero && text[i+1] == '0' && n == 4 && i+4 < len(text) && text[i+4] >= '0' && text[i+4] <= '7' {
			n++
		}
		if c := text[i+1]; c == '\'' || c == '?' || c == '"' && zero || c == 'c' {
			out = append(out, text[i:i+n]...) // as it is
		} else {
			out = appendEscape(out, text[i:i+n])
		}
		i += n
	}
	return out
}

// appendEscape undoes one escape; one that is none stays.
func appendEscape(out, escape []byte) []byte {
	const plain, means = `abefnrtv\'"?E`, "\a\b\x1b\f\n\r\t\v\\'\"?\x1b"
	c := escape[1]
	if i := strings.IndexByte(plain, c); i >= 0 {
		return append(out, means[i])
	}
	digits := string(escape[1:])
	base := 8
	if c == 'x' || c == 'u' || c == 'U' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	switch {
	case c == 'c' && len(escape) == 3:
		return append(out, escape[2]&0x1f)
	case err != nil:
		return append(out, escape...)
	case c == 'u' || c == 'U':
		return utf8.AppendRune(out, rune(n))
	}
	return append(out, byte(n))
}

// endOfAnsiC is where $'...' ends, given where its text begins; -1 if it does
// not.
func endOfAnsiC(b []byte, i int) int {
	for ; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '\'':
			return i
		}
	}
	return -1
}

// ansiC undoes the escapes between $' and '. Browsers write a character beyond
// the first plane as two escapes, and Firefox one of Latin-1 as \x and two
// digits, which a shell takes for one byte. So where bytes are no UTF-8, but the
// characters of such numbers are meant, these count and the bytes are the other
// reading.
func ansiC(text []byte) (out, other []byte) {
	var bytesOf, runesOf []byte
	high := false
	for i := 0; i < len(text); {
		if text[i] != '\\' || i+1 == len(text) {
			bytesOf, runesOf = append(bytesOf, text[i]), append(runesOf, text[i])
			i++
			continue
		}
		n := escapeLength(text[i:])
		escape := text[i : i+n]
		i += n
		if r, ok := unit(escape); ok && utf16.IsSurrogate(r) && i+6 <= len(text) {
			if low, ok := unit(text[i : i+6]); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				bytesOf, runesOf = utf8.AppendRune(bytesOf, utf16.DecodeRune(r, low)), utf8.AppendRune(runesOf, utf16.DecodeRune(r, low))
				i += 6
				continue
			}
		}
		before := len(bytesOf)
		bytesOf = appendEscape(bytesOf, escape)
		if c := bytesOf[before:]; escape[1] == 'x' && len(c) == 1 && c[0] >= utf8.RuneSelf {
			runesOf, high = utf8.AppendRune(runesOf, rune(c[0])), true
		} else {
			runesOf = append(runesOf, c...)
		}
	}
	if !high || utf8.Valid(bytesOf) {
		return bytesOf, nil
	}
	return runesOf, bytesOf
}

// unit is the number of a \uXXXX.
func unit(escape []byte) (rune, bool) {
	if len(escape) != 6 || escape[0] != '\\' || escape[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(escape[2:]), 16, 16)
	return rune(n), err == nil
}

// isAssignment takes NAME=value.
func isAssignment(text []byte) bool {
	name, _, ok := bytes.Cut(text, []byte("="))
	return ok && isName(name)
}

func isName(name []byte) bool {
	for i, c := range name {
		if c != '_' && !(c|0x20 >= 'a' && c|0x20 <= 'z') && !(i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return len(name) > 0
}
