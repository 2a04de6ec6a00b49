package capture

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A dump is bytes that went over a wire, with what tools wrote in between.
// Nothing but a message's own framing tells where its body ends, and a framing
// that is wrong must not hide what follows: it is believed only where something
// else begins at its end.

// framing is what the head of a message says of its body.
type framing struct {
	length  int // -1: it says none, or several that differ
	chunked bool
}

func framingOf(h Header) framing {
	f := framing{length: -1}
	for i, v := range h.Values("Content-Length") {
		v = strings.Trim(v, " \t")
		n, err := strconv.Atoi(v)
		if err != nil || strings.Trim(v, "0123456789") != "" || i > 0 && n != f.length {
			f.length = -1
			break
		}
		f.length = n
	}
	for _, v := range h.Values("Transfer-Encoding") {
		// Chunked is the last of several codings (RFC 9112, 6.1).
		last := v[strings.LastIndexByte(v, ',')+1:]
		f.chunked = f.chunked || SameName(strings.TrimSpace(last), "chunked")
	}
	return f
}

// none reports whether nothing says how long the body is.
func (f framing) none() bool { return f.length < 0 && !f.chunked }

// cut is a body and what follows it.
type cut struct {
	body, rest []byte
	// fits says that the framing is believed.
	fits bool
	// framed is the body by its framing, where it is not believed.
	framed []byte
	// inside is how many bytes of rest should still be the body's.
	inside int
	notes  []string
	length func(c *cut) // notes how long the body is, once it is known
	// trailer is what is behind the last chunk.
	trailer []byte
	looked  int // how many bytes were read to tell
}

func (c *cut) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// cutBody cuts the body off the start of b by its framing. One that does not
// fit, or is not there, leaves bytes of the body in the rest: see upTo.
func cutBody(b []byte, f framing) cut {
	c := cut{rest: b}
	if f.chunked {
		k := joinChunks(b)
		c.looked = k.looked
		if k.state != chunksNone {
			return c.chunked(k)
		}
		c.note("Transfer-Encoding says chunked, but the body is not in chunks: taken as it is")
		c.inside = k.inside
	}
	n := f.length
	switch {
	case n < 0:
	case n <= len(b) && endsAt(b, n):
		c.body, c.rest, c.fits = b[:n], b[n:], true
		if ends := lineEnds(c.rest); ends > 0 {
			c.note("%s of line ends after the body are not part of it: Content-Length says %d", bytesOf(ends), n)
		}
	default:
		if c.inside = min(n, len(b)); c.inside == n {
			c.framed = b[:n]
		}
		c.length = func(c *cut) { c.note("%s", lengthNote(n, c.body)) }
	}
	return c
}

// chunked is cutBody for a body in chunks.
func (c cut) chunked(k chunks) cut {
	c.body, c.rest, c.trailer = k.body, k.rest, k.trailer
	if len(k.trailer) > 0 {
		c.note("%s after the last chunk are a trailer and no part of the body", bytesOf(len(k.trailer)))
	}
	switch {
	case k.state == chunksCut:
		c.inside = k.inside
		c.length = func(c *cut) {
			if len(c.rest) == 0 && k.inside >= len(k.rest) {
				c.note("the dump ends inside a chunk of the body")
			} else {
				c.note("the body has %d bytes: a chunk does not end where it says, after %d", len(c.body), len(k.body)+k.inside)
			}
		}
	case begins(k.rest):
		c.fits = true
		if n := lineEnds(k.rest); n > 0 {
			c.note("%s of line ends after the last chunk are not part of the body", bytesOf(n))
		}
	default:
		c.framed = k.body
		c.length = func(c *cut) { c.note("the body has %d bytes, its chunks say %d", len(c.body), len(k.body)) }
	}
	return c
}

// upTo lets a body that does not fit go on to the next message.
func (c *cut) upTo(names []string) { c.take(nextMessage(c.rest, c.inside, names)) }

// take adds the first bytes of the rest to the body.
func (c *cut) take(at int) {
	if c.body == nil {
		c.body = c.rest[:at]
	} else {
		c.body = append(c.body[:len(c.body):len(c.body)], c.rest[:at]...)
	}
	c.rest = c.rest[at:]
	if c.length != nil {
		c.length(c)
	}
}

func bytesOf(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

func lengthNote(n int, b []byte) string {
	if len(b) < n {
		return fmt.Sprintf("the body has %d bytes, Content-Length says %d: the dump is cut off", len(b), n)
	}
	return fmt.Sprintf("the body has %d bytes, Content-Length says %d", len(b), n)
}

// lineEnds is how many bytes of line ends b begins with.
func lineEnds(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "\r\n")) }

// begins reports whether something begins at b that is of no body.
func begins(b []byte) bool { return endsAt(b, 0) }

// endsAt reports whether a body can end after n bytes: line ends at most follow,
// then the end, a message, a rule or a tool's message.
func endsAt(b []byte, n int) bool {
	body, b := b[:n], b[n:]
	ends := lineEnds(b)
	b = trimBOM(b[ends:])
	if len(b) == 0 {
		return true
	}
	line, _, _ := cutLine(b[:min(len(b), maxLine)])
	if isRule(line) || isMessage(line) || ends > 0 && (isFence(line) || promptEnd(line) > 2) {
		return true
	}
	line = bare(line)
	_, answer := statusLine(line)
	method, _, request := requestLine(line)
	// What begins in the middle of a line may be the end of a word, or "name:
	// value" of any text.
	return answer || request && (ends > 0 || bytes.HasSuffix(body, []byte("\n")) || isMethod(method)) ||
		ends > 0 && isHead(b[:min(len(b), maxHead)], 2, false) && !endsInHead(body)
}

// endsInHead reports whether b ends with a first line and header lines: what
// follows is of that message.
func endsInHead(b []byte) bool {
	for b = b[max(0, len(b)-maxHead):]; len(b) > 0; {
		start := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
		line, _, _ := cutLine(b[start:])
		if messageIn(line) >= 0 {
			return true
		}
		if _, ok := ParseField(bare(line)); !ok && (line == "" || line[0] != ' ' && line[0] != '\t') {
			return false
		}
		b = b[:start]
	}
	return false
}

// maxLine is how long a first line may be, and maxHead the head of a request
// that has lost it: what a body may end before is looked for often.
const (
	maxLine = 16 << 10
	maxHead = 8 << 10
)

// bare takes off the arrow that curl -v puts before the lines of a head.
func bare(line string) string {
	if len(line) > 1 && (line[0] == '>' || line[0] == '<') && line[1] == ' ' {
		return line[2:]
	}
	return line
}

// requestLine takes "POST /hook HTTP/1.1"; HTTP/0.9 has no headers and so no
// signature.
func requestLine(line string) (method, target string, ok bool) {
	method, rest, ok := strings.Cut(line, " ")
	if !ok || !token(method) || strings.ToUpper(method) != method {
		return "", "", false
	}
	target, proto, ok := strings.Cut(strings.TrimRight(rest, " \t"), " ")
	if !ok || target == "" {
		return "", "", false
	}
	after, ok := version(proto)
	return method, target, ok && after == ""
}

// statusLine takes "HTTP/1.1 200 OK".
func statusLine(line string) (status int, ok bool) {
	after, ok := version(line)
	if !ok || len(after) < 4 || after[0] != ' ' || len(after) > 4 && after[4] != ' ' {
		return 0, false
	}
	status, err := strconv.Atoi(after[1:4])
	return status, err == nil && status >= 100
}

// version takes "HTTP/1.1" or "HTTP/2" off the beginning.
func version(s string) (after string, ok bool) {
	s, ok = strings.CutPrefix(s, "HTTP/")
	if !ok || s == "" || s[0] < '0' || s[0] > '9' {
		return "", false
	}
	if len(s) > 2 && s[1] == '.' && '0' <= s[2] && s[2] <= '9' {
		return s[3:], true
	}
	return s[1:], true
}

// nextMessage is where the next message begins in b, with the rules and
// messages of tools right before it; len(b) where none does.
//
// The first bytes should still be of the body, whose framing something has
// broken: there a first line alone is a text that looks like one, and counts
// only where its message is whole. Bytes that came or went shift the end of a
// body; they must not make one delivery two, nor two one.
func nextMessage(b []byte, inside int, names []string) int {
	text := []byte("HTTP/")
	var h headEnd
	for from := 0; ; {
		i := bytes.Index(b[from:], text)
		if i == -1 {
			return len(b)
		}
		start := from + bytes.LastIndexByte(b[from:from+i], '\n') + 1
		line, after, _ := cutLine(b[start:])
		from = len(b) - len(after)
		at := messageIn(line)
		if at < 0 {
			continue
		}
		if at == 0 && start >= inside {
			return beforeTools(b, start)
		}
		// Behind other text on its line it is a message if a head follows, which
		// is the usual case: nothing ends the line of a body.
		end, ok := h.of(b, from)
		if !ok || start+at < inside && !whole(b[start+at:], names) {
			if ok {
				from = end
			}
			continue
		}
		if at == 0 {
			return beforeTools(b, start)
		}
		return start + at
	}
}

// methods are those that are looked for inside a line.
var methods = []string{"POST", "PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS", "CONNECT", "TRACE"}

// messageIn is where a first line begins in a line and goes on to its end, or
// -1.
func messageIn(line string) int {
	at := strings.LastIndex(line, "HTTP/")
	if at < 0 {
		return -1
	}
	arrow := func(at int) int {
		if at >= 2 && bare(line[at-2:]) == line[at:] {
			return at - 2
		}
		return at
	}
	if _, ok := statusLine(line[at:]); ok {
		return arrow(at)
	}
	if _, _, ok := requestLine(bare(line)); ok {
		return 0
	}
	after, ok := version(line[at:])
	before, space := strings.CutSuffix(line[:at], " ")
	if !ok || !space || strings.Trim(after, " \t") != "" {
		return -1
	}
	end := strings.LastIndexByte(before, ' ')
	if end == -1 || end == len(before)-1 {
		return -1
	}
	for _, m := range methods {
		if strings.HasSuffix(before[:end], m) {
			return arrow(end - len(m))
		}
	}
	return -1
}

// headEnd finds the end of the head whose lines begin somewhere, and remembers
// it: heads that overlap have the same end.
type headEnd struct {
	from, to int
	ok       bool
}

// of returns where the head that begins at b[from] ends, and whether there is
// one: header lines up to a blank line, or up to the end of b.
func (h *headEnd) of(b []byte, from int) (int, bool) {
	if h.from < from && from < h.to {
		return h.to, h.ok
	}
	h.from = from
	for at, n := from, 0; ; n++ {
		line, rest, ended := cutLine(b[at:])
		line = bare(line)
		at = len(b) - len(rest)
		switch _, header := ParseField(line); {
		case line == "" && ended, line == ">", line == "<", !ended && n > 0:
			h.to, h.ok = at, true
		case ended && (header || line[0] == ' ' || line[0] == '\t'):
			continue
		default:
			h.to, h.ok = at, false
		}
		return h.to, h.ok
	}
}

// whole reports whether a message begins at b that is one beyond doubt: it
// carries a signature, or its body ends where its head says.
func whole(b []byte, names []string) bool {
	lines, after, err := cutHead(b)
	if err != nil {
		return false
	}
	var r Request
	if parseFields(lines[1:], &r) != nil {
		return false
	}
	if signed(r.Header, names) {
		return true
	}
	f := framingOf(r.Header)
	if f.chunked {
		_, _, ok := cutChunk(after)
		return ok
	}
	return f.length >= 0 && f.length <= len(after) && endsAt(after, f.length)
}

// beforeTools steps back from a message over the rules and the messages of
// tools before it. Blank lines are passed over only where such a line is above:
// else they may be the body's.
func beforeTools(b []byte, at int) int {
	arrow := b[at] == '>' || b[at] == '<' // else a star may begin a line of a body
	for p := at; p > 0; {
		start := bytes.LastIndexByte(b[:p-1], '\n') + 1
		line, _, _ := cutLine(b[start:p])
		switch {
		case isRule(line), isMessage(line) && (arrow || line[0] != '*'):
			at = start
		case line != "":
			return at
		}
		p = start
	}
	return at
}

// The outcomes of joinChunks.
const (
	chunksNone  = iota // not in chunks at all
	chunksWhole        // up to the last chunk and its trailer
	chunksCut          // one does not end where it says
)

type chunks struct {
	state   int
	body    []byte
	trailer []byte
	rest    []byte // after the last chunk; else from the data of the chunk that does not end
	inside  int    // how many bytes of rest that chunk says it has
	looked  int    // how many bytes were read
}

// joinChunks undoes the chunked transfer coding, with CRLF or LF line ends.
func joinChunks(b []byte) chunks {
	c := chunks{body: []byte{}}
	var last []byte // from the data of the chunk before
	for first := true; ; first = false {
		size, after, ok := cutChunk(b)
		switch {
		case ok && size == 0:
			c.state = chunksWhole
			c.trailer, c.rest = cutTrailer(after)
			return c
		case ok:
			data := after[:size]
			last = after
			after, _ = cutLineEnd(after[size:])
			c.looked += len(b) - len(after)
			c.body, b = append(c.body, data...), after
			c.inside = size
			continue
		case first && size < len(after):
			c.inside = min(len(b), len(b)-len(after)+max(size, 0))
			return c
		case size == -1 && len(b) == 0:
			c.state, c.inside = chunksCut, 0
		case size == -1:
			// No chunk follows the one before, which then does not end there.
			c.state, c.rest, c.body = chunksCut, last, c.body[:len(c.body)-c.inside]
		default:
			c.state, c.rest, c.inside = chunksCut, after, size
		}
		return c
	}
}

// cutChunk reads the size of a chunk, -1 where there is none, and returns what
// follows it. It is a chunk where its data ends with a line.
func cutChunk(b []byte) (size int, after []byte, ok bool) {
	head := b[:min(len(b), maxLine)]
	line, rest, ended := cutLine(head)
	digits, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseUint(strings.Trim(digits, " \t"), 16, 31)
	if err != nil || !ended && n > 0 {
		return -1, b, false
	}
	after = b[len(head)-len(rest):]
	if size = int(n); size == 0 {
		return 0, after, true
	}
	_, ok = cutLineEnd(after[min(size, len(after)):])
	return size, after, ok
}

// cutLineEnd takes off the line end that must be there.
func cutLineEnd(b []byte) ([]byte, bool) {
	return bytes.CutPrefix(bytes.TrimPrefix(b, []byte("\r")), []byte("\n"))
}

// cutTrailer takes the header lines behind the last chunk, and the blank line
// after them. What is neither is not the trailer's.
func cutTrailer(b []byte) (trailer, rest []byte) {
	for at := 0; ; {
		line, after, ended := cutLine(b[at:])
		_, header := ParseField(line)
		switch {
		case line == "":
			return b[:at], after
		case !header && line[0] != ' ' && line[0] != '\t':
			return b[:at], b[at:]
		case !ended:
			return b, nil
		}
		at = len(b) - len(after)
	}
}

func isMethod(word string) bool { return slices.Contains(methods, word) }
