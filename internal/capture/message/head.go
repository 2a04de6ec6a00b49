package message

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/recorded"
)

var (
	ErrHeadCut   = errors.New("there is no blank line after the headers")
	ErrNoRequest = errors.New("it contains no request")
)

// CutHead returns the lines before the blank line, and what is after it. In a
// curl -v dump the lines of a head begin with an arrow, and messages may be in
// between. Where something else comes first, the rest begins with that.
func CutHead(b []byte) (lines []string, rest []byte, err error) {
	arrow := ""
	if b[0] == '>' || b[0] == '<' {
		arrow = string(b[:1])
	}
	for len(b) > 0 {
		line, after, ended := CutLine(b)
		if arrow != "" {
			text, ok := strings.CutPrefix(line, arrow)
			if !ok && IsMessage(line) {
				b = after
				continue
			}
			if !ok {
				return nil, b, ErrHeadCut
			}
			line = strings.TrimPrefix(text, " ")
		}
		switch {
		case line == "": // never the first one
			return lines, after, nil
		case !ended:
			return nil, after, ErrHeadCut
		case len(lines) > 0 && !IsHeadLine(line):
			return lines, b, fmt.Errorf("head: %.60q is not a header line", line)
		}
		lines, b = append(lines, line), after
	}
	return nil, nil, ErrHeadCut
}

// IsHeadLine takes a line of a head behind its first one.
func IsHeadLine(line string) bool {
	_, pseudo := pseudoField(line)
	_, field := recorded.ParseField(line)
	return pseudo || field || line[0] == ' ' || line[0] == '\t'
}

// CutLine cuts at LF and drops a CR before it.
func CutLine(b []byte) (line string, rest []byte, ended bool) {
	before, after, ended := bytes.Cut(b, []byte("\n"))
	return string(bytes.TrimSuffix(before, []byte("\r"))), after, ended
}

var messages = []string{
	"* ", "{ [", "} [", "Listening on ", "listening on ", "Connection from ", "Connection received on ",
	"connect to ", "Connection to ", "Ncat: ", "  % Total", "                                 Dload",
}

// IsMessage takes what nc, ncat and curl say beside the bytes themselves.
func IsMessage(line string) bool {
	line = strings.TrimLeft(line, "\r") // curl redraws its progress
	for _, m := range messages {
		if strings.HasPrefix(line, m) {
			return true
		}
	}
	return isProgress(line)
}

// isProgress takes a line of curl's table: numbers, of which the first is three
// wide.
func isProgress(line string) bool {
	words := strings.Fields(line)
	if len(words) < 4 || !strings.Contains(line, "   ") || line[3] != ' ' || strings.TrimLeft(line[:3], " 0123456789") != "" {
		return false
	}
	for _, w := range words[:3] {
		if strings.Trim(w, "0123456789.kMGTP") != "" {
			return false
		}
	}
	return true
}

func ParseHead(lines []string, r *recorded.Request) error {
	if m, target, ok := RequestLine(lines[0]); ok {
		r.Method, r.URL = m, target
		lines = lines[1:]
	}
	return ParseFields(lines, r)
}

// ParseFields reads header lines.
func ParseFields(lines []string, r *recorded.Request) error {
	var value []string // of the last header, as it was folded
	unfold := func() {
		if len(value) > 1 {
			r.Header[len(r.Header)-1].Value = strings.TrimLeft(strings.Join(value, " "), " ")
		}
	}
	defer unfold()
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
			if more := strings.Trim(line, " \t"); more != "" {
				value = append(value, more)
			}
			continue
		}
		f, ok := recorded.ParseField(line)
		if !ok {
			return fmt.Errorf("head: %.60q is not a header line", line)
		}
		unfold()
		r.Header, value = append(r.Header, f), append(value[:0], f.Value)
	}
	return nil
}

// pseudoField takes ":method: POST", as tools show what HTTP/2 has in place of a
// request line.
func pseudoField(line string) (recorded.Field, bool) {
	line, ok := strings.CutPrefix(line, ":")
	if !ok {
		return recorded.Field{}, false
	}
	f, ok := recorded.ParseField(line)
	switch f.Name {
	case "method", "path", "scheme", "authority", "protocol":
		return f, ok
	}
	return recorded.Field{}, false // the text of a payload
}

// IsHead reports whether b begins with that many header lines, or more, up to a
// blank line, or, if it may be cut off, up to its end.
func IsHead(b []byte, least int, cut bool) bool {
	known := false
	for n := 0; ; n++ {
		line, rest, ended := CutLine(b)
		line = strings.TrimPrefix(line, "> ")
		if line == "" || line == ">" {
			return n >= least && known && (ended || cut)
		}
		if !ended {
			return false
		}
		if _, pseudo := pseudoField(line); pseudo {
			known = true
		} else if line[0] != ' ' && line[0] != '\t' || n == 0 {
			f, ok := recorded.ParseField(line)
			if !ok {
				return false
			}
			known = known || HttpOnly(f.Name)
		}
		b = rest
	}
}

// IsRule takes what people and editors put between requests: "---" of one
// character, or "###" and a name.
func IsRule(line string) bool {
	line = strings.TrimRight(line, " \t")
	if len(line) < 3 || !strings.Contains("-=#*_~", line[:1]) {
		return false
	}
	return strings.HasPrefix(line, "###") || strings.Trim(line, line[:1]) == ""
}

func HttpOnly(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "host", "user-agent", "accept", "connection", "transfer-encoding":
		return true
	}
	return strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "x-")
}

// LikeRequestLine takes a first line that something was put around, or that has
// lost its version.
func LikeRequestLine(line string) bool {
	words := strings.Fields(line)
	for i, w := range words {
		method := strings.TrimLeft(w, `"'>|`)
		if i+1 == len(words) || !IsMethod(method) {
			continue
		}
		target := words[i+1]
		if strings.HasPrefix(target, "/") || strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") ||
			i+2 < len(words) && strings.HasPrefix(words[i+2], "HTTP/") {
			return true
		}
	}
	return false
}

// ParseRequest takes one request apart. All that follows its head is its body, in
// chunks or not; its end may be missing.
func ParseRequest(raw []byte, r *recorded.Request) error {
	lines, b, err := CutHead(raw)
	if err != nil {
		return err
	}
	if err := ParseHead(lines, r); err != nil {
		return err
	}
	c := CutBody(b, FramingOf(r.Header))
	if c.Fits && len(c.Rest) > 0 {
		c.Note("%s after the body were ignored", BytesOf(len(c.Rest)))
	}
	if !c.Fits {
		c.Take(len(c.Rest))
	}
	r.Body, r.Notes = c.Body, c.Notes
	return nil
}

func IsFirstLine(line string) bool {
	line = Bare(line)
	_, answer := StatusLine(line)
	_, _, request := RequestLine(line)
	_, pseudo := pseudoField(line)
	return answer || request || pseudo
}
