package capture

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/printed"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// logFormat is the lines of a log. Wherever a JSON object or list stands in a
// line, and in the messages that it holds as strings, deliveries are looked for.
// A value may go on over lines, each with what a log collector puts before it.
//
// Lines without a delivery are passed over and counted, unless a signature can be
// seen in them that no delivery before them has carried.
var logFormat = Format{
	Name:  recorded.Log,
	About: "lines with JSON in them, after a prefix or in an envelope: docker, kubectl, journald, Heroku, CloudWatch, pino",
	Sniff: func(head []byte, _ bool, names []string) bool {
		found, _ := sniffLines(head, names)
		return found
	},
	Lines: true,
	Read:  readLog,
}

func readLog(ctx context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) { readLines(ctx, in, recorded.Log, yield) }
}

// readLines reads lines that were detected as the format, or are a log. What was
// taken for NDJSON is a log from the first block on that has a line which is no
// JSON object.
func readLines(ctx context.Context, in Input, format string, yield func(Batch) bool) {
	g := logReader{in: in, format: format, carried: newCarriedSet()}
	l := lines{ctx: ctx, in: in, yield: yield, next: 1, decode: g.batch}
	if !in.EachLine {
		l.open = &openValue{}
	}
	for ctx.Err() == nil && l.read() {
	}
}

// sniffLines looks at the lines that begin within the first HeadStep bytes: is
// there a delivery in one, and is each of them a JSON object? What a program
// prints as it starts, or a torn line, does not hide what the rest is. The last
// line may be cut off.
func sniffLines(head []byte, names []string) (found, objects bool) {
	text := message.TrimBOM(head)
	if laidOut(text, names) {
		return false, false
	}
	if len(text) > recorded.HeadStep {
		if i := bytes.IndexByte(text[recorded.HeadStep-1:], '\n'); i >= 0 {
			text = text[:recorded.HeadStep+i]
		}
	}
	d := logDecoder{names: names, fast: fastDecoder{names: names}, sniffing: true, yield: func(*Request, error) bool {
		found = true
		return false
	}}
	d.all(text, 1)
	return found, !(*openValue)(nil).tallied(text).odd
}

// logReader makes the batches of one input.
type logReader struct {
	in      Input
	format  string
	carried *carriedSet
}

// batch is lines.decode.
func (g *logReader) batch(block []byte, n int, odd bool) Batch {
	if odd {
		g.format = recorded.Log
	}
	d := &logDecoder{in: g.in, names: g.in.SignatureHeaders, format: g.format, carried: g.carried, index: g.carried.add(), fast: fastDecoder{names: g.in.SignatureHeaders}}
	b := Batch{Size: len(block), Format: g.format, Counted: new(recorded.Tally)}
	b.Decode = func(yield func(*Request, error) bool) {
		defer func() { g.carried.merge(d.index, d.own) }()
		d.yield = yield
		d.all(block, n)
		*b.Counted = recorded.Lines(d.passed, d.repeats, "of a log")
	}
	return b
}

// logDecoder decodes lines.
type logDecoder struct {
	in       Input
	names    []string
	format   string
	sniffing bool
	yield    func(*Request, error) bool
	done     bool // the consumer has had enough

	last    bool // the line has no end
	level   int  // of messages in messages
	passed  int  // lines without a delivery
	repeats int  // those of them with a signature that a delivery has carried
	carried *carriedSet
	index   int             // of the batch, among those of the input
	own     []digest        // signatures that deliveries of the batch carried
	known   map[digest]bool // the first so many of them, see owns
	indexed int

	fast fastDecoder
	scan walk.Scanner
	open openValue
	dead int // lines that no value can begin in which goes on over lines

	// Of the line that is being decoded:
	rows   int
	values int      // that hold deliveries
	left   [][]byte // what is of no delivery
	torn   error    // there is what is left of a record
	hinted bool     // what to do about its layout was said
	repeat bool     // it has a signature that a delivery has carried
}

// all decodes whole lines.
func (d *logDecoder) all(block []byte, n int) {
	for len(block) > 0 && !d.done {
		first, rest := cutAfterLine(block)
		text := bytes.TrimRight(first, "\r\n")
		d.last = first[len(first)-1] != '\n'
		if n == 1 {
			text = message.TrimBOM(text)
		}
		if d.in.KeepLines && len(text) >= recorded.LargeBody {
			text = bytes.Clone(text) // a large body is written over it
		}
		lines := 1
		if len(bytes.TrimSpace(text)) > 0 {
			lines += d.line(text, rest, n)
		}
		d.dead = max(0, d.dead-lines)
		for range lines - 1 {
			_, rest = cutAfterLine(rest)
		}
		if d.in.KeepLines && !d.done {
			d.done = !d.yield(&Request{Source: d.source(n, ""), Line: block[:len(block)-len(rest)]}, recorded.ErrEndOfLine)
		}
		n += lines
		block = rest
	}
}

// line decodes a line, and as many of the rest as a value goes on over that
// begins in it: it returns how many these are.
func (d *logDecoder) line(text, rest []byte, n int) (more int) {
	d.rows, d.values, d.left, d.torn, d.hinted, d.repeat = 0, 0, d.left[:0], nil, false, false
	if text[0] == '{' { // a record and nothing else, as most lines are
		if r, ok := d.fast.try(d.in.Name, ':', n, text); ok {
			d.values++
			d.row(r, nil)
			return 0
		}
	}
	more = d.text(text, rest, n, "")
	switch {
	case d.done:
	case d.torn != nil:
		d.row(&Request{Source: d.source(n, "")}, d.torn)
	default:
		for _, text := range d.left {
			if d.unclaimed(text) {
				d.row(&Request{Source: d.source(n, "")}, d.unknown(n, text))
				break
			}
		}
	}
	if d.rows == 0 && !d.done && d.carried != nil && message.BeginsRequest(string(text[:min(len(text), message.MaxLine)]), rest) {
		d.row(&Request{Source: d.source(n, "")}, d.request(rest, n))
	}
	if d.rows == 0 {
		if d.passed++; d.repeat {
			d.repeats++
		}
		for range more {
			var line []byte
			if line, rest = cutAfterLine(rest); len(bytes.TrimSpace(line)) > 0 {
				d.passed++
			}
		}
	}
	return more
}

// request is the error of a line that begins a request, which goes on in the rest.
// What is signed in the head of it is accounted for.
func (d *logDecoder) request(rest []byte, n int) error {
	if head := message.HeadLines(rest); !d.in.EachLine && d.unclaimed(head) {
		for d.unclaimed(head) { // of the same request
		}
		s, _ := recorded.FirstSeen(head, d.names)
		return d.unknown(n+1+bytes.Count(head[:s.At], []byte("\n")), head)
	}
	return fmt.Errorf("a request begins at line %d, in a form that hookctl cannot read: save it in a separate file", n)
}

// text decodes a line of a text; path leads to the text.
func (d *logDecoder) text(line, rest []byte, n int, path string) (more int) {
	value, from, tail, more := d.over(line, rest)
	if value == nil {
		d.inLine(line, n, path)
		return 0
	}
	d.inLine(line[:from], n, path)
	if !d.value(value, n, path) {
		d.dead = more + 1 // each line for itself
		d.inLine(line[from:], n, path)
		return 0
	}
	d.left = append(d.left, tail)
	return more
}

// unknown is the error of a line that holds a signature.
func (d *logDecoder) unknown(n int, text []byte) error {
	return &UnknownLayout{Where: "line " + strconv.Itoa(n), Assumed: d.format, Suggestion: walk.SuggestForLine(text)}
}

// over returns the value that begins in text and goes on over more of the lines
// that follow, where it begins, and what follows it; nil where there is none.
func (d *logDecoder) over(text, rest []byte) (value []byte, from int, tail []byte, more int) {
	if d.in.EachLine || d.dead > 0 || !d.open.begin(text) {
		return nil, 0, nil, 0
	}
	from = d.open.from
	value = bytes.Clone(text[from:])
	for len(rest) > 0 {
		var line []byte
		line, rest = cutAfterLine(rest)
		line = d.open.strip(bytes.TrimRight(line, "\r\n"))
		more++
		end, result := d.open.next(line)
		switch result {
		case walk.ScanDone:
			return append(append(value, '\n'), line[:end]...), from, line[end:], more
		case walk.ScanOpen:
			value = append(append(value, '\n'), line...)
			continue
		}
		break
	}
	d.dead = more
	if len(rest) == 0 {
		d.dead++
	}
	return nil, 0, nil, 0
}

// inLine looks for values in a text, where path leads.
func (d *logDecoder) inLine(text []byte, n int, path string) {
	at, kept := 0, 0 // from kept on the text is of no delivery
	for !d.done {
		i := bytes.IndexAny(text[at:], "{[")
		if i < 0 {
			break
		}
		start := at + i
		if text[start] == '{' && (start > 0 || path != "") { // the line itself was tried
			if r, ok := d.fast.try(d.in.Name, ':', n, text[start:]); ok {
				if d.values++; path != "" || d.values > 1 {
					r.Source = d.source(n, path)
				}
				d.row(r, nil)
				d.left = append(d.left, text[kept:start])
				return
			}
		}
		if quoted := quotedValue(text, start); quoted != nil {
			if inner, ok := unquoted(quoted); ok && d.message(inner, n, path) {
				d.left = append(d.left, text[kept:start-1])
				at = start - 1 + len(quoted)
				kept = at
				continue
			}
		}
		d.scan.Begin()
		end, result := d.scan.Scan(text[start:])
		end += start
		switch {
		case result == walk.ScanDone:
			if d.value(text[start:end], n, path) {
				d.left = append(d.left, text[kept:start])
				kept = end
			}
			at = end
		case d.tear(text[start:], end-start, n):
			return // nothing in it is taken for a delivery
		default:
			at = max(end, start+1)
		}
	}
	d.left = append(d.left, text[kept:])
}

// quotedValue is the JSON string that begins before the bracket at i and holds a
// value, its quotes escaped, as in msg="{\"headers\":...}"; else nil.
func quotedValue(text []byte, i int) []byte {
	if i == 0 || text[i-1] != '"' || i > 1 && text[i-2] == '\\' || !bytes.HasPrefix(bytes.TrimLeft(text[i+1:min(len(text), i+maxIndent)], "[{ "), []byte(`\"`)) {
		return nil
	}
	end := jsontext.SkipString(text, i-1)
	if end < 0 {
		return nil
	}
	return text[i-1 : end]
}

// unquoted is the text of a string of JSON, or of one in which bytes are \xNN, as redis-cli
// writes it.
func unquoted(quoted []byte) (text []byte, ok bool) {
	if text, ok = jsontext.Unquote(nil, quoted); ok {
		return text, ok
	}
	text = nil
	for b := quoted[1 : len(quoted)-1]; ; {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(text, b...), true
		}
		n := 0
		if text, n, ok = printed.Unescape(append(text, b[:i]...), b[i:], true); !ok {
			return nil, false
		}
		b = b[i+n:]
	}
}

// maxIndent is how far from a bracket the first name may be.
const maxIndent = 64

// value looks for deliveries in a value whose syntax has been checked, and
// reports whether there is one, or a record that cannot be read.
func (d *logDecoder) value(text []byte, n int, path string) (found bool) {
	d.values++
	var places []string
	if c := walk.CountIn(text, d.names); c.Found > 0 || c.Rows > 0 && !d.sniffing {
		walked := text
		if len(text) >= recorded.LargeBody {
			walked = bytes.Clone(text) // a large body is written over it
		}
		c.Requests(walked, func(p string, r *Request, err error) bool {
			places = append(places, p)
			if layout := (*UnknownLayout)(nil); path+p != "" && errors.As(err, &layout) && d.carried != nil && walk.Sees(text, d.names) && !d.unclaimed(text) {
				return true // headers of a delivery before it
			}
			r.Source = d.source(n, path+p)
			d.row(r, d.unread(n, path+p, text, err))
			return !d.done
		})
	} else if walk.IsObject(text) && walk.IsRecord(text, d.format == recorded.NDJSON) {
		r := &Request{}
		err := walk.DecodeRecord(text, d.names, r)
		if err != nil {
			*r, err = Request{}, d.unread(n, path, text, err)
		}
		r.Source = d.source(n, path)
		d.row(r, err)
		return true
	}
	if path == "" {
		found = d.messages(text, n, nil, places)
	}
	if !found && len(places) == 0 {
		d.values--
		return false
	}
	return true
}

// unread is the error of a request in a value: where a signature stands in that, the
// layout is not known.
func (d *logDecoder) unread(n int, path string, value []byte, err error) error {
	var layout *UnknownLayout
	if err == nil || !errors.As(err, &layout) && (!errors.Is(err, walk.ErrNoBody) && !errors.Is(err, walk.ErrNoHeaders) || !walk.Sees(value, d.names)) {
		return err
	}
	u := &UnknownLayout{Where: sourceOf("line "+strconv.Itoa(n), path), Assumed: d.format}
	if layout != nil {
		u.Suggestion = layout.Suggestion
	}
	if !d.hinted && layout != nil && layout.Way != nil && d.format == recorded.NDJSON && d.level == 0 && len(value) < recorded.LargeBody && bytes.IndexByte(value, '\n') < 0 {
		d.hinted = true // once: it costs as much as the line is long
		u.Suggestion = cmp.Or(suggestJQ(d.in, value, layout.Way, "sed -n "+strconv.Itoa(n)+"p"), u.Suggestion)
	}
	return u
}

// messages looks for deliveries in the strings of a value, but not in what
// deliveries were found in already, or carry: these stand at the places. The text
// of a string is lines of a log.
func (d *logDecoder) messages(value []byte, n int, way []walk.Step, places []string) (found bool) {
	const deepest = 8
	if len(way) > deepest || bytes.IndexByte(value, '{') < 0 && !listOfBytes(value) {
		return false
	}
	at, index := len(way), 0
	jsontext.Each(value, func(name []byte, from, to int) bool {
		value := value[from:to]
		way = append(way[:at], walk.Step{Name: name, Index: index})
		index++
		path := ""
		if len(places) > 0 {
			path = walk.PathOf(way)
		}
		around := false // of what was found already
		for _, place := range places {
			if within(path, place) {
				return true
			}
			around = around || within(place, path)
		}
		var inner []byte
		switch {
		case walk.IsString(value) && !around && bytes.IndexByte(value, '{') >= 0:
			inner, _ = jsontext.Unquote(nil, value)
		case listOfBytes(value) && !around:
			inner = bytesOfList(value)
		case walk.IsObject(value), walk.IsList(value):
			found = d.messages(value, n, way, places) || found
			return !d.done
		}
		switch {
		case inner != nil && d.message(inner, n, walk.PathOf(way)):
			found = true
		case !around && (len(places) > 0 || found):
			d.left = append(d.left, value)
		}
		return !d.done
	})
	return found
}

// within reports whether a path leads to a place, or into it.
func within(path, place string) bool {
	rest, ok := strings.CutPrefix(path, place)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// listOfBytes reports whether a value may be a text as journald writes one that
// has bytes which are not printable.
func listOfBytes(value []byte) bool {
	if !walk.IsList(value) {
		return false
	}
	i := jsontext.SkipSpace(value, 1)
	return i < len(value) && value[i] >= '0' && value[i] <= '9'
}

// bytesOfList is the text of such a list; nil where it is another.
func bytesOfList(value []byte) (text []byte) {
	ok := jsontext.Each(value, func(_ []byte, from, to int) bool {
		b, err := strconv.ParseUint(string(value[from:to]), 10, 8)
		text = append(text, byte(b))
		return err == nil
	})
	if !ok {
		return nil
	}
	return text
}

// message looks for deliveries in the text of a string, which is lines too.
func (d *logDecoder) message(text []byte, n int, path string) bool {
	const deepest = 2
	if d.level == deepest || bytes.IndexByte(text, '{') < 0 {
		return false
	}
	whole, rows, left, dead := text, d.rows, len(d.left), d.dead
	d.level, d.dead = d.level+1, 0
	for len(text) > 0 && !d.done {
		first, rest := cutAfterLine(text)
		lines := 1 + d.text(bytes.TrimRight(first, "\r\n"), rest, n, path)
		d.dead = max(0, d.dead-lines)
		for range lines - 1 {
			_, rest = cutAfterLine(rest)
		}
		text = rest
	}
	d.level, d.dead = d.level-1, dead
	if _, seen := recorded.FirstSeen(whole, d.names); seen && d.rows == rows {
		for i, r := range printed.In(whole, d.names) {
			d.values += min(i, 1)
			r.Source = d.source(n, path)
			d.row(r, nil)
		}
	}
	if d.rows == rows {
		d.left = d.left[:left] // the string itself is left
		return false
	}
	return true
}

// tear reports whether text, in which no JSON value ends and whose first so many
// bytes could be of one, begins with what is left of a record, and remembers it.
func (d *logDecoder) tear(text []byte, good, n int) bool {
	cut := good == len(text)
	switch {
	case !walk.IsObject(text):
		return false
	case walk.IsRecord(text[:good], !d.sniffing || cut && d.last):
	case d.sniffing || !beginsRecord(text[:good]):
		return false
	}
	d.torn = walk.DecodeRecord(text, d.names, &Request{})
	if !cut && bytes.HasPrefix(text[good:], []byte(`\x`)) {
		d.torn = fmt.Errorf(`%w: nginx writes \x22 for a quote unless log_format has escape=json`, d.torn)
		if walk.Sees(text, d.names) {
			d.torn = d.unknown(n, text)
		}
	}
	return d.torn != nil
}

// beginsRecord reports whether text, which is torn, begins as records do.
func beginsRecord(text []byte) (yes bool) {
	jsontext.Each(text, func(name []byte, _, _ int) bool {
		for _, known := range []string{"received_at", "method", "url", "headers", "body", "body_base64"} {
			yes = yes || walk.Is(name, known)
		}
		return false
	})
	return yes
}

// row yields a delivery of the line, or the error of one.
func (d *logDecoder) row(r *Request, err error) {
	d.rows++
	if d.carried != nil && err == nil {
		d.own = d.carried.appendCarried(d.own, r.Header, d.names)
	}
	if !d.done {
		d.done = !d.yield(r, err)
	}
}

// source names a delivery by its line, by which value of the line it is in where
// there are several, and by where it stands in that.
func (d *logDecoder) source(n int, path string) string {
	source := d.in.Name + ":" + strconv.Itoa(n)
	if d.values > 1 {
		path = strings.TrimRight("value "+strconv.Itoa(d.values)+" "+path, " ")
	}
	if path != "" {
		source += " (" + path + ")"
	}
	return source
}

// unclaimed reports whether there is a signature in text that no delivery has
// carried so far.
func (d *logDecoder) unclaimed(text []byte) (found bool) {
	if d.carried == nil {
		return false
	}
	recorded.SignaturesIn(text, d.names, func(s recorded.Seen) bool {
		key := d.carried.digest(s.Digest)
		if d.repeat = d.owns(key) || d.carried.before(d.index, key); !d.repeat {
			found = true
			d.own = append(d.own, key)
		}
		return !found
	})
	return found
}

// owns reports whether a signature is among own. It is asked after odd lines alone.
func (d *logDecoder) owns(key digest) bool {
	if d.known == nil {
		d.known = map[digest]bool{}
	}
	for ; d.indexed < len(d.own); d.indexed++ {
		d.known[d.own[d.indexed]] = true
	}
	return d.known[key]
}
