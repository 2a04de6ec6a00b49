package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// httpFormat is a request as it went over the wire, or as tools show it.
//
// The head may be missing its request line, may have LF or CRLF line ends and
// folded header lines, and may follow the messages of nc and curl -v; with the
// latter each of its lines begins with "> ". The body is every byte after the
// blank line, with three exceptions, each one that the dump itself shows:
//
//   - Transfer-Encoding: chunked, and the body is in chunks: they are joined;
//   - Content-Length is shorter than what follows, and there begins another
//     request, an answer, or curl's messages: the body ends there;
//   - in a curl -v dump the messages around the body are not part of it.
//
// Where more follows than Content-Length says and it is none of these, it stays
// in the body and a note says so: an editor's newline at the end of a dump is
// then a failure that can be diagnosed, and not a payload silently changed.
var httpFormat = Format{
	Name:  "http",
	About: "a request dump: request line, headers, blank line, body; curl -v and nc output too",
	Sniff: looksLikeHead,
	Read:  readHTTP,
}

func readHTTP(_ context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		data, err := io.ReadAll(io.LimitReader(in.R, MaxDelivery+1))
		if err == nil && len(data) > MaxDelivery {
			err = fmt.Errorf("%w: cut the body out of the dump and verify it as raw", errTooLarge)
		}
		if err != nil {
			yield(unreadable(in.Name, cause(err)))
			return
		}
		rest := trimBOM(data)
		for n := 1; ; n++ {
			r := &Request{Source: in.Name}
			if n > 1 {
				r.Source = fmt.Sprintf("%s#%d", in.Name, n)
			}
			var err error
			if rest, err = parseDump(rest, r); err != nil {
				r = &Request{Source: r.Source}
			}
			if !yield(one(r, err)) || err != nil || len(rest) == 0 {
				return
			}
		}
	}
}

// parseDump reads one request and returns what follows it: another request, or
// nothing.
func parseDump(b []byte, r *Request) (rest []byte, err error) {
	b = skipPreamble(b)
	curl := bytes.HasPrefix(b, []byte(">"))
	lines, b, err := cutHead(b, curl)
	if err != nil {
		return nil, err
	}
	if err := parseHead(lines, r); err != nil {
		return nil, err
	}
	if curl {
		b = afterCurlHead(b)
		if bytes.HasPrefix(b, []byte("< ")) && contentLength(r.Header) != 0 {
			return nil, errors.New("the dump shows the answer but not the request's body: curl -v does not print it")
		}
	}
	return cutBody(b, r, curl), nil
}

// cutHead returns the lines before the blank line, and what is after it. In a
// curl -v dump lines that do not begin with ">" are messages in between.
func cutHead(b []byte, curl bool) (lines []string, rest []byte, err error) {
	for len(b) > 0 {
		line, after, ended := cutLine(b)
		b = after
		if curl {
			text, ok := strings.CutPrefix(line, ">")
			if !ok {
				continue
			}
			line = strings.TrimPrefix(text, " ")
		}
		switch {
		case line == "" && len(lines) > 0:
			return lines, b, nil
		case line == "" || !ended:
			return nil, nil, errHeadCut
		}
		lines = append(lines, line)
	}
	return nil, nil, errHeadCut
}

var errHeadCut = errors.New("the head does not end: there is no blank line after the headers")

// cutLine cuts at LF and drops a CR before it.
func cutLine(b []byte) (line string, rest []byte, ended bool) {
	before, after, ended := bytes.Cut(b, []byte("\n"))
	return string(bytes.TrimSuffix(before, []byte("\r"))), after, ended
}

// skipPreamble passes over empty lines and what nc, ncat and curl say before
// the request.
func skipPreamble(b []byte) []byte {
	for {
		line, rest, ended := cutLine(b)
		if !ended || line != "" && !isMessage(line) {
			return b
		}
		b = rest
	}
}

var messages = []string{
	"* ", "{ [", "} [", "Listening on ", "listening on ", "Connection from ", "Connection received on ",
	"connect to ", "Connection to ", "Ncat: ", "  % Total", "                                 Dload", "  0 ", "100 ",
}

func isMessage(line string) bool {
	line = strings.TrimLeft(line, "\r") // curl redraws its progress
	for _, m := range messages {
		if strings.HasPrefix(line, m) {
			return true
		}
	}
	return false
}

// afterCurlHead passes over curl's messages between head and body.
func afterCurlHead(b []byte) []byte {
	for {
		line, rest, ended := cutLine(b)
		if !ended || !strings.HasPrefix(line, "* ") && !strings.HasPrefix(line, "} [") && !strings.HasPrefix(line, "{ [") {
			return b
		}
		b = rest
	}
}

func parseHead(lines []string, r *Request) error {
	if m, target, ok := requestLine(lines[0]); ok {
		r.Method, r.URL = m, target
		lines = lines[1:]
	}
	for _, line := range lines {
		if f, ok := pseudoField(line); ok {
			switch f.Name {
			case "method":
				r.Method = f.Value
			case "path":
				r.URL = f.Value
			}
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(r.Header) == 0 {
				return fmt.Errorf("the head begins with a folded line")
			}
			last := &r.Header[len(r.Header)-1]
			last.Value = strings.Trim(last.Value+" "+strings.Trim(line, " \t"), " \t")
			continue
		}
		f, ok := ParseField(line)
		if !ok {
			return fmt.Errorf("head: %.60q is not a header line", line)
		}
		r.Header = append(r.Header, f)
	}
	return nil
}

// pseudoField takes ":method: POST", as tools show what HTTP/2 has in place of a
// request line.
func pseudoField(line string) (Field, bool) {
	line, ok := strings.CutPrefix(line, ":")
	if !ok {
		return Field{}, false
	}
	f, ok := ParseField(line)
	switch f.Name {
	case "method", "path", "scheme", "authority", "protocol":
		return f, ok
	}
	return Field{}, false // the text of a payload
}

// requestLine takes "POST /hook HTTP/1.1"; HTTP/0.9 has no headers and so no
// signature.
func requestLine(line string) (method, target string, ok bool) {
	method, rest, ok := strings.Cut(line, " ")
	if !ok || !token(method) || strings.ToUpper(method) != method {
		return "", "", false
	}
	target, proto, ok := strings.Cut(strings.TrimRight(rest, " "), " ")
	return method, target, ok && target != "" && strings.HasPrefix(proto, "HTTP/")
}

// contentLength is -1 where it is absent or senseless.
func contentLength(h Header) int {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("Content-Length")))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// cutBody sets the body and returns the requests that follow it.
func cutBody(b []byte, r *Request, curl bool) (rest []byte) {
	r.Body = b
	for _, v := range r.Header.Values("Transfer-Encoding") {
		// Chunked is the last of several codings (RFC 9112, 6.1).
		if last := v[strings.LastIndexByte(v, ',')+1:]; equalFold(strings.TrimSpace(last), "chunked") {
			if body, after, state := joinChunks(b); state != chunksNone {
				r.Body = body
				if state == chunksCut {
					r.Notes = append(r.Notes, "the dump ends inside a chunk of the body")
				} else if begins(after, curl) {
					return requests(after)
				} else if len(bytes.TrimSpace(after)) > 0 {
					r.Notes = append(r.Notes, fmt.Sprintf("%d bytes after the last chunk were left out", len(after)))
				}
				return nil
			}
			r.Notes = append(r.Notes, "Transfer-Encoding says chunked, but the body is not in chunks: taken as it is")
		}
	}
	n := contentLength(r.Header)
	switch {
	case curl && n < 0:
		if end := curlTail(b); end >= 0 {
			r.Body = b[:end]
		}
	case n < 0:
		if at := requestIn(b); at > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("another request seems to begin at byte %d of the body: without Content-Length nothing tells where this one ends", at))
		}
	case n >= 0 && n < len(b) && begins(b[n:], curl):
		r.Body = b[:n]
		return requests(b[n:])
	case n >= 0 && n != len(b):
		r.Notes = append(r.Notes, lengthNote(n, b))
	}
	return nil
}

func lengthNote(n int, b []byte) string {
	if len(b) < n {
		return fmt.Sprintf("the body has %d bytes, Content-Length says %d: the dump is cut off", len(b), n)
	}
	if extra := string(b[n:]); extra == "\n" || extra == "\r\n" {
		return fmt.Sprintf("the body has %d bytes, Content-Length says %d: the dump ends with a newline that was not sent", len(b), n)
	}
	return fmt.Sprintf("the body has %d bytes, Content-Length says %d", len(b), n)
}

// begins reports whether b is where a dump goes on after a body: line ends at
// most, then a request, an answer or a message.
func begins(b []byte, curl bool) bool {
	line, _, _ := cutLine(bytes.TrimLeft(b, "\r\n"))
	if curl {
		return isMessage(line) || strings.HasPrefix(line, "< ") || strings.HasPrefix(line, "> ")
	}
	if strings.HasPrefix(line, "HTTP/1.") {
		return true
	}
	_, _, ok := requestLine(line)
	return ok
}

// requestIn is where a line of a body is a request's first one, or -1.
func requestIn(b []byte) int {
	for at := 0; at < len(b); {
		line, rest, _ := bytes.Cut(b[at:], []byte("\n"))
		if bytes.Contains(line, []byte(" HTTP/1.")) {
			if _, _, ok := requestLine(string(bytes.TrimSuffix(line, []byte("\r")))); ok {
				return at
			}
		}
		at = len(b) - len(rest)
		if len(rest) == 0 {
			break
		}
	}
	return -1
}

// requests is b from the next request on, or nil where there is none.
func requests(b []byte) []byte {
	b = skipPreamble(bytes.TrimLeft(b, "\r\n"))
	line, _, _ := cutLine(b)
	line = strings.TrimPrefix(line, "> ")
	if _, _, ok := requestLine(line); ok {
		return b
	}
	return nil
}

// curlTail is where curl's messages or the answer begin after a body, or -1.
func curlTail(b []byte) int {
	for at := 0; at < len(b); {
		line, rest, _ := cutLine(b[at:])
		if strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "< ") {
			return at
		}
		at = len(b) - len(rest)
		if len(rest) == 0 {
			break
		}
	}
	return -1
}

// The outcomes of joinChunks.
const (
	chunksNone  = iota // not in chunks at all
	chunksWhole        // up to the last chunk and its trailer
	chunksCut          // the dump ends before that
)

// joinChunks undoes the chunked transfer coding, with CRLF or LF line ends.
func joinChunks(b []byte) (body, rest []byte, state int) {
	body = []byte{}
	for first := true; ; first = false {
		line, after, ended := cutLine(b)
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 31)
		if err != nil || !ended && n > 0 {
			if first {
				return nil, nil, chunksNone
			}
			return body, nil, chunksCut
		}
		if n == 0 {
			return body, skipTrailer(after), chunksWhole
		}
		if uint64(len(after)) < n {
			return append(body, after...), nil, chunksCut
		}
		body, after = append(body, after[:n]...), after[n:]
		after = bytes.TrimPrefix(after, []byte("\r"))
		if !bytes.HasPrefix(after, []byte("\n")) {
			if first {
				return nil, nil, chunksNone
			}
			return body, nil, chunksCut
		}
		b = after[1:]
	}
}

func skipTrailer(b []byte) []byte {
	for {
		line, rest, ended := cutLine(b)
		if !ended {
			return nil
		}
		b = rest
		if line == "" {
			return b
		}
	}
}

// looksLikeHead sniffs: after the messages of tools a request line, or header
// lines up to a blank line of which one is of a kind that only HTTP has. A
// payload that begins with "name: value" is not taken for a dump.
func looksLikeHead(head []byte, more bool) bool {
	b := skipPreamble(trimBOM(head))
	known := false
	for n := 0; ; n++ {
		line, rest, ended := cutLine(b)
		line = strings.TrimPrefix(line, "> ")
		if n == 0 {
			if _, _, ok := requestLine(line); ok {
				return true
			}
		}
		if line == "" || line == ">" {
			return n > 0 && known && (ended || !more)
		}
		if !ended {
			return false
		}
		if _, pseudo := pseudoField(line); pseudo {
			known = true
		} else if line[0] != ' ' && line[0] != '\t' || n == 0 {
			f, ok := ParseField(line)
			if !ok {
				return false
			}
			known = known || httpOnly(f.Name)
		}
		b = rest
	}
}

func httpOnly(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "host", "user-agent", "accept", "connection", "transfer-encoding":
		return true
	}
	return strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "x-")
}
