package capture

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// fastDecoder decodes records of the usual shape in one pass and without
// garbage but one string a record. It understands less than encoding/json, and
// must never understand differently: whatever it is not sure of (a nested
// unknown member, an escape in a member's name, an odd value) goes to
// [decodeRecord].
type fastDecoder struct {
	request Request
	fields  Header
	body    []byte
	arena   []byte // all text of a record: made one string at the end
	spans   []span // of arena: name and value of each header line, in turn
	special [3]span
	large   []byte // the text of a body that is decoded where it stands, as the last
	placed  []byte // what it is then; nil where the body is in body
}

type span struct{ from, to int }

// The places in fastDecoder.special.
const (
	receivedAt = iota
	method
	target
)

// decode returns the record on one line. The request is valid until the next
// call, and the line is not to be used any more: a large body is written over it.
func (f *fastDecoder) decode(name string, line int, text []byte) (*Request, error) {
	f.arena = append(f.arena[:0], name...)
	f.arena = append(f.arena, ':')
	f.arena = strconv.AppendInt(f.arena, int64(line), 10)
	source := len(f.arena)
	f.request = Request{}
	if f.record(text) {
		all := string(f.arena)
		cut := func(s span) string { return all[s.from:s.to] }
		f.fields = f.fields[:0]
		for i := 0; i+1 < len(f.spans); i += 2 {
			f.fields = append(f.fields, Field{cut(f.spans[i]), cut(f.spans[i+1])})
		}
		r := &f.request
		r.Source, r.Header, r.Body = all[:source], f.fields, f.body
		if f.placed != nil {
			r.Body = f.placed
		}
		r.ReceivedAt, r.Method, r.URL = cut(f.special[receivedAt]), cut(f.special[method]), cut(f.special[target])
		return r, nil
	}
	f.request = Request{Source: string(f.arena[:source]), Header: f.fields[:0]}
	err := decodeRecord(text, &f.request)
	if err != nil {
		f.request = Request{Source: f.request.Source}
	}
	return &f.request, err
}

// record reports whether it understood the whole line.
func (f *fastDecoder) record(b []byte) bool {
	f.spans, f.special, f.large, f.placed = f.spans[:0], [3]span{}, nil, nil
	headers, body := false, false
	i := jsontext.SkipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	for {
		i = jsontext.SkipSpace(b, i+1)
		if i >= len(b) || b[i] != '"' {
			return false
		}
		start := i + 1
		end := plainString(b, i)
		if end < 0 {
			return false
		}
		name := b[start : end-1]
		if i = jsontext.SkipSpace(b, end); i >= len(b) || b[i] != ':' {
			return false
		}
		if i = jsontext.SkipSpace(b, i+1); i >= len(b) {
			return false
		}
		switch string(name) {
		case "headers":
			if headers {
				return false
			}
			headers, i = true, f.headers(b, i)
		case "body_base64":
			if body {
				return false
			}
			body, i = true, f.base64(b, i)
		case "body":
			if body {
				return false
			}
			body, i = true, f.text(b, i)
		case "received_at":
			i = f.string(b, i, &f.special[receivedAt])
		case "method":
			i = f.string(b, i, &f.special[method])
		case "url":
			i = f.string(b, i, &f.special[target])
		default:
			i = plainString(b, i)
		}
		if i < 0 {
			return false
		}
		if i = jsontext.SkipSpace(b, i); i >= len(b) {
			return false
		}
		if b[i] == '}' {
			return headers && body && jsontext.SkipSpace(b, i+1) == len(b) && f.inPlace()
		}
		if b[i] != ',' {
			return false
		}
	}
}

// inPlace decodes a large body, now that the rest of the line is understood.
func (f *fastDecoder) inPlace() bool {
	if f.large == nil {
		return true
	}
	var ok bool
	if f.request.Inexact { // a string
		f.placed, ok = bodyText(f.large)
	} else {
		f.placed, ok = pairs().inPlace(f.large)
	}
	return ok
}

// headers takes an object of strings and lists of strings.
func (f *fastDecoder) headers(b []byte, i int) int {
	if b[i] != '{' {
		return -1
	}
	if i = jsontext.SkipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		var name, value span
		if i = f.string(b, i, &name); i < 0 {
			return -1
		}
		if i = jsontext.SkipSpace(b, i); i >= len(b) || b[i] != ':' {
			return -1
		}
		if i = jsontext.SkipSpace(b, i+1); i >= len(b) {
			return -1
		}
		if b[i] == '[' {
			i = f.list(b, i, name)
		} else if i = f.string(b, i, &value); i >= 0 {
			f.spans = append(f.spans, name, value)
		}
		if i < 0 {
			return -1
		}
		if i = jsontext.SkipSpace(b, i); i >= len(b) {
			return -1
		}
		if b[i] == '}' {
			return i + 1
		}
		if b[i] != ',' {
			return -1
		}
		i = jsontext.SkipSpace(b, i+1)
	}
}

func (f *fastDecoder) list(b []byte, i int, name span) int {
	if i = jsontext.SkipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		var value span
		if i = f.string(b, i, &value); i < 0 {
			return -1
		}
		f.spans = append(f.spans, name, value)
		if i = jsontext.SkipSpace(b, i); i >= len(b) {
			return -1
		}
		if b[i] == ']' {
			return i + 1
		}
		if b[i] != ',' {
			return -1
		}
		i = jsontext.SkipSpace(b, i+1)
	}
}

// string appends a string's text to the arena.
func (f *fastDecoder) string(b []byte, i int, s *span) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	s.from = len(f.arena)
	end := plainString(b, i)
	if end >= 0 {
		f.arena = append(f.arena, b[i+1:end-1]...)
	} else {
		var ok bool
		if end, _ = jsontext.SkipString(b, i); end < 0 {
			return -1
		}
		if f.arena, ok = jsontext.Unquote(f.arena, b[i:end]); !ok {
			return -1
		}
	}
	s.to = len(f.arena)
	return end
}

// base64 decodes the body. Escapes in it are left to the strict path.
func (f *fastDecoder) base64(b []byte, i int) int {
	if b[i] != '"' {
		return -1
	}
	end, escaped := jsontext.SkipString(b, i)
	if end < 0 || escaped {
		return -1
	}
	text := b[i+1 : end-1]
	if len(text) >= largeBody {
		f.large = text
		return end
	}
	if need := base64.StdEncoding.DecodedLen(len(text)); cap(f.body) < need {
		f.body = make([]byte, need)
	}
	n, ok := pairs().decode(f.body[:cap(f.body)], text)
	if !ok {
		return -1
	}
	f.body = f.body[:n]
	return end
}

// decodedLen is how many bytes padded base64 without line ends stands for; -1
// for what is no such thing.
func decodedLen(text []byte) int {
	if len(text)%4 != 0 {
		return -1
	}
	n := len(text) / 4 * 3
	for pad := 0; pad < 2 && len(text) > 0 && text[len(text)-1] == '='; pad++ {
		n--
		text = text[:len(text)-1]
	}
	return n
}

// text decodes a body that is a string.
func (f *fastDecoder) text(b []byte, i int) int {
	if b[i] != '"' {
		return -1
	}
	end, _ := jsontext.SkipString(b, i)
	if end < 0 {
		return -1
	}
	if text := b[i:end]; len(text) >= largeBody {
		f.large = text
	} else {
		var ok bool
		if f.body, ok = jsontext.Unquote(f.body[:0], text); !ok {
			return -1
		}
	}
	f.request.Inexact = true
	f.request.Notes = stringNotes
	return end
}

// stringNotes is shared by all requests: nobody may append to it in place.
var stringNotes = []string{noteBodyString}[:1:1]

// plainString returns the index after the closing quote of a string without
// escapes and control characters, or -1.
func plainString(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	n := bytes.IndexByte(b[i+1:], '"')
	if n < 0 {
		return -1
	}
	for _, c := range b[i+1 : i+1+n] {
		if c < 0x20 || c == '\\' {
			return -1
		}
	}
	return i + n + 2
}
