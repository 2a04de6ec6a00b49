package render

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/term"
)

// marshal is data as JSON on one line, safe to show (see escape).
func marshal(data any) ([]byte, error) {
	v := reflect.ValueOf(data)
	if v.IsValid() {
		settable := reflect.New(v.Type()).Elem()
		settable.Set(v)
		fillLists(settable, 0)
		data = settable.Interface()
	}
	b, err := jsontext.Marshal(data)
	if err != nil {
		return nil, fault.Errorf(fault.Other, "cannot write the output as JSON: %w", err)
	}
	return escape(b), nil
}

// escape replaces the characters that must not reach a terminal, and those that
// make a command for a CI runner, by their \uXXXX form. In JSON they can only
// stand inside strings, where the two mean the same. Invalid UTF-8, which only a
// raw message can hold, becomes U+FFFD.
func escape(doc []byte) []byte {
	doc = term.BreakJSON(doc)
	first := 0
	for first < len(doc) && doc[first] >= 0x20 && doc[first] <= 0x7e {
		first++
	}
	if first == len(doc) {
		return doc
	}
	out := make([]byte, first, len(doc)+16)
	copy(out, doc)
	for i := first; i < len(doc); {
		r, n := utf8.DecodeRune(doc[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = append(out, `\ufffd`...)
		case !term.Hidden(r):
			out = append(out, doc[i:i+n]...)
		case r > 0xffff:
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		i += n
	}
	return out
}

// appendIndented adds doc with two spaces of indent, each line but the first
// after prefix.
func appendIndented(b *bytes.Buffer, doc []byte, prefix string) error {
	if err := json.Indent(b, doc, prefix, "  "); err != nil {
		return fault.Errorf(fault.Other, "the output is not valid JSON: %w", err)
	}
	return nil
}

// elements is the elements of a list, or doc alone.
func elements(doc []byte) ([][]byte, error) {
	if !bytes.HasPrefix(doc, []byte("[")) {
		return [][]byte{doc}, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(doc, &raw); err != nil {
		return nil, fault.Errorf(fault.Other, "the output is not valid JSON: %w", err)
	}
	list := make([][]byte, len(raw))
	for i, r := range raw {
		list[i] = r
	}
	return list, nil
}

// maxDepth bounds fillLists on data that refers to itself; encoding/json
// reports such data.
const maxDepth = 64

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// fillLists makes every nil slice in v an empty one, so that a list is never
// null. It works on v in place and copies whatever v merely refers to. Types
// that have a JSON form of their own keep it, as do bytes, and fields whose
// "omitzero" tells nil and empty apart.
func fillLists(v reflect.Value, depth int) {
	if holdsNoList(v.Type()) || depth > maxDepth || !v.CanSet() && v.Kind() != reflect.Struct || marshals(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c := reflect.New(v.Type().Elem())
			c.Elem().Set(v.Elem())
			fillLists(c.Elem(), depth+1)
			v.Set(c.Convert(v.Type()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			c := reflect.New(v.Elem().Type()).Elem()
			c.Set(v.Elem())
			fillLists(c, depth+1)
			v.Set(c)
		}
	case reflect.Struct:
		for _, i := range fieldsToFill(v.Type()) {
			fillLists(v.Field(i), depth+1)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		for i := range c.Len() {
			fillLists(c.Index(i), depth+1)
		}
		v.Set(c)
	case reflect.Array:
		for i := range v.Len() {
			fillLists(v.Index(i), depth+1)
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(it.Value())
			fillLists(e, depth+1)
			c.SetMapIndex(it.Key(), e)
		}
		v.Set(c)
	}
}

// holdsNoList is of what there is most: texts and numbers, and pointers to them.
func holdsNoList(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() <= reflect.Complex128 || t.Kind() == reflect.String
}

// fieldsOf has what fieldsToFill told of a type: there may be very many rows of it.
var fieldsOf sync.Map

func fieldsToFill(t reflect.Type) []int {
	if fields, ok := fieldsOf.Load(t); ok {
		return fields.([]int)
	}
	var fields []int
	for i := range t.NumField() {
		f := t.Field(i)
		if (f.IsExported() || f.Anonymous) && !strings.Contains(f.Tag.Get("json"), ",omitzero") && !holdsNoList(f.Type) {
			fields = append(fields, i)
		}
	}
	fieldsOf.Store(t, fields)
	return fields
}

func marshals(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	p := reflect.PointerTo(t)
	return t.Implements(jsonMarshaler) || t.Implements(textMarshaler) || p.Implements(jsonMarshaler) || p.Implements(textMarshaler)
}
