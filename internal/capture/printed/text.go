package printed

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// printedText is text in which programs of any language printed values:
// dictionaries, lists, strings as literals, bytes. What they have in common is
// enough to find the ends of values and the members in them:
//
//	{'a': 'b'}  {"a"=>"b"}  {a=b, c=d}  map[a:[b] c:[d]]  [("a", "b")]
//	array(1) {["a"]=> string(1) "b"}  #<X @a="b">  <Buffer 7b 7d>  Map(1) {'a' => 'b'}
type printedText struct {
	b []byte
	// left is how many more bytes are looked at. Values that do not end would be
	// looked at again from each bracket in them.
	left int
	// multiline says that strings may go on over line ends, as PHP prints them.
	multiline bool
	line      struct{ at, lines int } // see lineOf
}

// printWork is how many times its size is looked at in a text.
const printWork = 32

func newPrintedText(b []byte) *printedText {
	return &printedText{b: b, left: printWork*len(b) + 4096, multiline: bytes.Contains(b, []byte("array (")) || bytes.Contains(b, []byte("=>\n"))}
}

// maxParentheses is how long a value in parentheses may be.
const maxParentheses = 1 << 20

// maxNesting is how deep values may be inside each other.
const maxNesting = 128

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

func isWord(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c >= utf8.RuneSelf }

// isPrefix takes the last letter before the quote of a literal.
func isPrefix(c byte) bool {
	switch c | 0x20 {
	case 'b', 'r', 'u', 'f', 'c':
		return true
	}
	return false
}

func isQuote(c byte) bool { return c == '\'' || c == '"' || c == '`' }

// literal returns the end of the string literal at i, with its prefix (b"", r"",
// string(2) ""); 0 where there is none.
func (t *printedText) literal(i int) int {
	b := t.b
	if n, from := t.counted(i); from > 0 {
		return from + n + 1
	}
	q := i
	for q < len(b) && q < i+2 && isLetter(b[q]) {
		q++
	}
	if t.left <= 0 || q >= len(b) || !isQuote(b[q]) || i > 0 && isWord(b[i-1]) || q > i && !isPrefix(b[q-1]) {
		return 0
	}
	quote := b[q]
	if end := t.quotedJSON(q); end > 0 {
		return end
	}
	template := quote == '`' && bytes.HasPrefix(b[q+1:], []byte("\n")) && bytes.HasSuffix(b[:i], []byte("= ")) // as Jest writes snapshots
	for j := q + 1; j < len(b); j++ {
		switch b[j] {
		case '\\':
			j++
		case quote:
			t.left -= j - i
			return j + 1
		case '\n':
			if !t.multiline && !template {
				t.left -= j - i
				return 0
			}
		}
	}
	t.left -= len(b) - i
	return 0
}

// quotedJSON returns the end of JSON that stands in double quotes as it is, as Laravel's
// dd and formats like body="%s" print it, or with doubled quotes, as in a cell of a table;
// 0 where there is none.
func (t *printedText) quotedJSON(q int) int {
	b := t.b[q:]
	for i := 2; isCell(b) && i < len(b) && t.left > 0; i += 2 {
		n := bytes.IndexByte(b[i:], '"')
		if t.left -= n; n < 0 {
			break
		}
		if i += n; !bytes.HasPrefix(b[i+1:], []byte(`"`)) {
			return q + i + 1
		}
	}
	if !bytes.HasPrefix(b, []byte(`"{"`)) && !bytes.HasPrefix(b, []byte(`"[`)) {
		return 0
	}
	if end := t.jsonAt(q + 1); end > 0 && end < len(t.b) && t.b[end] == '"' && bytes.IndexByte(t.b[q+1:end], '"') >= 0 {
		return end + 1
	}
	return 0
}

// isCell reports whether JSON with doubled quotes begins.
func isCell(b []byte) bool {
	const near = 64
	if !bytes.HasPrefix(b, []byte(`"{`)) && !bytes.HasPrefix(b, []byte(`"[`)) {
		return false
	}
	b = b[1:min(len(b), near)]
	i := bytes.IndexByte(b, '"')
	return i > 0 && bytes.HasPrefix(b[i:], []byte(`""`))
}

// counted takes string(N) "...", as var_dump prints a string: N bytes as they
// are, which begin at from. From is 0 for anything else.
func (t *printedText) counted(i int) (n, from int) {
	rest, ok := bytes.CutPrefix(t.b[i:], []byte("string("))
	if !ok || i > 0 && isWord(t.b[i-1]) {
		return 0, 0
	}
	digits := rest[:min(len(rest), 12)]
	end := bytes.Index(digits, []byte(`) "`))
	if end < 1 {
		return 0, 0
	}
	n, err := strconv.Atoi(string(digits[:end]))
	if from = i + len("string(") + end + 3; err != nil || n < 0 || n >= len(t.b)-from || t.b[from+n] != '"' {
		return 0, 0
	}
	return n, from
}

// hexBytes returns the end of <Buffer 7b 7d>, or of \x7b7d, as psql prints the bytes of
// JSON; 0 where there is none.
func (t *printedText) hexBytes(i int) int {
	if rest := t.b[i:]; i > 0 && isBlank(t.b[i-1]) && (bytes.HasPrefix(rest, []byte(`\x7b`)) || bytes.HasPrefix(rest, []byte(`\x5b`))) {
		digits := rest[2 : len(rest)-len(bytes.TrimLeft(rest[2:], "0123456789abcdef"))]
		if t.left -= len(digits); len(digits)%2 == 0 {
			return i + 2 + len(digits)
		}
	}
	if t.left <= 0 || !bytes.HasPrefix(t.b[i:], []byte("<Buffer")) && !bytes.HasPrefix(t.b[i:], []byte("<SlowBuffer")) {
		return 0
	}
	for j := i + 1; j < len(t.b); j++ {
		switch c := t.b[j]; {
		case c == '>':
			t.left -= j - i
			return j + 1
		case !isWord(c) && c != ' ' && c != '.':
			t.left -= j - i
			return 0
		}
	}
	t.left -= len(t.b) - i
	return 0
}

// group returns the end of the bracketed value at i, or -1 where its brackets do
// not match. With plain quotes are text like any other, and it must end in its line.
func (t *printedText) group(i int, plain bool) int {
	b := t.b
	var open [maxNesting]byte
	n, from := 0, i
	defer func() { t.left -= max(i-from, 1) }()
	limit := t.left
	if b[i] == '(' { // more often a face than a value
		limit = min(limit, maxParentheses)
	}
	for i < len(b) && i-from <= limit {
		switch c := b[i]; c {
		case '(', '[', '{':
			if n == maxNesting {
				return -1
			}
			open[n] = c
			n++
		case ')', ']', '}':
			for n > 0 && open[n-1] == '<' {
				n--
			}
			if n == 0 || open[n-1] != closedBy(c) {
				return -1
			}
			if n--; n == 0 {
				return i + 1
			}
		case '<':
			if end := t.hexBytes(i); end > 0 {
				i = end
				continue
			}
			if n < maxNesting && i+1 < len(b) && isLetter(b[i+1]) && (i == 0 || !isWord(b[i-1])) {
				open[n] = c
				n++
			}
		case '>':
			if n > 0 && open[n-1] == '<' && b[i-1] != '=' && b[i-1] != '-' {
				n--
			}
		case '\n':
			if plain {
				return -1
			}
		case 's':
			if size, at := t.counted(i); at > 0 && !plain {
				i = at + size + 1
				continue
			}
		case '\'', '"', '`':
			before := t.prefixLength(i)
			if plain || i > 0 && isWord(b[i-1]) && before == 0 {
				break
			}
			end := t.literal(i - before)
			if end == 0 {
				return -1
			}
			i = end
			continue
		}
		i++
	}
	return -1
}

// prefixLength is how many letters before the quote at i belong to the literal.
func (t *printedText) prefixLength(i int) int {
	n := 0
	for n < 3 && n < i && isWord(t.b[i-n-1]) {
		n++
	}
	if n > 2 || n > 0 && !isPrefix(t.b[i-1]) {
		return 0
	}
	return n
}

func closedBy(c byte) byte {
	switch c {
	case ')':
		return '('
	case ']':
		return '['
	}
	return '{'
}

// termKind is what a term is.
type termKind byte

const (
	noTerm   termKind = iota
	aWord             // as it is printed, without quotes
	aLiteral          // one or more literals, to be joined
	aGroup            // brackets with members in them
	aBuffer           // <Buffer 7b 7d>
)

// printedTerm is a name or a value in a print.
type printedTerm struct {
	kind     termKind
	from, to int
	cut      bool // the print says that it goes on
}

// printedEntry is a member of a group; one of a list has no key.
type printedEntry struct {
	key, value printedTerm
	equals     bool // key=value
}

// entries calls f with the members of the group from..to, until it returns false.
func (t *printedText) entries(from, to int, f func(printedEntry) bool) {
	inner, end := from+1, to-1
	var last *printedEntry
	for i := inner; i < end && t.left > 0; {
		if c := t.b[i]; isSpace(c) || c == ',' || c == ';' {
			i++
			continue
		}
		var e printedEntry
		var next int
		e.key, next = t.termAt(i, end, 0)
		if e.key.kind == noTerm {
			i = max(next, i+1)
			continue
		}
		if sep, after := t.separator(next, end); sep != 0 {
			e.equals = sep == '='
			e.value, next = t.termAt(after, end, sep)
		} else {
			e.value, e.key = e.key, printedTerm{}
		}
		i = max(next, i+1)
		if e.key.kind == noTerm && e.value.kind == aWord && bytes.HasPrefix(t.b[e.value.from:e.value.to], []byte("...")) && last != nil {
			last.value.cut = true // "... 5 more items"
			continue
		}
		if last != nil && !f(*last) {
			return
		}
		last = &e
	}
	if last != nil {
		f(*last)
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// separator returns what stands between a name and a value at i, and where the
// value begins; 0 where there is no separator.
func (t *printedText) separator(i, end int) (sep byte, after int) {
	for i < end && isSpace(t.b[i]) {
		i++
	}
	if i >= end {
		return 0, i
	}
	two := string(t.b[i:min(i+2, end)])
	switch {
	case two == "=>", two == "->":
		return '>', i + 2
	case two == "::", two == "==":
		return 0, i
	case t.b[i] == ':', t.b[i] == '=':
		return t.b[i], i + 1
	}
	return 0, i
}

// termAt takes a name, where sep is 0, or the value behind that separator. It ends
// before a comma, the end of its line or what is no part of it.
func (t *printedText) termAt(i, end int, sep byte) (found printedTerm, next int) {
	b := t.b
	from := i
	defer func() { t.left -= next - from }()
	for i < end {
		c := b[i]
		switch {
		case isSpace(c):
			if found.kind == aWord && c == '\n' {
				return found, i
			}
			if found.kind == aWord && sep == ':' && t.nameFollows(i, end) {
				return found, i
			}
			if found.kind > aWord {
				j := i
				for j < end && (isSpace(b[j]) || found.kind == aLiteral && (b[j] == '+' || b[j] == '.' && b[min(j+1, end-1)] != '.')) {
					j++
				}
				another := j < end && found.kind == aLiteral && t.quoteAt(j) > 0 && !t.isName(j, end)
				more := j < end && found.kind == aGroup && bytes.IndexByte(b[i:j], '\n') < 0 && (b[j] == '{' || b[j] == '[' || b[j] == '(')
				another = another || j < end && found.kind == aGroup && b[found.from] == '(' && bytes.IndexByte(b[i:j], '\n') < 0 && isQuote(b[j])
				if !another && !more && !bytes.HasPrefix(b[j:end], []byte("... ")) {
					return found, i
				}
				i = j
				continue
			}
			i++
			continue
		case c == ',' || c == ';':
			if found.kind == aWord && sep == '=' && !t.javaEnds(i, end) {
				break
			}
			return found, i
		case sep == 0 && found.kind != noTerm && (c == ':' || c == '=' || c == '-' && i+1 < end && b[i+1] == '>'):
			return found, i
		}
		if lit := t.quoteAt(i); lit > 0 && lit <= end {
			switch found.kind {
			case noTerm, aWord:
				if sep == '=' && found.kind == aWord {
					break // part of a value without quotes
				}
				found.kind, found.from, found.to = aLiteral, i, lit
			case aLiteral:
				found.to = lit
			default:
				if b[found.from] != '(' {
					return found, i
				}
				found.kind, found.from, found.to = aLiteral, i, lit // (type) "text"
			}
			if found.kind == aLiteral {
				if _, counted := t.counted(i); counted > 0 {
					return found, lit
				}
				i = lit
				continue
			}
		}
		if close := t.hexBytes(i); close > 0 && close <= end {
			return printedTerm{kind: aBuffer, from: i, to: close}, close
		}
		switch {
		case c == '(' || c == '[' || c == '{':
			if found.kind == aLiteral || found.kind == aWord && sep == '=' && b[i-1] != ' ' && !isWord(b[i-1]) {
				if found.kind == aLiteral {
					return found, i
				}
				break
			}
			close := t.group(i, false)
			if close < 0 || close > end {
				close = t.group(i, true)
			}
			if close < 0 || close > end {
				return printedTerm{}, end
			}
			if found.kind == aWord && sep == '=' && b[i-1] == ' ' { // Mozilla/5.0 (X11)
				found.to, i = close, close
				continue
			}
			found.kind, found.from, found.to, i = aGroup, i, close, close
			continue
		case found.kind == aGroup && found.to == i && found.to-found.from == 2 && isLetter(c): // []type{...}
			found.kind = aWord
		case found.kind > aWord:
			if bytes.HasPrefix(b[i:end], []byte("...")) || bytes.HasPrefix(b[i:end], []byte("…")) {
				found.cut = true
				for i < end && b[i] != ',' && b[i] != '\n' {
					i++
				}
			}
			return found, i
		case found.kind == noTerm:
			found.kind, found.from = aWord, i
			if c == '<' || c == '#' { // an object: its members are its own
				if close := t.angle(i, end); close > 0 {
					found.to, i = close, close
					continue
				}
			}
		}
		i++
		found.to = i
	}
	return found, i
}

// quoteAt is literal for a place where a literal can begin.
func (t *printedText) quoteAt(i int) int {
	c := t.b[i]
	if isQuote(c) || c == 's' || isPrefix(c) {
		return t.literal(i)
	}
	return 0
}

// isName reports whether the literal at i is the name of a member.
func (t *printedText) isName(i, end int) bool {
	lit := t.literal(i)
	sep, _ := t.separator(lit, end)
	return lit > 0 && sep != 0
}

// angle returns the end of <...> or #<...> in one line; 0 where there is none.
func (t *printedText) angle(i, end int) int {
	if t.b[i] == '#' {
		i++
	}
	if i >= end || t.b[i] != '<' {
		return 0
	}
	depth := 0
	for j := i; j < end && t.b[j] != '\n'; j++ {
		t.left--
		switch t.b[j] {
		case '<':
			depth++
		case '>':
			if t.b[j-1] == '=' || t.b[j-1] == '-' {
				continue
			}
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	return 0
}

// nameFollows reports whether a blank at i ends a value of Go's print: another
// name comes after it.
func (t *printedText) nameFollows(i, end int) bool {
	for i < end && isBlank(t.b[i]) {
		i++
	}
	from := i
	for i < end && (isWord(t.b[i]) || t.b[i] == '-' || t.b[i] == '.') {
		i++
	}
	t.left -= i - from
	return i > from && i < end && t.b[i] == ':' && isLetter(t.b[from])
}

// javaEnds reports whether a comma at i ends a value of {a=b, c=d}.
func (t *printedText) javaEnds(i, end int) bool {
	for i++; i < end && isSpace(t.b[i]); {
		i++
	}
	from := i
	for i < end && (isWord(t.b[i]) || t.b[i] == '-' || t.b[i] == '.' || t.b[i] == ':') {
		i++
	}
	t.left -= i - from
	return i > from && i < end && t.b[i] == '='
}

// text is what a name or a value says, decoded where it is a literal.
func (t *printedText) text(v printedTerm) string {
	switch v.kind {
	case aLiteral:
		s, _ := t.decode(v)
		return string(s)
	case noTerm:
		return ""
	}
	return string(bytes.TrimSpace(t.b[v.from:v.to]))
}

// name is what a key says: without the brackets of ["a"]=>.
func (t *printedText) name(v printedTerm) string {
	if v.kind == aGroup {
		inner, _ := t.termAt(v.from+1, v.to-1, 0)
		if inner.kind == aLiteral || inner.kind == aWord {
			return t.text(inner)
		}
	}
	return t.text(v)
}

// decode joins the literals of a term. It is not exact where an escape is not
// known.
func (t *printedText) decode(v printedTerm) (out []byte, exact bool) {
	exact = true
	for i := v.from; i < v.to; {
		if end := t.quoteAt(i); end > 0 && end <= v.to {
			out, exact = t.unquote(out, i, end, exact)
			i = end
			continue
		}
		i++
	}
	return out, exact
}

// unquote appends the text of one literal. \xNN is a byte in b” and "", and a
// character in single quotes, as Python and Node write them.
func (t *printedText) unquote(out []byte, from, to int, exact bool) ([]byte, bool) {
	if n, at := t.counted(from); at > 0 {
		return append(out, t.b[at:at+n]...), exact
	}
	b := t.b[from:to]
	q := bytes.IndexAny(b, "'\"`")
	if t.quotedJSON(from+q) == to {
		text := b[q+1 : len(b)-1]
		if isCell(b[q:]) {
			text = bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))
		}
		return append(out, text...), exact
	}
	prefix := bytes.ToLower(b[:q])
	quote := b[q]
	b = b[q+1 : len(b)-1]
	if bytes.IndexByte(prefix, 'r') >= 0 && bytes.IndexByte(prefix, 'b') < 0 && quote != '\'' {
		return append(out, b...), exact
	}
	asBytes := bytes.IndexByte(prefix, 'b') >= 0 || quote == '"' && !t.singles()
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 == len(b) {
			return append(out, b...), exact
		}
		out = append(out, b[:i]...)
		n, ok := 0, false
		out, n, ok = Unescape(out, b[i:], asBytes)
		b, exact = b[i+n:], exact && ok
	}
	return out, exact
}

// singles reports whether the program writes strings in single quotes, so that
// one in double quotes merely has single ones in it.
func (t *printedText) singles() bool {
	head := t.b[:min(len(t.b), 64<<10)]
	return bytes.Contains(head, []byte("': '")) || bytes.Contains(head, []byte("', '"))
}

// Unescape appends what the escape at the start of b, of two bytes or more, stands for,
// and returns how long it is. AsBytes says that \xNN is a byte and no character. Ok is
// false for one that no language has: it is taken as it is.
func Unescape(out, b []byte, asBytes bool) (_ []byte, n int, ok bool) {
	c := b[1]
	if i := bytes.IndexByte([]byte("abtnvfre"), c); i >= 0 {
		return append(out, "\a\b\t\n\v\f\r\x1b"[i]), 2, true
	}
	number := func(digits []byte, base int) (rune, bool) {
		r, err := strconv.ParseUint(string(digits), base, 32)
		return rune(r), err == nil && r <= utf8.MaxRune
	}
	switch {
	case bytes.IndexByte([]byte("\\'\"`/#$@"), c) >= 0:
		return append(out, c), 2, true
	case c == '\n':
		return out, 2, true
	case (c == 'u' || c == 'x') && len(b) > 3 && b[2] == '{':
		if end := bytes.IndexByte(b[:min(len(b), 12)], '}'); end > 3 {
			if r, ok := number(b[3:end], 16); ok {
				return utf8.AppendRune(out, r), end + 1, true
			}
		}
	case c == 'x' && len(b) >= 4:
		if r, ok := number(b[2:4], 16); ok {
			if asBytes || r < utf8.RuneSelf {
				return append(out, byte(r)), 4, true
			}
			return utf8.AppendRune(out, r), 4, true
		}
	case c == 'u' && len(b) >= 6:
		r, ok := number(b[2:6], 16)
		if ok && r >= 0xd800 && r < 0xdc00 && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
			if low, ok := number(b[8:12], 16); ok && low >= 0xdc00 && low < 0xe000 {
				return utf8.AppendRune(out, (r-0xd800)<<10+(low-0xdc00)+0x10000), 12, true
			}
		}
		if ok {
			return utf8.AppendRune(out, r), 6, r < 0xd800 || r >= 0xe000
		}
	case c == 'U' && len(b) >= 10:
		if r, ok := number(b[2:10], 16); ok {
			return utf8.AppendRune(out, r), 10, true
		}
	case c >= '0' && c <= '7':
		end := 2
		for end < len(b) && end < 4 && b[end] >= '0' && b[end] <= '7' {
			end++
		}
		if r, ok := number(b[1:end], 8); ok && r < 256 {
			return append(out, byte(r)), end, true
		}
	}
	return append(out, '\\', c), 2, false
}

// numbers returns the bytes that a term prints as numbers: <Buffer 7b 7d>, [123 125],
// [123, 125], <<123, 125>>. Cut says that the print does not show all of them.
func (t *printedText) numbers(v printedTerm) (out []byte, cut, ok bool) {
	b := t.b[v.from:v.to]
	if v.kind == aBuffer {
		if b[0] == '\\' {
			out, err := hex.DecodeString(string(b[2:]))
			return out, false, err == nil
		}
		at := bytes.IndexByte(b, ' ')
		if at < 0 {
			return []byte{}, false, true
		}
		text := b[at : len(b)-1]
		if i := bytes.Index(text, []byte("...")); i >= 0 {
			text, cut = text[:i], true
		}
		packed := bytes.ReplaceAll(text, []byte(" "), nil)
		out = make([]byte, hex.DecodedLen(len(packed)))
		_, err := hex.Decode(out, packed)
		return out, cut, err == nil
	}
	if v.kind != aGroup || len(b) < 3 || b[0] != '[' && b[0] != '{' {
		return nil, false, false
	}
	for i := 1; i < len(b)-1; {
		if c := b[i]; isSpace(c) || c == ',' {
			i++
			continue
		}
		if bytes.HasPrefix(b[i:], []byte("... ")) {
			return out, true, len(out) > 0
		}
		end := i
		for end < len(b)-1 && !isSpace(b[end]) && b[end] != ',' {
			end++
		}
		n, base := string(b[i:end]), 10
		if len(n) > 2 && n[:2] == "0x" {
			n, base = n[2:], 16
		}
		x, err := strconv.ParseInt(n, base, 16)
		if err != nil || x < -128 || x > 255 {
			return nil, false, false
		}
		out, i = append(out, byte(x)), end
	}
	return out, v.cut, len(out) > 1
}

// jsonAt returns the end of the whole JSON object or list at i; 0 where there is
// none.
func (t *printedText) jsonAt(i int) int {
	if c := t.b[i]; c != '{' && c != '[' || t.left <= 0 || !bytes.ContainsRune([]byte("\"{}[]0123456789-tfn"), rune(t.b[min(jsontext.SkipSpace(t.b, i+1), len(t.b)-1)])) {
		return 0
	}
	end := jsontext.SkipValue(t.b, i)
	if end < 0 {
		t.left -= len(t.b) - i
		return 0
	}
	t.left -= end - i
	if !json.Valid(t.b[i:end]) {
		return 0
	}
	return end
}
