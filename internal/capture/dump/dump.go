// Package dump reads HTTP requests with what is around them: rules, answers, the
// messages of tools, traces, the files of editors, quotes and fences of pages.
package dump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/printed"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// Format is requests as they went over the wire, or as tools show them.
//
// Messages follow each other, with rules and the messages of tools in between.
// A head may be missing its request line, may have LF or CRLF line ends and
// folded header lines; with curl -v each of its lines begins with "> ". Where a
// body ends is told by its framing, if something else begins there; else it is
// every byte up to the next message. See package message.
//
// Requests are deliveries. Answers, and requests that can be none, are passed
// over and counted. Nothing is left out in silence: what no message accounts
// for is a note, or a delivery that cannot be read.
var Format = recorded.Format{
	Name:  "http",
	About: "request dumps: request line, headers, blank line, body, one after the other; curl -v and nc output too",
	Sniff: sniffHTTP,
	Read:  readHTTP,
}

func readHTTP(_ context.Context, in recorded.Input) iter.Seq[recorded.Batch] {
	return func(yield func(recorded.Batch) bool) {
		data, err := message.ReadWhole(in.R)
		if err != nil && (len(data) == 0 || errors.Is(err, recorded.ErrTooLarge)) {
			yield(recorded.Unreadable(in.Name, err))
			return
		}
		d := dump{Rows: message.NewRows(in, yield), ended: err, size: len(data), whole: len(data), room: message.NewGrowth()}
		d.file = func(name string) ([]byte, error) { return message.Beside(in.Name, name) }
		d.read(data)
	}
}

// dump walks one input.
type dump struct {
	message.Rows
	ended error // why there is no more of the input; nil at its end
	size  int   // of the text that is walked
	whole int   // of the input
	level int   // of wrappings around it
	found
	file    func(name string) ([]byte, error)
	vars    map[string]string // of an editor's file
	room    message.Growth
	editor  bool // it is a file of an editor's REST client
	ruled   bool // it has lines that begin with "###", as such files do
	ends    bool // line ends at the end of a body are of the text around the dump
	exact   bool // a body without framing goes to the end
	answers int
	probes  int
	lines   int // of tools, and rules
	looked  int // bytes that framings were followed over, those that are not believed too
	// headers says that the last request was for headers alone, so that the answer
	// to it has no body.
	headers bool
}

// found is what was looked for in the text that is walked, and where: it is
// looked for once, however many pieces of the text ask.
type found struct {
	memo   int   // how long the text is from the next message on; 0 where that is not known
	rules  int   // how long it is from its last "###" on, as memo; -1 where there is none
	noHex  ahead // rows in hexadecimal that are no dump
	quoted ahead // lines of a quotation up to a blank one
	goesOn bool  // behind which it goes on
}

// ahead is a stretch of a text, by how long the text is from there on.
type ahead struct{ from, to int }

// holds reports whether b, the text from somewhere on, begins in the stretch.
func (a ahead) holds(b []byte) bool { return len(b) <= a.from && len(b) > a.to }

// noDump reports whether b begins with rows that are known to be no dump.
func (d *dump) noDump(b []byte) bool { return d.noHex.holds(b) }

func (d *dump) read(b []byte) {
	d.messages(b)
	d.Reveal("in a form that hookctl cannot read")
	if d.ended != nil {
		d.Row(&recorded.Request{}, d.ended)
	}
	if d.N+d.answers+d.probes == 0 {
		d.Row(&recorded.Request{}, message.ErrNoRequest)
	}
	d.End(recorded.Passed{N: d.answers, One: "answer", Many: "answers"}, recorded.Probes(d.probes), recorded.Passed{N: d.lines, One: "separator or message of a tool", Many: "separators and messages of tools"})
}

// messages reads a text of messages.
func (d *dump) messages(b []byte) {
	for b = d.between(b); len(b) > 0 && !d.Done; b = d.between(b) {
		line, _, _ := message.CutLine(b[:min(len(b), message.MaxLine)])
		line = message.Bare(line)
		_, answer := message.StatusLine(line)
		_, _, request := message.RequestLine(line)
		inner, wrapped := d.traced(b)
		if !wrapped {
			inner, wrapped = d.wrapped(b)
		}
		switch {
		case wrapped:
			b = inner
		case answer:
			b = d.answer(b)
		case request && d.isEditors(b), !request && isEditorRequest(b):
			b = d.editorRequest(b)
		case request || message.IsHead(b, 1, true):
			b = d.request(b)
		default:
			b = d.leftOver(b)
		}
		if len(b) > 0 && d.looked > message.MostLooked*d.whole {
			d.Row(&recorded.Request{}, fmt.Errorf("bytes %d to %d were not read: too many messages claim the same bytes", d.size-len(b)+1, d.size))
			break
		}
	}
}

// between passes over what stands between messages: blank lines, rules and the
// messages of tools, which are counted.
func (d *dump) between(b []byte) []byte {
	for len(b) > 0 {
		b = message.TrimBOM(b)
		line, rest, _ := message.CutLine(b)
		switch {
		case strings.TrimSpace(line) == "":
		case message.IsMessage(line), message.IsRule(line) && !d.hides([]byte(line)):
			d.lines++
		default:
			if rest = d.editorLines(b); len(rest) == len(b) {
				return b
			}
		}
		d.ruled = d.ruled || strings.HasPrefix(line, "###")
		b = rest
	}
	return nil
}

// isEditors reports whether the request at b, which has a version, is of an
// editor's file: one with variables, with a request that has none, or with a URL
// as its target and "###". Rules alone may stand in any dump.
func (d *dump) isEditors(b []byte) bool {
	if b[0] == '>' || d.editor {
		return b[0] != '>'
	}
	_, target, _ := message.RequestLine(string(message.FirstLine(b[:min(len(b), message.MaxLine)])))
	return strings.HasPrefix(target, "http") && (d.ruled || d.ruleIn(b)) || strings.Contains(target, "{{")
}

// ruleIn reports whether a line of b begins with "###".
func (d *dump) ruleIn(b []byte) bool {
	if d.rules == 0 {
		d.rules = -1
		if at := bytes.LastIndex(b, []byte("\n###")); at >= 0 {
			d.rules = len(b) - at
		}
	}
	return d.rules > 0 && len(b) >= d.rules
}

// request reads the request at the start of b and returns what follows it.
func (d *dump) request(b []byte) (rest []byte) {
	r := &recorded.Request{}
	lines, after, err := message.CutHead(b)
	pasted := false
	if err != nil && len(lines) > 1 && b[0] != '>' && len(after) > 0 && (after[0] == '{' || after[0] == '[') {
		err, pasted = nil, true
		r.Notes = append(r.Notes, "there is no blank line after the headers: the body begins at the first line that is not a header")
	}
	if err == nil {
		err = message.ParseHead(lines, r)
	}
	if err != nil {
		d.Row(&recorded.Request{}, err)
		return after[message.NextMessage(after, 0, d.Names):]
	}
	d.headers = r.Method == "HEAD" || r.Method == "CONNECT"
	f := message.FramingOf(r.Header)
	if r.Header.Has("Content-Length") && f.Length < 0 && !f.Chunked {
		r.Notes = append(r.Notes, "Content-Length is not one number, and was ignored")
	}
	curl := b[0] == '>'
	if curl {
		after = d.curlMessages(after)
		starts := d.interim(after)
		last := starts[len(starts)-1]
		if bytes.HasPrefix(last, []byte("< ")) && f.Length != 0 && !(f.None() && recorded.MayBeProbe(r.Method)) {
			d.answers += len(starts) - 1
			d.Row(&recorded.Request{}, errors.New("the dump has the answer but not the request's body: curl -v does not print that, curl --trace FILE does"))
			return last
		}
	}
	c := d.body(after, f, r)
	switch {
	case c.Fits:
	case f.None() && recorded.MayBeProbe(r.Method) && message.Begins(c.Rest):
	case curl && f.None():
		tail := curlTail(c.Rest)
		c.Body, c.Rest = c.Rest[:tail], c.Rest[tail:]
	case d.exact:
		c.Take(len(c.Rest))
	default:
		c.UpTo(d.Names)
		ruled := bytes.HasPrefix(c.Rest, []byte("###")) || d.ruled && len(c.Rest) == 0
		if (d.ends || ruled || pasted) && f.None() {
			d.withoutEnds(&c, r)
		}
	}
	r.Body, r.Framed, r.Notes = c.Body, c.Framed, append(r.Notes, c.Notes...)
	if r.Probe(d.Names) {
		d.probes++
		return c.Rest
	}
	d.Row(r, nil)
	d.Carry(r, c.Trailer)
	return c.Rest
}

// withoutEnds takes the line ends off the end of a body that stands in another
// text, whose they are.
func (d *dump) withoutEnds(c *message.Cut, r *recorded.Request) {
	if body := bytes.TrimRight(c.Body, "\r\n"); len(body) > 0 && len(body) < len(c.Body) {
		c.Note("%s of line ends after the body are not part of it: the body ends where the text around it ends", message.BytesOf(len(c.Body)-len(body)))
		r.Others = append(r.Others, c.Body)
		c.Body = body
	}
}

// body cuts the body off by its framing. Interim answers may have come before
// it, which the body itself may look like: what the framing fits tells, unless
// the client says that it waits for one. Where it fits several ways, the body is
// the one that does not look like an answer.
func (d *dump) body(b []byte, f message.Framing, r *recorded.Request) message.Cut {
	starts := d.interim(b)
	last := len(starts) - 1
	best, at := message.CutBody(starts[last], f), last
	d.looked += best.Looked
	for i := last - 1; i >= 0; i-- {
		if i == 0 && r.Header.Has("Expect") || best.Fits && !message.Begins(best.Body) {
			break
		}
		// A body that does not hold what looks like an answer comes behind it.
		c := message.CutBody(starts[i], f)
		d.looked += c.Looked
		if c.Fits && len(c.Body) >= len(starts[i])-len(starts[i+1]) {
			best, at = c, i
		}
	}
	d.answers += at
	return best
}

// interim returns where a body may start: at b, and after each answer that is
// not the last one to a request, such as 100 Continue.
func (d *dump) interim(b []byte) (starts [][]byte) {
	starts = append(starts, b)
	for {
		t := b[message.LineEnds(b):]
		line, _, _ := message.CutLine(t[:min(len(t), message.MaxLine)])
		if status, ok := message.StatusLine(message.Bare(line)); !ok || status >= 200 {
			return starts
		}
		lines, after, err := message.CutHead(t)
		if err != nil || message.ParseFields(lines[1:], &recorded.Request{}) != nil {
			return starts
		}
		if b = after; t[0] == '<' {
			b = d.curlMessages(b)
		}
		starts = append(starts, b)
	}
}

// answer passes over the answer at the start of b and returns what follows it.
func (d *dump) answer(b []byte) (rest []byte) {
	d.answers++
	rest = d.afterAnswer(b)
	if s, ok := d.Unclaimed(b[:len(b)-len(rest)]); ok {
		at := d.size - len(b) + s.At + 1
		if d.Held != nil && d.HeldErr == nil && d.Held.Elsewhere == "" && !recorded.Signed(d.Held.Header, d.Names) {
			d.Held.Elsewhere = fmt.Sprintf("there is a signature in the answer, at byte %d of the dump", at)
		} else {
			d.Tell("there is a signature in an answer, at byte %d, that no request has", at)
		}
	}
	return rest
}

func (d *dump) afterAnswer(b []byte) []byte {
	var r recorded.Request
	lines, after, err := message.CutHead(b)
	if err == nil {
		err = message.ParseFields(lines[1:], &r)
	}
	if err != nil {
		return after[message.NextMessage(after, 0, d.Names):]
	}
	if b[0] == '<' {
		after = d.curlMessages(after)
	}
	if status, _ := message.StatusLine(message.Bare(lines[0])); status < 200 || status == 204 || status == 304 {
		return after
	}
	headers := d.headers
	d.headers = false
	if headers && message.Begins(after) {
		return after
	}
	c := message.CutBody(after, message.FramingOf(r.Header))
	d.looked += c.Looked + len(c.Body)
	// A framing that holds a delivery is not believed: this may be the answer to
	// another request, and have no body at all.
	_, hides := d.Unclaimed(c.Body)
	switch {
	case c.Fits && !hides:
		return c.Rest
	case message.Begins(after):
		return after
	case c.Body != nil && !hides: // chunks, and one that does not end where it says
		after = c.Rest
	}
	next := message.NextMessage(after, 0, d.Names)
	if n := len(c.Framed); n > 0 && n < next {
		// What stands behind the end that the answer states is left over where it
		// holds a signature.
		if _, behind := d.Unclaimed(after[n:next]); behind {
			return after[n:]
		}
	}
	return after[next:]
}

// leftOver accounts for bytes that are of no message.
func (d *dump) leftOver(b []byte) (rest []byte) {
	_, rest, _ = message.CutLine(b)
	n := d.nextOf(b)
	if n == 0 {
		n = len(b) - len(rest) + message.NextMessage(rest, 0, d.Names)
	}
	for at := len(b) - len(rest); at < n; at += len(message.FirstLine(b[at:])) + 1 {
		if d.beginsWrapped(b[at:]) {
			n = at
			break
		}
	}
	from, to := d.size-len(b)+1, d.size-len(b)+n
	if d.hides(b[:n]) {
		d.Row(&recorded.Request{}, fmt.Errorf("bytes %d to %d contain a request or a signature in a form that hookctl cannot read", from, to))
	} else {
		d.Tell("bytes %d to %d belong to no request, and were ignored", from, to)
	}
	return b[n:]
}

// nextOf is where the next message begins. It is looked for once, however many
// pieces are left over before it.
func (d *dump) nextOf(b []byte) int {
	if d.memo == 0 || d.memo > len(b) {
		d.memo = len(b) - message.NextMessage(b, 0, d.Names)
		if d.memo == 0 {
			d.memo = -1 // nowhere
		}
	}
	return len(b) - max(0, d.memo)
}

// hides reports whether left-over bytes may be of a delivery.
func (d *dump) hides(b []byte) bool {
	if _, ok := d.Unclaimed(b); ok {
		return true
	}
	for len(b) > 0 {
		var line string
		line, b, _ = message.CutLine(b)
		if message.LikeRequestLine(line) {
			return true
		}
	}
	return false
}

// curlMessages passes over curl's messages between head and body.
func (d *dump) curlMessages(b []byte) []byte {
	for {
		line, rest, ended := message.CutLine(b)
		if !ended || !strings.HasPrefix(line, "* ") && !strings.HasPrefix(line, "} [") && !strings.HasPrefix(line, "{ [") {
			return b
		}
		d.lines++
		b = rest
	}
}

// curlTail is where curl's messages or the answer begin after a body, or its
// end.
func curlTail(b []byte) int {
	for at := 0; at < len(b); {
		line, rest, _ := message.CutLine(b[at:])
		if strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "< ") || strings.HasPrefix(line, "> ") {
			return at
		}
		at = len(b) - len(rest)
	}
	return len(b)
}

// sniffHTTP recognises a dump: after rules and the messages of tools the first
// line of a request or an answer, or header lines up to a blank line of which
// one is of a kind that only HTTP has. A payload that begins with "name: value"
// is not taken for a dump.
func sniffHTTP(head []byte, more bool, names []string) bool {
	var d dump
	b := d.between(head)
	line, _, _ := message.CutLine(b)
	_, answer := message.StatusLine(message.Bare(line))
	_, _, request := message.RequestLine(message.Bare(line))
	return answer || request || isEditorRequest(b) || beginsTrace(line) && sniffWrapped(b, more, 0) || (message.IsHead(b, 1, !more) || sniffWrapped(b, more, 0)) && (bytes.Contains(b, []byte("<pre")) || !printed.AfterHead(b, names))
}
