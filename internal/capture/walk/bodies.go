package walk

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
)

const (
	NoteBodyString = "body may not be byte-exact: it was recorded as a JSON string, which cannot hold bytes that are not UTF-8"
	NoteBodyJSON   = "body may not be byte-exact: it was recorded as JSON inside the capture, where its spacing and escapes may be lost"
	NoteBodyForm   = "body may not be byte-exact: it was recorded as form fields, and was encoded again"
)

// exactness is how much of a body's bytes a member can hold, the most first.
type exactness int

const (
	exactBytes exactness = iota // base64, or a list of bytes
	exactText                   // a string: what is UTF-8
	rewritten                   // what was parsed, and is written again
)

// bodyMember is a member of an object that may be a request's body.
type bodyMember struct {
	name   string
	value  []byte
	Rank   int // by its name, see [bodyRank]
	base64 bool
	custom bool    // it is base64 by custom, and nothing says so
	wrap   wrapped // where value is an object that says how the body is kept
}

// exact is how exact the member is, by its name and its value's type.
func (m *bodyMember) exact() exactness {
	switch {
	case m.base64 || m.wrap.base64 || m.wrap.bytes != nil:
		return exactBytes
	case IsString(m.value) || m.wrap.text != nil:
		return exactText
	}
	return rewritten
}

// decoded is a body as it was kept.
type decoded struct {
	body []byte
	note string // why it may not be what was delivered; empty where it is
	// other is what the member says when it is read as it stands, where that is
	// another body; nil where it is not.
	other []byte
}

// decode may write a large body over the member's value.
func (m *bodyMember) decode() (d decoded, err error) {
	d.body = []byte{}
	value, base64 := m.value, m.base64
	switch w := &m.wrap; {
	case w.bytes != nil:
		if IsObject(w.bytes) && len(w.bytes) < recorded.LargeBody {
			d.other = bytes.Clone(w.bytes)
		}
		d.body, err = byteList(w.bytes)
		return d, m.named(err)
	case w.form != nil:
		d.note = NoteBodyForm
		d.body, err = FormBody(w.form)
		return d, m.named(err)
	case w.err != nil:
		return d, m.named(w.err)
	case w.text != nil:
		if value, base64 = w.text, w.base64; w.guessed && len(m.value) < recorded.LargeBody {
			d.other = bytes.Clone(m.value)
		}
	case m.custom && IsString(value) && len(value) < recorded.LargeBody:
		d.other, _ = jsontext.Unquote(nil, value)
	}
	if IsNull(value) {
		return d, nil
	}
	s, ok := BodyText(value)
	switch {
	case base64 && !ok:
		return d, fmt.Errorf("%q is not a string", m.name)
	case base64:
		if digits, is := m.hexIn(s); is && m.custom {
			d.body, err = hex.DecodeString(string(digits))
		} else {
			d.body, err = jsontext.DecodeBase64(s)
		}
		return d, m.named(err)
	case ok:
		d.body, d.note = s, NoteBodyString
	default:
		d.body, d.other = bodyJSON(value)
		d.note = NoteBodyJSON
	}
	return d, nil
}

// take makes the member the body of r.
func (m *bodyMember) take(r *recorded.Request) error {
	d, err := m.decode()
	if err != nil {
		return err
	}
	if r.Body = d.body; d.note != "" {
		r.Inexact, r.Notes = true, append(r.Notes, d.note)
	}
	if d.other != nil {
		r.Others = append(r.Others, d.other)
	}
	return nil
}

func (m *bodyMember) named(err error) error {
	if err != nil {
		err = fmt.Errorf("%q: %w", m.name, err)
	}
	return err
}

// BodyText is the text of a body that is a JSON string, given with its quotes. A
// large one is decoded over itself, so that whoever asks must be the last to look
// at it.
func BodyText(quoted []byte) ([]byte, bool) {
	if len(quoted) < recorded.LargeBody {
		return jsontext.Unquote(nil, quoted)
	}
	if !jsontext.Quotable(quoted) {
		return nil, false
	}
	s, ok := jsontext.Unquote(quoted[:0], quoted)
	return slices.Clip(s), ok
}

// bodyJSON is a body that was kept as JSON: a copy, unless it is large. Where it goes
// on over lines, the document was laid out, and so its layout is the document's: it is
// written without white space, and other is what stands there. Of a large one, which
// is written over itself, there is no other.
func bodyJSON(v []byte) (body, other []byte) {
	large := len(v) >= recorded.LargeBody
	if !large {
		v = bytes.Clone(v)
	}
	if bytes.IndexByte(v, '\n') < 0 && bytes.IndexByte(v, '\r') < 0 {
		return slices.Clip(v), nil
	}
	if !large {
		other = bytes.Clone(v)
	}
	return compact(v), other
}

// compact takes the white space between its parts out of JSON, in place.
func compact(v []byte) []byte {
	to, inString := 0, false
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case inString && c == '\\' && i+1 < len(v):
			v[to], v[to+1] = c, v[i+1]
			to, i = to+2, i+1
			continue
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		v[to] = c
		to++
	}
	return v[:to:to]
}

// wrapped is an object that stands in a body's place and says how it is kept.
type wrapped struct {
	text   []byte // a string
	base64 bool   // the text is base64
	// guessed says that a payload that was parsed may look like it as well.
	guessed bool
	bytes   []byte // a list of numbers, or an object of them by their places
	form    []byte // a list of form fields
	err     error  // why it does not hold the body
}

// wrapping are the members that such objects have. One that has any other is a
// payload that was parsed.
var wrapping = map[string]bool{
	"type": true, "data": true, "content": true, "contenttype": true, "encoding": true, "encoded": true, "action": true, "inputtruncated": true, "truncated": true, "mode": true, "raw": true,
	"options": true, "mimetype": true, "mime": true, "text": true, "params": true, "charset": true, "size": true, "decoded": true, "asbytes": true, "asstring": true, "string": true,
	"rawbytes": true, "base64bytes": true, "base64string": true, "bytes": true, "json": true, "base64": true, "urlencoded": true, "formdata": true, "graphql": true, "file": true, "disabled": true, "comment": true, "length": true, "matchtype": true, "stringvalue": true, "bytesvalue": true, "not": true,
	"body": true, "form": true, "binary": true, "subtype": true, "b": true,
}

// unwrap understands what holds a body: Node's Buffer, MongoDB's $binary, Power Automate's $content,
// Lambda@Edge and HAR with their encoding, Postman's modes, Envoy's and MockServer's
// bytes, a list of bytes.
func unwrap(v []byte) (w wrapped) {
	if inner := untyped(v); IsString(inner) && !IsString(v) {
		return wrapped{text: inner, guessed: true}
	}
	if IsList(v) {
		if isByteList(v) {
			w.bytes = v
		} else {
			w.text = matched(v)
			w.guessed = w.text != nil
		}
		return w
	}
	if !IsObject(v) {
		return w
	}
	if isByteObject(v) {
		w.bytes = v
		return w
	}
	held := map[string][]byte{}
	known := jsontext.Members(v, func(quoted, value []byte) bool {
		name, ok := foldMember(nil, quoted)
		_, quotedTwice := held[string(name)]
		if ok = ok && wrapping[string(name)] && !quotedTwice; ok {
			held[string(name)] = value
		}
		return ok
	})
	if !known {
		return w
	}
	text := func(names ...string) []byte {
		for _, name := range names {
			if IsString(held[name]) {
				return held[name]
			}
		}
		return nil
	}
	says := func(name string) string {
		s, _ := jsontext.String(held[name])
		return strings.ToLower(s)
	}
	switch kind, encoding, mode := says("type"), says("encoding"), says("mode"); {
	case kind == "buffer" && (isByteList(held["data"]) || string(held["data"]) == "[]"):
		w.bytes = held["data"]
	case kind == "buffer" && text("data") != nil:
		w.text, w.base64 = text("data"), true
	case text("base64bytes", "base64string", "rawbytes", "asbytes", "base64", "bytesvalue") != nil:
		w.text, w.base64 = text("base64bytes", "base64string", "rawbytes", "asbytes", "base64", "bytesvalue"), true
	case IsObject(held["binary"]) && len(held) == 1:
		return unwrap(held["binary"])
	case len(held) == 1 && (goBytes(held["b"]) || string(held["b"]) == `""`):
		w.text, w.base64, w.guessed = held["b"], true, true
	case held["contenttype"] != nil && len(held) == 2 && text("body") != nil, held["type"] != nil && mode == "" && text("raw") != nil:
		w.text, w.guessed = text("body", "raw"), true
	case held["contenttype"] != nil && text("content") != nil && bytes.Contains(v, []byte(`"$content"`)):
		w.text, w.base64 = text("content"), true
	case encoding == "base64":
		if w.text, w.base64 = text("encoded", "data", "text", "content", "string"), true; w.text == nil {
			w.err = errors.New("it says base64, but is not text")
		}
	case encoding != "" && text("data", "text", "content", "string") != nil:
		w.text = text("data", "text", "content", "string")
	case mode == "raw":
		if w.text = text("raw"); w.text == nil {
			w.err = errors.New(`it has no "raw"`)
		}
	case mode == "urlencoded":
		w.form = held["urlencoded"]
	case mode != "":
		w.err = fmt.Errorf("the capture does not have the bytes of a body of the mode %q", mode)
	case text("asstring", "stringvalue") != nil:
		w.text = text("asstring", "stringvalue")
	case text("content") != nil && (len(held) == 1 || len(held) == 2 && held["bytes"] != nil) && jsonString(text("content")): // Elastic's
		w.text, w.guessed = text("content"), true
	case kind == "string" && text("string") != nil:
		w.text = text("string")
	case (held["mimetype"] != nil || held["charset"] != nil) && text("text") != nil && !(string(held["text"]) == `""` && len(held["params"]) > 2):
		w.text = text("text")
	case held["mimetype"] != nil && IsList(held["params"]):
		if w.form = held["params"]; strings.HasPrefix(says("mimetype"), "multipart/") {
			w.err, w.form = ErrMultipart, nil
		}
	}
	return w
}

var ErrMultipart = errors.New("the archive has the fields of a multipart form, but not its body")

// matched is the text in a list of the one object {"matcher": "exact", "value": text},
// as Hoverfly writes it; nil for any other list.
func matched(v []byte) (text []byte) {
	n := 0
	elements(v, func(e []byte) bool {
		if n++; n > 1 || !IsObject(e) {
			text = nil
			return false
		}
		exact := false
		jsontext.Members(e, func(quoted, value []byte) bool {
			switch {
			case Is(quoted, "value") && IsString(value):
				text = value
			case Is(quoted, "matcher") && string(value) == `"exact"`:
				exact = true
			}
			return true
		})
		if !exact {
			text = nil
		}
		return true
	})
	return text
}

// isByteObject reports whether v is {"0": 123, "1": 34, ...}, as JavaScript writes a
// Uint8Array, and the bytes are JSON by the first and the last.
func isByteObject(v []byte) bool {
	n, first, last := 0, []byte(nil), []byte(nil)
	var buf [20]byte
	return jsontext.Members(v, func(quoted, value []byte) bool {
		if string(quoted[1:len(quoted)-1]) != string(strconv.AppendInt(buf[:0], int64(n), 10)) || len(value) > 3 {
			return false
		}
		for _, c := range value {
			if c < '0' || c > '9' {
				return false
			}
		}
		if n++; n == 1 {
			first = value
		}
		last = value
		return true
	}) && (string(first) == "123" && string(last) == "125" || string(first) == "91" && string(last) == "93")
}

// isByteList reports whether v is a list of nothing but bytes, signed as Java's are
// or not.
func isByteList(v []byte) bool {
	if !IsList(v) || FirstItem(v)[0] == ']' {
		return false
	}
	for i := 1; i < len(v)-1; i++ {
		switch c := v[i]; {
		case c >= '0' && c <= '9', c == ',', c == '-', c == ' ', c == '\n', c == '\r', c == '\t':
		default:
			return false
		}
	}
	_, err := byteList(v)
	return err == nil
}

// byteList are the bytes of a list, or an object, of numbers, each from -128 to 255.
func byteList(v []byte) ([]byte, error) {
	out := make([]byte, 0, len(v)/3+1)
	ok := true
	jsontext.Each(v, func(_ []byte, from, to int) bool {
		e := v[from:to]
		n, digits := 0, e
		if len(e) > 0 && e[0] == '-' {
			digits = e[1:]
		}
		for _, c := range digits {
			ok = ok && c >= '0' && c <= '9' && len(digits) <= 3
			n = 10*n + int(c&0xf)
		}
		if len(e) != len(digits) {
			n = -n
		}
		ok = ok && len(digits) > 0 && n >= -128 && n <= 255
		out = append(out, byte(n))
		return ok
	})
	if !ok {
		return nil, errors.New("not a list of bytes")
	}
	return out, nil
}

// FormBody encodes the fields of a form again.
func FormBody(params []byte) ([]byte, error) {
	body := []byte{}
	if len(params) == 0 || IsNull(params) {
		return body, nil
	}
	fields, err := headerList(nil, params)
	if err != nil {
		return nil, errors.New("its fields are not a list of names and values")
	}
	for i, f := range fields {
		if i > 0 {
			body = append(body, '&')
		}
		body = append(append(append(body, url.QueryEscape(f.Name)...), '='), url.QueryEscape(f.Value)...)
	}
	return body, nil
}

// bodyRank places the names of members that hold bodies: the lower the likelier, and
// 0 for those that are none. What is below LooseRank is a body by its name alone.
func bodyRank(folded string) int {
	switch folded {
	case "body", "owbody":
		return 4
	case "postdata", "rawpostdata", "rawpost", "rawrequest", "requestdata", "rackinput", "phpinput", "rawinput", "rawdata":
		return 6
	case "raw":
		return LooseRank
	case "payload", "rawpayload", "payloadraw", "requestpayload", "payloadstring", "payloadtext":
		return 8
	case "data", "content", "text", "base64":
		return LooseRank + 1
	case "message", "msg", "value", "input", "json":
		return textRank
	}
	body := strings.Contains(folded, "body")
	if !body && !strings.Contains(folded, "payload") && !byBase64(folded) || strings.Contains(folded, "response") || strings.HasPrefix(folded, "res") || strings.HasPrefix(folded, "header") {
		return 0
	}
	for _, about := range []string{"size", "length", "len", "type", "hash", "sha256", "sha1", "md5", "digest", "encoding", "encoded", "format", "version", "id", "truncated", "preview", "signature", "sig", "count", "limit", "url", "path", "file", "schema", "parsed", "object", "ms", "time", "at", "charset", "mime"} {
		if strings.HasSuffix(folded, about) && !byBase64(folded) {
			if about == "parsed" || about == "object" {
				return 7
			}
			return 0
		}
	}
	switch {
	case byBase64(folded):
		return base64Rank
	case strings.Contains(folded, "raw"):
		return rawRank
	case body:
		return 5
	}
	return 9
}

const (
	base64Rank = 1  // the name says that the text is base64
	rawRank    = 3  // the name says that the text is as it came
	LooseRank  = 10 // from here on a member holds the body where none of a better name does
	textRank   = 12 // from here on only if it is JSON, or JSON text
)

// byBase64 reports whether a folded name says that its text is base64.
func byBase64(folded string) bool {
	switch folded {
	case "bodyb", "rawbytes", "bodybytes", "rawbodybytes", "asbytes":
		return true
	}
	return strings.HasSuffix(folded, "base64") || strings.HasSuffix(folded, "b64") || strings.HasPrefix(folded, "base64") && !strings.HasSuffix(folded, "encoded")
}

// looksJSON reports whether a text is an object or a list by its first and last byte.
func looksJSON(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) < 2 {
		return false
	}
	return text[0] == '{' && text[len(text)-1] == '}' || text[0] == '[' && text[len(text)-1] == ']'
}

// SameJSON reports whether two texts are the same JSON value, written differently: in
// the order of members, white space, escapes and the spelling of numbers. It is false
// where a name stands twice, since then readers differ.
func SameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if len(a) > recorded.LargeBody || len(b) > recorded.LargeBody {
		return false
	}
	x, errX := ParseJSON(a)
	y, errY := ParseJSON(b)
	return errX == nil && errY == nil && sameValue(x, y, 0)
}

func sameValue(a, b []byte, depth int) bool {
	switch {
	case bytes.Equal(a, b):
		return true
	case a[0] != b[0] && (IsObject(a) || IsList(a) || IsString(a)) || depth > 100:
		return false
	case IsString(a):
		x, okX := jsontext.Text(a)
		y, okY := jsontext.Text(b)
		return okX && okY && x == y
	case IsList(a):
		var x, y [][]byte
		elements(a, func(v []byte) bool { x = append(x, v); return true })
		elements(b, func(v []byte) bool { y = append(y, v); return true })
		return slices.EqualFunc(x, y, func(v, w []byte) bool { return sameValue(v, w, depth+1) })
	case IsObject(a):
		x, twiceX := onceOf(a)
		y, twiceY := onceOf(b)
		same := !twiceX && !twiceY && len(x) == len(y)
		for name, v := range x {
			w, ok := y[name]
			if same = same && ok && sameValue(v, w, depth+1); !same {
				break
			}
		}
		return same
	}
	var x, y float64
	return len(a) < 16 && len(b) < 16 && json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && !IsNull(a) && !IsNull(b) && a[0] != 't' && a[0] != 'f' && x == y
}

// onceOf is [ObjectOf], and whether a name stands twice.
func onceOf(v []byte) (o Object, twice bool) {
	n := 0
	jsontext.Members(v, func([]byte, []byte) bool { n++; return true })
	o = ObjectOf(v)
	return o, n != len(o)
}

// bestBody puts the members that may be the body in the order in which they count.
func bestBody(bodies []bodyMember) {
	slices.SortStableFunc(bodies, func(a, b bodyMember) int {
		return cmp.Or(cmp.Compare(a.exact(), b.exact()), cmp.Compare(a.Rank, b.Rank))
	})
}
