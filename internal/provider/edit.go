package provider

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
)

// Edit sets one member of a JSON body and leaves every other byte of it alone.
type Edit struct {
	path  []string
	value []byte // JSON
}

// Edits are several, one after the other.
type Edits []Edit

// ParseEdits reads the values of --set, see [ParseEdit].
func ParseEdits(values []string) (Edits, error) {
	var edits Edits
	for _, text := range values {
		e, err := ParseEdit(text)
		if err != nil {
			return nil, fault.Usagef("--set: %w", err).With(fault.HintOf(err))
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// Apply returns body with all members set, see [Edit.Apply].
func (list Edits) Apply(body []byte) ([]byte, error) {
	for _, e := range list {
		edited, _, err := e.Apply(body)
		if err != nil {
			return nil, err
		}
		body = edited
	}
	return body, nil
}

// ParseEdit reads "path=value": member names with dots between them (a dot
// that belongs to a name is written \., a bracket \[, a backslash \\), numbers
// for the elements of lists, list.0 or list[0]; a value that is JSON, or else a
// text. Errors are of kind Usage.
func ParseEdit(text string) (Edit, error) {
	path, value, ok := strings.Cut(text, "=")
	if !utf8.ValidString(text) {
		return Edit{}, fault.Usagef("%q is not UTF-8 text, as JSON is", text)
	}
	if !ok {
		return Edit{}, fault.Usagef("%q is not path=value", text).WithHint("for instance: data.contact.email=jane@example.com")
	}
	e := Edit{value: []byte(value)}
	if !json.Valid(e.value) {
		e.value = quote(value)
	}
	var name strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\' && i+1 < len(path) && strings.IndexByte(`.[\`, path[i+1]) >= 0:
			i++
			name.WriteByte(path[i])
		case c == '[' && bracketed(path[i:]) != "":
			if name.Len() > 0 {
				e.path = append(e.path, name.String())
				name.Reset()
			}
			name.WriteString(bracketed(path[i:]))
			i += len(name.String()) + 1
		case c == '.':
			e.path = append(e.path, name.String())
			name.Reset()
		default:
			name.WriteByte(c)
		}
	}
	e.path = append(e.path, name.String())
	for _, n := range e.path {
		if n == "" {
			return Edit{}, fault.Usagef("the path %q has an empty name in it", path).WithHint("for instance: data.contact.email=jane@example.com")
		}
	}
	return e, nil
}

// bracketed is the number in the brackets that path begins with; "" where a
// name with a bracket in it begins so.
func bracketed(path string) string {
	number, rest, closed := strings.Cut(path[1:], "]")
	if !closed || strings.Trim(number, "0123456789") != "" || rest != "" && rest[0] != '.' && rest[0] != '[' {
		return ""
	}
	return number
}

// Path is the path as it is written.
func (e Edit) Path() string {
	escape := strings.NewReplacer(`\`, `\\`, ".", `\.`, "[", `\[`)
	names := make([]string, len(e.path))
	for i, n := range e.path {
		names[i] = escape.Replace(n)
	}
	return strings.Join(names, ".")
}

// Apply returns body with the member set. Objects that the path lacks are
// made, which added says; an element can be appended to a list at the index
// behind its last one. Of repeated members the last is set. A body that is not
// JSON, and a path through something that has no members, are errors of kind
// Usage.
func (e Edit) Apply(body []byte) (edited []byte, added bool, err error) {
	if !json.Valid(body) {
		return nil, false, fault.Usagef("%s cannot be set: the body is not JSON", e.Path())
	}
	return e.set(body, 0)
}

// set works on the value that the first depth names of the path lead to.
func (e Edit) set(doc []byte, depth int) ([]byte, bool, error) {
	if depth == len(e.path) {
		return e.value, false, nil
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	open, err := dec.Token()
	if err != nil {
		return nil, false, fault.Usagef("%s cannot be set: %w", e.Path(), err)
	}
	if open != json.Delim('{') && open != json.Delim('[') {
		where := "the body"
		if depth > 0 {
			where = Edit{path: e.path[:depth]}.Path()
		}
		return nil, false, fault.Usagef("%s cannot be set: %s is neither an object nor a list", e.Path(), where)
	}
	list := open == json.Delim('[')
	from, to := -1, -1             // of the value to be set
	end, n := dec.InputOffset(), 0 // where the next one would be put, and how many there are
	for ; dec.More(); n++ {
		name := strconv.Itoa(n)
		if !list {
			token, err := dec.Token()
			if err != nil {
				return nil, false, fault.Usagef("%s cannot be set: %w", e.Path(), err)
			}
			name, _ = token.(string)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, false, fault.Usagef("%s cannot be set: %w", e.Path(), err)
		}
		end = dec.InputOffset()
		if name == e.path[depth] {
			from, to = int(end)-len(value), int(end)
		}
	}
	if from >= 0 {
		inner, added, err := e.set(doc[from:to], depth+1)
		if err != nil {
			return nil, false, err
		}
		return splice(doc, from, to, inner), added, nil
	}
	if list && e.path[depth] != strconv.Itoa(n) {
		return nil, false, fault.Usagef("%s cannot be set: %s is not the index of one of the %d elements, or of the next", e.Path(), e.path[depth], n)
	}
	return splice(doc, int(end), int(end), e.member(depth, list, n > 0)), true, nil
}

// member is what is put into an object or a list that lacks it: the value,
// within the objects of the rest of the path.
func (e Edit) member(depth int, list, comma bool) []byte {
	value := e.value
	for i := len(e.path) - 1; i > depth; i-- {
		value = append(append(append([]byte{'{'}, quote(e.path[i])...), ':'), append(bytes.Clone(value), '}')...)
	}
	if !list {
		value = append(append(quote(e.path[depth]), ':'), value...)
	}
	if comma {
		value = append([]byte{','}, value...)
	}
	return value
}

func splice(doc []byte, from, to int, with []byte) []byte {
	out := make([]byte, 0, len(doc)-(to-from)+len(with))
	return append(append(append(out, doc[:from]...), with...), doc[to:]...)
}

// quote is a text as JSON, with no more escapes than JSON needs.
func quote(text string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(text) != nil { // impossible for a text
		return []byte(`""`)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
