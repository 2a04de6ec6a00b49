package walk

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// ReadHeaders takes the headers of a request in any of the shapes that tools
// write, in their order:
//
//	{"Name": "value"}, {"Name": ["value", ...]}, {"Name": {"value": "value"}}
//	{"Name": [{"key": "Name", "value": "value"}]}
//	[["Name", "value"], ...], [{"name": "Name", "value": "value"}, ...], [{"Name": "value"}, ...]
//	["Name", "value", ...], ["Name: value", ...]
//	"Name: value\r\n...", and JSON of the kinds above in a string
//	{"headers": one of these}, and one of these in what says of which type it is
//
// The syntax of v has been checked.
func ReadHeaders(to recorded.Header, v []byte) (recorded.Header, error) {
	if v = untyped(v); IsString(v) {
		text, _ := jsontext.Unquote(nil, v)
		inner := bytes.TrimSpace(text)
		if !IsObject(inner) && !IsList(inner) {
			return headerBlock(to, string(text))
		}
		if _, err := ParseJSON(inner); err != nil {
			return to, fmt.Errorf(`"headers" is a string that is not JSON: %w`, err)
		}
		v = inner
	}
	var err error
	switch {
	case IsObject(v):
		if inside := headersInside(v); inside != nil {
			v = inside
		}
		if IsList(v) {
			return headerList(to, v)
		}
		texts := jsontext.NewSlab(min(len(v), 16<<10))
		if len(v) > len("{}") {
			to = slices.Grow(to, 8) // as many as most have
		}
		jsontext.Members(v, func(quoted, value []byte) bool {
			name, _ := texts.String(quoted)
			to, err = appendValues(to, texts, name, value)
			return err == nil
		})
	case IsList(v):
		to, err = headerList(to, v)
	default:
		err = errors.New(`"headers" is neither an object nor a list`)
	}
	return to, err
}

// untyped takes off what says of which type a value is, as databases export it: {"S": ...}
// and {"M": ...} of DynamoDB, {"stringValue": ...} and {"mapValue": {"fields": ...}} of
// Firestore. No more is nested, and each level costs as much as v is long.
func untyped(v []byte) []byte {
	for range 2 {
		if !IsObject(v) {
			break
		}
		n, inner := 0, []byte(nil)
		jsontext.Members(v, func(quoted, value []byte) bool {
			switch n++; string(quoted) {
			case `"S"`, `"M"`, `"stringValue"`, `"mapValue"`, `"fields"`:
				inner = value
			}
			return n == 1
		})
		if n != 1 || inner == nil {
			break
		}
		v = inner
	}
	return v
}

// headersInside is the member "headers" of an object that holds, say, the first line
// of a request beside them; nil where there is none.
func headersInside(v []byte) (inside []byte) {
	jsontext.Members(v, func(quoted, value []byte) bool {
		if IsObject(value) || IsList(value) && bytes.ContainsAny(FirstItem(value)[:1], "{[") {
			if folded, ok := foldMember(nil, quoted); ok && string(folded) == "headers" {
				inside = value
			}
		}
		return true
	})
	return inside
}

// headerList takes a list: of pairs, of objects, of names and values by turns, or of
// lines.
func headerList(to recorded.Header, v []byte) (_ recorded.Header, err error) {
	var texts []string
	other := false
	elements(v, func(e []byte) bool {
		if IsString(e) {
			text, _ := jsontext.String(e)
			texts = append(texts, text)
		} else {
			other = true
			to, err = headerPair(to, e)
		}
		return err == nil
	})
	switch {
	case err != nil || len(texts) == 0:
	case other:
		err = errHeaderEntry
	case recorded.IsToken(texts[0]) && len(texts)%2 == 0:
		for i := 0; i < len(texts); i += 2 {
			to = append(to, recorded.Field{Name: texts[i], Value: texts[i+1]})
		}
	default:
		to, err = headerBlock(to, strings.Join(texts, "\n"))
	}
	return to, err
}

var errHeaderEntry = errors.New(`an entry of "headers" is neither a pair nor {"name", "value"}`)

// headerPair takes ["Name", "value"], an object with a name and a value, or one whose
// only member is a header.
func headerPair(to recorded.Header, e []byte) (recorded.Header, error) {
	var name, value []byte
	n, disabled := 0, false
	if IsList(e) {
		elements(e, func(v []byte) bool {
			switch n++; n {
			case 1:
				name = v
			case 2:
				value = v
			}
			return n < 3
		})
		if n != 2 {
			return to, errHeaderEntry
		}
	} else {
		var single [2][]byte
		jsontext.Members(e, func(quoted, v []byte) bool {
			n++
			single = [2][]byte{quoted, v}
			folded, _ := foldMember(nil, quoted)
			switch string(folded) {
			case "name", "key", "header", "field", "headername":
				name = v
			case "value", "values", "val", "headervalue", "stringvalue", "rawvalue":
				if value == nil || IsNull(value) {
					value = v
				}
			case "disabled":
				disabled = IsTrue(v)
			}
			return true
		})
		if name == nil && n == 1 {
			name, value = single[0], single[1]
		}
	}
	text, ok := jsontext.String(name)
	switch {
	case !ok || text == "":
		return to, errHeaderEntry
	case disabled:
		return to, nil
	case value == nil: // a name that nothing is said of
		return append(to, recorded.Field{Name: text}), nil
	}
	return appendValues(to, nil, text, value)
}

// headerBlock takes the lines of a head.
func headerBlock(to recorded.Header, text string) (recorded.Header, error) {
	text = strings.Trim(text, "\r\n")
	if text == "" {
		return to, nil
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		if line = strings.TrimRight(line, "\r"); line == "" || i > 0 && !message.IsHeadLine(line) {
			return to, errHeaderBlock
		}
		lines[i] = line
	}
	var r recorded.Request
	if err := message.ParseHead(lines, &r); err != nil || len(r.Header) == 0 {
		return to, errHeaderBlock
	}
	return append(to, r.Header...), nil
}

var errHeaderBlock = errors.New(`"headers" is neither an object nor a list, nor lines of "Name: value"`)

// appendValues takes a string, or a list of them; a number or a boolean as it is
// written, since hand-made captures say "Content-Length": 12; null is no header at
// all; and objects that hold the value as a member, as queues do.
func appendValues(to recorded.Header, texts *jsontext.Slab, name string, value []byte) (_ recorded.Header, err error) {
	add := func(v []byte) bool {
		if v = untyped(v); IsObject(v) {
			v = heldValue(v)
		}
		switch text, ok := texts.String(v); {
		case ok:
			to = append(to, recorded.Field{Name: name, Value: text})
		case len(v) == 0 || IsObject(v) || IsList(v):
			err = fmt.Errorf("header %q is neither a string nor a list of strings", name)
		case !IsNull(v):
			to = append(to, recorded.Field{Name: name, Value: string(v)})
		}
		return err == nil
	}
	if IsObject(value) {
		if held := heldValue(value); IsList(held) {
			value = held
		}
	}
	if IsList(value) {
		elements(value, add)
	} else {
		add(value)
	}
	return to, err
}

// heldValue is the value of a header that is an object; nil where it has none.
func heldValue(v []byte) (held []byte) {
	jsontext.Members(v, func(quoted, value []byte) bool {
		folded, _ := foldMember(nil, quoted)
		switch string(folded) {
		case "value", "values", "stringvalue", "stringlistvalues":
			if held == nil || IsNull(held) || bytes.Equal(held, []byte("[]")) {
				held = value
			}
		}
		return true
	})
	return held
}

// elements calls f with each element of a list, until it returns false.
func elements(list []byte, f func(value []byte) bool) {
	jsontext.Each(list, func(_ []byte, from, to int) bool { return to >= 0 && f(list[from:to]) })
}

// Canonical gives the signatures among the headers the names that are looked for,
// where a program spelled them in its own way: headers are not signed, and their
// names mean the same in any case, with - and _ alike, and behind what servers put
// before them. Of two that are then the same one is left; two that differ stay.
func Canonical(h recorded.Header, names []string) recorded.Header {
	if !slices.ContainsFunc(h, func(f recorded.Field) bool {
		if slices.Contains(names, f.Name) {
			return false // as most signatures are
		}
		name, ok := spelled(f.Name, names)
		return ok && !recorded.SameName(f.Name, name)
	}) {
		return h
	}
	has := map[recorded.Field]bool{}
	for _, f := range h {
		if name, ok := spelled(f.Name, names); ok && recorded.SameName(f.Name, name) {
			has[recorded.Field{Name: name, Value: f.Value}] = true
		}
	}
	kept := h[:0]
	for _, f := range h {
		name, ok := spelled(f.Name, names)
		if ok && !recorded.SameName(f.Name, name) {
			f.Name = name
			if has[f] || strings.TrimSpace(f.Value) == "" {
				continue
			}
			has[f] = true
		}
		kept = append(kept, f)
	}
	return kept
}

// spelled finds the name that is meant among those that are looked for: in any case,
// with separators or without, behind HTTP_ (CGI, WSGI, Rack, PHP), x-amzn-remapped-
// or the path of a flattened member.
func spelled[T string | []byte](name T, names []string) (string, bool) {
	for _, want := range names {
		i, j := len(name), len(want)
		if i == 0 || j == 0 || lower(name[i-1]) != lower(want[j-1]) && !isSeparator(name[i-1]) && !isSeparator(want[j-1]) {
			continue // as most names are
		}
		for {
			for i > 0 && isSeparator(name[i-1]) {
				i--
			}
			for j > 0 && isSeparator(want[j-1]) {
				j--
			}
			if i == 0 || j == 0 || lower(name[i-1]) != lower(want[j-1]) {
				break
			}
			i, j = i-1, j-1
		}
		if j > 0 || strings.Trim(want, "-_ ") == "" {
			continue
		}
		if i == 0 || name[i-1] == '.' {
			return want, true
		}
		before := foldText(make([]byte, 0, 24), []byte(name[:min(i, 20)]))
		if string(before) == "http" || string(before) == "xamznremapped" || string(before) == flattened {
			return want, true
		}
	}
	return "", false
}

// flattened is what a header's name has before it, folded, where an object was
// flattened as Zapier does: headers__Http_X_Signature.
const flattened = "headershttp"

func isSeparator(c byte) bool { return c == '-' || c == '_' || c == ' ' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// foldText appends the letters and digits of a name, in lower case.
func foldText(to, name []byte) []byte {
	for _, c := range name {
		if c = lower(c); 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			to = append(to, c)
		}
	}
	return to
}

// longestMember bounds the names of members that mean anything here.
const longestMember = 48

// foldMember appends the folded name of a member, given with its quotes; false where it
// is too long to mean anything.
func foldMember(to, quoted []byte) ([]byte, bool) {
	name := quoted[1 : len(quoted)-1]
	if len(name) <= len(`\u0000`)*longestMember && bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.Unquote(nil, quoted)
	}
	if len(name) > longestMember {
		return nil, false
	}
	to = foldText(to, name)
	return to, len(to) > 0
}
