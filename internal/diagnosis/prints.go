package diagnosis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/pattern"
)

// What languages print of a parsed value: for people, or in a notation of their
// own. Where all that was in the JSON is in the print, it is made JSON again.

// prints are how what languages print begins, the surest first.
var prints = sync.OnceValue(func() []print {
	var all []print
	for _, p := range []struct{ by, begins string }{
		{"JavaScript's String", `\[object \w+\]`},
		{"PHP's var_dump", `(?:\S+:\d+:\s*)?(?:array|object|enum)\([\w\\]*\d*\)(?:#\d+ \(\d+\))? ?\{`},
		{"PHP's var_export", `(?:\(object\) ?|\\?[\w\\]+::__set_state\()?array ?\(`},
		{"PHP's print_r", `(?:Array|\w+ Object)\s*\n?\s*\(`},
		{"PHP's serialize", `(?:a|O):\d+:(?:\{|")`},
		{"Perl's Data::Dumper", `\$VAR\d+ =`},
		{"Python's print", `(?:OrderedDict\(|defaultdict\()?\[?\(?\{'`},
		{"Ruby's inspect", `\{(?:"(?:[^"\\]|\\.)*" ?=>|:"?\w+"? ?=>)`},
		{"Elixir's inspect", `%\w*\{`},
		{"Rust's Debug", `Object \{|\w+ \{ ?\n? *\w+: (?:"|String|Some|None|\d|\w+ \{|\[)`},
		{"Go's fmt", `map\[|&?\{[\w.@+-]+ [\w.@+:-]+ |\[\][\w ]+\{`},
		{"Kotlin's toString", `\w+\(\w+=`},
		{"Java's toString", `\{[\w.-]+=`},
		{"C#'s ToString", `\{ \w+ = |System\.`},
		{"Swift's print", `\["(?:[^"\\]|\\.)*": `},
		{"Node's console.log", `\{\s*(?:\w+|'[^']*'): (?:'|\{|\[|"|\d|true|false|null|undefined|-)|<ref \*\d+>|\[Object: null prototype\]`},
		{"a program", `#<|<\w+ object at|\{:`},
	} {
		all = append(all, print{p.by, pattern.Of(`^` + p.begins)})
	}
	return all
})

type print struct {
	by     string
	begins func() *regexp.Regexp
}

// printedBy is who prints text like that; "" where it is no print.
func printedBy(b []byte) string {
	const telling = 512 // bytes: how a print begins
	text := bytes.TrimSpace(b)
	if len(text) <= 64<<10 && json.Valid(text) {
		return "" // seen sooner than how it begins
	}
	if head := text[:min(len(text), telling)]; len(head) > 0 && head[0] >= ' ' && bytes.IndexByte(head, 0) < 0 && strings.IndexByte(`"0123456789`, head[0]) < 0 {
		for _, p := range prints() {
			if p.begins().Match(head) && !json.Valid(text) {
				return p.by
			}
		}
	}
	return ""
}

// testPrinted recognises what is no JSON any more.
func testPrinted(d *diagnosis) (string, bool) {
	by := d.printer()
	return "The captured body is the output of " + by + " for a parsed value, not JSON. The signed text is lost.", by != ""
}

// testPrintedJSON tries what a print says, in all forms that the JSON may have had.
func testPrintedJSON(d *diagnosis) (string, bool) {
	body := d.request.Body
	if len(d.targets) == 0 || len(body) > maxJSON {
		return "", false
	}
	by := d.printer()
	if by == "" {
		return "", false
	}
	d.budget.left -= jsonCost * len(body)
	text, ok := fromPrint(body)
	if !ok {
		return "", false
	}
	doc := d.document(text)
	found := d.matchAny(jsonRewritten(doc)) || d.matchAny(jsonValues(doc)) || d.otherOrder(doc)
	return "The captured body is the output of " + by + " for the parsed JSON.", found
}

// fromPrint makes JSON of a print, where nothing of it is lost.
func fromPrint(b []byte) ([]byte, bool) {
	text := string(bytes.TrimSpace(b))
	if strings.HasPrefix(text, "a:") || strings.HasPrefix(text, "O:") {
		s := serialized{rest: text}
		ok := s.value(0)
		return s.out, ok && s.rest == "" && json.Valid(s.out)
	}
	r := printReader{in: text, set: anyEscape}
	if strings.HasPrefix(text, "array (") || strings.HasPrefix(text, "$VAR") || strings.HasPrefix(text, `\`) || strings.HasPrefix(text, "(object)") {
		r.set = quotesOnly
	}
	if strings.HasPrefix(text, "$VAR") {
		_, r.in, _ = strings.Cut(text, "=")
		r.in = strings.TrimRight(r.in, "; \r\n")
		for digit, word := range []string{"false", "true"} {
			r.in = strings.ReplaceAll(r.in, fmt.Sprintf(`bless( do{\(my $o = %d)}, 'JSON::PP::Boolean' )`, digit), word)
		}
	}
	ok := r.value(0)
	r.space()
	return r.out, ok && r.i == len(r.in) && json.Valid(r.out)
}

// printReader reads values as most languages print them, and writes JSON.
type printReader struct {
	in  string
	i   int
	set escapeSet
	out []byte
}

// run takes what is next of these characters.
func (r *printReader) run(chars string) string {
	rest := r.in[r.i:]
	n := len(rest) - len(strings.TrimLeft(rest, chars))
	r.i += n
	return rest[:n]
}

func (r *printReader) space() { r.run(" \t\r\n") }

// take goes on behind s, if that is next.
func (r *printReader) take(s string) bool {
	if strings.HasPrefix(r.in[r.i:], s) {
		r.i += len(s)
		return true
	}
	return false
}

// typeNames stand before a value and say what it is.
var typeNames = []string{"map[string]interface {}", "map[string]any", "[]interface {}", "[]any", "interface {}",
	"[Object: null prototype] ", "(object) ", `\stdClass::__set_state`, "%"}

// word reads a name: letters, digits and underscores.
func (r *printReader) word() string {
	start := r.i
	for r.i < len(r.in) && (r.in[r.i] == '_' || r.in[r.i] == '$' || r.in[r.i]|0x20 >= 'a' && r.in[r.i]|0x20 <= 'z' || r.i > start && r.in[r.i] >= '0' && r.in[r.i] <= '9') {
		r.i++
	}
	return r.in[start:r.i]
}

// value reads one, and reports whether all of it is there.
func (r *printReader) value(depth int) bool {
	if depth > maxJSONDepth {
		return false
	}
	r.space()
	for _, name := range typeNames {
		if !r.take(name) {
			continue
		}
		if strings.HasPrefix(name, "[]") && r.take("{}") {
			r.out = append(r.out, "[]"...)
			return true
		}
		break
	}
	if r.i >= len(r.in) {
		return false
	}
	switch c := r.in[r.i]; {
	case c == '"' || c == '\'' || c == '`':
		return r.text()
	case c == '{':
		r.i++
		return r.items('}', depth)
	case c == '[':
		r.i++
		return r.items(']', depth)
	case c == '(':
		r.i++
		return r.value(depth+1) && r.closed()
	case c == '-' || c >= '0' && c <= '9':
		r.out = append(r.out, r.run("0123456789.eE+-_")...)
		return true
	}
	name := r.word()
	switch strings.ToLower(name) {
	case "":
		return false
	case "true", "false":
		r.out = append(r.out, strings.ToLower(name)...)
		return true
	case "null", "none", "nil", "undef", "undefined":
		r.out = append(r.out, "null"...)
		return true
	case "string":
		if r.take("(") {
			if r.i < len(r.in) && (r.in[r.i] < '0' || r.in[r.i] > '9') {
				return r.value(depth+1) && r.closed() // Rust's
			}
			return r.dumped()
		}
		return false
	case "array":
		if r.space(); r.take("(") {
			digits := r.i
			if r.run("0123456789") != "" && r.take(") {") {
				return r.items('}', depth) // var_dump's
			}
			r.i = digits
			return r.items(')', depth)
		}
	}
	// A type's name: Object {, Number(1), bool(true).
	r.space()
	return r.i < len(r.in) && strings.IndexByte("{[(", r.in[r.i]) >= 0 && r.value(depth+1)
}

func (r *printReader) closed() bool {
	r.space()
	return r.take(")")
}

// dumped reads the rest of string(3) "abc", whose text stands as it is.
func (r *printReader) dumped() bool {
	size, rest, ok := strings.Cut(r.in[r.i:], `) "`)
	n, err := strconv.Atoi(size)
	if !ok || err != nil || n < 0 || n >= len(rest) || rest[n] != '"' {
		return false
	}
	r.i = len(r.in) - len(rest) + n + 1
	r.out = append(r.out, jsontext.Quote(rest[:n])...)
	return true
}

// text reads a string with its quotes, and those that are joined to it.
func (r *printReader) text() bool {
	var all strings.Builder
	for {
		quote := r.in[r.i]
		start := r.i + 1
		end := start
		for end < len(r.in) && r.in[end] != quote {
			if r.in[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(r.in) {
			return false
		}
		set := r.set
		if quote == '"' {
			set = anyEscape
		}
		all.WriteString(unescaped(r.in[start:end], set))
		r.i = end + 1
		joined := r.i
		if r.space(); !r.take("+") && !r.take(". ") {
			r.i = joined
			break
		}
		if r.space(); r.i >= len(r.in) || strings.IndexByte("'\"`", r.in[r.i]) < 0 {
			return false
		}
	}
	r.out = append(r.out, jsontext.Quote(all.String())...)
	return true
}

// items reads what stands between brackets: members by their names, or elements,
// which may be counted.
func (r *printReader) items(end byte, depth int) bool {
	open := len(r.out)
	r.out = append(r.out, '{')
	n, named := 0, 0
	for {
		if r.space(); r.i >= len(r.in) {
			return false
		}
		if r.in[r.i] == end {
			r.i++
			break
		}
		if n++; n > 1 {
			r.out = append(r.out, ',')
		}
		start := len(r.out)
		key := r.key(end, depth)
		switch {
		case !key.ok:
			return false
		case key.isKey && key.number == n-1:
			r.out = r.out[:start]
		case key.isKey:
			named++
			r.out = append(r.out, ':')
		}
		if key.isKey && !r.value(depth+1) {
			return false
		}
		if r.space(); !r.take(",") && !r.take(";") && r.i < len(r.in) && r.in[r.i] != end && (end != '}' || r.in[r.i] != '[') {
			return false
		}
	}
	switch {
	case named == n && (n > 0 || end == '}'):
		r.out = append(r.out, '}')
		return true
	case named > 0:
		return false
	}
	r.out[open] = '['
	r.out = append(r.out, ']')
	return true
}

// printKey is what stands before a member's value; ok is false where it is
// neither that nor an element.
type printKey struct {
	ok, isKey bool
	number    int // for an index; else -1
}

// key reads a member's name and what stands between it and the value, or an
// element.
func (r *printReader) key(end byte, depth int) printKey {
	key := printKey{number: -1}
	at, from := r.i, len(r.out)
	name := ""
	switch {
	case end == '}' && r.take(`["`): // var_dump's, which stands as it is
		inner, _, ok := strings.Cut(r.in[r.i:], `"]=>`)
		if !ok {
			return key
		}
		r.i += len(inner) + len(`"]`)
		r.out = append(r.out, jsontext.Quote(inner)...)
	case end == '}' && r.in[r.i] == '[' && r.indexed():
		key.number, _ = strconv.Atoi(strings.Trim(r.in[at:r.i], "[]"))
	case r.take(":"): // a symbol
		name = r.word()
	default:
		if name = r.word(); name != "" && !r.separated() {
			name = ""
			r.i = at
		}
		if name == "" {
			if !r.value(depth + 1) {
				return key
			}
			if n, err := strconv.Atoi(string(r.out[from:])); err == nil {
				key.number = n
			}
		}
	}
	if name != "" {
		r.out = append(r.out, jsontext.Quote(name)...)
	}
	key.ok = true
	key.isKey = r.separated()
	if key.isKey {
		r.space()
		if !r.take("=>") && !r.take(":") {
			r.take("=")
		}
		if key.number >= 0 {
			r.out = append(r.out[:from:from], jsontext.Quote(strconv.Itoa(key.number))...)
		}
	}
	return key
}

// indexed reads [0] before an arrow.
func (r *printReader) indexed() bool {
	number, _, ok := strings.Cut(r.in[r.i+1:min(len(r.in), r.i+20)], "]=>")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return false
	}
	r.i += len(number) + len("[]")
	return true
}

// separated reports whether what stands between a name and its value is next.
func (r *printReader) separated() bool {
	rest := strings.TrimLeft(r.in[r.i:], " \t\r\n")
	return rest != "" && (rest[0] == ':' || rest[0] == '=')
}

// serialized reads what PHP's serialize writes: s:3:"abc";
type serialized struct {
	rest string
	out  []byte
}

// field takes what stands before the next end.
func (s *serialized) field(end string) (string, bool) {
	const longest = 400 // of a number
	i := strings.Index(s.rest[:min(len(s.rest), longest)], end)
	if i < 0 {
		return "", false
	}
	text := s.rest[:i]
	s.rest = s.rest[i+len(end):]
	return text, true
}

func (s *serialized) value(depth int) bool {
	if depth > maxJSONDepth || len(s.rest) < 2 {
		return false
	}
	kind := s.rest[0]
	s.rest = s.rest[2:]
	switch kind {
	case 'N':
		s.out = append(s.out, "null"...)
		return true
	case 'b':
		text, ok := s.field(";")
		s.out = strconv.AppendBool(s.out, text == "1")
		return ok
	case 'i', 'd':
		text, ok := s.field(";")
		s.out = append(s.out, text...)
		return ok
	case 's':
		text, ok := s.text()
		s.out = append(s.out, jsontext.Quote(text)...)
		return ok && s.take(";")
	case 'O':
		if _, ok := s.text(); !ok || !s.take(":") {
			return false
		}
	case 'a':
	default:
		return false
	}
	size, ok := s.field(":{")
	n, err := strconv.Atoi(size)
	if !ok || err != nil || n < 0 {
		return false
	}
	return s.items(n, kind == 'O', depth)
}

// take goes on behind text, if that is next.
func (s *serialized) take(text string) (ok bool) {
	s.rest, ok = strings.CutPrefix(s.rest, text)
	return ok
}

// text reads 3:"abc".
func (s *serialized) text() (string, bool) {
	size, ok := s.field(`:"`)
	n, err := strconv.Atoi(size)
	if !ok || err != nil || n < 0 || n >= len(s.rest) || s.rest[n] != '"' {
		return "", false
	}
	text := s.rest[:n]
	s.rest = s.rest[n+1:]
	return text, true
}

// items reads the members of an object, or the elements of an array, which is a
// list where they are counted.
func (s *serialized) items(n int, object bool, depth int) bool {
	list := !object && (n == 0 || strings.HasPrefix(s.rest, "i:"))
	open, end := byte('{'), byte('}')
	if list {
		open, end = '[', ']'
	}
	s.out = append(s.out, open)
	for i := range n {
		if i > 0 {
			s.out = append(s.out, ',')
		}
		start := len(s.out)
		if strings.HasPrefix(s.rest, "i:") != list || !s.value(depth+1) {
			return false
		}
		switch {
		case !list:
			s.out = append(s.out, ':')
		case string(s.out[start:]) != strconv.Itoa(i):
			return false
		default:
			s.out = s.out[:start]
		}
		if !s.value(depth + 1) {
			return false
		}
	}
	s.out = append(s.out, end)
	return s.take("}")
}
