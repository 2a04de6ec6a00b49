package jsontext

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
)

// Assignment sets one member of a JSON body and leaves every other byte of it alone.
type Assignment struct {
	path  []string
	value []byte // JSON
}

// Assignments are several, one after the other.
type Assignments []Assignment

// ParseAssignments reads the values of --set, see [ParseAssignment].
func ParseAssignments(values []string) (Assignments, error) {
	var list Assignments
	for _, text := range values {
		a, err := ParseAssignment(text)
		if err != nil {
			return nil, fault.Usagef("--set: %w", err).With(fault.HintOf(err))
		}
		list = append(list, a)
	}
	return list, nil
}

// Apply returns body with all members set, see [Assignment.Apply].
func (list Assignments) Apply(body []byte) ([]byte, error) {
	for _, a := range list {
		edited, _, err := a.Apply(body)
		if err != nil {
			return nil, err
		}
		body = edited
	}
	return body, nil
}

// ParseAssignment reads "path=value": member names with dots between them (a dot
// that belongs to a name is written \., a bracket \[, a backslash \\), numbers
// for the elements of lists, list.0 or list[0]; a value that is JSON, or else a
// text. Errors are of kind Usage.
func ParseAssignment(text string) (Assignment, error) {
	path, value, ok := strings.Cut(text, "=")
	if !utf8.ValidString(text) {
		return Assignment{}, fault.Usagef("%q is not UTF-8 text, which JSON must be", text)
	}
	if !ok {
		return Assignment{}, fault.Usagef("%q is not path=value", text).WithHint("for instance: data.contact.email=jane@example.com")
	}
	a := Assignment{value: []byte(value)}
	if !json.Valid(a.value) {
		a.value = Quote(value)
	}
	var name strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\' && i+1 < len(path) && strings.IndexByte(`.[\`, path[i+1]) >= 0:
			i++
			name.WriteByte(path[i])
		case c == '[' && bracketed(path[i:]) != "":
			if name.Len() > 0 {
				a.path = append(a.path, name.String())
				name.Reset()
			}
			name.WriteString(bracketed(path[i:]))
			i += len(name.String()) + 1
		case c == '.':
			a.path = append(a.path, name.String())
			name.Reset()
		default:
			name.WriteByte(c)
		}
	}
	a.path = append(a.path, name.String())
	for _, n := range a.path {
		if n == "" {
			return Assignment{}, fault.Usagef("the path %q contains an empty name", path).WithHint("for instance: data.contact.email=jane@example.com")
		}
	}
	return a, nil
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
func (a Assignment) Path() string {
	escape := strings.NewReplacer(`\`, `\\`, ".", `\.`, "[", `\[`)
	names := make([]string, len(a.path))
	for i, n := range a.path {
		names[i] = escape.Replace(n)
	}
	return strings.Join(names, ".")
}

// Apply returns body with the member set. Objects that the path lacks are
// made, which added says; an element can be appended to a list at the index
// behind its last one. Of repeated members the last is set. A body that is not
// JSON, and a path through something that has no members, are errors of kind
// Usage.
func (a Assignment) Apply(body []byte) (edited []byte, added bool, err error) {
	if !json.Valid(body) {
		return nil, false, fault.Usagef("%s cannot be set: the body is not JSON", a.Path())
	}
	return a.set(body, 0)
}

// set works on the value that the first depth names of the path lead to.
func (a Assignment) set(doc []byte, depth int) ([]byte, bool, error) {
	if depth == len(a.path) {
		return a.value, false, nil
	}
	open := SkipSpace(doc, 0)
	if doc[open] != '{' && doc[open] != '[' {
		where := "the body"
		if depth > 0 {
			where = Assignment{path: a.path[:depth]}.Path()
		}
		return nil, false, fault.Usagef("%s cannot be set: %s is neither an object nor a list", a.Path(), where)
	}
	list := doc[open] == '['
	from, to := -1, -1  // of the value to be set
	end, n := open+1, 0 // where the next one would be put, and how many there are
	Each(doc, func(quoted []byte, at, behind int) bool {
		name := strconv.Itoa(n)
		if !list {
			text, _ := Unquote(nil, quoted)
			name = string(text)
		}
		if name == a.path[depth] {
			from, to = at, behind
		}
		end, n = behind, n+1
		return true
	})
	if from >= 0 {
		inner, added, err := a.set(doc[from:to], depth+1)
		if err != nil {
			return nil, false, err
		}
		return slices.Concat(doc[:from], inner, doc[to:]), added, nil
	}
	if list && a.path[depth] != strconv.Itoa(n) {
		return nil, false, fault.Usagef("%s cannot be set: %s is not the index of one of the %d elements, or of the next", a.Path(), a.path[depth], n)
	}
	return slices.Concat(doc[:end], a.member(depth, list, n > 0), doc[end:]), true, nil
}

// member is what is put into an object or a list that lacks it: the value,
// within the objects of the rest of the path.
func (a Assignment) member(depth int, list, comma bool) []byte {
	value := a.value
	for i := len(a.path) - 1; i > depth; i-- {
		value = slices.Concat([]byte("{"), Quote(a.path[i]), []byte(":"), value, []byte("}"))
	}
	if !list {
		value = slices.Concat(Quote(a.path[depth]), []byte(":"), value)
	}
	if comma {
		value = slices.Concat([]byte(","), value)
	}
	return value
}
