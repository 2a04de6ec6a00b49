package jsontext_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
)

func TestAssignment(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, edit, want string
		added                  bool
	}{
		{"text", `{"a":1, "b":{ "c":"x" },"d":200.00}`, "b.c=y", `{"a":1, "b":{ "c":"y" },"d":200.00}`, false},
		{"number as written", `{"a":1}`, "a=200.00", `{"a":200.00}`, false},
		{"object", `{"a":1}`, `a={"b": [1]}`, `{"a":{"b": [1]}}`, false},
		{"null, true, quoted", `{"a":1}`, `a="true"`, `{"a":"true"}`, false},
		{"not quite JSON is a text", `{"a":1}`, "a=[1", `{"a":"[1"}`, false},
		{"empty is a text", `{"a":1}`, "a=", `{"a":""}`, false},
		{"equals in the value", `{"a":1}`, "a=b=c", `{"a":"b=c"}`, false},
		{"no needless escapes", `{"a":1}`, "a=<Zoë> & \u2028", "{\"a\":\"<Zoë> & \\u2028\"}", false},
		{"element", `{"a":["x", "y"]}`, "a.1=z", `{"a":["x", "z"]}`, false},
		{"element in brackets", `{"a":["x", "y"]}`, "a[1]=z", `{"a":["x", "z"]}`, false},
		{"elements of elements", `{"a":[0,[1,{"b":2}]]}`, "a[1][1].b=3", `{"a":[0,[1,{"b":3}]]}`, false},
		{"element of the body", `[1,{"a":2}]`, "[1].a=3", `[1,{"a":3}]`, false},
		{"brackets of a name", `{"a[0]":1,"[x]":1,"a[0]b":1}`, `a\[0]=2`, `{"a[0]":2,"[x]":1,"a[0]b":1}`, false},
		{"brackets without a number", `{"[x]":1}`, "[x]=2", `{"[x]":2}`, false},
		{"brackets in the middle", `{"a[0]b":1}`, "a[0]b=2", `{"a[0]b":2}`, false},
		{"empty brackets", `{"a[]":1}`, "a[]=2", `{"a[]":2}`, false},
		{"element appended", `{"a":["x" ]}`, "a.1=z", `{"a":["x","z" ]}`, true},
		{"first element", `{"a":[ ]}`, "a.0=z", `{"a":["z" ]}`, true},
		{"member added", `{"a":1 }`, "b=2", `{"a":1,"b":2 }`, true},
		{"member of an empty object", "{\n}", "b=2", "{\"b\":2\n}", true},
		{"objects made", `{"a":{}}`, "a.b.c.d=x", `{"a":{"b":{"c":{"d":"x"}}}}`, true},
		{"objects made in a list", `[]`, "0.c=x", `[{"c":"x"}]`, true},
		{"dot in a name", `{"a.b":1,"a":{"b":2}}`, `a\.b=3`, `{"a.b":3,"a":{"b":2}}`, false},
		{"backslash at the end", `{"a\\":1}`, `a\=3`, `{"a\\":3}`, false},
		{"backslash in a name", `{"a\\b":1}`, `a\\b=3`, `{"a\\b":3}`, false},
		{"escaped name in the body", `{"\u0061":1}`, "a=3", `{"\u0061":3}`, false},
		{"the last of repeated members", `{"a":1,"a":2}`, "a=3", `{"a":1,"a":3}`, false},
		{"names keep their case", `{"A":1}`, "a=3", `{"A":1,"a":3}`, true},
		{"space around the document", " {\"a\":1}\n", "a=3", " {\"a\":3}\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, err := jsontext.ParseAssignment(tt.edit)
			if err != nil {
				t.Fatal(err)
			}
			got, added, err := e.Apply([]byte(tt.body))
			if err != nil || string(got) != tt.want || added != tt.added {
				t.Errorf("%s, added %t, %v; want %s", got, added, err, tt.want)
			}
			if again, err := jsontext.ParseAssignment(e.Path() + "=x"); err != nil || again.Path() != e.Path() {
				t.Errorf("path %q", e.Path())
			}
		})
	}
}

func TestAssignmentFails(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", "=x", "a..b=x", ".a=x", "a.=x", "\xff=1"} {
		if _, err := jsontext.ParseAssignment(text); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, tt := range []struct{ body, edit, where string }{
		{`7`, "a=1", "the body is neither"}, {`{"a":7}`, "a.b=1", ": a is neither"}, {`{"a":[7]}`, "a[0].b.c=1", ": a.0 is neither"},
	} {
		e, err := jsontext.ParseAssignment(tt.edit)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := e.Apply([]byte(tt.body)); err == nil || !strings.Contains(err.Error(), tt.where) {
			t.Errorf("%s of %s: %v", tt.edit, tt.body, err)
		}
	}
	for _, tt := range []struct{ body, edit string }{
		{"", "a=1"}, {"text", "a=1"}, {`{"a":1} x`, "a=1"}, {`7`, "a=1"}, {`{"a":7}`, "a.b=1"}, {`{"a":null}`, "a.b=1"},
		{`[1]`, "2=x"}, {`[1]`, "-1=x"}, {`[1]`, "x=x"}, {`[1]`, "01=x"},
	} {
		e, err := jsontext.ParseAssignment(tt.edit)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := e.Apply([]byte(tt.body)); fault.KindOf(err) != fault.Usage || got != nil {
			t.Errorf("%s of %s: %s, %v", tt.edit, tt.body, got, err)
		}
	}
}

func FuzzAssignment(f *testing.F) {
	f.Add(`{"a":{"b":[1,2]}}`, "a.b.1=x")
	f.Add(`{"a":{"b":[1,2]}}`, "a.c.d={}")
	f.Add(`[]`, "0=1")
	f.Fuzz(func(t *testing.T, body, text string) {
		e, err := jsontext.ParseAssignment(text)
		if err != nil {
			return
		}
		got, _, err := e.Apply([]byte(body))
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Errorf("%q of %q is %q, which is not JSON", text, body, got)
		}
		if again, added, err := e.Apply(got); err != nil || added || string(again) != string(got) {
			t.Errorf("%q of %q: %q, then %q, added %t, %v", text, body, got, again, added, err)
		}
	})
}
