package printed

import (
	"bytes"
	"net/textproto"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// printedHead is headers with a signature that were found in a print, with the
// bodies that stand in the same value.
type printedHead struct {
	from, to    int // where they stand
	header      recorded.Header
	method, url string
	bodies      []printedBody
	// lines says that they are lines, and plain that these begin at the left margin,
	// as in a dump.
	lines, plain bool
	// record says that it is no print: a dump, or JSON that holds headers.
	record bool
	// direct says that a value is these headers, and does not merely hold them.
	direct bool
	// above is the body in the line before header lines: theirs, or that of the ones
	// before.
	above *printedBody
	// whole is the value that holds the whole delivery: it may be a body.
	whole *printedBody
}

// maxPrintDepth is how deep in a value headers are looked for, and maxPrintMembers
// how many members of one are.
const (
	maxPrintDepth   = 8
	maxPrintMembers = 4096
)

// heads finds headers with a signature in the group from..to of t, and the bodies
// beside them. Outermost ones win, and what lies in a body beside headers is not
// looked at.
func (p *prints) heads(t *printedText, from, to, depth int) (found []printedHead) {
	var members []printedEntry
	t.entries(from, to, func(e printedEntry) bool {
		members = append(members, e)
		return len(members) < maxPrintMembers
	})
	if h, ok := p.headOf(t, members); ok {
		h.bodies, h.direct = bodiesAmong(t, members, false), depth == 0
		return []printedHead{h}
	}
	if depth == maxPrintDepth {
		return nil
	}
	at := -1 // the member that headers are in
	for _, inBodies := range []bool{false, true} {
		for i, m := range members {
			likeBody := isBodyName(t.name(m.key)) || m.key.kind == noTerm && m.value.kind == aLiteral
			if likeBody != inBodies || !p.namedIn(t, m.value.from, m.value.to) {
				continue
			}
			var inside []printedHead
			switch m.value.kind {
			case aGroup:
				inside = p.heads(t, m.value.from, m.value.to, depth+1)
			case aLiteral:
				text, _ := t.decode(m.value)
				inside = p.inText(text, depth+1)
				if len(inside) == 1 && len(inside[0].bodies) == 0 && !strings.Contains(spelling(t.name(m.key)), "header") {
					inside = nil
				}
			}
			for _, h := range inside {
				if !slices.ContainsFunc(found, func(o printedHead) bool { return p.sameSignature(o.header, h.header) && len(h.bodies) == 0 }) {
					found, at = append(found, h), i
				}
			}
		}
		if len(found) > 0 {
			break
		}
	}
	if len(found) != 1 {
		return found
	}
	h := &found[0]
	if len(h.bodies) == 0 {
		rest := slices.Delete(slices.Clone(members), at, at+1)
		h.bodies = bodiesAmong(t, rest, true)
	}
	for _, m := range members {
		switch strings.ToLower(t.name(m.key)) {
		case "method", "httpmethod":
			h.method = t.text(m.value)
		case "url", "originalurl":
			h.url = t.text(m.value)
		}
	}
	return found
}

// headOf takes the members of a group for headers: {name: value}, [(name, value)],
// [{name: .., value: ..}], [name, value, name, value] or ["name: value"].
func (p *prints) headOf(t *printedText, members []printedEntry) (h printedHead, ok bool) {
	add := func(key string, v printedTerm) {
		name, signature := p.signatureName(key)
		if !signature {
			name = headerName(key)
		}
		for _, value := range headerValues(t, v, 0) {
			if signature && !blank(value) && !likeSignature(value) {
				continue
			}
			ok = ok || signature && likeSignature(value)
			if name != "" {
				h.header = append(h.header, recorded.Field{Name: name, Value: value})
			}
		}
	}
	for i := 0; i < len(members); i++ {
		m := members[i]
		switch {
		case m.key.kind != noTerm:
			if m.value.kind == aLiteral && isNumber(t.name(m.key)) { // PHP's list
				p.addLine(t.text(m.value), &h, &ok)
				continue
			}
			add(t.name(m.key), m.value)
		case m.value.kind == aGroup:
			var pair []printedTerm
			var name, value printedTerm
			t.entries(m.value.from, m.value.to, func(e printedEntry) bool {
				switch key := strings.ToLower(t.name(e.key)); {
				case e.key.kind == noTerm:
					pair = append(pair, e.value)
				case key == "name", key == "key":
					name = e.value
				case key == "value", key == "values":
					value = e.value
				}
				return len(pair) < 3
			})
			if len(pair) == 2 {
				name, value = pair[0], pair[1]
			}
			if name.kind == aLiteral || name.kind == aWord {
				add(t.text(name), value)
			}
		case m.value.kind == aLiteral || m.value.kind == aWord:
			text := t.text(m.value)
			if p.addLine(text, &h, &ok) {
				continue
			}
			if i+1 < len(members) && members[i+1].key.kind == noTerm && members[i+1].value.kind <= aLiteral {
				add(text, members[i+1].value)
				i++
			}
		}
	}
	if env := slices.IndexFunc(members, func(m printedEntry) bool { return strings.HasPrefix(t.name(m.key), "HTTP_") }); ok && env >= 0 {
		h.header = slices.DeleteFunc(h.header, func(f recorded.Field) bool { return f.Name == strings.ToUpper(f.Name) || strings.Contains(f.Name, ".") })
		for _, m := range members {
			switch t.name(m.key) {
			case "REQUEST_METHOD":
				h.method = t.text(m.value)
			case "PATH_INFO", "REQUEST_URI":
				h.url = t.text(m.value)
			}
		}
	}
	return h, ok
}

// addLine takes "Name: value".
func (p *prints) addLine(text string, h *printedHead, ok *bool) bool {
	f, is := recorded.ParseField(text)
	if !is {
		return false
	}
	if name, signature := p.signatureName(f.Name); signature && likeSignature(f.Value) {
		f.Name, *ok = name, true
	}
	h.header = append(h.header, f)
	return true
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// headerValues are the values of a header: one, or those of a list. A list without
// quotes is one value: nothing tells where another begins.
func headerValues(t *printedText, v printedTerm, depth int) (values []string) {
	switch v.kind {
	case aLiteral:
		return []string{t.text(v)}
	case aWord:
		if s := t.text(v); !isNothing(s) {
			return []string{s}
		}
	case aGroup:
		plain := true
		t.entries(v.from, v.to, func(e printedEntry) bool {
			switch key := strings.ToLower(t.name(e.key)); {
			case key == "value", key == "values":
				values, plain = headerValues(t, e.value, depth+1), false
				return false
			case e.value.kind == aLiteral:
				plain = false
			case e.value.kind != aGroup || depth == 2:
				return true
			default:
				plain = false
			}
			values = append(values, headerValues(t, e.value, depth+1)...)
			return len(values) < maxPrintMembers
		})
		if plain {
			return []string{string(bytes.TrimSpace(t.b[v.from+1 : v.to-1]))}
		}
		return values
	}
	return nil
}

// likeSignature reports whether a value can be a signature, a spoilt one too: it
// is labelled as one, or as long as one.
func likeSignature(value string) bool {
	if len(value) > 7 && recorded.SameName(value[:7], "sha256=") {
		return true
	}
	run := 0
	for i := range len(value) {
		if c := value[i]; isWord(c) || c == '+' || c == '/' || c == '=' || c == '-' {
			if run++; run >= 43 {
				return true
			}
		} else {
			run = 0
		}
	}
	return false
}

// spelling is the same for all spellings of a header's name: in any case, with
// hyphens, underscores, blanks, dots.
func spelling(name string) string {
	words := strings.FieldsFunc(recorded.FoldName(name), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	})
	return strings.Join(words, "-")
}

// headerPrefixes are what programs put before the names of headers.
var headerPrefixes = []string{"http-", "headers-", "header-", "request-", "req-", "x-amzn-remapped-", "raw-", "webhook-", "event-", "trigger-", "original-"}

// signatureName returns the header that key names, if that is a signature.
func (p *prints) signatureName(key string) (string, bool) {
	if len(key) > 256 {
		return "", false
	}
	for s := spelling(key); ; {
		for i, n := range p.spelled {
			if s == n {
				return p.names[i], true
			}
		}
		cut := s
		for _, prefix := range headerPrefixes {
			cut = strings.TrimPrefix(cut, prefix)
		}
		if cut == s {
			return "", false
		}
		s = cut
	}
}

// headerName is the name of another header, "" where key can be none.
func headerName(key string) string {
	if i := strings.LastIndex(key, "__"); i >= 0 {
		key = key[i+2:]
	}
	if first, _, blanks := strings.Cut(key, " "); blanks && strings.HasPrefix(strings.ToLower(first), "header") { // "Headers Http User Agent"
		words := strings.Split(spelling(key), "-")[1:]
		if len(words) > 0 && words[0] == "http" {
			words = words[1:]
		}
		return textproto.CanonicalMIMEHeaderKey(strings.Join(words, "-"))
	}
	if rest, ok := strings.CutPrefix(strings.ToUpper(key), "HTTP_"); ok && strings.Contains(key, "_") {
		return textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(rest, "_", "-"))
	}
	switch key {
	case "CONTENT_TYPE", "CONTENT_LENGTH":
		return textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(key, "_", "-"))
	}
	if !recorded.IsToken(key) || isNumber(key) {
		return ""
	}
	return key
}

// sameSignature reports whether two heads carry the same signature.
func (p *prints) sameSignature(a, b recorded.Header) bool {
	for _, name := range p.names {
		for _, other := range p.names { // a provider may send it under several
			if x, y := a.Get(name), b.Get(other); x != "" && x == y {
				return true
			}
		}
	}
	return false
}

// bodyNames are what programs call a body, without what is no letter.
var bodyNames = []string{
	"body", "rawbody", "bodyraw", "requestbody", "payload", "rawpayload", "data", "rawdata", "content", "rawcontent", "requestcontent", "text", "bodytext",
	"bodystring", "bodybytes", "raw", "rawpost", "postdata", "post", "input", "rawinput", "bodybase64", "rawbodybase64", "rackinput", "reqbody", "json", "message", "requestpayload", "stringcontent", "parsed",
}

func isBodyName(name string) bool {
	if len(name) > 64 {
		return false
	}
	s := strings.ReplaceAll(spelling(name), "-", "")
	return slices.Contains(bodyNames, s)
}
