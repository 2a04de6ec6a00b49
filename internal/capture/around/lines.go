package around

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/pattern"
)

// piece is a line of containerd and CRI-O, which says P where it goes on in the
// next one of its stream.
var piece = pattern.Of(`^\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([PF]) `)

// dockerLine is how Docker writes a line, or 16 KiB of one: the last piece alone ends
// with a line end.
const dockerLine = `{"log":"`

// behindText is what is behind that: a quote in the text has a backslash before it.
const behindText = `","stream":"`

// longestTail is how long what it writes behind the line may be: less than a signature.
const longestTail = 100

// pieces finds lines that a container's runtime cuts.
func pieces(head []byte, _ []string) (l Layer, ok bool) {
	all := filled(head)
	if len(all) == 0 || (all[0][0] == '{' || !piece().Match(all[0])) && !(bytes.HasPrefix(all[0], []byte(dockerLine)) && bytes.Contains(all[0], []byte(`"stream":"`))) {
		return l, false
	}
	return Layer{Sure: true, Note: "the pieces of a line were joined", lines: func(fill bool) func([]byte) []byte {
		var blank []byte // in place of a piece
		if fill {
			blank = []byte("\n")
		}
		type stream struct{ begun, tail []byte }
		streams := map[string]stream{}
		return func(line []byte) (out []byte) {
			if line == nil { // the last pieces are missing
				for _, name := range slices.Sorted(maps.Keys(streams)) {
					out = append(append(out, streams[name].begun...), streams[name].tail...)
				}
				return out
			}
			if len(streams) == 0 && line[0] != '{' && !bytes.Contains(line[:min(len(line), longestTail)], []byte(" P ")) {
				return line
			}
			name, from, to, last := pieceOf(line)
			s, open := streams[name]
			switch {
			case !open && last:
				return line
			case !open:
				from = 0
			case last || len(s.begun) > recorded.MaxDelivery:
				delete(streams, name)
				return append(s.begun, line[from:]...)
			}
			streams[name] = stream{append(s.begun, line[from:to]...), bytes.Clone(line[to:])}
			return blank
		}
	}}, true
}

// pieceOf is the text in a line that is a piece, and whether it is a last one, as
// what is none is.
func pieceOf(line []byte) (stream string, from, to int, last bool) {
	if !bytes.HasPrefix(line, []byte(dockerLine)) {
		if m := piece().FindSubmatchIndex(line); m != nil {
			return string(line[m[2]:m[3]]), m[1], len(bytes.TrimRight(line, "\r\n")), line[m[4]] == 'F'
		}
		return "", 0, len(line), true
	}
	tail := min(len(line), max(len(dockerLine), len(line)-longestTail))
	before, behind, _ := bytes.Cut(line[tail:], []byte(behindText))
	for _, stream := range []string{"stdout", "stderr"} {
		if bytes.HasPrefix(behind, []byte(stream+`"`)) {
			end := tail + len(before)
			text, ended := bytes.CutSuffix(line[:end], []byte("n"))
			return stream, len(dockerLine), end, ended && (len(text)-len(bytes.TrimRight(text, `\`)))%2 == 1
		}
	}
	return "", 0, len(line), true
}

// wrapped finds the line ends of a terminal: one stands in a signature, and no line
// is longer than that one.
func wrapped(head []byte, names []string) (l Layer, ok bool) {
	const least = 72 // narrower ones cut a digest twice
	all := bytes.Split(head, []byte("\n"))
	width := 0
	for i, line := range all[:len(all)-1] {
		line, next := bytes.TrimRight(line, "\r"), all[i+1]
		before, after := len(line), 0
		for before > 0 && recorded.IsHex(line[before-1]) {
			before--
		}
		for after < len(next) && recorded.IsHex(next[after]) {
			after++
		}
		if len(line) >= least && len(line)-before+after == recorded.DigestDigits && after > 0 {
			if _, seen := recorded.FirstSeen(append(bytes.Clone(line), next[:after]...), names); seen {
				width = utf8.RuneCount(line)
				break
			}
		}
	}
	for _, line := range all {
		if width == 0 || utf8.RuneCount(bytes.TrimRight(line, "\r")) > width {
			return l, false
		}
	}
	return Layer{Sure: true, Note: fmt.Sprintf("lines that a terminal broke at %d columns were joined", width), lines: func(fill bool) func([]byte) []byte {
		var j joiner
		return func(line []byte) []byte {
			text := bytes.TrimRight(line, "\r\n")
			if line == nil {
				return j.flush(fill)
			}
			j.add(text)
			if utf8.RuneCount(text) >= width && len(j.text) < recorded.MaxDelivery {
				return nil
			}
			return j.flush(fill)
		}
	}}, true
}

// envelope finds lines each of which is the text of a member of a JSON object.
func envelope(head []byte, names []string) (l Layer, ok bool) {
	all := filled(head)
	for _, name := range []string{"log", "message", "msg", "MESSAGE", "@message", "textPayload", "line", "text"} {
		n := 0
		for n < len(all) && textOf(all[n], name, names) != nil {
			n++
		}
		if n < 2 || n < len(all)-1 {
			continue
		}
		return Layer{Note: fmt.Sprintf("each line is the text of %q in a JSON object", name), lines: eachOf(func(line []byte) []byte {
			if text := textOf(line, name, names); text != nil {
				return text
			}
			return line
		})}, true
	}
	return l, false
}

// keeps reports whether each signature that stands in outer stands in inner as well.
func keeps(outer, inner []byte, names []string) bool {
	all, kept := true, recorded.Digests(inner)
	recorded.SignaturesIn(outer, names, func(s recorded.Seen) bool {
		all = kept[s.Digest]
		return all
	})
	return all
}

// textOf is the text of a member, where that is one line, and the signatures that
// stand in the object are in it; else nil.
func textOf(line []byte, name string, names []string) (text []byte) {
	if len(line) == 0 || line[0] != '{' || jsontext.SkipValue(line, 0) != len(line) {
		return nil
	}
	jsontext.Members(line, func(quoted, value []byte) bool {
		if string(quoted) == `"`+name+`"` && len(value) > 0 && value[0] == '"' {
			text, _ = jsontext.Unquote([]byte{}, value)
		}
		return true
	})
	if text != nil {
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	}
	if bytes.IndexByte(text, '\n') >= 0 || !keeps(line, text, names) {
		return nil
	}
	return text
}

// collector is what collectors are known to write before each line: the name of a
// container, a pod or a process, or a time. Such is taken off even one line.
var collector = pattern.Of(`^(?:` + strings.Join([]string{
	`(?:\d\d:\d\d:\d\d )?(?:\d+\|)?\w[\w.-]* *\| `, // docker compose, pm2, foreman
	`\[pod/[^\s\]]+\] `,                            // kubectl logs --prefix
	`\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]{8,20}(?:Z|[+-]\d\d:?\d\d)? (?:[\w-]+\[[\w.-]+\]: )?`, // docker logs -t, heroku
	`[^\t]+\t[^\t]+\t\d{4}-\d\d-\d\dT[\d:.]{8,20}Z `,                                       // gh run view --log
}, `|`) + `)+$`)

// Marks and words are what a message has, and what is before it has not: quotes and
// values; the names of the parts of a request, its first line.
const marks = "\"'`{}="

var words = pattern.Of(`(?i:\b(?:request[_ -]?)?(?:headers?|body|payload)\b)|\b[A-Z]{3,7} (?:/|https?:)`)

// color is how a terminal is told one.
var color = pattern.Of(`\x1b\[[\d;]*m`)

// mayPrecede reports whether p ends where a message may begin: no header is named in
// it, and no bracket is open.
func mayPrecede(p []byte, names []string) bool {
	named := slices.ContainsFunc(strings.FieldsFunc(string(p), func(r rune) bool { return strings.ContainsRune(" \t:", r) }), func(word string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return recorded.SameName(n, word) })
	})
	count := func(c string) int { return bytes.Count(p, []byte(c)) }
	return !named && count("[") == count("]") && count("(") == count(")")
}

// prefix finds what stands before each line around a signature: the same text, with
// other numbers in the same places.
func prefix(head []byte, names []string) (l Layer, ok bool) {
	const (
		near  = 60 // lines
		least = 3  // of what is not known
	)
	s, ok := recorded.FirstSeen(head, names)
	if !ok {
		return l, false
	}
	before, after := filled(head[:s.At]), filled(head[s.At:])
	if len(before) == 0 || head[s.At-1] == '\n' {
		return l, false
	}
	mine := before[len(before)-1]
	around := before[max(0, len(before)-near):]
	if len(after) > 1 {
		around = append(around[:len(around):len(around)], after[1:min(len(after), near)]...)
	}
	best, most := 0, 0 // most lines begin so
	for i := 1; i < len(mine) && i < 256; i++ {
		if c := mine[i-1]; c != ' ' && c != '\t' && !(c == ':' && i > 1 && mine[i-2] >= '0' && mine[i-2] <= '9') || i > 1 && (mine[i-2] == ' ' || mine[i-2] == '\t') {
			continue
		}
		n := countFunc(around, func(line []byte) bool {
			_, ok := cutPrefix(line, mine[:i])
			return ok
		})
		said := color().ReplaceAll(mine[:i], nil)
		if n*5 < len(around)*4 || n < most || bytes.ContainsAny(said, marks) || words().Match(said) {
			break
		}
		if n < least && !collector().Match(said) || !mayPrecede(said, names) {
			continue
		}
		if bytes.ContainsFunc(mine[:i], func(r rune) bool { return r > ' ' && r != '>' && r != '|' && r != '-' && r != '*' && r != '#' }) {
			best, most = i, n
		}
	}
	if best == 0 {
		return l, false
	}
	said := bytes.Clone(mine[:best])
	var tail []byte // the line ends of the text, as an escape
	for _, c := range []string{`\n`, `\r\n`} {
		if n := countFunc(around, func(line []byte) bool { return bytes.HasSuffix(line, []byte(c)) }); n*2 > len(around) {
			tail = []byte(c)
		}
	}
	return Layer{Note: fmt.Sprintf("the prefix of each line, like %q, was removed", bytes.TrimSpace(said)), lines: eachOf(func(line []byte) []byte {
		if rest, ok := cutPrefix(line, said); ok {
			return bytes.TrimSuffix(rest, tail)
		}
		return line
	})}, true
}

func countFunc(lines [][]byte, f func([]byte) bool) (n int) {
	for _, line := range lines {
		if f(line) {
			n++
		}
	}
	return n
}

// longestNumber is how many digits, or blanks, may stand for others.
const longestNumber = 40

// cutPrefix cuts off what is like p: it has other digits and as many blanks, or as
// few, as align them. At the end of a line what p ends with may be missing.
func cutPrefix(line, p []byte) (rest []byte, ok bool) {
	at, end := 0, len(p)-1
	run := func(b []byte, i int, c string) int {
		for i < len(b) && strings.IndexByte(c, b[i]) >= 0 {
			i++
		}
		return i
	}
	for i := 0; i < len(p); {
		ours, theirs := run(p, i, "0123456789"), run(line, at, "0123456789")
		if ours == i && i < end {
			ours, theirs = run(p[:end], i, " "), run(line, at, " ")
		}
		switch {
		case theirs-at > longestNumber:
			return nil, false
		case ours > i && (theirs > at || i == 0):
			i, at = ours, theirs
		case at == len(line):
			return nil, len(bytes.TrimSpace(p[i:])) == 0
		case p[i] != line[at]:
			return nil, false
		default:
			i++
			at++
		}
	}
	return line[at:], true
}
