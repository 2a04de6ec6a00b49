// Package message reads HTTP messages as text: first lines, heads, where a body
// ends, and the rows that readers of such text give. What it cuts it never changes.
package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// A dump is bytes that went over a wire, with what tools wrote in between.
// Nothing but a message's own framing tells where its body ends, and a framing
// that is wrong must not hide what follows: it is believed only where something
// else begins at its end.

// Framing is what the head of a message says of its body.
type Framing struct {
	Length  int // -1: it says none, or several that differ
	Chunked bool
}

func FramingOf(h recorded.Header) Framing {
	f := Framing{Length: -1}
	for i, v := range h.Values("Content-Length") {
		v = strings.Trim(v, " \t")
		n, err := strconv.Atoi(v)
		if err != nil || strings.Trim(v, "0123456789") != "" || i > 0 && n != f.Length {
			f.Length = -1
			break
		}
		f.Length = n
	}
	for _, v := range h.Values("Transfer-Encoding") {
		// Chunked is the last of several codings (RFC 9112, 6.1).
		last := v[strings.LastIndexByte(v, ',')+1:]
		f.Chunked = f.Chunked || recorded.SameName(strings.TrimSpace(last), "chunked")
	}
	return f
}

// None reports whether nothing says how long the body is.
func (f Framing) None() bool { return f.Length < 0 && !f.Chunked }

// Cut is a body and what follows it.
type Cut struct {
	Body, Rest []byte
	// Fits says that the framing is believed.
	Fits bool
	// Framed is the body by its framing, where it is not believed.
	Framed []byte
	// inside is how many bytes of rest should still be the body's.
	inside int
	Notes  []string
	length func(c *Cut) // Notes how long the body is, once it is known
	// Trailer is what is behind the last chunk.
	Trailer []byte
	Looked  int // how many bytes were read to tell
}

func (c *Cut) Note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// CutBody cuts the body off the start of b by its framing. One that does not
// fit, or is not there, leaves bytes of the body in the rest: see UpTo.
func CutBody(b []byte, f Framing) Cut {
	c := Cut{Rest: b}
	if f.Chunked {
		k := joinChunks(b)
		c.Looked = k.looked
		if k.state != chunksNone {
			return c.chunked(k)
		}
		c.Note("Transfer-Encoding says chunked, but the body has no chunks: it was read unchanged")
		c.inside = k.inside
	}
	n := f.Length
	switch {
	case n < 0:
	case n <= len(b) && endsAt(b, n):
		c.Body, c.Rest, c.Fits = b[:n], b[n:], true
		if ends := LineEnds(c.Rest); ends > 0 {
			c.Note("%s of line ends after the body are not part of it: Content-Length says %d", BytesOf(ends), n)
		}
	default:
		if c.inside = min(n, len(b)); c.inside == n {
			c.Framed = b[:n]
		}
		c.length = func(c *Cut) { c.Note("%s", LengthNote(n, c.Body)) }
	}
	return c
}

// Chunked is CutBody for a body in chunks.
func (c Cut) chunked(k chunks) Cut {
	c.Body, c.Rest, c.Trailer = k.body, k.rest, k.trailer
	if len(k.trailer) > 0 {
		c.Note("%s after the last chunk are a trailer, not part of the body", BytesOf(len(k.trailer)))
	}
	switch {
	case k.state == chunksCut:
		c.inside = k.inside
		c.length = func(c *Cut) {
			if len(c.Rest) == 0 && k.inside >= len(k.rest) {
				c.Note("the dump ends inside a chunk of the body")
			} else {
				c.Note("the body has %d bytes: a chunk does not end after its length of %d", len(c.Body), len(k.body)+k.inside)
			}
		}
	case Begins(k.rest):
		c.Fits = true
		if n := LineEnds(k.rest); n > 0 {
			c.Note("%s of line ends after the last chunk are not part of the body", BytesOf(n))
		}
	default:
		c.Framed = k.body
		c.length = func(c *Cut) { c.Note("the body has %d bytes, but its chunks say %d", len(c.Body), len(k.body)) }
	}
	return c
}

// UpTo lets a body that does not fit go on to the next message.
func (c *Cut) UpTo(names []string) { c.Take(NextMessage(c.Rest, c.inside, names)) }

// Take adds the first bytes of the rest to the body.
func (c *Cut) Take(at int) {
	if c.Body == nil {
		c.Body = c.Rest[:at]
	} else {
		c.Body = append(c.Body[:len(c.Body):len(c.Body)], c.Rest[:at]...)
	}
	c.Rest = c.Rest[at:]
	if c.length != nil {
		c.length(c)
	}
}

func BytesOf(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

func LengthNote(n int, b []byte) string {
	if len(b) < n && json.Valid(b) {
		return fmt.Sprintf("the body has %d bytes, but Content-Length says %d: its JSON is complete, so a program has rewritten it", len(b), n)
	}
	if len(b) < n {
		return fmt.Sprintf("the body has %d bytes, but Content-Length says %d: the dump is cut off", len(b), n)
	}
	return fmt.Sprintf("the body has %d bytes, but Content-Length says %d", len(b), n)
}

// LineEnds is how many bytes of line ends b begins with.
func LineEnds(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "\r\n")) }

// Begins reports whether something begins at b that is of no body.
func Begins(b []byte) bool { return endsAt(b, 0) }

// endsAt reports whether a body can end after n bytes: line ends at most follow,
// then the end, a message, a rule or a tool's message; behind complete JSON, other
// lines up to a message.
func endsAt(b []byte, n int) bool {
	body, b := b[:n], b[n:]
	ends := LineEnds(b)
	b = TrimBOM(b[ends:])
	if len(b) == 0 {
		return true
	}
	line, _, _ := CutLine(b[:min(len(b), MaxLine)])
	if IsRule(line) || IsMessage(line) || ends > 0 && (IsFence(line) || PromptEnd(line) > 2) {
		return true
	}
	line = Bare(line)
	_, answer := StatusLine(line)
	method, _, request := RequestLine(line)
	// What begins in the middle of a line may be the end of a word, or "name:
	// value" of any text.
	return answer || request && (ends > 0 || bytes.HasSuffix(body, []byte("\n")) || IsMethod(method)) ||
		ends > 0 && IsHead(b[:min(len(b), MaxHead)], 2, false) && !endsInHead(body) ||
		ends > 0 && n > 0 && line != "" && json.Valid(body) && NextMessage(b, 0, nil) < len(b) // a program logs other lines too
}

// endsInHead reports whether b ends with a first line and header lines: what
// follows is of that message.
func endsInHead(b []byte) bool {
	for b = b[max(0, len(b)-MaxHead):]; len(b) > 0; {
		start := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
		line, _, _ := CutLine(b[start:])
		if MessageIn(line) >= 0 {
			return true
		}
		if _, ok := recorded.ParseField(Bare(line)); !ok && (line == "" || line[0] != ' ' && line[0] != '\t') {
			return false
		}
		b = b[:start]
	}
	return false
}

// MaxLine is how long a first line may be, and MaxHead the head of a request
// that has lost it: what a body may end before is looked for often.
const (
	MaxLine = 16 << 10
	MaxHead = 8 << 10
)

// Bare takes off the arrow that curl -v puts before the lines of a head.
func Bare(line string) string {
	if len(line) > 1 && (line[0] == '>' || line[0] == '<') && line[1] == ' ' {
		return line[2:]
	}
	return line
}

// RequestLine takes "POST /hook HTTP/1.1"; HTTP/0.9 has no headers and so no
// signature.
func RequestLine(line string) (method, target string, ok bool) {
	method, rest, ok := strings.Cut(line, " ")
	if !ok || !recorded.IsToken(method) || strings.ToUpper(method) != method {
		return "", "", false
	}
	target, proto, ok := strings.Cut(strings.TrimRight(rest, " \t"), " ")
	if !ok || target == "" {
		return "", "", false
	}
	after, ok := version(proto)
	return method, target, ok && after == ""
}

// StatusLine takes "HTTP/1.1 200 OK".
func StatusLine(line string) (status int, ok bool) {
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

// NextMessage is where the next message begins in b, with the rules and
// messages of tools right before it; len(b) where none does.
//
// The first bytes should still be of the body, whose framing something has
// broken: there a first line alone is a text that looks like one, and counts
// only where its message is whole. Bytes that came or went shift the end of a
// body; they must not make one delivery two, nor two one.
func NextMessage(b []byte, inside int, names []string) int {
	text := []byte("HTTP/")
	var h headEnd
	for from := 0; ; {
		i := bytes.Index(b[from:], text)
		if i == -1 {
			return len(b)
		}
		start := from + bytes.LastIndexByte(b[from:from+i], '\n') + 1
		line, after, _ := CutLine(b[start:])
		from = len(b) - len(after)
		at := MessageIn(line)
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

// MessageIn is where a first line begins in a line and goes on to its end, or
// -1.
func MessageIn(line string) int {
	at := strings.LastIndex(line, "HTTP/")
	if at < 0 {
		return -1
	}
	arrow := func(at int) int {
		if at >= 2 && Bare(line[at-2:]) == line[at:] {
			return at - 2
		}
		return at
	}
	if _, ok := StatusLine(line[at:]); ok {
		return arrow(at)
	}
	if _, _, ok := RequestLine(Bare(line)); ok {
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
		line, rest, ended := CutLine(b[at:])
		line = Bare(line)
		at = len(b) - len(rest)
		switch _, header := recorded.ParseField(line); {
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
	lines, after, err := CutHead(b)
	if err != nil {
		return false
	}
	var r recorded.Request
	if ParseFields(lines[1:], &r) != nil {
		return false
	}
	if recorded.Signed(r.Header, names) {
		return true
	}
	f := FramingOf(r.Header)
	if f.Chunked {
		_, _, ok := cutChunk(after)
		return ok
	}
	return f.Length >= 0 && f.Length <= len(after) && endsAt(after, f.Length)
}

// beforeTools steps back from a message over the rules and the messages of
// tools before it. Blank lines are passed over only where such a line is above:
// else they may be the body's.
func beforeTools(b []byte, at int) int {
	arrow := b[at] == '>' || b[at] == '<' // else a star may begin a line of a body
	for p := at; p > 0; {
		start := bytes.LastIndexByte(b[:p-1], '\n') + 1
		line, _, _ := CutLine(b[start:p])
		switch {
		case IsRule(line), IsMessage(line) && (arrow || line[0] != '*'):
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
	head := b[:min(len(b), MaxLine)]
	line, rest, ended := CutLine(head)
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
		line, after, ended := CutLine(b[at:])
		_, header := recorded.ParseField(line)
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

func IsMethod(word string) bool { return slices.Contains(methods, word) }
