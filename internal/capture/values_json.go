package capture

import (
	"bytes"
	"encoding/json"

	"github.com/hookctl/hookctl/internal/jsontext"
)

func isTrue(v []byte) bool { return string(v) == "true" || string(v) == `"true"` }

// object is a JSON object whose members are looked at one by one.
type object map[string]json.RawMessage

// objectOf takes apart JSON whose syntax has been checked; nil for what is no
// object. Of repeated members the last counts.
func objectOf(v []byte) object {
	if !isObject(v) {
		return nil
	}
	o := object{}
	jsontext.Members(v, func(quoted, value []byte) bool {
		name, _ := jsontext.Unquote(nil, quoted)
		o[string(name)] = value
		return true
	})
	return o
}

// text is a member's text; "" where it is absent, null or no string.
func (o object) text(name string) string {
	s, _ := jsontext.Unquote(nil, o[name])
	return string(s)
}

// object is a member that is an object; nil where it is not one.
func (o object) object(name string) object { return objectOf(o[name]) }

// empty reports whether a member is a string without text.
func (o object) empty(name string) bool { return string(o[name]) == `""` }

// has reports whether a member is there and not null.
func (o object) has(name string) bool { return len(o[name]) > 0 && !isNull(o[name]) }

// headers reads the member of that name, if it is there.
func (o object) headers(r *Request) (err error) {
	if o.has("headers") {
		r.Header, err = readHeaders(nil, o["headers"])
	}
	return err
}

// body takes the body from a member, base64 if that is said of it. Absent or null is
// an empty body. A large one is written over the member.
func (o object) body(name string, base64 bool, r *Request) error {
	if !o.has(name) {
		r.Body = []byte{}
		return nil
	}
	m := bodyMember{name: name, value: o[name], base64: base64}
	return m.take(r)
}

// valueOf returns what begins with the value of a member of the object at the
// start of b, which may be cut off; nil where there is no such member.
func valueOf(b []byte, name string) []byte {
	var found []byte
	jsontext.Each(b, func(quoted []byte, from, _ int) bool {
		if is(quoted, name) && from < len(b) {
			found = b[from:]
		}
		return found == nil
	})
	return found
}

// firstItem returns what begins with the first element of the array at the
// start of b; nil where there is none.
func firstItem(b []byte) []byte {
	if !isList(b) {
		return nil
	}
	return b[jsontext.SkipSpace(b, 1):]
}

// firstOf returns what begins with the first element of a list, or with what else
// text is.
func firstOf(text []byte) []byte {
	text = text[jsontext.SkipSpace(text, 0):]
	if isList(text) {
		return firstItem(text)
	}
	return text
}

// isObject, isList and isString look at the beginning of a value that may be cut off.
func isObject(b []byte) bool { return len(b) > 0 && b[0] == '{' }

func isList(b []byte) bool { return len(b) > 0 && b[0] == '[' }

func isString(b []byte) bool { return len(b) > 0 && b[0] == '"' }

// is compares a quoted name; names with escapes in them are not ours.
func is(quoted []byte, name string) bool {
	return name != "" && len(quoted) == len(name)+2 && string(quoted[1:len(quoted)-1]) == name
}

// plainString returns the index after the closing quote of a string without
// escapes and control characters, or -1.
func plainString(b []byte, i int) int {
	if !isString(b[i:]) {
		return -1
	}
	end := bytes.IndexByte(b[i+1:], '"') + i + 2
	if end == i+1 {
		return -1
	}
	for _, c := range b[i:end] {
		if c < 0x20 || c == '\\' {
			return -1
		}
	}
	return end
}
