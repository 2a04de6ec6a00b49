package jsontext_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/jsontext"
)

func TestObject(t *testing.T) {
	t.Parallel()
	type members map[string]json.RawMessage
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for _, tt := range []struct {
		name string
		in   string
		want members
		err  error
	}{
		{"empty", `{}`, members{}, nil},
		{"space round it", " \r\n\t{ \"a\" : 1 }\n", members{"a": raw("1")}, nil},
		{"case matters", `{"secret":"a","SECRET":"b"}`, members{"secret": raw(`"a"`), "SECRET": raw(`"b"`)}, nil},
		{"values keep their bytes", `{"n":200.00,"o":{"x": [1 ,2]},"z":null}`, members{"n": raw("200.00"), "o": raw(`{"x": [1 ,2]}`), "z": raw("null")}, nil},
		{"inner duplicates are not its business", `{"o":{"x":1,"x":2}}`, members{"o": raw(`{"x":1,"x":2}`)}, nil},
		{"escaped name", `{"\u0061":1}`, members{"a": raw("1")}, nil},
		{"empty name", `{"":1}`, members{"": raw("1")}, nil},

		{"duplicate", `{"a":1,"a":2}`, nil, jsontext.ErrDuplicateMember},
		{"equal duplicate", `{"a":1,"a":1}`, nil, jsontext.ErrDuplicateMember},
		{"duplicate behind an escape", `{"a":1,"\u0061":2}`, nil, jsontext.ErrDuplicateMember},
		{"duplicate with null", `{"a":1,"b":2,"a":null}`, nil, jsontext.ErrDuplicateMember},

		{"nothing", ``, nil, jsontext.ErrNotObject},
		{"array", `[]`, nil, jsontext.ErrNotObject},
		{"string", `"{}"`, nil, jsontext.ErrNotObject},
		{"null", `null`, nil, jsontext.ErrNotObject},
		{"truncated", `{"a":"b`, nil, jsontext.ErrNotObject},
		{"two objects", `{}{}`, nil, jsontext.ErrNotObject},
		{"trailing garbage", `{} x`, nil, jsontext.ErrNotObject},
		{"trailing comma", `{"a":1,}`, nil, jsontext.ErrNotObject},
		{"byte order mark", "\ufeff{}", nil, jsontext.ErrNotObject},
		{"not UTF-8", "{\"a\":\"\xff\"}", nil, jsontext.ErrNotObject},
		{"too deep", `{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, nil, jsontext.ErrNotObject},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := jsontext.Object([]byte(tt.in))
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(map[string]json.RawMessage(tt.want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestObjectCopies(t *testing.T) {
	t.Parallel()
	in := []byte(`{"a":"b"}`)
	got, err := jsontext.Object(in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range in {
		in[i] = 'x'
	}
	if string(got["a"]) != `"b"` {
		t.Errorf("the value changed with the input: %s", got["a"])
	}
}

func FuzzObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":{"b":[]},"c":"\u0000"}`, `[`, `{"a":1,"a":2}`, "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := jsontext.Object(in)
		if err != nil {
			return
		}
		var loose map[string]json.RawMessage
		if json.Unmarshal(in, &loose) != nil {
			t.Fatal("accepted what encoding/json refuses")
		}
		if diff := cmp.Diff(loose, got); diff != "" {
			t.Error(diff)
		}
	})
}
