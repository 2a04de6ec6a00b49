package walk

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/term"
)

// UnknownLayout is the error of a delivery that cannot be read: a signature stands
// in the input, in a layout that no format knows.
type UnknownLayout struct {
	// Where is the place of the signature, such as "line 7" or a JSON path; empty
	// where a file hides what it holds.
	Where string
	// Assumed is the name of the format that the input was read in.
	Assumed string
	// Suggestion says what to do, in whole sentences; empty where that is not known.
	Suggestion string

	Way []Step // to the signature, in a JSON document; nil where that is not known
}

// Error is the place alone.
func (u *UnknownLayout) Error() string {
	if u.Where == "" {
		return "what the file holds cannot be seen"
	}
	return "there is a signature at " + u.Where
}

// Explanation says in one sentence what was found.
func (u *UnknownLayout) Explanation() string {
	if u.Where == "" {
		return "hookctl cannot see what the file holds."
	}
	return fmt.Sprintf("There is a signature at %s, but hookctl does not know the layout around it. The input was read as %s.", u.Where, u.Assumed)
}

// LayoutError looks for a signature in the beginning of an input that would be
// taken for a bare payload, and says where it stands; nil where there is none. The
// input has that name; as is the commands that make head of its bytes.
func LayoutError(head []byte, names []string, name string, as []string) error {
	s, ok := recorded.FirstSeen(head, names)
	if !ok && len(head) < recorded.HeadMax && recorded.EndsInSignature(bytes.TrimRight(head, " \r\n"), names) {
		return fmt.Errorf("it is cut off in the middle of a signature, at %s", lineOf(head, len(head)))
	}
	if !ok {
		return inHexDump(head, names, name)
	}
	u := &UnknownLayout{Where: lineOf(head, s.At), Assumed: recorded.Raw}
	text := message.TrimBOM(head)
	start := jsontext.SkipSpace(text, 0)
	if at := s.At - (len(head) - len(text)) - start; IsObject(text[start:]) || IsList(text[start:]) {
		if way := WayTo(text[start:], at); len(way) > 0 {
			u.Where = PathOf(way)
			u.Suggestion = SuggestJQ(text[start:], way, names, name, as)
		}
	}
	u.Suggestion = cmp.Or(u.Suggestion, suggestTool(head, name), SuggestForLine(head))
	return u
}

// beforeDigest finds the name before a digest, as in sig="sha256=...", and titled those of
// columns that may hold one. In "sha256=..." alone, that is a name as well.
var (
	beforeDigest = pattern.Of(`(?i)([\w.-]+)\\?["']?\s*(?:=>|[:=])\s*[\["'(\\]*(?:sha256=)?$`)
	titled       = pattern.Of(`(?i)[\w.-]*(?:sig|hmac)[\w.-]*`)
)

// OtherNames are the names that the first signature seen in a text may have there: those
// of columns in the first line, and the one before it.
func OtherNames(text []byte, names []string) (other []string) {
	const most = 4
	s, ok := recorded.FirstSeen(text, names)
	if !ok {
		return nil
	}
	line, _, _ := bytes.Cut(text[:s.At], []byte("\n"))
	for _, title := range titled().FindAll(line, most) {
		other = append(other, string(title))
	}
	if m := beforeDigest().FindSubmatch(text[max(0, s.At-2*recorded.NearName):s.At]); m != nil {
		other = append(other, string(m[1]))
	}
	return slices.DeleteFunc(other, func(name string) bool { return !recorded.IsToken(name) || spelledSo(name, names) })
}

// lineOf names the place of a byte: its line, or its number where there are none.
func lineOf(b []byte, at int) string {
	if bytes.IndexByte(b[:at], 0) >= 0 || !utf8.Valid(b[max(0, at-recorded.NearName):at]) && bytes.IndexByte(b, '\n') < 0 {
		return "byte " + strconv.Itoa(at+1)
	}
	return "line " + strconv.Itoa(bytes.Count(b[:at], []byte("\n"))+1)
}

// SuggestForLine says what to do about a line that holds a signature.
func SuggestForLine(text []byte) string {
	if bytes.Contains(text, []byte(`\x22`)) {
		return `This looks like a log of nginx, which writes \x22 for a quote. Add escape=json to its log_format, as in log_format hooks escape=json '...'. For lines already logged, take the body alone and decode the escapes.`
	}
	return ""
}

// NeedsTool is the error of an input of a kind whose bytes hide those of a delivery,
// or stand around and between them, whatever that looks like: only a program that
// knows the kind can take it out. It is nil for all others.
func NeedsTool(head []byte, name string) error {
	if tool := suggestTool(head, name); tool != "" {
		return &UnknownLayout{Assumed: recorded.Raw, Suggestion: tool}
	}
	return nil
}

const (
	packets = "This is a packet capture. Open it in Wireshark, choose Follow > HTTP Stream or TCP Stream, show the data as Raw, save it, and verify that file."
	unpack  = "Unpack it, and verify the directory of its files."
)

// containers are kinds of files that hide what they hold, by what stands in them and
// where, with the program that takes it out.
var containers = []struct {
	at         int
	magic, fix string
}{
	{0, "\xd4\xc3\xb2\xa1", packets}, {0, "\xa1\xb2\xc3\xd4", packets}, {0, "\x4d\x3c\xb2\xa1", packets}, {0, "\xa1\xb2\x3c\x4d", packets}, {0, "\x0a\x0d\x0d\x0a", packets},
	{30, "[Content_Types].xml", "This is a document of Microsoft Office. Save it as text, a sheet as CSV UTF-8, and verify that file."},
	{22, "<!DOCTYPE items [", "These are items of Burp. Save the request alone, with Copy to file, and verify that file."},
	{0, "PK\x03\x04", "This is a ZIP archive. " + unpack},
	{0, "7z\xbc\xaf\x27\x1c", "This is a 7-Zip archive. " + unpack},
	{0, "Rar!\x1a\x07", "This is a RAR archive. " + unpack},
	{257, "ustar", "This is a tar archive. " + unpack},
	{0, "\x1f\x8b\x08", "This was compressed twice. Decompress it: gzip -dc FILE | hookctl verify -"},
	{0, "BZh91AY&SY", "This is compressed. Decompress it: bzip2 -dc FILE | hookctl verify -"},
	{0, "\xfd7zXZ\x00", "This is compressed. Decompress it: xz -dc FILE | hookctl verify -"},
	{0, "\x28\xb5\x2f\xfd", "This is compressed. Decompress it: zstd -dc FILE | hookctl verify -"},
	{0, "SQLite format 3\x00", "This is an SQLite database. Write the table as JSON and verify that: sqlite3 -json FILE 'SELECT * FROM ...' | hookctl verify -"},
}

// suggestTool names the program that makes of a file what can be read.
func suggestTool(head []byte, name string) string {
	fix := ""
	switch {
	case isMitm(head):
		fix = "These are flows of mitmproxy. Write them as an HTTP archive and verify that: mitmdump -nr FILE --set hardump=flows.har && hookctl verify flows.har"
	case isWide(head, 1):
		fix = "This is UTF-16 without a byte order mark. Convert it: iconv -f UTF-16LE -t UTF-8 FILE | hookctl verify -"
	case isWide(head, 0):
		fix = "This is UTF-16 without a byte order mark. Convert it: iconv -f UTF-16BE -t UTF-8 FILE | hookctl verify -"
	}
	for _, c := range containers {
		if fix == "" && len(head) >= c.at && bytes.HasPrefix(head[c.at:], []byte(c.magic)) {
			fix = c.fix
		}
	}
	return strings.Replace(fix, "FILE", FileWord(name), 1)
}

// isWide reports whether every other byte is zero, from the first or the second on.
func isWide(head []byte, zero int) bool {
	const enough = 32
	for i, c := range head[:min(len(head), enough)] {
		if (c == 0) != (i%2 == zero) {
			return false
		}
	}
	return len(head) >= enough
}

// isMitm recognises the netstrings of mitmproxy: a number, a colon, and so many
// bytes, which begin with the next one.
func isMitm(head []byte) bool {
	digits, rest, ok := bytes.Cut(head[:min(len(head), 12)], []byte(":"))
	if _, err := strconv.Atoi(string(digits)); !ok || err != nil {
		return false
	}
	next, _, ok := bytes.Cut(rest, []byte(":"))
	_, err := strconv.Atoi(string(next))
	return ok && err == nil && (bytes.Contains(head, []byte("7:version;")) || bytes.Contains(head, []byte("7:request;")))
}

// FileWord is a file's name for a command line; nothing for standard input.
func FileWord(name string) string {
	if name == "-" {
		return "FILE"
	}
	return term.ShellWord(name)
}

// inHexDump looks for a signature in what a dump in hexadecimal digits shows.
func inHexDump(head []byte, names []string, name string) error {
	var shown []byte
	var lines []int // where each line's bytes begin in it
	plain := false  // as xxd writes it, which can undo it
	for line := range bytes.Lines(head) {
		text, colon, ok := hexLine(bytes.TrimRight(line, "\r\n"))
		if !ok {
			if len(lines) == 0 {
				return nil
			}
			text = nil
		}
		plain = plain || colon
		lines = append(lines, len(shown))
		shown = append(shown, text...)
	}
	s, ok := recorded.FirstSeen(shown, names)
	if !ok {
		return nil
	}
	n, exact := slices.BinarySearch(lines, s.At)
	if exact {
		n++
	}
	u := &UnknownLayout{Where: "line " + strconv.Itoa(n), Assumed: recorded.Raw,
		Suggestion: "This is a hexadecimal dump. Save the bytes themselves with the program that showed them, and verify those."}
	if plain {
		u.Suggestion = "This is a dump of xxd. Convert it back and verify that: xxd -r " + FileWord(name) + " | hookctl verify -"
	}
	return u
}

// hexLine takes a line of xxd ("00000000: 504f 5354  POST"), or of hexdump -C
// ("00000000  50 4f 53 54  |POST|"), and returns the bytes.
func hexLine(line []byte) (text []byte, colon, ok bool) {
	offset, rest, ok := bytes.Cut(line, []byte(" "))
	if offset, colon = bytes.CutSuffix(offset, []byte(":")); !ok || len(offset) < 7 || !allHex(offset) {
		return nil, false, false
	}
	for len(text) < 64 {
		if len(rest) > 2 && !colon && rest[0] == ' ' && (rest[1] != ' ' || len(text) == 0) {
			rest = rest[1:] // hexdump has two spaces in the middle
		}
		word, after, _ := bytes.Cut(rest, []byte(" "))
		if len(word) == 0 || len(word)%2 != 0 || !allHex(word) {
			break
		}
		b, err := hex.DecodeString(string(word))
		if err != nil {
			break
		}
		text, rest = append(text, b...), after
	}
	return text, colon, len(text) > 0
}

func allHex(b []byte) bool {
	for _, c := range b {
		if !recorded.IsHex(c) {
			return false
		}
	}
	return true
}

// WayTo is the way to the value in a JSON text that the byte at the index is in; the
// text may be cut off. It is empty where that is behind the first value.
func WayTo(text []byte, at int) (way []Step) {
	const deepest = 64
	for base := 0; len(way) < deepest; {
		from, index := -1, 0
		jsontext.Each(text[base:], func(name []byte, i, end int) bool {
			if base+i > at {
				return false
			}
			if end < 0 || at < base+end {
				way, from = append(way, Step{name, index}), base+i
			}
			index++
			return from < 0
		})
		if from < 0 {
			break
		}
		base = from
	}
	return way
}

// SuggestJQ is the command that makes records of a document, in which the way leads
// to a signature; empty where it is not plain what the headers and the body are.
// What it makes of this delivery is a record that can be read.
func SuggestJQ(doc []byte, way []Step, names []string, name string, as []string) string {
	values := [][]byte{doc} // along the way
	for _, s := range way {
		values = append(values, follow(values[len(values)-1], s))
	}
	for h := len(way) - 1; h >= max(0, len(way)-3); h-- {
		header := values[h]
		if jsontext.SkipValue(header, 0) != len(header) && h > 0 {
			continue
		}
		fields, err := ReadHeaders(nil, header)
		if err != nil {
			continue
		}
		named := slices.ContainsFunc(Canonical(fields, names), func(f recorded.Field) bool { return spelledSo(f.Name, names) })
		for o := h; o >= 0; o-- {
			body := likelyBody(values[o], way[o].Name)
			if body == nil {
				body = bodyWithin(values[o], way[o], 0)
			}
			if body == nil {
				continue
			}
			record := append(append(append(append([]byte(`{"headers":`), header...), `,"body":`...), followAll(values[o], body)...), '}')
			var r recorded.Request
			if !named {
				return suggestBody(doc, way, append(way[:o:o], body...), name, as)
			}
			if DecodeRecord(record, names, &r) != nil {
				return ""
			}
			items, each := itemsOf(way[:o])
			headers := PathOf(way[o:h])
			if headers == "" {
				headers = "."
			}
			if each {
				items += " | select(" + headers + " != null)"
			}
			program := fmt.Sprintf("%s | {headers: %s, body: %s}", items, headers, PathOf(body))
			return "Convert it to delivery records: " + pipe(name, as, "jq -c "+term.Quoted(strings.TrimPrefix(program, ". | "))) + " | hookctl verify -"
		}
	}
	return ""
}

// suggestBody is the command for a signature that has no header's name, and a body
// that is a string.
func suggestBody(doc []byte, signature, body []Step, name string, as []string) string {
	value := func(way []Step) (string, bool) { return jsontext.Text(followAll(doc, way)) }
	mac, ok := value(signature)
	_, isText := value(body)
	if !ok || !isText || len(mac) > 2*recorded.NearName {
		return ""
	}
	return "Verify the body with that signature: " + pipe(name, as, "jq -j "+term.Quoted(PathOf(body))) + " | hookctl verify - --signature " + term.ShellWord(mac)
}

func spelledSo(name string, names []string) bool {
	_, ok := spelled(name, names)
	return ok
}

// pipe is a command line that has a program read the file.
func pipe(name string, as []string, program string) string {
	if len(as) == 0 {
		return program + " " + FileWord(name)
	}
	return strings.Join(append([]string{as[0] + " < " + FileWord(name)}, append(as[1:len(as):len(as)], program)...), " | ")
}

// follow is the member or element of a value; it may be cut off.
func follow(value []byte, s Step) (found []byte) {
	index := 0
	jsontext.Each(value, func(name []byte, from, to int) bool {
		if to < 0 {
			to = len(value)
		}
		if s.Name == nil && index == s.Index || s.Name != nil && bytes.Equal(name, s.Name) {
			found = value[from:to]
		}
		index++
		return found == nil
	})
	return found
}

func followAll(value []byte, way []Step) []byte {
	for _, s := range way {
		value = follow(value, s)
	}
	return value
}

// bodyWithin is the way to the one string in a value that holds a JSON object, but not
// in what a step leads to; nil where there is none, or several.
func bodyWithin(value []byte, but Step, depth int) (found []Step) {
	const deepest = 8
	n, index := 0, 0
	jsontext.Each(value, func(name []byte, from, to int) bool {
		if to < 0 {
			return false
		}
		step, v := Step{Name: name, Index: index}, value[from:to]
		index++
		switch {
		case name != nil && bytes.Equal(name, but.Name), name == nil && but.Name == nil && step.Index == but.Index && depth == 0:
		case jsonString(v):
			found = []Step{step}
			n++
		case (IsObject(v) || IsList(v)) && depth < deepest:
			if inner := bodyWithin(v, Step{Index: -1}, depth+1); inner != nil {
				found = append([]Step{step}, inner...)
				n++
			}
		}
		return n < 2
	})
	if n != 1 {
		return nil
	}
	return found
}

// likelyBody is the way to the member of an object that most likely holds the body; nil
// where none does.
func likelyBody(object, but []byte) []Step {
	if name := likelyName(object, but); name != nil {
		return []Step{{Name: name}}
	}
	return nil
}

// likelyName is the member's name, with its quotes.
func likelyName(object, but []byte) (name []byte) {
	best := 0
	jsontext.Members(object, func(quoted, value []byte) bool {
		if value == nil || bytes.Equal(quoted, but) || isHeaderMember(quoted) {
			return true
		}
		text, _ := jsontext.Unquote(nil, value)
		folded, _ := foldMember(nil, quoted)
		rank := 0
		switch {
		case bodyRank(string(folded)) > 0 && bodyRank(string(folded)) < textRank && (IsString(value) || IsObject(value) || IsList(value)):
			rank = 3
		case looksJSON(text):
			rank = 2
		case IsObject(value) && but == nil:
			rank = 1
		}
		if rank > best {
			name, best = quoted, rank
		}
		return true
	})
	return name
}

// itemsOf is the way to all items like the one that the way leads to, as jq
// writes it.
func itemsOf(way []Step) (path string, each bool) {
	path = "."
	for i, s := range way {
		if s.Name == nil {
			path += "[]"
			each = true
			continue
		}
		member := PathOf(way[i : i+1])
		if path != "." {
			member = strings.TrimPrefix(member, ".")
			if plainName(s.Name) {
				member = "." + member
			}
		} else {
			path = ""
		}
		path += member
	}
	return path, each
}
