package walk

import (
	"encoding/json"
	"fmt"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
)

func IsTrue(v []byte) bool { return string(v) == "true" || string(v) == `"true"` }

// Object is a JSON object whose members are looked at one by one.
type Object map[string]json.RawMessage

// ObjectOf takes apart JSON whose syntax has been checked; nil for what is no
// object. Of repeated members the last counts.
func ObjectOf(v []byte) Object {
	if !IsObject(v) {
		return nil
	}
	o := Object{}
	jsontext.Members(v, func(quoted, value []byte) bool {
		name, _ := jsontext.String(quoted)
		o[name] = value
		return true
	})
	return o
}

// Repeated says that a member stands twice in an object, or in one inside of it, and
// does not say the same, or that there are too many to look for that; else "".
func Repeated(v []byte, depth int) (text string) {
	const (
		deepest  = 16
		mostSeen = 1 << 16
	)
	if depth == deepest {
		return ""
	}
	seen := map[string][]byte{}
	jsontext.Each(v, func(quoted []byte, from, to int) bool {
		value := v[from:max(from, to)]
		if quoted != nil {
			key, _ := jsontext.String(quoted)
			if before, ok := seen[key]; ok && !SameJSON(before, value) {
				text = twice(key)
			} else if seen[key] = value; len(seen) > mostSeen {
				text = fmt.Sprintf("an object has more than %d members: they were not checked for duplicates", mostSeen)
			}
		}
		if text == "" && (IsObject(value) || IsList(value)) {
			text = Repeated(value, depth+1)
		}
		return text == ""
	})
	return text
}

func twice(name string) string {
	return fmt.Sprintf("%q appears twice, with different values: the last one was verified, because most programs read that one", name)
}

// Text is a member's text; "" where it is absent, null or no string.
func (o Object) Text(name string) string {
	s, _ := jsontext.String(o[name])
	return s
}

// Object is a member that is an object; nil where it is not one.
func (o Object) Object(name string) Object { return ObjectOf(o[name]) }

// Empty reports whether a member is a string without text.
func (o Object) Empty(name string) bool { return string(o[name]) == `""` }

// Has reports whether a member is there and not null.
func (o Object) Has(name string) bool { return len(o[name]) > 0 && !IsNull(o[name]) }

// Headers reads the member of that name, if it is there.
func (o Object) Headers(r *recorded.Request) (err error) {
	if o.Has("headers") {
		r.Header, err = ReadHeaders(nil, o["headers"])
	}
	return err
}

// Body takes the body from a member, base64 if that is said of it. Absent or null is
// an empty body. A large one is written over the member.
func (o Object) Body(name string, base64 bool, r *recorded.Request) error {
	if !o.Has(name) {
		r.Body = []byte{}
		return nil
	}
	m := bodyMember{name: name, value: o[name], base64: base64}
	return m.take(r)
}

// ValueOf returns what begins with the value of a member of the object at the
// start of b, which may be cut off; nil where there is no such member.
func ValueOf(b []byte, name string) []byte {
	var found []byte
	jsontext.Each(b, func(quoted []byte, from, _ int) bool {
		if Is(quoted, name) && from < len(b) {
			found = b[from:]
		}
		return found == nil
	})
	return found
}

// FirstItem returns what begins with the first element of the array at the
// start of b; nil where there is none.
func FirstItem(b []byte) []byte {
	if !IsList(b) {
		return nil
	}
	return b[jsontext.SkipSpace(b, 1):]
}

// FirstOf returns what begins with the first element of a list, or with what else
// Text is.
func FirstOf(text []byte) []byte {
	text = text[jsontext.SkipSpace(text, 0):]
	if IsList(text) {
		return FirstItem(text)
	}
	return text
}

// IsObject, IsList and IsString look at the beginning of a value that may be cut off.
func IsObject(b []byte) bool { return len(b) > 0 && b[0] == '{' }

func IsList(b []byte) bool { return len(b) > 0 && b[0] == '[' }

func IsString(b []byte) bool { return len(b) > 0 && b[0] == '"' }

// Is compares a quoted name; names with escapes in them are not ours.
func Is(quoted []byte, name string) bool {
	return name != "" && len(quoted) == len(name)+2 && string(quoted[1:len(quoted)-1]) == name
}

// PlainString returns the index after the closing quote of a string without
// escapes and control characters, or -1.
func PlainString(b []byte, i int) int {
	if !IsString(b[i:]) {
		return -1
	}
	end := jsontext.SkipPlain(b, i+1)
	if end == len(b) || b[end] != '"' {
		return -1
	}
	return end + 1
}
