package capture

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// The walker finds deliveries in JSON of any layout: objects with headers among which
// a signature is, and a body beside them. The outermost object counts, and nothing is
// looked for inside of what a request carries: a payload must not bring deliveries of
// its own. What it takes for headers and bodies are only names: a signature must still
// match the bytes, so that a wrong guess can make nothing valid.

const (
	// walkDepth is how many objects and lists may be around a delivery: eight objects,
	// each in a list.
	walkDepth = 16
	// mostStarts bounds where in a text a JSON value is looked for.
	mostStarts = 8
)

// deliveriesIn yields each delivery in the JSON value text, whose syntax has been
// checked, in their order; path is where it stands, as ".events[0].message", and ""
// for the value itself. Names are the headers that are signatures. An error is that of
// a delivery that cannot be read. Beside deliveries, requests without a signature are
// yielded; what else there is is counted in the first one's [Request.Passed].
//
// It returns how many it yielded. Where that is 0, text is as it was; else large bodies
// may have been written over it.
func deliveriesIn(text []byte, names []string, yield func(path string, r *Request, err error) bool) (found int) {
	counting := countIn(text, names)
	if counting.found == 0 {
		return 0
	}
	return counting.requests(text, yield)
}

// requests walks text again, and yields what was counted.
func (w *walk) requests(text []byte, yield func(path string, r *Request, err error) bool) (found int) {
	var passed Passed
	switch n := w.passed - w.unreadIn(text); {
	case n > 0:
		passed = Passed{n + w.answers, entryWithout, entriesWithout}
	case w.answers > 0:
		passed = Passed{w.answers, "answer", "answers"}
	}
	w = &walk{names: w.names, digests: w.digests}
	w.yield = func(r *Request, err error) bool {
		r.Passed, passed = passed, Passed{}
		found++
		return yield(pathOf(w.path), r, err)
	}
	w.value(text, 0)
	return found
}

// unreadIn is how many of the elements without a request are rows all the same, since a
// signature stands in them.
func (w *walk) unreadIn(text []byte) int {
	if w.passed == 0 || (&walk{names: w.names, digests: maps.Clone(w.digests)}).seesNew(text) < 0 {
		return 0
	}
	trial := walk{names: w.names, digests: maps.Clone(w.digests), yield: func(*Request, error) bool { return true }, trial: true}
	trial.value(text, 0)
	return w.passed - trial.passed
}

const entryWithout, entriesWithout = "entry without a delivery", "entries without a delivery"

// countIn is the walk that counts.
func countIn(text []byte, names []string) *walk {
	w := &walk{names: names, digests: map[uint64]bool{}}
	w.value(text, 0)
	return w
}

// walk goes through a value twice: without yield it counts.
type walk struct {
	names   []string
	yield   func(r *Request, err error) bool
	path    []step
	text    bool // inside of JSON in a string
	found   int  // requests with a signature
	rows    int  // and those without
	passed  int  // elements of lists without one, beside others with one
	answers int  // answers in lists of them
	trial   bool // nothing is decoded
	top     bool // the value itself is a request
	ended   bool // the consumer has had enough
	// digests are the beginnings of the signatures that deliveries carry.
	digests map[uint64]bool
}

// step is a member's name, with its quotes, or an index.
type step struct {
	name  []byte
	index int
}

// value walks one value and reports whether there is a request in it.
func (w *walk) value(v []byte, depth int) bool {
	before := w.rows
	switch {
	case w.ended || depth > walkDepth || len(v) == 0:
	case isString(v):
		if inner := w.inText(v); inner != nil {
			w.text = true
			w.value(inner, depth)
			w.text = false
		}
	case isObject(v):
		w.object(v, depth)
	case isList(v):
		w.list(v, depth)
	}
	return w.rows > before
}

// inText is the JSON that a string holds, if it may be looked for there.
func (w *walk) inText(quoted []byte) []byte {
	if w.text || bytes.IndexByte(quoted, '{') < 0 {
		return nil
	}
	text, ok := jsontext.Unquote(nil, quoted)
	if !ok {
		return nil
	}
	_, value := jsonInLine(text)
	return value
}

// jsonInLine finds the object or list that a text ends with, and what comes before it,
// as a program that logs writes it; nil where there is none.
func jsonInLine(text []byte) (before, value []byte) {
	end := len(bytes.TrimRight(text, " \t\r\n"))
	at := 0
	for range mostStarts {
		n := bytes.IndexAny(text[at:end], "{[")
		if n < 0 {
			return nil, nil
		}
		at += n
		if jsontext.SkipValue(text, at) == end && json.Valid(text[at:end]) {
			return text[:at], text[at:end]
		}
		at++
	}
	return nil, nil
}

func (w *walk) list(v []byte, depth int) {
	at := len(w.path)
	w.path = append(w.path, step{})
	without, before := 0, w.rows
	elements(v, func(e []byte) bool {
		if rows := w.rows; !w.value(e, depth+1) {
			if w.unread(e); w.rows == rows {
				without++
			}
		}
		w.path[at].index++
		return !w.ended
	})
	if w.rows > before {
		w.passed += without
	}
	w.path = w.path[:at]
}

// object takes an object for a request, or goes on with its members.
func (w *walk) object(v []byte, depth int) {
	s := shapeOf(v)
	header, err := w.signedHeader(v, &s, depth)
	if err != nil || header != nil {
		w.request(v, &s, header, err)
		return
	}
	unsigned := w.unsigned(v, &s)
	jsontext.Members(v, func(quoted, value []byte) bool {
		if n, is := answersIn(quoted, value, w.names); is || unsigned && isPartOf(quoted, value) {
			w.answers += n
			return true
		}
		w.path = append(w.path, step{name: quoted})
		if !w.value(value, depth+1) && depth == 0 && !unsigned {
			w.unread(value)
		}
		w.path = w.path[:len(w.path)-1]
		return !w.ended
	})
}

// mayHold reports whether a delivery may be found in JSON documents that stand one
// after the other, of which the last may be cut off.
func mayHold(text []byte, names []string) bool {
	for at := jsontext.SkipSpace(text, 0); at < len(text) && (isObject(text[at:]) || isList(text[at:])); {
		if holdsSignature(text[at:], names, 0, false) {
			return true
		}
		end := jsontext.SkipValue(text, at)
		if end < 0 {
			break
		}
		at = jsontext.SkipSpace(text, end)
	}
	return false
}

// holdsSignature looks for a header that is a signature in a value, which may be cut
// off, as far as the walker goes.
func holdsSignature(v []byte, names []string, depth int, inText bool) (found bool) {
	if depth > walkDepth {
		return false
	}
	jsontext.Each(v, func(name []byte, from, to int) bool {
		e := v[from:]
		if to >= 0 {
			e = v[from:to]
		}
		if len(e) == 0 {
			return false
		}
		switch {
		case name != nil && isSpelled(name, names) && !isNull(e) && string(e) != `""` && string(e) != `[]`,
			name == nil && isString(e) && (isSpelled(e, names) || isSpelled(fieldName(e), names)),
			name != nil && isHeaderMember(name) && (isString(e) && mentions(e, names) || sees(e, names)):
			found = true
		case isObject(e), isList(e):
			found = holdsSignature(e, names, depth+1, inText)
		case name != nil && isString(e) && to >= 0 && isValueOf(name) && isSpelled(e, names):
			found = true
		case isString(e) && !inText:
			if inner := tornText(e, to < 0); inner != nil {
				found = holdsSignature(inner, names, depth, true)
			}
		}
		return !found
	})
	return found
}

// fieldName is the name, in quotes, in a string that is "Name: value".
func fieldName(quoted []byte) []byte {
	name, _, _ := bytes.Cut(quoted[1:], []byte(":"))
	return slices.Concat([]byte(`"`), name, []byte(`"`))
}

// isValueOf reports whether a member names a header, as in {"name": "X-Sig", "value": ...}.
func isValueOf(quoted []byte) bool {
	switch folded, _ := foldMember(nil, quoted); string(folded) {
	case "name", "key", "header", "field", "headername":
		return true
	}
	return false
}

// mentions reports whether a text has the name of a signature's header in it, in any
// spelling.
func mentions(text []byte, names []string) bool {
	folded := foldText(nil, text)
	for _, name := range names {
		if want := foldText(nil, []byte(name)); len(want) > 0 && bytes.Contains(folded, want) {
			return true
		}
	}
	return false
}

// tornText is the JSON that a string holds, perhaps behind a prefix; the string, and so
// the JSON, may be cut off.
func tornText(quoted []byte, torn bool) []byte {
	if bytes.IndexByte(quoted, '{') < 0 {
		return nil
	}
	text, ok := jsontext.Unquote(nil, quoted)
	if torn {
		for cut := 0; cut <= len(`\u000`) && cut < len(quoted) && !ok; cut++ {
			text, ok = jsontext.Unquote(nil, append(bytes.Clone(quoted[:len(quoted)-cut]), '"'))
		}
	} else if ok {
		_, value := jsonInLine(text)
		return value
	}
	at := bytes.IndexAny(text, "{[")
	if !ok || at < 0 {
		return nil
	}
	return text[at:]
}

// unsigned reports whether the object is a request without a signature, and yields it.
func (w *walk) unsigned(v []byte, s *requestShape) bool {
	header, ok := requestIn(v, s, w.names)
	if ok {
		w.emit(s, header, nil)
	}
	return ok
}

// requestIn are the headers of the request that an object is by its members, whether it
// is signed or not; its body may be a member of an object in it, as its headers may be.
func requestIn(v []byte, s *requestShape, names []string) (header Header, ok bool) {
	switch {
	case len(s.headers) > 0:
		if len(s.bodies) == 0 {
			bodyBelow(v, s)
		}
		var err error
		if header, err = s.header(names); err != nil {
			return nil, false
		}
	case len(s.bodies) > 0:
		if header = below(v, s, names, func(inner *requestShape, _ Header) bool { return inner.method != nil }); header == nil {
			return nil, false
		}
	}
	return header, (header != nil || len(s.headers) > 0) && s.hasBody()
}

// isPartOf reports whether a member of a request holds its headers or its body.
func isPartOf(quoted, value []byte) bool {
	return isHeaderMember(quoted) || isBodyMember(quoted) || isPart(value)
}

// hasBody reports whether a member holds the body by its name alone, and not that of an
// answer.
func (s *requestShape) hasBody() bool {
	return len(s.bodies) > 0 && s.bodies[0].rank < looseRank && (!s.status || s.method != nil)
}

// isPart reports whether an object in a request holds its headers, or its body, alone.
func isPart(v []byte) bool {
	if !isObject(v) {
		return false
	}
	s := shapeOf(v)
	return (len(s.headers) == 0) != (len(s.bodies) == 0)
}

// answersIn reports whether a member is what a server answered, or a list of answers
// that were kept, and how many are in the list.
func answersIn(quoted, value []byte, names []string) (listed int, is bool) {
	if !isObject(value) && !isList(value) {
		return 0, false
	}
	folded, _ := foldMember(nil, quoted)
	one := isObject(value)
	switch string(folded) {
	case "response", "res", "resp", "answer", "reply", "httpresponse":
	case "responses", "answers", "replies":
		if one {
			return 0, false
		}
	default:
		return 0, false
	}
	if one {
		s := shapeOf(value)
		return 0, s.method == nil && (s.status || len(s.headers) > 0)
	}
	is = true
	elements(value, func(e []byte) bool {
		listed++
		is = isListedAnswer(e, names)
		return is
	})
	if !is {
		listed = 0
	}
	return listed, is
}

// isListedAnswer reports whether an element of a list of answers is one: it has a status,
// or headers without a signature, and is no request.
func isListedAnswer(v []byte, names []string) bool {
	if !isObject(v) {
		return false
	}
	s := shapeOf(v)
	if s.method != nil {
		return false
	}
	status, request := s.status, false
	jsontext.Members(v, func(quoted, value []byte) bool {
		status = status || is(quoted, "code") && len(value) == 3 && value[0] >= '1' && value[0] <= '5'
		request = request || (is(quoted, "request") || is(quoted, "req")) && isObject(value)
		return true
	})
	if request {
		return false
	}
	h, err := s.header(names)
	return status || len(s.headers) > 0 && (err != nil || !signed(h, names))
}

// signedHeader are the headers of the request that the object is, if a signature is
// among them: those of a member, those that are members themselves, or, for a body
// that stands outside of what has the headers, those of an object in it. Nil where
// there is no such request. An error is that of headers that hold a signature and
// cannot be read.
func (w *walk) signedHeader(v []byte, s *requestShape, depth int) (Header, error) {
	if len(s.headers) > 0 {
		h, err := s.header(w.names)
		if err == nil && w.has(h) {
			if len(s.bodies) == 0 {
				bodyBelow(v, s)
			}
			return h, nil
		}
		if err != nil && len(s.bodies) > 0 {
			for _, m := range s.headers {
				if sees(m.value, w.names) {
					return nil, err
				}
			}
		}
	}
	if len(s.bodies) == 0 {
		return nil, nil
	}
	if h := w.flat(v, s); h != nil {
		return h, nil
	}
	return below(v, s, w.names, func(_ *requestShape, h Header) bool { return w.has(h) }), nil
}

// flat are the headers of an object that holds them as its own members, or under a
// name that does not say headers.
func (w *walk) flat(v []byte, s *requestShape) (found Header) {
	own, signed := Header(nil), false
	jsontext.Members(v, func(quoted, value []byte) bool {
		if isHeaderMember(quoted) || isBodyMember(quoted) && !isSpelled(quoted, w.names) {
			return true
		}
		if isString(value) {
			text, _ := jsontext.Unquote(nil, value)
			f := Field{memberName(quoted), string(text)}
			_, is := spelled(f.Name, w.names)
			signed = signed || is && strings.TrimSpace(f.Value) != ""
			own = append(own, f)
			return true
		}
		if !w.direct(value) {
			return true
		}
		if h, err := readHeaders(nil, value); err == nil {
			if h = canonical(h, w.names); w.has(h) {
				found = h
			}
		}
		return found == nil
	})
	if found == nil && signed {
		found = canonical(own, w.names)
	}
	return found
}

// isSpelled reports whether a name, or another text in quotes, is that of a signature's
// header.
func isSpelled(quoted []byte, names []string) bool {
	if len(quoted) > 8*longestMember || len(quoted) < 2 || quoted[len(quoted)-1] != '"' {
		return false // longer than any name, or cut off
	}
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.Unquote(nil, quoted)
	}
	_, ok := spelled(name, names)
	return ok
}

// direct reports whether an object has a signature among its own members, or a list one
// in an element, and no body beside it.
func (w *walk) direct(v []byte) bool {
	found, body := false, false
	switch {
	case isObject(v):
		jsontext.Members(v, func(quoted, _ []byte) bool {
			switch {
			case isSpelled(quoted, w.names):
				found = true
			case isBodyMember(quoted):
				body = true
			}
			return !body
		})
	case isList(v):
		elements(v, func(e []byte) bool {
			if !isObject(e) {
				return false
			}
			jsontext.Members(e, func(_, value []byte) bool {
				found = found || isString(value) && isSpelled(value, w.names)
				return !found
			})
			return !found
		})
	}
	return found && !body
}

// below are the headers of the one object in v that has such ones and no body.
func below(v []byte, s *requestShape, names []string, such func(inner *requestShape, h Header) bool) (found Header) {
	if s.bodies[0].rank >= looseRank {
		return nil
	}
	n := 0
	jsontext.Members(v, func(quoted, value []byte) bool {
		if !isObject(value) || isHeaderMember(quoted) || isBodyMember(quoted) {
			return true
		}
		inner := shapeOf(value)
		if len(inner.headers) == 0 || len(inner.bodies) > 0 {
			return true
		}
		if h, err := inner.header(names); err == nil && such(&inner, h) {
			found = append(Header{}, h...)
			n++
			for to, from := range map[*[]byte][]byte{&s.method: inner.method, &s.url: inner.url} {
				if *to == nil {
					*to = from
				}
			}
		}
		return true
	})
	if n != 1 {
		return nil
	}
	return found
}

// bodyBelow takes the body from the one object in v that has one.
func bodyBelow(v []byte, s *requestShape) {
	n := 0
	var bodies []bodyMember
	jsontext.Members(v, func(quoted, value []byte) bool {
		if !isObject(value) || isHeaderMember(quoted) || isBodyMember(quoted) {
			return true
		}
		if inner := shapeOf(value); len(inner.bodies) > 0 && inner.bodies[0].rank < looseRank && len(inner.headers) == 0 && !inner.status {
			n++
			bodies = inner.bodies
		}
		return true
	})
	if n == 1 {
		s.bodies = bodies
	}
}

// has reports whether one of the headers is a signature, under its own name.
func (w *walk) has(h Header) bool {
	for _, f := range h {
		for _, name := range w.names {
			if SameName(f.Name, name) && strings.TrimSpace(f.Value) != "" {
				return true
			}
		}
	}
	return false
}

// request counts, or yields, a request that is signed.
func (w *walk) request(v []byte, s *requestShape, h Header, err error) {
	w.found++
	if w.yield == nil {
		signaturesIn(v, w.names, func(at seen) bool { w.digests[at.key()] = true; return true })
	}
	w.emit(s, h, err)
}

func (w *walk) emit(s *requestShape, h Header, err error) {
	w.top = w.top || len(w.path) == 0 && !w.text
	if w.rows++; w.yield == nil || w.trial {
		return
	}
	r := &Request{Header: h}
	if err == nil {
		err = s.fill(r)
	}
	if errors.Is(err, errNoBody) {
		err = w.unknown(nil, 0)
	}
	if err != nil {
		r = &Request{}
	}
	w.ended = w.ended || !w.yield(r, err)
}

// unread yields what holds a signature that no delivery carries.
func (w *walk) unread(v []byte) {
	if w.yield == nil || w.ended {
		return
	}
	if at := w.seesNew(v); at >= 0 {
		w.rows++
		w.ended = !w.yield(&Request{}, w.unknown(v, at))
	}
}

// unknown says that a signature stands where the walk is, and no delivery: at a byte of
// the value v there, which is nil where that is not known.
func (w *walk) unknown(v []byte, at int) error {
	u := &UnknownLayout{Where: cmp.Or(pathOf(w.path), "."), Assumed: formatJSON}
	if v != nil && !w.text {
		u.way = append(slices.Clone(w.path), wayTo(v, at)...)
	}
	return u
}

// sees reports whether a signature stands in v.
func sees(v []byte, names []string) (found bool) {
	signaturesIn(v, names, func(seen) bool { found = true; return false })
	return found
}

// seesNew is where a signature stands in v that was not seen before; -1 where none does.
func (w *walk) seesNew(v []byte) (first int) {
	first = -1
	signaturesIn(v, w.names, func(at seen) bool {
		if key := at.key(); !w.digests[key] {
			if w.digests[key] = true; first < 0 {
				first = at.at
			}
		}
		return true
	})
	return first
}

// pathOf writes a path as jq does.
func pathOf(steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		switch {
		case s.name == nil:
			if i == 0 {
				b.WriteByte('.')
			}
			fmt.Fprintf(&b, "[%d]", s.index)
		case plainName(s.name):
			b.WriteByte('.')
			b.Write(s.name[1 : len(s.name)-1])
		default:
			if i == 0 {
				b.WriteByte('.')
			}
			b.WriteByte('[')
			b.Write(s.name)
			b.WriteByte(']')
		}
	}
	return b.String()
}

// plainName reports whether a quoted name can stand behind a dot.
func plainName(quoted []byte) bool {
	name := quoted[1 : len(quoted)-1]
	for i, c := range name {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || i > 0 && '0' <= c && c <= '9') {
			return false
		}
	}
	return len(name) > 0
}
