package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// fastDecoder decodes records of the usual shape with one allocation for many. It understands less than encoding/json, and must never understand
// differently: whatever it is not sure of (a nested unknown member, an escape in
// a member's name, an odd value) goes to [RecordsIn].
type fastDecoder struct {
	names   []string // of headers that are signatures
	line    []byte
	at      int // how much of it was taken
	request Request
	fields  Header
	body    []byte
	arena   []byte // all text of a record: made one string at the end
	strings jsontext.Slab
	source  int       // where the source ends in it
	spans   [][2]span // of arena: name and value of each header line
	texts   struct{ receivedAt, method, url span }
	large   []byte // a body that is decoded where it stands, as the last
}

type span struct{ from, to int }

// all yields the requests on one line, and reports whether to go on. A request is valid
// until the next call, and the line is not to be used any more: a large body is written
// over it.
func (f *fastDecoder) all(name string, line int, text []byte, yield func(*Request, error) bool) (more bool) {
	if r, ok := f.try(name, ':', line, text); ok {
		return yield(r, nil)
	}
	source := string(f.arena[:f.source])
	more = true
	walk.RecordsIn(text, f.names, func(path string, r *Request, err error) bool {
		r.Source = sourceOf(source, path)
		var layout *UnknownLayout
		if errors.As(err, &layout) {
			layout.Where, layout.Assumed = sourceOf("line "+strconv.Itoa(line), path), recorded.NDJSON
		}
		more = yield(r, err)
		return more
	})
	return more
}

// try takes a record of the usual shape alone. Its source is the name and the number.
func (f *fastDecoder) try(name string, sep byte, number int, text []byte) (*Request, bool) {
	f.arena = append(append(f.arena[:0], name...), sep)
	f.arena = strconv.AppendInt(f.arena, int64(number), 10)
	f.source = len(f.arena)
	if f.record(text) {
		r := &f.request
		all := f.strings.Copy(f.arena)
		cut := func(s span) string { return all[s.from:s.to] }
		f.fields = f.fields[:0]
		for _, s := range f.spans {
			f.fields = append(f.fields, Field{Name: cut(s[0]), Value: cut(s[1])})
		}
		f.fields = walk.Canonical(f.fields, f.names)
		r.Source, r.Header = all[:f.source], f.fields
		r.ReceivedAt, r.Method, r.URL = cut(f.texts.receivedAt), cut(f.texts.method), cut(f.texts.url)
		return r, true
	}
	return nil, false
}

// record reports whether it understood the whole line.
func (f *fastDecoder) record(line []byte) bool {
	f.line, f.at = line, 0
	f.request, f.spans, f.large, f.arena = Request{}, f.spans[:0], nil, f.arena[:f.source]
	f.texts.receivedAt, f.texts.method, f.texts.url = span{}, span{}, span{}
	headers, body := false, false
	return f.take('{') && f.each('}', func() (ok bool) {
		name := f.plain()
		if name == nil || !f.take(':') {
			return false
		}
		switch string(name) {
		case `"headers"`:
			ok, headers = !headers && f.headers(), true
		case `"body_base64"`:
			ok, body = !body && f.base64(), true
		case `"body"`:
			ok, body = !body && f.text(), true
		case `"received_at"`:
			ok = f.string(&f.texts.receivedAt)
		case `"method"`:
			ok = f.string(&f.texts.method)
		case `"url"`:
			ok = f.string(&f.texts.url)
		case `"answer"`:
			ok = f.answer()
		default:
			value := f.plain()
			role, _ := walk.RoleOf(name, value)
			ok = value != nil && role == walk.NoRole && !(len(value) > recorded.DigestDigits && walk.Sees(value, f.names))
		}
		return ok
	}) && headers && body && jsontext.SkipSpace(line, f.at) == len(line) && f.inPlace()
}

// take passes over white space, and over c if that comes next.
func (f *fastDecoder) take(c byte) bool {
	f.at = jsontext.SkipSpace(f.line, f.at)
	ok := f.at < len(f.line) && f.line[f.at] == c
	if ok {
		f.at++
	}
	return ok
}

// each has every element up to the end of an object or a list taken by one.
func (f *fastDecoder) each(closing byte, one func() bool) bool {
	if f.take(closing) {
		return true
	}
	for one() {
		if f.take(closing) {
			return true
		}
		if !f.take(',') {
			return false
		}
	}
	return false
}

// inPlace decodes a large body, now that the rest of the line is understood.
func (f *fastDecoder) inPlace() (ok bool) {
	switch r := &f.request; {
	case f.large == nil:
		r.Body, ok = f.body, true
	case r.Inexact: // a string
		r.Body, ok = walk.BodyText(f.large)
	default:
		r.Body, ok = decodeInPlace(f.large[1 : len(f.large)-1])
	}
	return ok
}

// headers takes an object of strings and lists of strings.
func (f *fastDecoder) headers() bool {
	return f.take('{') && f.each('}', func() bool {
		var line [2]span
		value := func() bool {
			ok := f.string(&line[1])
			f.spans = append(f.spans, line)
			return ok
		}
		if !f.string(&line[0]) || !f.take(':') {
			return false
		}
		if f.take('[') {
			return f.each(']', value)
		}
		return value()
	})
}

// plain takes a string without escapes and control characters; nil where there is
// none.
func (f *fastDecoder) plain() []byte {
	f.at = jsontext.SkipSpace(f.line, f.at)
	end := walk.PlainString(f.line, f.at)
	if end == -1 {
		return nil
	}
	quoted := f.line[f.at:end]
	f.at = end
	return quoted
}

// quoted takes a string.
func (f *fastDecoder) quoted() []byte {
	f.at = jsontext.SkipSpace(f.line, f.at)
	if !walk.IsString(f.line[f.at:]) {
		return nil
	}
	end := jsontext.SkipString(f.line, f.at)
	if end == -1 {
		return nil
	}
	quoted := f.line[f.at:end]
	f.at = end
	return quoted
}

// answer takes a value of any kind, which is looked into only when it is asked for.
func (f *fastDecoder) answer() bool {
	from := jsontext.SkipSpace(f.line, f.at)
	if !f.value(4) {
		return false
	}
	f.request.Answered = f.line[from:f.at]
	return true
}

// value passes over a value, so deep at most: encoding/json looks only at what is not plain.
func (f *fastDecoder) value(deep int) bool {
	switch f.at = jsontext.SkipSpace(f.line, f.at); {
	case f.plain() != nil:
		return true
	case deep > 0 && f.take('{'):
		return f.each('}', func() bool { return f.plain() != nil && f.take(':') && f.value(deep-1) })
	case deep > 0 && f.take('['):
		return f.each(']', func() bool { return f.value(deep - 1) })
	}
	end := jsontext.SkipValue(f.line, f.at)
	if end == -1 || !json.Valid(f.line[f.at:end]) {
		return false
	}
	f.at = end
	return true
}

// string appends a string's text to the arena.
func (f *fastDecoder) string(s *span) bool {
	s.from = len(f.arena)
	ok := true
	if quoted := f.plain(); quoted != nil {
		f.arena = append(f.arena, quoted[1:len(quoted)-1]...)
	} else {
		f.arena, ok = jsontext.Unquote(f.arena, f.quoted())
	}
	s.to = len(f.arena)
	return ok
}

// base64 decodes the body. Escapes in it are left to the strict path: what comes before
// the first quote is no base64 then.
func (f *fastDecoder) base64() bool {
	f.at = jsontext.SkipSpace(f.line, f.at)
	if !walk.IsString(f.line[f.at:]) {
		return false
	}
	n := bytes.IndexByte(f.line[f.at+1:], '"')
	if n < 0 {
		return false
	}
	quoted := f.line[f.at : f.at+n+2]
	f.at += len(quoted)
	if len(quoted) >= recorded.LargeBody {
		f.large = quoted
		return true
	}
	text := quoted[1 : len(quoted)-1]
	f.body = slices.Grow(f.body[:0], base64.StdEncoding.DecodedLen(len(text)))
	n, ok := decodeBase64(f.body[:cap(f.body)], text)
	f.body = f.body[:n]
	return ok
}

// text decodes a body that is a string.
func (f *fastDecoder) text() (ok bool) {
	quoted := f.quoted()
	if bytes.HasPrefix(quoted, []byte(`"0x`)) || bytes.HasPrefix(quoted, []byte(`"\\x`)) {
		return false // it may be bytes in hexadecimal
	}
	f.request.Inexact, f.request.Notes = true, stringNotes
	if len(quoted) >= recorded.LargeBody {
		f.large = quoted
		return true
	}
	f.body, ok = jsontext.Unquote(f.body[:0], quoted)
	return ok
}

// stringNotes is shared by all requests: nobody may append to it in place.
var stringNotes = []string{walk.NoteBodyString}[:1:1]
