// Package walk finds deliveries in JSON of any layout, and reads what a request is
// from its members. Where a signature stands in a layout that it does not know, it
// says so: [UnknownLayout].
package walk

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/recorded"
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
	// mostTexts bounds how many strings may be around a delivery, as JSON in each: a topic
	// that a queue subscribes to.
	mostTexts = 2
)

// DeliveriesIn yields each delivery in the JSON value text, whose syntax has been
// checked, in their order; path is where it stands, as ".events[0].message", and ""
// for the value itself. Names are the headers that are signatures. An error is that of
// a delivery that cannot be read. Beside deliveries, requests without a signature are
// yielded; what else there is is counted in the first one's [Request.Passed].
//
// It returns how many it yielded. Where that is 0, text is as it was; else large bodies
// may have been written over it.
func DeliveriesIn(text []byte, names []string, yield func(path string, r *recorded.Request, err error) bool) (found int) {
	counting := CountIn(text, names)
	if counting.Found == 0 {
		return 0
	}
	return counting.Requests(text, yield)
}

// Requests yields what was counted in text.
func (w *Walk) Requests(text []byte, yield func(path string, r *recorded.Request, err error) bool) (found int) {
	var passed recorded.Passed
	w.leaveRepeats()
	switch n := w.passed - w.unreadIn(text); {
	case n > 0:
		passed = recorded.Passed{N: n + w.answers, One: EntryWithout, Many: EntriesWithout}
	case w.answers > 0:
		passed = recorded.Passed{N: w.answers, One: "answer", Many: "answers"}
	}
	again := &Walk{Names: w.Names, digests: w.digests}
	again.yield = func(r *recorded.Request, err error) bool {
		r.Passed, passed = passed, recorded.Passed{}
		found++
		return yield(PathOf(again.path), r, err)
	}
	if !w.keep {
		again.value(text, 0)
		return found
	}
	for _, k := range w.kept {
		if k.emit(again); again.ended {
			break
		}
	}
	return found
}

// leaveRepeats counts headers in an object, without a body, as passed over, where a
// request with one has their signatures.
func (w *Walk) leaveRepeats() {
	bare := func(k kept) bool { return k.member && k.err == nil && errors.Is(k.shape.Lacks(), ErrNoBody) }
	if len(w.kept) < 2 || !slices.ContainsFunc(w.kept, bare) {
		return
	}
	carried := map[uint64]bool{}
	for _, k := range w.kept {
		if !bare(k) {
			maps.Copy(carried, k.shape.signatures(k.header, w.Names))
		}
	}
	n := len(w.kept)
	w.kept = slices.DeleteFunc(w.kept, func(k kept) bool {
		own := k.shape.signatures(k.header, w.Names)
		return bare(k) && len(own) > 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(own)), func(key uint64) bool { return !carried[key] })
	})
	w.passed += n - len(w.kept)
}

// unreadIn is how many of the elements without a request are rows all the same, since a
// signature stands in them.
func (w *Walk) unreadIn(text []byte) int {
	if w.passed == 0 || w.keep || (&Walk{Names: w.Names, digests: maps.Clone(w.digests)}).seesNew(text) < 0 {
		return 0
	}
	trial := Walk{Names: w.Names, digests: maps.Clone(w.digests), yield: func(*recorded.Request, error) bool { return true }, trial: true}
	trial.value(text, 0)
	return w.passed - trial.passed
}

const EntryWithout, EntriesWithout = "entry without a delivery", "entries without a delivery"

// CountIn is the walk that counts.
func CountIn(text []byte, names []string) *Walk {
	count := func(keep bool) *Walk {
		w := &Walk{Names: names, digests: map[uint64]bool{}, keep: keep}
		w.value(text, 0)
		return w
	}
	w := count(len(text) < recorded.LargeBody)
	if !w.keep && w.kept != nil {
		return count(false) // what was kept was not asked for its signatures
	}
	return w
}

// Walk goes through a value: without yield it counts, and keeps the requests that it
// finds. It goes through it again to yield those of a large value, which may be many and
// are written over; and where a signature stands outside of the requests: whether one of
// them carries it is known only when all of them are.
type Walk struct {
	Names   []string
	yield   func(r *recorded.Request, err error) bool
	path    []Step
	texts   int  // how many strings it is inside of, as JSON in them
	Found   int  // Requests with a signature
	Rows    int  // and those without
	passed  int  // elements of lists without one, beside others with one
	answers int  // answers in lists of them
	trial   bool // nothing is decoded
	Top     bool // the value itself is a request
	ended   bool // the consumer has had enough
	// digests are the beginnings of the signatures that deliveries carry.
	digests map[uint64]bool
	keep    bool // the requests that are counted are all that will be yielded
	kept    []kept
}

// kept is a request that was counted.
type kept struct {
	shape  *requestShape
	header recorded.Header
	err    error
	member bool // of an object
	emit   func(again *Walk)
}

// Step is a member's name, with its quotes, or an index.
type Step struct {
	Name  []byte
	Index int
}

// value walks one value and reports whether there is a request in it.
func (w *Walk) value(v []byte, depth int) bool {
	before := w.Rows
	switch {
	case w.ended || depth > walkDepth || len(v) == 0:
	case IsString(v):
		if inner := w.inText(v); inner != nil {
			w.texts++
			w.value(inner, depth)
			w.texts--
		}
	case IsObject(v):
		w.object(v, depth)
	case IsList(v):
		w.list(v, depth)
	}
	return w.Rows > before
}

// inText is the JSON that a string holds, if it may be looked for there.
func (w *Walk) inText(quoted []byte) []byte {
	if w.texts == mostTexts || bytes.IndexByte(quoted, '{') < 0 {
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
	var s Scanner
	at := 0
	for range mostStarts {
		n := bytes.IndexAny(text[at:end], "{[")
		if n < 0 {
			return nil, nil
		}
		at += n
		s.Begin()
		if size, result := s.Scan(text[at:end]); result == ScanDone && at+size == end {
			return text[:at], text[at:end]
		}
		at++
	}
	return nil, nil
}

func (w *Walk) list(v []byte, depth int) {
	at := len(w.path)
	w.path = append(w.path, Step{})
	without, before := 0, w.Rows
	elements(v, func(e []byte) bool {
		if rows := w.Rows; !w.value(e, depth+1) {
			if w.unread(e); w.Rows == rows {
				without++
			}
		}
		w.path[at].Index++
		return !w.ended
	})
	if w.Rows > before {
		w.passed += without
	}
	w.path = w.path[:at]
}

// object takes an object for a request, or goes on with its members.
func (w *Walk) object(v []byte, depth int) {
	s := ShapeOf(v)
	header, err := w.signedHeader(v, &s, depth)
	if err != nil || header != nil {
		if w.request(v, &s, header, err); err == nil {
			w.beside(v, &s, header, depth)
		}
		return
	}
	if s.binary && w.apart(v) {
		return
	}
	unsigned := w.unsigned(v, &s)
	s.each(v, func(quoted, value []byte) bool {
		if n, is := answersIn(quoted, value, w.Names); is || unsigned && isPartOf(quoted, value) {
			w.answers += n
			return true
		}
		w.path = append(w.path, Step{Name: quoted})
		if !w.value(value, depth+1) && depth == 0 && !unsigned {
			w.unread(value)
		}
		w.path = w.path[:len(w.path)-1]
		return !w.ended
	})
}

// apart takes {"json": {"headers"...}, "binary": {"data": {"mimeType", "data"}}}, as n8n
// keeps a body that it does not parse.
func (w *Walk) apart(v []byte) bool {
	var item, data, file []byte
	n := 0
	jsontext.Members(v, func(quoted, value []byte) bool {
		switch {
		case Is(quoted, "json"):
			item = value
		case Is(quoted, "binary") && IsObject(value):
			jsontext.Members(value, func(_, kept []byte) bool {
				n++
				data, file = ValueOf(kept, "data"), ValueOf(kept, "id")
				return true
			})
		}
		return true
	})
	if n != 1 || !IsString(data) || !IsObject(item) {
		return false
	}
	s := ShapeOf(item)
	header, err := s.Header(w.Names)
	if err != nil || !w.Has(header) {
		return false
	}
	end := jsontext.SkipString(data, 0)
	s.Bodies = []bodyMember{{name: "binary", value: data[:end], Rank: base64Rank, base64: true}}
	if file != nil { // it is not in the capture
		s.Bodies, s.NullBody = nil, false
	}
	w.path = append(w.path, Step{Name: []byte(`"json"`)})
	w.request(v, &s, header, nil)
	w.path = w.path[:len(w.path)-1]
	return true
}

// MayHold reports whether a delivery may be found in JSON documents that stand one
// after the other, of which the last may be cut off.
func MayHold(text []byte, names []string) bool {
	for at := jsontext.SkipSpace(text, 0); at < len(text) && (IsObject(text[at:]) || IsList(text[at:])); {
		if holdsSignature(text[at:], names, 0, 0) {
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
func holdsSignature(v []byte, names []string, depth, texts int) (found bool) {
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
		case name != nil && isSpelled(name, names) && !IsNull(e) && string(e) != `""` && string(e) != `[]`,
			name == nil && IsString(e) && (isSpelled(e, names) || isSpelled(fieldName(e), names)),
			name != nil && isHeaderMember(name) && (IsString(e) && mentions(e, names) || Sees(e, names)):
			found = true
		case IsObject(e), IsList(e):
			found = holdsSignature(e, names, depth+1, texts)
		case name != nil && IsString(e) && to >= 0 && isValueOf(name) && isSpelled(e, names):
			found = true
		case IsString(e) && texts < mostTexts:
			if inner := tornText(e, to < 0); inner != nil {
				found = holdsSignature(inner, names, depth, texts+1)
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
func (w *Walk) unsigned(v []byte, s *requestShape) bool {
	header, ok := requestIn(v, s, w.Names)
	if ok {
		w.emit(s, header, nil)
	}
	return ok
}

// requestIn are the headers of the request that an object is by its members, whether it
// is signed or not; its body may be a member of an object in it, as its headers may be.
func requestIn(v []byte, s *requestShape, names []string) (header recorded.Header, ok bool) {
	switch {
	case len(s.Headers) > 0:
		if len(s.Bodies) == 0 {
			bodyBelow(v, s)
		}
		var err error
		if header, err = s.Header(names); err != nil {
			return nil, false
		}
	case len(s.Bodies) > 0:
		if header = below(v, s, names, func(inner *requestShape, _ recorded.Header) bool { return inner.method != nil }); header == nil {
			return nil, false
		}
	}
	return header, (header != nil || len(s.Headers) > 0) && s.hasBody()
}

// isPartOf reports whether a member of a request holds its headers or its body.
func isPartOf(quoted, value []byte) bool {
	return isHeaderMember(quoted) || isBodyMember(quoted) || isPart(value)
}

// hasBody reports whether a member holds the body by its name alone, and not that of an
// answer.
func (s *requestShape) hasBody() bool {
	return len(s.Bodies) > 0 && s.Bodies[0].Rank < LooseRank && (!s.status || s.method != nil)
}

// isPart reports whether an object in a request holds its headers, or its body, alone.
func isPart(v []byte) bool {
	if !IsObject(v) {
		return false
	}
	s := ShapeOf(v)
	return (len(s.Headers) == 0) != (len(s.Bodies) == 0)
}

// answersIn reports whether a member is what a server answered, or a list of answers
// that were kept, and how many are in the list.
func answersIn(quoted, value []byte, names []string) (listed int, is bool) {
	if !IsObject(value) && !IsList(value) {
		return 0, false
	}
	var buf [longestMember]byte
	folded, _ := foldMember(buf[:0], quoted)
	one := IsObject(value)
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
		s := ShapeOf(value)
		return 0, s.method == nil && (s.status || len(s.Headers) > 0)
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
	if !IsObject(v) {
		return false
	}
	s := ShapeOf(v)
	if s.method != nil {
		return false
	}
	status, request := s.status, false
	jsontext.Members(v, func(quoted, value []byte) bool {
		status = status || Is(quoted, "code") && len(value) == 3 && value[0] >= '1' && value[0] <= '5'
		request = request || (Is(quoted, "request") || Is(quoted, "req")) && IsObject(value)
		return true
	})
	if request {
		return false
	}
	h, err := s.Header(names)
	return status || len(s.Headers) > 0 && (err != nil || !recorded.Signed(h, names))
}

// signedHeader are the headers of the request that the object is, if a signature is
// among them: those of a member, those that are members themselves, or, for a body
// that stands outside of what has the headers, those of an object in it. Nil where
// there is no such request. An error is that of headers that hold a signature and
// cannot be read.
func (w *Walk) signedHeader(v []byte, s *requestShape, depth int) (recorded.Header, error) {
	if len(s.Headers) > 0 {
		h, err := s.Header(w.Names)
		if err == nil && w.Has(h) {
			if len(s.Bodies) == 0 {
				bodyBelow(v, s)
			}
			return h, nil
		}
		if err != nil && len(s.Bodies) > 0 {
			for _, m := range s.Headers {
				if Sees(m.value, w.Names) && !spelledSo(m.name, w.Names) {
					return nil, err
				}
			}
		}
	}
	if len(s.Bodies) == 0 {
		return nil, nil
	}
	if h := w.flat(v, s); h != nil {
		return h, nil
	}
	return below(v, s, w.Names, func(_ *requestShape, h recorded.Header) bool { return w.Has(h) }), nil
}

// flat are the headers of an object that holds them as its own members, or under a
// Name that does not say headers.
func (w *Walk) flat(v []byte, s *requestShape) (found recorded.Header) {
	own, signed := recorded.Header(nil), false
	jsontext.Members(v, func(quoted, value []byte) bool {
		if (isHeaderMember(quoted) || isBodyMember(quoted)) && !isSpelled(quoted, w.Names) {
			return true
		}
		if IsString(value) {
			text, _ := jsontext.String(value)
			f := recorded.Field{Name: memberName(quoted), Value: text}
			_, is := spelled(f.Name, w.Names)
			signed = signed || is && strings.TrimSpace(f.Value) != ""
			own = append(own, f)
			return true
		}
		if !w.direct(value) {
			return true
		}
		if h, err := ReadHeaders(nil, value); err == nil {
			if h = Canonical(h, w.Names); w.Has(h) {
				found = h
			}
		}
		return found == nil
	})
	if found == nil && signed {
		found = Canonical(own, w.Names)
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
func (w *Walk) direct(v []byte) bool {
	found, body := false, false
	switch {
	case IsObject(v):
		jsontext.Members(v, func(quoted, _ []byte) bool {
			switch {
			case isSpelled(quoted, w.Names):
				found = true
			case isBodyMember(quoted):
				body = true
			}
			return !body
		})
	case IsList(v):
		elements(v, func(e []byte) bool {
			if !IsObject(e) {
				return false
			}
			jsontext.Members(e, func(_, value []byte) bool {
				found = found || IsString(value) && isSpelled(value, w.Names)
				return !found
			})
			return !found
		})
	}
	return found && !body
}

// below are the headers of the one object in v that has such ones and no body.
func below(v []byte, s *requestShape, names []string, such func(inner *requestShape, h recorded.Header) bool) (found recorded.Header) {
	if s.Bodies[0].Rank >= LooseRank {
		return nil
	}
	n := 0
	jsontext.Members(v, func(quoted, value []byte) bool {
		if !IsObject(value) || isHeaderMember(quoted) || isBodyMember(quoted) {
			return true
		}
		inner := ShapeOf(value)
		if len(inner.Headers) == 0 || len(inner.Bodies) > 0 {
			return true
		}
		if h, err := inner.Header(names); err == nil && such(&inner, h) {
			found = append(recorded.Header{}, h...)
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
		if !IsObject(value) || isHeaderMember(quoted) || isBodyMember(quoted) {
			return true
		}
		if inner := ShapeOf(value); len(inner.Bodies) > 0 && inner.Bodies[0].Rank < LooseRank && len(inner.Headers) == 0 && !inner.status {
			n++
			bodies = inner.Bodies
		}
		return true
	})
	if n == 1 {
		s.Bodies = bodies
	}
}

// Has reports whether one of the headers is a signature, under its own name.
func (w *Walk) Has(h recorded.Header) bool {
	for _, f := range h {
		for _, name := range w.Names {
			if recorded.SameName(f.Name, name) && strings.TrimSpace(f.Value) != "" {
				return true
			}
		}
	}
	return false
}

// request counts, or yields, a request that is signed.
func (w *Walk) request(v []byte, s *requestShape, h recorded.Header, err error) {
	w.Found++
	switch {
	case w.keep: // only what stands beside it is compared with what it carries
	case err == nil:
		maps.Copy(w.digests, s.signatures(h, w.Names)) // now: the body may be written over
	case w.yield == nil:
		recorded.SignaturesIn(v, w.Names, func(at recorded.Seen) bool { w.digests[at.Key()] = true; return true })
	}
	w.emit(s, h, err)
}

// signatures are the beginnings of those in what a request consists of.
func (s *requestShape) signatures(h recorded.Header, names []string) map[uint64]bool {
	if s.carried != nil {
		return s.carried
	}
	s.carried = map[uint64]bool{}
	see := func(text []byte) {
		recorded.SignaturesIn(text, names, func(at recorded.Seen) bool { s.carried[at.Key()] = true; return true })
	}
	recorded.SignaturesOf(h, names, func(at recorded.Seen) { s.carried[at.Key()] = true })
	for _, m := range s.Headers {
		see(m.value)
	}
	for _, m := range s.Bodies {
		if !s.spare(m.Rank) {
			see(m.value)
		}
	}
	return s.carried
}

// spare reports whether a member of that rank is no body here, since one of a better
// name is.
func (s *requestShape) spare(rank int) bool {
	return rank >= LooseRank && len(s.Bodies) > 0 && s.Bodies[0].Rank < LooseRank
}

// beside goes on with the members of an object that is a request which are of no use
// to that, where a signature stands in them that it does not carry.
func (w *Walk) beside(v []byte, s *requestShape, h recorded.Header, depth int) {
	s.each(v, func(quoted, value []byte) bool {
		role, rank := RoleOf(quoted, value)
		if _, is := answersIn(quoted, value, w.Names); is || role == headerRole || role == bodyRole && !s.spare(rank) || isPart(value) {
			return true
		}
		news := false
		recorded.SignaturesIn(value, w.Names, func(at recorded.Seen) bool {
			news = !s.signatures(h, w.Names)[at.Key()]
			return !news
		})
		if !news {
			return true
		}
		w.path = append(w.path, Step{Name: quoted})
		if !w.value(value, depth+1) {
			w.unread(value)
		}
		w.path = w.path[:len(w.path)-1]
		return !w.ended
	})
}

func (w *Walk) emit(s *requestShape, h recorded.Header, err error) {
	w.Top = w.Top || len(w.path) == 0 && w.texts == 0
	w.Rows++
	if w.keep {
		path, texts, shape := slices.Clone(w.path), w.texts, *s
		w.kept = append(w.kept, kept{&shape, h, err, len(path) > 0 && path[len(path)-1].Name != nil, func(again *Walk) {
			again.path, again.texts = path, texts
			again.emit(&shape, h, err)
		}})
	}
	if w.yield == nil || w.trial {
		return
	}
	r := &recorded.Request{Header: h}
	if err == nil {
		err = s.Fill(r)
	}
	if errors.Is(err, ErrNoBody) {
		u := w.unknown(nil, 0)
		u.Suggestion = "There are headers, and no body beside them. Access logs and traces often hold none: let the program that receives the deliveries log the raw body with them, or save deliveries with hookctl listen --save DIR"
		for _, m := range s.Headers {
			if at, ok := recorded.FirstSeen(m.value, w.Names); ok && w.texts == 0 {
				u.Way = append(append(slices.Clone(w.path), Step{Name: jsontext.Quote(m.name)}), WayTo(m.value, at.At)...)
			}
		}
		err = u
	}
	if err != nil {
		r = &recorded.Request{}
	}
	w.ended = w.ended || !w.yield(r, err)
}

// unread yields what holds a signature that no delivery carries.
func (w *Walk) unread(v []byte) {
	if w.yield == nil {
		w.keep = w.keep && !Sees(v, w.Names)
		return
	}
	if w.ended {
		return
	}
	if at := w.seesNew(v); at >= 0 {
		w.Rows++
		w.ended = !w.yield(&recorded.Request{}, w.unknown(v, at))
	}
}

// unknown says that a signature stands where the walk is, and no delivery: at a byte of
// the value v there, which is nil where that is not known.
func (w *Walk) unknown(v []byte, at int) *UnknownLayout {
	u := &UnknownLayout{Where: cmp.Or(PathOf(w.path), "."), Assumed: recorded.JSON}
	if v != nil && w.texts == 0 {
		u.Way = append(slices.Clone(w.path), WayTo(v, at)...)
	}
	return u
}

// Sees reports whether a signature stands in v.
func Sees(v []byte, names []string) (found bool) {
	recorded.SignaturesIn(v, names, func(recorded.Seen) bool { found = true; return false })
	return found
}

// seesNew is where a signature stands in v that was not seen before; -1 where none does.
func (w *Walk) seesNew(v []byte) (first int) {
	first = -1
	recorded.SignaturesIn(v, w.Names, func(at recorded.Seen) bool {
		if key := at.Key(); !w.digests[key] {
			if w.digests[key] = true; first < 0 {
				first = at.At
			}
		}
		return true
	})
	return first
}

// PathOf writes a path as jq does.
func PathOf(steps []Step) string {
	b := make([]byte, 0, 64)
	for i, s := range steps {
		plain := s.Name != nil && plainName(s.Name)
		if i == 0 || plain {
			b = append(b, '.')
		}
		switch {
		case s.Name == nil:
			b = append(strconv.AppendInt(append(b, '['), int64(s.Index), 10), ']')
		case plain:
			b = append(b, s.Name[1:len(s.Name)-1]...)
		default:
			b = append(append(append(b, '['), s.Name...), ']')
		}
	}
	return string(b)
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
