package capture

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// mostCandidates bounds how many members of an object can be its headers, or its
// body: what has more was made to cost time.
const mostCandidates = 16

// requestShape is what of a JSON object can be a request, by the names of its
// members: in any case, and whatever separates their words. Of a name that stands
// twice the last counts.
type requestShape struct {
	headers    []headerMember
	bodies     []bodyMember
	nullBody   bool // there is a member for the body, and nothing in it
	marked     bool // the body is said to be base64
	many       bool // more candidates than are looked at
	status     bool // as answers have one
	method     []byte
	url        []byte
	receivedAt []byte
	answer     []byte // the handler's
}

type headerMember struct {
	name  string
	value []byte
	rank  int
}

// shapeOf looks at the members of an object whose syntax has been checked.
func shapeOf(v []byte) (s requestShape) {
	goHeader, attributes, svix := false, false, 0
	jsontext.Members(v, func(quoted, value []byte) bool {
		switch role, rank := roleOf(quoted, value); role {
		case methodRole:
			prefer(&s.method, quoted, "method", value)
		case urlRole:
			prefer(&s.url, quoted, "url", value)
		case timeRole:
			prefer(&s.receivedAt, quoted, "received_at", value)
		case statusRole:
			s.status = s.status || value[0] >= '1' && value[0] <= '9'
		case headerRole:
			if !isObject(value) && !isList(value) && !isString(value) && !is(quoted, "headers") {
				break
			}
			name := memberName(quoted)
			s.headers = slices.DeleteFunc(s.headers, func(m headerMember) bool { return m.name == name })
			if s.many = s.many || len(s.headers) == mostCandidates; !s.many && !isNull(value) {
				s.headers = append(s.headers, headerMember{name, value, rank})
			}
			goHeader = goHeader || name == "Header" || name == "header" && listsOnly(value)
		case markRole:
			s.marked = true
		case bodyRole:
			s.body(memberName(quoted), value, rank)
		default:
			if is(quoted, "answer") {
				s.answer = value
			}
			attributes = attributes || is(quoted, "attributes")
			if is(quoted, "ip") || is(quoted, "response") && valueOf(value, "status_code") != nil {
				svix++
			}
		}
		return true
	})
	for i := range s.bodies {
		m := &s.bodies[i]
		if m.wrap = unwrap(m.value); m.wrap.bytes != nil || isObject(m.value) && m.rank != base64Rank {
			continue
		}
		m.custom = (goHeader && m.name == "Body" || attributes && m.name == "data") && goBytes(m.value) ||
			goHeader && m.name == "body" && base64Text(m.value) ||
			(svix == 2 && m.name == "body" || m.name == "__ow_body") && base64JSON(m.value)
		marked := m.rank == base64Rank || s.marked && m.rank != rawRank
		m.base64, m.custom = marked || m.custom, m.custom && !marked
	}
	slices.SortStableFunc(s.headers, func(a, b headerMember) int { return cmp.Compare(a.rank, b.rank) })
	bestBody(s.bodies)
	return s
}

// role is what a member can be in a request, by its name.
type role int

const (
	noRole role = iota
	methodRole
	urlRole
	timeRole
	statusRole
	headerRole
	markRole // says that the body is base64
	bodyRole
)

// roleOf is the role of a member, whose name is given with its quotes, and the rank of
// the name among those of the role.
func roleOf(quoted, value []byte) (role, int) {
	var buf [longestMember]byte
	folded, ok := foldMember(buf[:0], quoted)
	if !ok {
		return noRole, 0
	}
	switch string(folded) {
	case "method", "httpmethod", "requestmethod", "verb":
		return methodRole, 0
	case "url", "uri", "requesturl", "requesturi", "path", "rawpath", "originalurl":
		return urlRole, 0
	case "receivedat", "timestamp", "time", "createdat", "starteddatetime", "date":
		return timeRole, 0
	case "status", "statuscode":
		return statusRole, 0
	}
	if rank := headerRank(folded); rank > 0 {
		return headerRole, rank
	}
	if marksBase64(folded, value) {
		return markRole, 0
	}
	if rank := bodyRank(string(folded)); rank > 0 {
		return bodyRole, rank
	}
	return noRole, 0
}

func isHeaderMember(quoted []byte) bool {
	role, _ := roleOf(quoted, nil)
	return role == headerRole
}

func isBodyMember(quoted []byte) bool {
	role, _ := roleOf(quoted, nil)
	return role == bodyRole
}

// body takes a member that can be the body.
func (s *requestShape) body(name string, value []byte, rank int) {
	s.bodies = slices.DeleteFunc(s.bodies, func(m bodyMember) bool { return m.name == name })
	switch {
	case isNull(value):
		s.nullBody = s.nullBody || rank < looseRank
	case !isString(value) && !isObject(value) && !isList(value) && name != "body" && name != "body_base64": // a number of something
	case rank >= textRank && !isObject(value) && !isList(value) && !jsonString(value):
	case len(s.bodies) == mostCandidates:
		s.many = true
	default:
		s.bodies = append(s.bodies, bodyMember{name: name, value: value, rank: rank})
	}
}

// jsonString reports whether a string holds an object or a list.
func jsonString(quoted []byte) bool {
	return isString(quoted) && looksJSON(quoted[1:len(quoted)-1])
}

// prefer sets what a member says, and lets the one of the best name say it.
func prefer(to *[]byte, quoted []byte, best string, value []byte) {
	if isString(value) && (*to == nil || is(quoted, best)) {
		*to = value
	}
}

// memberName is a member's name as it is written.
func memberName(quoted []byte) string {
	name, _ := jsontext.Unquote(nil, quoted)
	return string(name)
}

// headerRank places the names of members that hold the headers of a request; 0 for
// others. What keeps several lines of a header comes first.
func headerRank(folded []byte) int {
	switch f := string(folded); {
	case f == "multivalueheaders":
		return 1
	case f == "headers":
		return 2
	case !bytes.Contains(folded, []byte("header")), len(f) > len(flattened) && strings.HasPrefix(f, flattened), bytes.Contains(folded, []byte("response")), strings.HasPrefix(f, "res"), strings.HasPrefix(f, "rsp"):
		return 0
	case f == "header", bytes.HasSuffix(folded, []byte("requestheaders")):
		return 3
	}
	return 4
}

// marksBase64 reports whether a member says of the body that it is base64.
func marksBase64(folded, value []byte) bool {
	if bytes.Contains(folded, []byte("base64")) && isTrue(value) {
		return true
	}
	return bytes.HasSuffix(folded, []byte("encoding")) && bytes.EqualFold(value, []byte(`"base64"`))
}

// goBytes reports whether a string can be a []byte of Go, which its encoder writes as
// base64, as Pub/Sub writes "data" beside "attributes". A body that a program holds as a
// string has the same names.
func goBytes(quoted []byte) bool {
	if !isString(quoted) {
		return false
	}
	text := quoted[1 : len(quoted)-1]
	if len(text) == 0 || len(text)%4 != 0 {
		return false
	}
	for i, c := range bytes.TrimRight(text, "=") {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/') || i == len(text) {
			return false
		}
	}
	return len(text)-len(bytes.TrimRight(text, "=")) <= 2
}

// base64JSON reports whether a string can be such a []byte that holds JSON, by its
// first and last bytes.
func base64JSON(quoted []byte) bool {
	if !goBytes(quoted) {
		return false
	}
	text := quoted[1 : len(quoted)-1]
	head, errHead := jsontext.DecodeBase64(bytes.Clone(text[:4]))
	tail, errTail := jsontext.DecodeBase64(bytes.Clone(text[max(0, len(text)-8):]))
	return errHead == nil && errTail == nil && looksJSON(slices.Concat(head, tail))
}

// base64Text reports whether a string can be such a []byte that begins as a text does.
func base64Text(quoted []byte) bool {
	if !goBytes(quoted) {
		return false
	}
	head, err := jsontext.DecodeBase64(bytes.Clone(quoted[1:min(len(quoted)-1, 65)]))
	for cut := 0; err == nil && cut < utf8.UTFMax && cut < len(head); cut++ {
		if utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	return false
}

// listsOnly reports whether an object has members, and nothing but lists in them, as a
// http.Header of Go.
func listsOnly(v []byte) bool {
	n := 0
	return isObject(v) && jsontext.Members(v, func(_, value []byte) bool {
		n++
		return isList(value)
	}) && n > 0
}

// empty reports whether a member is a text without anything in it.
func (m *bodyMember) empty() bool { return string(m.value) == `""` }

// header reads the headers that the members hold, the most exact first: a header
// that one lacks is taken from the next, and a signature that the next has otherwise
// is taken as well. Where a member cannot be read, another one will do.
func (s *requestShape) header(names []string) (h Header, err error) {
	read := false
	for _, m := range s.headers {
		more, bad := readHeaders(nil, m.value)
		if bad != nil {
			err = cmp.Or(err, bad)
			continue
		}
		if more = canonical(more, names); !read {
			h, read = more, true
			continue
		}
		h = appendMissing(h, more, names)
	}
	if read {
		err = nil
	}
	return h, err
}

// appendMissing adds the lines of more whose names h has not got, or has with
// nothing but blank values, and signatures that h has not got.
func appendMissing(h, more Header, names []string) Header {
	given := map[string]bool{} // by name: there may be a hostile number of them
	lines := map[Field]bool{}
	for _, f := range h {
		if strings.TrimSpace(f.Value) != "" {
			given[foldName(f.Name)] = true
			lines[Field{foldName(f.Name), f.Value}] = true
		}
	}
	for _, f := range more {
		name := foldName(f.Name)
		signature := slices.ContainsFunc(names, func(n string) bool { return SameName(n, f.Name) })
		if !given[name] || signature && !lines[Field{name, f.Value}] && strings.TrimSpace(f.Value) != "" {
			h = append(h, f)
		}
	}
	return h
}

// errTwoBodies keeps a record from being valid by the one body while a person,
// or another program, reads the other.
var errTwoBodies = errors.New(`"body" and "body_base64" are not the same bytes, and nothing tells which was delivered: leave one of them out`)

var (
	errNoHeaders = errors.New(`no member "headers"`)
	errNoBody    = errors.New(`neither "body_base64" nor "body"`)
	errMany      = errors.New("it has so many members for headers or body that none is believed")
)

// lacks says what the object would have to have to be a request; nil where it is one.
func (s *requestShape) lacks() error {
	method, _ := jsontext.Unquote(nil, s.method)
	switch {
	case len(s.headers) == 0:
		return errNoHeaders
	case len(s.bodies) == 0 && !s.nullBody && !s.many && !mayBeProbe(string(method)):
		return errNoBody
	}
	return nil
}

// fill makes the request whose headers have been read. It may write a large body over
// the text, and so is the last to look at it.
func (s *requestShape) fill(r *Request) error {
	r.Answered = s.answer
	for to, v := range map[*string][]byte{&r.ReceivedAt: s.receivedAt, &r.Method: s.method, &r.URL: s.url} {
		if text, ok := jsontext.Unquote(nil, v); ok {
			*to = string(text)
		}
	}
	if s.many {
		return errMany
	}
	bodies := s.bodies
	if len(bodies) == 0 {
		if !s.nullBody && !mayBeProbe(r.Method) {
			return errNoBody
		}
		r.Body = []byte{}
		return nil
	}
	// An empty text beside another body is one that was not kept.
	judged := max(0, slices.IndexFunc(bodies, func(m bodyMember) bool {
		return !m.empty() && (m.rank < looseRank) == (bodies[0].rank < looseRank) && m.rank < textRank
	}))
	if i, j := named(bodies, "body"), named(bodies, "body_base64"); i >= 0 && j >= 0 {
		judged = j
	}
	type other struct {
		name string
		decoded
		err error
	}
	var others []other
	for i := range bodies {
		m := &bodies[i]
		section4 := (m.name == "body" || m.name == "body_base64") && bodies[judged].name == "body_base64"
		if i == judged || m.empty() && !section4 || m.rank >= looseRank && bodies[judged].rank < looseRank && !textBeside(m, &bodies[judged]) && !jsonString(m.value) && !resembles(m, &bodies[judged]) {
			continue
		}
		d, err := m.decode()
		others = append(others, other{m.name, d, err})
	}
	m := &bodies[judged]
	if err := m.take(r); err != nil {
		return err
	}
	for _, o := range others {
		if m.name == "body_base64" && o.name == "body" {
			if o.err != nil {
				return o.err
			}
			if !bytes.Equal(o.body, r.Body) {
				return errTwoBodies
			}
			continue
		}
		if o.err == nil && sameJSON(r.Body, o.body) {
			continue
		}
		if r.Ambiguous == "" {
			r.Ambiguous = fmt.Sprintf("%q was judged as the body; %q beside it says something else", m.name, o.name)
		}
		if o.err == nil {
			r.Others = append(r.Others, o.body)
		}
		if o.other != nil {
			r.Others = append(r.Others, o.other)
		}
	}
	return nil
}

// textBeside reports whether a member is a text beside the exact bytes: whatever it
// says, it is what a person reads as the body.
func textBeside(text, judged *bodyMember) bool {
	return judged.exact() == exactBytes && text.exact() == exactText && text.rank < textRank
}

// resembles reports whether two members hold objects half of whose names are the same: a
// member whose name does not say body is another version of it then.
func resembles(a, b *bodyMember) bool {
	if !isObject(a.value) || len(a.value) >= largeBody || len(b.value) >= 2*largeBody {
		return false
	}
	other := b.value
	if isString(other) || b.wrap.text != nil || b.wrap.bytes != nil {
		m := *b
		d, err := m.decode()
		if err != nil {
			return false
		}
		other = bytes.TrimSpace(d.body)
	}
	names, common := objectOf(a.value), 0
	theirs := objectOf(other)
	for name := range names {
		if _, ok := theirs[name]; ok {
			common++
		}
	}
	return common > 0 && 2*common >= max(len(names), len(theirs))
}

// named is the index of the member of that name, or -1.
func named(bodies []bodyMember, name string) int {
	return slices.IndexFunc(bodies, func(m bodyMember) bool { return m.name == name })
}
