package walk

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// mostCandidates bounds how many members of an object can be its headers, or its
// body: what has more was made to cost time.
const mostCandidates = 16

// requestShape is what of a JSON object can be a request, by the names of its
// members: in any case, and whatever separates their words. Of a name that stands
// twice the last counts.
type requestShape struct {
	Headers    []headerMember
	Bodies     []bodyMember
	NullBody   bool   // there is a member for the body, and nothing in it
	marked     bool   // the body is said to be base64
	many       bool   // more candidates than are looked at
	status     bool   // as answers have one
	twice      string // the name of such a member that stands twice, and does not say the same
	method     []byte
	url        []byte
	receivedAt []byte
	answer     []byte // the handler's
	binary     bool   // there is a member "binary", as n8n has one
	inner      []member
	crowded    bool            // there are more of them
	carried    map[uint64]bool // see signatures; nil until it is asked
}

// member is one that deliveries can stand in: an object or a list, a string with one of
// them in it, or any value that is long enough for a signature.
type member struct{ quoted, value []byte }

// mostInner is how many of them are remembered.
const mostInner = 8

// notice remembers a member, if it is such a one.
func (s *requestShape) notice(quoted, value []byte) {
	if !IsObject(value) && !IsList(value) && len(value) < recorded.DigestDigits && bytes.IndexByte(value, '{') < 0 {
		return
	}
	if s.inner == nil {
		s.inner = make([]member, 0, mostInner)
	}
	if s.crowded = s.crowded || len(s.inner) == mostInner; !s.crowded {
		s.inner = append(s.inner, member{quoted, value})
	}
}

// each calls f with those members of the object, and perhaps with others, until it
// returns false.
func (s *requestShape) each(v []byte, f func(quoted, value []byte) bool) {
	if s.crowded {
		jsontext.Members(v, f)
		return
	}
	for _, m := range s.inner {
		if !f(m.quoted, m.value) {
			return
		}
	}
}

type headerMember struct {
	name  string
	value []byte
	rank  int
}

// ShapeOf looks at the members of an object whose syntax has been checked.
func ShapeOf(v []byte) (s requestShape) {
	goHeader, attributes, svix := false, false, 0
	jsontext.Members(v, func(quoted, value []byte) bool {
		s.notice(quoted, value)
		switch role, rank := RoleOf(quoted, value); role {
		case methodRole:
			prefer(&s.method, quoted, "method", value)
		case urlRole:
			prefer(&s.url, quoted, "url", value)
		case timeRole:
			prefer(&s.receivedAt, quoted, "received_at", value)
		case statusRole:
			s.status = s.status || value[0] >= '1' && value[0] <= '9'
		case headerRole:
			if !IsObject(value) && !IsList(value) && !IsString(value) && !Is(quoted, "headers") {
				break
			}
			name := memberName(quoted)
			s.Headers = slices.DeleteFunc(s.Headers, func(m headerMember) bool { return s.again(m.name, name, m.value, value) })
			if s.many = s.many || len(s.Headers) == mostCandidates; !s.many && !IsNull(value) {
				s.Headers = append(s.Headers, headerMember{name, value, rank})
			}
			goHeader = goHeader || name == "Header" || name == "header" && listsOnly(value)
		case markRole:
			s.marked = true
		case bodyRole:
			s.body(memberName(quoted), value, rank)
		default:
			if Is(quoted, "answer") {
				s.answer = value
			}
			attributes = attributes || Is(quoted, "attributes")
			s.binary = s.binary || Is(quoted, "binary")
			if Is(quoted, "ip") || Is(quoted, "response") && ValueOf(value, "status_code") != nil {
				svix++
			}
		}
		return true
	})
	for i := range s.Bodies {
		m := &s.Bodies[i]
		if m.wrap = unwrap(m.value); m.wrap.bytes != nil || IsObject(m.value) && m.Rank != base64Rank {
			continue
		}
		m.custom = (goHeader && m.name == "Body" || attributes && m.name == "data") && goBytes(m.value) ||
			goHeader && m.name == "body" && base64Text(m.value) ||
			(svix == 2 && m.name == "body" || m.name == "__ow_body") && base64JSON(m.value) || m.isHex()
		marked := m.Rank == base64Rank || s.marked && m.Rank != rawRank
		m.base64, m.custom = marked || m.custom, m.custom && !marked
	}
	slices.SortStableFunc(s.Headers, func(a, b headerMember) int { return cmp.Compare(a.rank, b.rank) })
	bestBody(s.Bodies)
	return s
}

// role is what a member can be in a request, by its name.
type role int

const (
	NoRole role = iota
	methodRole
	urlRole
	timeRole
	statusRole
	headerRole
	markRole // says that the body is base64
	bodyRole
)

// RoleOf is the role of a member, whose name is given with its quotes, and the rank of
// the name among those of the role.
func RoleOf(quoted, value []byte) (role, int) {
	var buf [longestMember]byte
	folded, ok := foldMember(buf[:0], quoted)
	if !ok {
		return NoRole, 0
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
	return NoRole, 0
}

func isHeaderMember(quoted []byte) bool {
	role, _ := RoleOf(quoted, nil)
	return role == headerRole
}

func isBodyMember(quoted []byte) bool {
	role, _ := RoleOf(quoted, nil)
	return role == bodyRole
}

// again reports whether a member has the name of one before it, whose place it takes.
func (s *requestShape) again(before, name string, one, other []byte) bool {
	if before == name && !SameJSON(one, other) {
		s.twice = name
	}
	return before == name
}

// body takes a member that can be the body.
func (s *requestShape) body(name string, value []byte, rank int) {
	s.Bodies = slices.DeleteFunc(s.Bodies, func(m bodyMember) bool { return s.again(m.name, name, m.value, value) })
	switch {
	case IsNull(value):
		s.NullBody = s.NullBody || rank < LooseRank
	case !IsString(value) && !IsObject(value) && !IsList(value) && name != "body" && name != "body_base64": // a number of something
	case rank >= textRank && !IsObject(value) && !IsList(value) && !jsonString(value):
	case len(s.Bodies) == mostCandidates:
		s.many = true
	default:
		s.Bodies = append(s.Bodies, bodyMember{name: name, value: value, Rank: rank})
	}
}

// jsonString reports whether a string holds an object or a list.
func jsonString(quoted []byte) bool {
	return IsString(quoted) && looksJSON(quoted[1:len(quoted)-1])
}

// prefer sets what a member says, and lets the one of the best name say it.
func prefer(to *[]byte, quoted []byte, best string, value []byte) {
	if IsString(value) && (*to == nil || Is(quoted, best)) {
		*to = value
	}
}

// memberName is a member's name as it is written.
func memberName(quoted []byte) string {
	name, _ := jsontext.String(quoted)
	return name
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
	if bytes.Contains(folded, []byte("base64")) && IsTrue(value) {
		return true
	}
	return bytes.HasSuffix(folded, []byte("encoding")) && bytes.EqualFold(value, []byte(`"base64"`))
}

// goBytes reports whether a string can be a []byte of Go, which its encoder writes as
// base64, as Pub/Sub writes "data" beside "attributes". A body that a program holds as a
// string has the same names.
func goBytes(quoted []byte) bool {
	if !IsString(quoted) {
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

// isHex reports whether the member is bytes as databases and programs write them.
func (m *bodyMember) isHex() bool {
	if !IsString(m.value) {
		return false
	}
	_, ok := m.hexIn(bytes.TrimPrefix(m.value[1:len(m.value)-1], []byte(`\`))) // of the escape
	return ok
}

// hexIn are the digits of such bytes: behind \x as PostgreSQL writes them, behind 0x if
// they are JSON, and alone where the name says hex.
func (m *bodyMember) hexIn(text []byte) (digits []byte, ok bool) {
	digits, ok = bytes.CutPrefix(text, []byte(`\x`))
	if !ok || m.name == "body" { // a record's, which is text
		digits = bytes.TrimPrefix(digits, []byte("0x"))
		ok = len(digits) < len(text) && len(digits) > 2 && (digits[0] == '7' || digits[0] == '5') && digits[1]|0x20 == 'b'
	}
	ok = ok || strings.HasSuffix(strings.ToLower(m.name), "hex")
	return digits, ok && len(digits)%2 == 0 && allHex(digits)
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
	return IsObject(v) && jsontext.Members(v, func(_, value []byte) bool {
		n++
		return IsList(value)
	}) && n > 0
}

// empty reports whether a member is a text without anything in it.
func (m *bodyMember) empty() bool { return string(m.value) == `""` }

// Header reads the headers that the members hold, the most exact first: a header
// that one lacks is taken from the next, and a signature that the next has otherwise
// is taken as well. Where a member cannot be read, another one will do.
func (s *requestShape) Header(names []string) (h recorded.Header, err error) {
	read := false
	for _, m := range s.Headers {
		more, bad := ReadHeaders(nil, m.value)
		if bad != nil {
			err = cmp.Or(err, bad)
			continue
		}
		if more = Canonical(more, names); !read {
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
func appendMissing(h, more recorded.Header, names []string) recorded.Header {
	given := map[string]bool{} // by name: there may be a hostile number of them
	lines := map[recorded.Field]bool{}
	for _, f := range h {
		if strings.TrimSpace(f.Value) != "" {
			given[recorded.FoldName(f.Name)] = true
			lines[recorded.Field{Name: recorded.FoldName(f.Name), Value: f.Value}] = true
		}
	}
	for _, f := range more {
		name := recorded.FoldName(f.Name)
		signature := slices.ContainsFunc(names, func(n string) bool { return recorded.SameName(n, f.Name) })
		if !given[name] || signature && !lines[recorded.Field{Name: name, Value: f.Value}] && strings.TrimSpace(f.Value) != "" {
			h = append(h, f)
		}
	}
	return h
}

// ErrTwoBodies keeps a record from being valid by the one body while a person,
// or another program, reads the other.
var ErrTwoBodies = errors.New(`"body" and "body_base64" have different bytes, and it is unknown which were delivered: remove one of them`)

var (
	ErrNoHeaders = errors.New(`no member "headers"`)
	ErrNoBody    = errors.New(`neither "body_base64" nor "body"`)
	errMany      = errors.New("it has too many members for headers or body to choose one")
)

// Lacks says what the object would have to have to be a request; nil where it is one.
func (s *requestShape) Lacks() error {
	method, _ := jsontext.String(s.method)
	switch {
	case len(s.Headers) == 0:
		return ErrNoHeaders
	case len(s.Bodies) == 0 && !s.NullBody && !s.many && !recorded.MayBeProbe(method):
		return ErrNoBody
	}
	return nil
}

// Fill makes the request whose headers have been read. It may write a large body over
// the text, and so is the last to look at it.
func (s *requestShape) Fill(r *recorded.Request) error {
	r.Answered = s.answer
	if s.twice != "" {
		r.Ambiguous = twice(s.twice)
	}
	say := func(to *string, quoted []byte) {
		if text, ok := jsontext.String(quoted); ok {
			*to = text
		}
	}
	say(&r.ReceivedAt, s.receivedAt)
	say(&r.Method, s.method)
	say(&r.URL, s.url)
	if s.many {
		return errMany
	}
	bodies := s.Bodies
	if len(bodies) == 0 {
		if !s.NullBody && !recorded.MayBeProbe(r.Method) {
			return ErrNoBody
		}
		r.Body = []byte{}
		return nil
	}
	// An empty text beside another body is one that was not kept.
	judged := max(0, slices.IndexFunc(bodies, func(m bodyMember) bool {
		return !m.empty() && (m.Rank < LooseRank) == (bodies[0].Rank < LooseRank) && m.Rank < textRank
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
		if i == judged || m.empty() && !section4 || m.Rank >= LooseRank && bodies[judged].Rank < LooseRank && !textBeside(m, &bodies[judged]) && !jsonString(m.value) && !resembles(m, &bodies[judged]) {
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
				return ErrTwoBodies
			}
			continue
		}
		if o.err == nil && SameJSON(r.Body, o.body) {
			continue
		}
		if r.Ambiguous == "" {
			r.Ambiguous = fmt.Sprintf("%q was verified as the body; %q, next to it, differs", m.name, o.name)
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
	return judged.exact() == exactBytes && text.exact() == exactText && text.Rank < textRank
}

// resembles reports whether two members hold objects half of whose names are the same: a
// member whose name does not say body is another version of it then.
func resembles(a, b *bodyMember) bool {
	if !IsObject(a.value) || len(a.value) >= recorded.LargeBody || len(b.value) >= 2*recorded.LargeBody {
		return false
	}
	other := b.value
	if IsString(other) || b.wrap.text != nil || b.wrap.bytes != nil {
		m := *b
		d, err := m.decode()
		if err != nil {
			return false
		}
		other = bytes.TrimSpace(d.body)
	}
	names, common := ObjectOf(a.value), 0
	theirs := ObjectOf(other)
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
