package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// What browsers copy as fetch and as PowerShell: calls whose arguments are
// literals.

// literal is a value of a program's text.
type literal struct {
	kind    byte // 's' text, 'o' members, 'n' nothing, 'j' JSON that is written anew, '?' anything else
	text    []byte
	members []member
	source  string // as it is written, for '?'
	unknown []string
}

type member struct {
	name  string
	value literal
}

func (l literal) member(names ...string) (literal, bool) {
	for _, m := range l.members {
		for _, name := range names {
			if recorded.SameName(m.name, name) {
				return m.value, true
			}
		}
	}
	return literal{}, false
}

// mostNested is how deep lists and objects are followed.
const mostNested = 64

var errNoLiteral = errors.New("its arguments are not literals")

// script reads values of JavaScript or PowerShell.
type script struct {
	b     []byte
	i     int
	depth int
	vars  map[string]literal
	room  *message.Growth
}

func (s *script) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *script) take(text string) bool {
	if bytes.HasPrefix(s.b[s.i:], []byte(text)) {
		s.i += len(text)
		return true
	}
	return false
}

// space passes over white space and comments of JavaScript.
func (s *script) space() {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.i++
		case bytes.HasPrefix(s.b[s.i:], []byte("//")):
			s.i += len(message.FirstLine(s.b[s.i:]))
		case bytes.HasPrefix(s.b[s.i:], []byte("/*")):
			end := bytes.Index(s.b[s.i:], []byte("*/"))
			if end < 0 {
				return
			}
			s.i += end + 2
		default:
			return
		}
	}
}

// identifier takes a name, with dots in it.
func (s *script) identifier() string {
	start := s.i
	for c := s.peek(); c == '_' || c == '$' || c == '.' || c|0x20 >= 'a' && c|0x20 <= 'z' || s.i > start && c >= '0' && c <= '9'; c = s.peek() {
		s.i++
	}
	return string(s.b[start:s.i])
}

// jsValue reads an expression of JavaScript, as far as it is a literal.
func (s *script) jsValue() (literal, error) {
	if s.depth++; s.depth > mostNested {
		return literal{}, errNoLiteral
	}
	defer func() { s.depth-- }()
	s.space()
	start := s.i
	switch c := s.peek(); {
	case c == '"' || c == '\'' || c == '`':
		return s.jsString(c)
	case c == '{':
		s.i++
		l := literal{kind: 'o'}
		for {
			s.space()
			if s.take("}") {
				l.source = string(s.b[start:s.i])
				return l, nil
			}
			var m member
			if c := s.peek(); c == '"' || c == '\'' {
				name, err := s.jsString(c)
				if err != nil {
					return l, err
				}
				m.name = string(name.text)
			} else if m.name = s.identifier(); m.name == "" {
				return l, errNoLiteral
			}
			s.space()
			if s.take(":") {
				var err error
				if m.value, err = s.jsValue(); err != nil {
					return l, err
				}
			} else { // {body}
				m.value = s.named(m.name)
			}
			l.members = append(l.members, m)
			s.space()
			if !s.take(",") && s.peek() != '}' {
				return l, errNoLiteral
			}
		}
	case c == '[':
		s.i++
		l := literal{kind: 'o'}
		for {
			s.space()
			if s.take("]") {
				l.source = string(s.b[start:s.i])
				return l, nil
			}
			v, err := s.jsValue()
			if err != nil {
				return l, err
			}
			m := member{value: v}
			if len(v.members) == 2 { // ["name", "value"]
				m = member{string(v.members[0].value.text), v.members[1].value}
			}
			l.members = append(l.members, m)
			s.space()
			if !s.take(",") && s.peek() != ']' {
				return l, errNoLiteral
			}
		}
	case c == '-' || c >= '0' && c <= '9':
		for c := s.peek(); c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9' || c|0x20 == 'e'; c = s.peek() {
			s.i++
		}
		return literal{kind: '?', text: s.b[start:s.i], source: string(s.b[start:s.i])}, nil
	}
	name := s.identifier()
	if name == "new" {
		s.space()
		name = s.identifier()
	}
	switch name {
	case "":
		return literal{}, errNoLiteral
	case "null", "undefined":
		return literal{kind: 'n'}, nil
	}
	s.space()
	if s.peek() != '(' {
		return s.named(name), nil
	}
	s.i++
	s.space()
	l := literal{kind: 'n'}
	if s.peek() != ')' {
		var err error
		if l, err = s.jsValue(); err != nil {
			return l, err
		}
	}
	s.space()
	s.take(",")
	s.space()
	if !s.take(")") {
		return l, errNoLiteral
	}
	switch name {
	case "Headers", "String":
		return l, nil
	case "JSON.stringify":
		return literal{kind: 'j', text: []byte(l.source), source: string(s.b[start:s.i])}, nil
	}
	return literal{kind: '?', source: string(s.b[start:s.i])}, nil
}

func (s *script) named(name string) literal {
	if l, ok := s.vars[name]; ok {
		return l
	}
	return literal{kind: '?', source: name}
}

func (s *script) jsString(quote byte) (literal, error) {
	l := literal{kind: 's', text: []byte{}}
	for s.i++; s.i < len(s.b); {
		switch c := s.b[s.i]; {
		case c == quote:
			s.i++
			return l, nil
		case c == '\n' && quote != '`':
			return l, errQuoteOpen
		case c == '$' && quote == '`' && s.i+1 < len(s.b) && s.b[s.i+1] == '{':
			end := bytes.IndexByte(s.b[s.i:], '}')
			if end < 0 {
				return l, errQuoteOpen
			}
			l.unknown = append(l.unknown, fmt.Sprintf("%.40s", s.b[s.i:s.i+end+1]))
			l.text = append(l.text, s.b[s.i:s.i+end+1]...)
			s.i += end + 1
		case c == '\\' && s.i+1 < len(s.b):
			l.text = s.jsEscape(l.text)
		default:
			l.text = append(l.text, c)
			s.i++
		}
	}
	return l, errQuoteOpen
}

// jsEscape undoes the escape at i.
func (s *script) jsEscape(out []byte) []byte {
	hex := func(from, n int) (rune, bool) {
		if from+n > len(s.b) {
			return 0, false
		}
		v, err := strconv.ParseUint(string(s.b[from:from+n]), 16, 32)
		return rune(v), err == nil
	}
	c := s.b[s.i+1]
	switch c {
	case 'u':
		if s.i+2 < len(s.b) && s.b[s.i+2] == '{' {
			if end := bytes.IndexByte(s.b[s.i:min(len(s.b), s.i+12)], '}'); end > 3 {
				if r, ok := hex(s.i+3, end-3); ok {
					s.i += end + 1
					return utf8.AppendRune(out, r)
				}
			}
		}
		if r, ok := hex(s.i+2, 4); ok {
			s.i += 6
			if utf16.IsSurrogate(r) && bytes.HasPrefix(s.b[s.i:], []byte(`\u`)) {
				if low, ok := hex(s.i+2, 4); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
					s.i += 6
					r = utf16.DecodeRune(r, low)
				}
			}
			return utf8.AppendRune(out, r)
		}
	case 'x':
		if r, ok := hex(s.i+2, 2); ok {
			s.i += 4
			return utf8.AppendRune(out, r)
		}
	case '\r', '\n':
		s.i += 2
		if c == '\r' {
			s.take("\n")
		}
		return out
	}
	s.i += 2
	if i := strings.IndexByte("nrtbfv0", c); i >= 0 {
		c = "\n\r\t\b\f\v\x00"[i]
	}
	return append(out, c)
}

// fetch reads the call at i, behind its name and "(".
func (s *script) fetch() (*outgoing, error) {
	o := &outgoing{}
	target, err := s.jsValue()
	if err != nil {
		return nil, err
	}
	var options literal
	if s.space(); s.take(",") {
		if s.space(); s.peek() != ')' {
			if options, err = s.jsValue(); err != nil {
				return nil, err
			}
		}
		s.space()
		s.take(",")
	}
	if s.space(); !s.take(")") {
		return nil, errNoLiteral
	}
	o.request.URL = string(target.text)
	if m, ok := options.member("method"); ok {
		o.request.Method = strings.ToUpper(string(m.text))
	}
	if h, ok := options.member("headers"); ok {
		o.headers(h, "")
	}
	if body, ok := options.member("body", "data"); ok {
		o.literalBody(body)
	}
	return o, nil
}

// headers takes an object of them.
func (o *outgoing) headers(h literal, comment string) {
	if h.kind != 'o' {
		o.fail("its headers are not literal text%s: %.60s", comment, h.source)
	}
	for _, m := range h.members {
		switch m.value.kind {
		case 's', 'j':
			o.unknown = append(o.unknown, m.value.unknown...)
			o.request.Header = append(o.request.Header, recorded.Field{Name: m.name, Value: strings.Trim(string(m.value.text), " \t\r\n")})
		case '?':
			text := m.value.source
			if m.value.text == nil {
				o.unknown = append(o.unknown, text)
			}
			o.request.Header = append(o.request.Header, recorded.Field{Name: m.name, Value: text})
		}
	}
}

func (o *outgoing) literalBody(body literal) {
	o.unknown = append(o.unknown, body.unknown...)
	switch body.kind {
	case 's':
		o.add("", body.text, nil)
	case 'j':
		var out bytes.Buffer
		if json.Compact(&out, body.text) != nil {
			o.fail("%.60s makes its body, so the capture does not have its bytes", body.source)
			return
		}
		o.add("", out.Bytes(), nil)
		o.request.Inexact = true
		o.request.Notes = append(o.request.Notes, "body may not be byte-exact: JSON.stringify rewrites it")
	case 'n':
	default:
		o.fail("its body is %.60s, so the capture does not have its bytes", body.source)
	}
}

// psSpace passes over blanks, and line ends behind a backtick; where lines do not
// matter over all of them, and comments.
func (s *script) psSpace(lines bool) {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == ' ' || c == '\t' || c == '\r' || lines && (c == '\n' || c == ';'):
			s.i++
		case c == '`' && (s.i+1 < len(s.b) && s.b[s.i+1] == '\n' || bytes.HasPrefix(s.b[s.i+1:], []byte("\r\n"))):
			s.i += 2
		case c == '#' && lines:
			s.i += len(message.FirstLine(s.b[s.i:]))
		default:
			return
		}
	}
}

// psValue reads an argument of PowerShell.
func (s *script) psValue() (literal, error) {
	if s.depth++; s.depth > mostNested {
		return literal{}, errNoLiteral
	}
	defer func() { s.depth-- }()
	s.psSpace(false)
	start := s.i
	unknown := func() literal { return literal{kind: '?', source: string(s.b[start:s.i])} }
	switch c := s.peek(); {
	case s.take(`@"`):
		return s.psHere('"')
	case s.take(`@'`):
		return s.psHere('\'')
	case c == '"' || c == '\'':
		return s.psString(c)
	case s.take("@{"):
		l := literal{kind: 'o'}
		for {
			s.psSpace(true)
			if s.take("}") {
				return l, nil
			}
			var m member
			if c := s.peek(); c == '"' || c == '\'' {
				name, err := s.psString(c)
				if err != nil {
					return l, err
				}
				m.name = string(name.text)
			} else if m.name = s.bareword(); m.name == "" {
				return l, errNoLiteral
			}
			s.psSpace(false)
			if !s.take("=") {
				return l, errNoLiteral
			}
			var err error
			if m.value, err = s.psValue(); err != nil {
				return l, err
			}
			l.members = append(l.members, m)
		}
	case c == '$':
		s.i++
		name := s.identifier()
		if l, ok := s.vars[name]; ok {
			return l, nil
		}
		return unknown(), nil
	case c == '(' || c == '[':
		return s.psExpression()
	}
	if s.bareword() == "" {
		return literal{}, errNoLiteral
	}
	return literal{kind: 's', text: bytes.Clone(s.b[start:s.i]), source: string(s.b[start:s.i])}, nil
}

// bareword takes text up to something that ends it.
func (s *script) bareword() string {
	start := s.i
	for s.i < len(s.b) && strings.IndexByte(" \t\r\n;|(){}=,'\"`", s.b[s.i]) < 0 {
		s.i++
	}
	return string(s.b[start:s.i])
}

// psExpression takes (text), ([System.Text.Encoding]::UTF8.GetBytes(text)) and
// [Encoding]::UTF8.GetBytes(text); what else is in brackets it passes over.
func (s *script) psExpression() (literal, error) {
	start := s.i
	bytesOf := false
	for s.i < len(s.b) {
		switch c := s.peek(); {
		case c == '[':
			end := bytes.IndexByte(s.b[s.i:], ']')
			if end < 0 {
				return literal{}, errNoLiteral
			}
			s.i += end + 1
			if s.take("::") {
				method := s.identifier()
				bytesOf = recorded.SameName(method, "UTF8.GetBytes")
				if !bytesOf || s.peek() != '(' {
					return s.psRest(start)
				}
			}
		case c == '(':
			s.i++
			l, err := s.psValue()
			if err != nil {
				s.i = start
				return s.psRest(start)
			}
			s.psSpace(true)
			if !s.take(")") {
				return s.psRest(start)
			}
			if c := s.peek(); c == '.' || c == '[' {
				return s.psRest(start)
			}
			return l, nil
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.i++
		default:
			return s.psValue()
		}
	}
	return literal{}, errNoLiteral
}

// psRest passes over an expression in brackets that is not understood.
func (s *script) psRest(start int) (literal, error) {
	depth := 0
	for s.i = start; s.i < len(s.b); {
		switch c := s.b[s.i]; {
		case c == '"' || c == '\'':
			if _, err := s.psString(c); err != nil {
				return literal{}, err
			}
			continue
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case depth <= 0 && strings.IndexByte(" \t\r\n;|", c) >= 0:
			return literal{kind: '?', source: string(s.b[start:s.i])}, nil
		}
		s.i++
		if depth < 0 {
			s.i--
			break
		}
	}
	return literal{kind: '?', source: string(s.b[start:s.i])}, nil
}

// psString reads a text in quotes. Between double ones a backtick escapes, a
// doubled quote is one, and $([char]N) is a character.
func (s *script) psString(quote byte) (literal, error) {
	l := literal{kind: 's', text: []byte{}}
	for s.i++; s.i < len(s.b); {
		switch c := s.b[s.i]; {
		case c == quote:
			if s.i++; s.peek() != quote {
				return l, nil
			}
			l.text = append(l.text, quote)
			s.i++
		case quote == '"':
			s.psChar(&l)
		default:
			l.text = append(l.text, c)
			s.i++
		}
	}
	return l, errQuoteOpen
}

// psChar reads what is at i between double quotes.
func (s *script) psChar(l *literal) {
	switch c := s.b[s.i]; {
	case c == '`' && s.i+1 < len(s.b):
		c = s.b[s.i+1]
		if i := strings.IndexByte("0abefnrtv", c); i >= 0 {
			c = "\x00\a\b\x1b\f\n\r\t\v"[i]
		}
		l.text = append(l.text, c)
		s.i += 2
	case c == '$':
		var units []uint16
		for {
			rest, ok := bytes.CutPrefix(s.b[s.i:], []byte("$([char]"))
			end := bytes.IndexByte(rest[:min(len(rest), 12)], ')')
			if !ok || end < 0 {
				break
			}
			n, err := strconv.ParseUint(strings.TrimSpace(string(rest[:end])), 0, 16)
			if err != nil {
				break
			}
			units = append(units, uint16(n))
			s.i += len("$([char]") + end + 1
		}
		if len(units) > 0 {
			l.text = append(l.text, string(utf16.Decode(units))...)
			return
		}
		start := s.i
		s.i++
		if s.take("(") {
			if end := bytes.IndexByte(s.b[s.i:], ')'); end >= 0 {
				s.i += end + 1
			}
		} else {
			s.take("{")
			name := s.identifier()
			if v, ok := s.vars[name]; ok && v.kind == 's' && s.room.Take(len(v.text)) {
				l.text = append(l.text, v.text...)
				s.take("}")
				return
			}
			s.take("}")
		}
		if s.i > start+1 {
			l.unknown = append(l.unknown, fmt.Sprintf("%.40s", s.b[start:s.i]))
		}
		l.text = append(l.text, s.b[start:s.i]...)
	default:
		l.text = append(l.text, c)
		s.i++
	}
}

// psHere reads a here-string, behind @ and its quote: what is between the two
// line ends.
func (s *script) psHere(quote byte) (literal, error) {
	line := message.FirstLine(s.b[s.i:])
	if len(bytes.TrimSpace(line)) > 0 || s.i+len(line) == len(s.b) {
		return literal{}, errQuoteOpen
	}
	start := s.i + len(line) + 1
	end := bytes.Index(s.b[start-1:], []byte("\n"+string(quote)+"@"))
	if end < 0 {
		return literal{}, errQuoteOpen
	}
	s.i = start - 1 + end + 3
	if end == 0 {
		return literal{kind: 's', text: []byte{}}, nil
	}
	text := bytes.TrimSuffix(s.b[start:start-1+end], []byte("\r"))
	l := literal{kind: 's', text: bytes.Clone(text)}
	if quote == '"' {
		sub := script{b: text, vars: s.vars, room: s.room}
		for l.text = nil; sub.i < len(text); {
			sub.psChar(&l)
		}
	}
	return l, nil
}

// psCommands are PowerShell's for a request.
var psCommands = []string{"Invoke-WebRequest", "Invoke-RestMethod", "iwr", "irm"}

// powershell reads the arguments of such a command, up to the end of the
// statement.
func (s *script) powershell(files func(string) ([]byte, error)) (*outgoing, error) {
	o := &outgoing{files: files}
	r := &o.request
	for {
		s.psSpace(false)
		switch c := s.peek(); {
		case s.i >= len(s.b) || c == '\n' || c == ';' || c == '|' || c == ')' || c == '}':
			return o, nil
		case c == '@' && s.i+1 < len(s.b) && s.b[s.i+1]|0x20 >= 'a' && s.b[s.i+1]|0x20 <= 'z': // splatting
			s.i++
			all, ok := s.vars[s.identifier()]
			if !ok || all.kind != 'o' {
				return nil, errNoLiteral
			}
			for _, m := range all.members {
				o.parameter(m.name, m.value)
			}
			continue
		case c != '-':
			v, err := s.psValue()
			if err != nil {
				return nil, err
			}
			if r.URL == "" {
				r.URL = string(v.text)
			}
			continue
		}
		s.i++
		name := s.bareword()
		s.psSpace(false)
		if c := s.peek(); s.i >= len(s.b) || c == '-' || strings.IndexByte("\n;|", c) >= 0 {
			continue // a switch
		}
		v, err := s.psValue()
		if err != nil {
			return nil, err
		}
		o.parameter(strings.TrimSuffix(name, ":"), v)
	}
}

func (o *outgoing) parameter(name string, v literal) {
	r := &o.request
	is := func(full string, least int) bool {
		return len(name) >= least && len(name) <= len(full) && recorded.SameName(full[:len(name)], name)
	}
	switch {
	case is("Uri", 1):
		r.URL = string(v.text)
	case is("Method", 2), is("CustomMethod", 7):
		r.Method = strings.ToUpper(string(v.text))
	case is("Headers", 1):
		o.headers(v, "")
	case is("ContentType", 3):
		r.Header = append(r.Header, recorded.Field{Name: "Content-Type", Value: string(v.text)})
	case is("Body", 1):
		if v.kind == 'o' {
			v = literal{kind: '?', source: "a hash table"}
		}
		o.literalBody(v)
	case is("InFile", 3):
		o.add("", o.read(string(v.text)), nil)
	}
}
