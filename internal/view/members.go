package view

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Member is the JSON of one member of what a command prints as JSON.
type Member struct {
	Path     string `json:"path"` // as in a jq expression, such as .secret.kept; [] stands for every element or value
	Type     string `json:"type"` // string, integer, number, boolean, array, object, any
	Null     bool   `json:"null,omitempty"`
	Optional bool   `json:"optional,omitempty"` // it may be absent

	omits bool // it is absent where it is empty
}

// sampled is a type whose JSON is made by hand, from what is not exported. What
// it returns has, taken together, every member.
type sampled interface{ samples() []any }

// Members are the members of the JSON of data, and data itself first. They are
// those of its type, whatever its value.
func Members(data any) []Member {
	var m members
	m.add(reflect.TypeOf(data), Member{Path: "."})
	return m
}

type members []Member

func (m *members) add(t reflect.Type, at Member) {
	one := func(word string) {
		*m = append(*m, Member{Path: at.Path, Type: word, Null: at.Null, Optional: at.Optional})
	}
	switch kind := t.Kind(); {
	case t == reflect.TypeFor[json.RawMessage](), kind == reflect.Interface:
		one("any")
	case t != reflect.TypeFor[time.Time]() && kind != reflect.Pointer && reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()):
		m.addSamples(t, at)
	case kind == reflect.Pointer:
		at.Null = at.Path != "." && !at.omits
		m.add(t.Elem(), at)
	case kind == reflect.String, t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[[]byte]():
		one("string")
	case kind == reflect.Bool:
		one("boolean")
	case kind == reflect.Float64, kind == reflect.Float32:
		one("number")
	case kind == reflect.Slice, kind == reflect.Array:
		one("array")
		m.add(t.Elem(), Member{Path: elements(at.Path)})
	case kind == reflect.Map:
		one("object")
		m.add(t.Elem(), Member{Path: elements(at.Path)})
	case kind == reflect.Struct:
		one("object")
		m.addFields(t, at.Path, false)
	default:
		one("integer")
	}
}

// addFields adds the members that encoding/json makes of a struct's fields.
func (m *members) addFields(t reflect.Type, path string, optional bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		embedded := f.Type
		if f.Anonymous && embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case name == "-" && options == "":
		case f.Anonymous && name == "" && embedded.Kind() == reflect.Struct:
			m.addFields(embedded, path, optional || f.Type.Kind() == reflect.Pointer)
		case !f.IsExported():
		default:
			if name == "" {
				name = f.Name
			}
			omits := strings.Contains(options, "omit")
			m.add(f.Type, Member{Path: member(path, name), Optional: optional || omits, omits: omits})
		}
	}
}

func elements(path string) string {
	if path == "." {
		return ".[]"
	}
	return path + "[]"
}

func member(path, name string) string { return strings.TrimSuffix(path, ".") + "." + name }

// addSamples adds what is found in the JSON of samples of t, which makes its JSON
// by hand.
func (m *members) addSamples(t reflect.Type, at Member) {
	var all []any
	if s, ok := reflect.Zero(t).Interface().(sampled); ok {
		all = s.samples()
	} else {
		all = []any{reflect.New(t).Interface(), filled(t, true), filled(t, false)}
	}
	found := map[string]*sample{}
	for _, one := range all {
		var doc any
		text, err := json.Marshal(one)
		if err == nil {
			err = json.Unmarshal(text, &doc)
		}
		if err != nil { // then it has no members: the test of every command sees some
			continue
		}
		look(found, at.Path, "", doc)
	}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		s := found[path]
		out := Member{Path: path, Type: s.kind, Null: s.null, Optional: s.of != "" && s.n < found[s.of].objects}
		if path == at.Path {
			out.Null, out.Optional = at.Null || s.null, at.Optional
		}
		*m = append(*m, out)
	}
}

// sample is what samples have at one path.
type sample struct {
	kind    string
	null    bool
	of      string // the path of the object that it is a member of
	n       int    // how often it is there
	objects int    // how often it is an object
}

func look(found map[string]*sample, path, of string, value any) {
	s := found[path]
	if s == nil {
		s = &sample{kind: "any", of: of}
		found[path] = s
	}
	s.n++
	switch v := value.(type) {
	case nil:
		s.null = true
	case string:
		s.kind = "string"
	case bool:
		s.kind = "boolean"
	case float64:
		if s.kind != "number" {
			s.kind = "integer"
		}
		if v != math.Trunc(v) {
			s.kind = "number"
		}
	case []any:
		s.kind = "array"
		for _, e := range v {
			look(found, elements(path), "", e)
		}
	case map[string]any:
		s.kind = "object"
		s.objects++
		for name, e := range v {
			if name == someName {
				look(found, elements(path), "", e)
			} else {
				look(found, member(path, name), path, e)
			}
		}
	}
}

// filled is a pointer to a value of t in which everything that can be set is
// set, and each boolean is yes.
func filled(t reflect.Type, yes bool) any {
	v := reflect.New(t)
	fill(v.Elem(), yes, 0)
	return v.Interface()
}

// someName stands for every text, and so for every name of an object whose
// names are data.
const someName = "some name"

// deepest bounds values of types that contain themselves.
const deepest = 8

func fill(v reflect.Value, yes bool, depth int) {
	if depth > deepest || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Int64:
		v.SetInt(1_500_000) // of a duration, 1.5 ms: a number that is not whole
	case reflect.String:
		v.SetString(someName)
	case reflect.Bool:
		v.SetBool(yes)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), yes, depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), yes, depth+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, yes, depth+1)
		v.SetMapIndex(reflect.ValueOf(someName).Convert(v.Type().Key()), value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), yes, depth+1)
		}
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[error]() {
			v.Set(reflect.ValueOf(errors.New("x")))
		}
	}
}
