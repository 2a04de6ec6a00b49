package render_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

type item struct {
	ID     string   `json:"id"`
	Name   *string  `json:"name"`
	Count  int64    `json:"count"`
	Events []string `json:"events"`
	Inner  *inner   `json:"inner,omitempty"`
}

type inner struct {
	List []item            `json:"list"`
	Map  map[string][]int  `json:"map,omitempty"`
	Any  any               `json:"any,omitempty"`
	Raw  json.RawMessage   `json:"raw,omitempty"`
	Zero []string          `json:"zero,omitzero"`
	Blob []byte            `json:"blob,omitempty"`
	At   *time.Time        `json:"at,omitempty"`
	Str  map[string]string `json:"str,omitempty"`
}

func text(s string) *string { return &s }

func print(t *testing.T, o render.Options, v render.View) string {
	t.Helper()
	out, err := tryPrint(t, o, v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryPrint(t *testing.T, o render.Options, v render.View) (string, error) {
	t.Helper()
	var b bytes.Buffer
	p, err := render.New(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Print(v)
	return b.String(), err
}

var list = []item{
	{ID: "a", Name: text("<b> & \"q\""), Count: 9007199254740993, Events: []string{"x", "y"}},
	{ID: "b"},
}

func TestFormats(t *testing.T) {
	t.Parallel()
	view := render.View{
		Data:  list,
		Grid:  &render.Grid{Columns: []render.Column{{Title: "ID"}, {Title: "NAME"}}, Rows: [][]string{{"a", "<b>"}, {"b"}}},
		Names: []string{"a", "b"},
	}
	tests := map[render.Format]string{
		render.Table: "ID   NAME\na    <b>\nb\n",
		render.JSON: `[
  {
    "id": "a",
    "name": "<b> & \"q\"",
    "count": 9007199254740993,
    "events": [
      "x",
      "y"
    ]
  },
  {
    "id": "b",
    "name": null,
    "count": 0,
    "events": []
  }
]
`,
		render.YAML: `- id: a
  name: <b> & "q"
  count: 9007199254740993
  events:
    - x
    - "y"
- id: b
  name: null
  count: 0
  events: []
`,
		render.NDJSON: `{"id":"a","name":"<b> & \"q\"","count":9007199254740993,"events":["x","y"]}
{"id":"b","name":null,"count":0,"events":[]}
`,
		render.Name: "a\nb\n",
		"":          "ID   NAME\na    <b>\nb\n",
	}
	for format, want := range tests {
		if diff := cmp.Diff(want, print(t, render.Options{Format: format}, view)); diff != "" {
			t.Errorf("%s:\n%s", format, diff)
		}
	}
}

func TestEmptyAndSingle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		format render.Format
		jq     string
		view   render.View
		want   string
	}{
		{"nil slice", render.JSON, "", render.View{Data: []item(nil)}, "[]\n"},
		{"nil slice", render.YAML, "", render.View{Data: []item(nil)}, "[]\n"},
		{"nil slice", render.NDJSON, "", render.View{Data: []item(nil)}, ""},
		{"nil slice", render.JSON, "length", render.View{Data: []item(nil)}, "0\n"},
		{"no rows", render.Table, "", render.View{Grid: &render.Grid{Columns: []render.Column{{Title: "ID"}}}}, ""},
		{"no names", render.Name, "", render.View{}, ""},
		{"nil", render.JSON, "", render.View{}, "null\n"},
		{"one", render.NDJSON, "", render.View{Data: map[string]int{"a": 1}}, "{\"a\":1}\n"},
		{"one", render.YAML, "", render.View{Data: map[string]int{"a": 1}}, "a: 1\n"},
		{"scalar", render.YAML, "", render.View{Data: "yes"}, "\"yes\"\n"},
		{"raw list", render.NDJSON, "", render.View{Data: json.RawMessage(` [1, {"b" : 2}] `)}, "1\n{\"b\":2}\n"},
		{"facts", render.Table, "", render.View{Facts: []render.Fact{{Label: "Id", Value: "x"}, {Label: "Long label", Value: "a\nb"}, {Label: "Empty"}, {Label: "日本", Value: "w"}}},
			"Id:           x\nLong label:   a b\nEmpty:\n日本:         w\n"},
		{"text", render.Table, "", render.View{Text: "a\tb\r\nc\x1b[2J"}, "a\tb\nc\ufffd[2J\n"},
		{"text with newline", render.Table, "", render.View{Text: "a\n"}, "a\n"},
		{"nothing", render.Table, "", render.View{}, ""},
	}
	for _, tt := range tests {
		got := print(t, render.Options{Format: tt.format, JQ: tt.jq}, tt.view)
		if got != tt.want {
			t.Errorf("%s as %s %s = %q, want %q", tt.name, tt.format, tt.jq, got, tt.want)
		}
	}
}

// A list is [] wherever it stands; what has a form of its own keeps it, and
// the caller's data is not touched.
func TestListsAreNeverNull(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	data := map[string]any{"z": &inner{
		Map: map[string][]int{"m": nil}, Any: []any{[]string(nil), nil}, Raw: json.RawMessage("null"), At: &at,
	}}
	const want = `{"z":{"list":[],"map":{"m":[]},"any":[[],null],"raw":null,"at":"2026-01-02T03:04:05Z"}}` + "\n"
	if diff := cmp.Diff(want, print(t, render.Options{Format: render.NDJSON}, render.View{Data: data})); diff != "" {
		t.Error(diff)
	}
	if in := data["z"].(*inner); in.List != nil || in.Map["m"] != nil {
		t.Error("the caller's data was changed")
	}
}

func TestDataThatJSONRefuses(t *testing.T) {
	t.Parallel()
	type node struct{ Next *node }
	loop := &node{}
	loop.Next = loop
	for name, data := range map[string]any{"function": func() {}, "loop": loop, "bad raw": json.RawMessage("{")} {
		for _, f := range []render.Format{render.JSON, render.YAML, render.NDJSON} {
			if out, err := tryPrint(t, render.Options{Format: f}, render.View{Data: data}); err == nil || out != "" {
				t.Errorf("%s as %s: %q, %v", name, f, out, err)
			}
		}
	}
}

var nasty = "\x1b]0;t\x07\x9b2J\u009b\u0085\x7f\r\n\t\u202e\u2066\u200b\u2028\ufeff\U000e0041\x00é日👩‍👩‍👧\xff"

// No control or invisible character reaches the stream in any format, and the
// JSON family gives the exact text back.
func TestNothingDrivesTheTerminal(t *testing.T) {
	t.Parallel()
	valid := strings.ToValidUTF8(nasty, "\ufffd")
	data := []map[string]string{{"key" + nasty: nasty}}
	view := render.View{
		Data:  data,
		Grid:  &render.Grid{Columns: []render.Column{{Title: "T" + nasty}}, Rows: [][]string{{nasty, "extra"}}},
		Names: []string{nasty},
	}
	allow := func(out string, tty bool) {
		t.Helper()
		if !utf8.ValidString(out) {
			t.Errorf("invalid UTF-8: %q", out)
		}
		for _, r := range out {
			if r != '\n' && r != '\t' && (tty && term.Hidden(r) || r < 0x20 || r >= 0x7f && r < 0xa0) {
				t.Errorf("%U in %q", r, out)
			}
		}
	}
	for _, tty := range []bool{true, false} {
		for _, f := range render.Formats {
			out := print(t, render.Options{Format: f, TTY: tty, Width: 80}, view)
			allow(out, tty || f != render.Name)
			if f == render.Name && strings.Count(out, "\n") != 1 {
				t.Errorf("a name takes several lines: %q", out)
			}
			var back []map[string]string
			switch f {
			case render.JSON:
				if err := json.Unmarshal([]byte(out), &back); err != nil {
					t.Error(err)
				}
			case render.YAML:
				back = unyaml[[]map[string]string](t, out)
			case render.NDJSON:
				back = make([]map[string]string, 1)
				if err := json.Unmarshal([]byte(out), &back[0]); err != nil {
					t.Error(err)
				}
			default:
				continue
			}
			if diff := cmp.Diff([]map[string]string{{"key" + valid: valid}}, back); diff != "" {
				t.Errorf("%s does not give the text back:\n%s", f, diff)
			}
		}
		allow(print(t, render.Options{JQ: ".[][]", TTY: tty}, view), tty)
		allow(print(t, render.Options{JQ: "map(keys)", TTY: tty}, view), true)
		allow(print(t, render.Options{TTY: tty}, render.View{Facts: []render.Fact{{Label: nasty, Value: nasty}, {Label: nasty, List: []string{nasty, nasty}}}}), true)
		allow(print(t, render.Options{TTY: tty}, render.View{Text: nasty}), true)
	}
	raw := json.RawMessage("\"\x9b\u009b\"")
	if got, want := print(t, render.Options{Format: render.NDJSON}, render.View{Data: raw}), `"\ufffd\u009b"`+"\n"; got != want {
		t.Errorf("raw JSON: %q, want %q", got, want)
	}
}

// A CI runner finds no command in the structured formats, and what they mean
// stays as it is. (What is plain text goes through [term.Guard] later.)
func TestNothingCommandsARunner(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"##[stop-commands]x", "a ###vso[task.setvariable variable=x;issecret=true]y", "##VSO[x]##[y]", "::stop-commands::x", "  ::error::x", "a\n::add-mask::x\n", "a\r\n\t::x::##[y]",
		"\"##[x]", `\##[x]`, "##", "Foo::Bar",
	} {
		data := []map[string]any{{s: s, "list": []any{s, map[string]any{"x": s}}}}
		for _, f := range []render.Format{render.JSON, render.YAML, render.NDJSON} {
			out := print(t, render.Options{Format: f}, render.View{Data: data})
			if term.HasCommand(out) {
				t.Errorf("%s of %q holds a command: %s", f, s, out)
			}
			back := make([]map[string]any, 1)
			switch f {
			case render.YAML:
				back = unyaml[[]map[string]any](t, out)
			case render.NDJSON:
				out = "[" + out + "]"
				fallthrough
			default:
				if err := json.Unmarshal([]byte(out), &back); err != nil {
					t.Error(err)
				}
			}
			if diff := cmp.Diff(data, back); diff != "" {
				t.Errorf("%s does not give %q back:\n%s", f, s, diff)
			}
		}
		if out := print(t, render.Options{JQ: "map(keys)"}, render.View{Data: data}); term.HasCommand(out) {
			t.Errorf("jq's JSON of %q holds a command: %s", s, out)
		}
	}
}

// In a pipe an id may be any text that does not drive a terminal.
func TestNamesInAPipeAreExact(t *testing.T) {
	t.Parallel()
	const id = "ID-\u200dä\u200c\u00ad "
	if got := print(t, render.Options{Format: render.Name}, render.View{Names: []string{id}}); got != id+"\n" {
		t.Errorf("name = %q", got)
	}
	if got := print(t, render.Options{JQ: ".[]"}, render.View{Data: []string{id}}); got != id+"\n" {
		t.Errorf("jq = %q", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, o := range []render.Options{{Format: "xml"}, {JQ: ".["}, {JQ: "nosuch"}, {JQ: "input"}, {JQ: `import "a" as a; .`}, {JQ: "$__loc__ | $x"}} {
		_, err := render.New(io.Discard, o)
		if fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
	_, err := render.New(io.Discard, render.Options{Format: "xml"})
	if hint := fault.HintOf(err).String(); hint != "one of: table, json, yaml, ndjson, name" {
		t.Errorf("hint = %q", hint)
	}
}

func TestEffectiveFormat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		o          render.Options
		format     render.Format
		structured bool
	}{
		{render.Options{}, render.Table, false},
		{render.Options{Format: render.Name}, render.Name, false},
		{render.Options{Format: render.YAML}, render.YAML, true},
		{render.Options{JQ: "."}, render.JSON, true},
		{render.Options{JQ: ".", Format: render.YAML}, render.JSON, true},
		{render.Options{JQ: ".", Format: render.Name}, render.JSON, true},
		{render.Options{JQ: ".", Format: render.NDJSON}, render.NDJSON, true},
	} {
		p, err := render.New(io.Discard, tt.o)
		if err != nil {
			t.Fatal(err)
		}
		if p.Format() != tt.format || p.Structured() != tt.structured {
			t.Errorf("%+v: %s, %v", tt.o, p.Format(), p.Structured())
		}
	}
}

func TestJQ(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		expr   string
		format render.Format
		want   string
	}{
		{".[].id", render.JSON, "a\nb\n"},
		{".[].id", render.YAML, "a\nb\n"},
		{".[].id", render.Name, "a\nb\n"},
		{".[0].count", render.JSON, "9007199254740993\n"},
		{".[0] | {id, events}", render.Table, `{"events":["x","y"],"id":"a"}` + "\n"},
		{".id", render.NDJSON, "a\nb\n"},
		{"length", render.JSON, "2\n"},
		{".[1].name", render.JSON, "null\n"},
		{".[0].name", render.JSON, "<b> & \"q\"\n"},
		{"empty", render.JSON, ""},
		{"env, $ENV", render.JSON, "{}\n{}\n"},
		{"nan, infinite, -infinite", render.JSON, "null\n1.7976931348623157e+308\n-1.7976931348623157e+308\n"},
		{"1, halt, 2", render.JSON, "1\n"},
		{`"a\nb"`, render.JSON, "a\nb\n"},
	} {
		if got := print(t, render.Options{Format: tt.format, JQ: tt.expr}, render.View{Data: list}); got != tt.want {
			t.Errorf("--jq %s -o %s = %q, want %q", tt.expr, tt.format, got, tt.want)
		}
	}
}

func TestJQFailsAtRunTime(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{`"first", error("x")`, `"first", (.[0].id | .foo)`, `"first", ("bye" | halt_error)`} {
		out, err := tryPrint(t, render.Options{JQ: expr}, render.View{Data: list})
		if out != "first\n" || fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "--jq") {
			t.Errorf("%s: %q, %v", expr, out, err)
		}
	}
}

func TestJQStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := tryPrint(t, render.Options{JQ: "def f: f; f", Context: ctx}, render.View{Data: list})
	if fault.KindOf(err) != fault.Interrupted {
		t.Errorf("err = %v", err)
	}
	// What has been done before an interrupt is printed, in every format.
	if out, err := tryPrint(t, render.Options{JQ: ".[].id", Context: ctx}, render.View{Data: list}); out != "a\nb\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := tryPrint(t, render.Options{JQ: "def f: f; f", Context: ctx}, render.View{Data: list}); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("err = %v", err)
	}
}

// failing is a writer that takes some bytes and then fails, as a full disk or
// a closed pipe does.
type failing struct {
	left int
	err  error
	n    int // writes after the failure
}

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.left {
		f.n++
		return f.left, f.err
	}
	f.left -= len(p)
	return len(p), nil
}

func TestFailedWrites(t *testing.T) {
	t.Parallel()
	view := render.View{
		Data: list, Names: []string{"a"},
		Grid: &render.Grid{Columns: []render.Column{{Title: "ID"}}, Rows: [][]string{{"a"}}},
	}
	for _, cause := range []error{syscall.ENOSPC, syscall.EPIPE, nil} {
		for _, f := range render.Formats {
			for _, jq := range []string{"", ".", "repeat(1)"} {
				w := &failing{err: cause}
				p, err := render.New(w, render.Options{Format: f, JQ: jq})
				if err != nil {
					t.Fatal(err)
				}
				err = p.Print(view)
				if fault.KindOf(err) != fault.Other || fault.ExitCode(err) != 1 || !strings.Contains(fmt.Sprint(err), "writing to standard output failed") {
					t.Errorf("%s %s: %v", f, jq, err)
				}
				if cause != nil && !errors.Is(err, cause) {
					t.Errorf("%s %s: %v hides the cause", f, jq, err)
				}
				if w.n > 1 {
					t.Errorf("%s %s: went on writing", f, jq)
				}
			}
		}
	}
}

// TestListIsOneDocument: a list is written row by row, and looks as it does when it is
// one document.
func TestListIsOneDocument(t *testing.T) {
	t.Parallel()
	type inner struct {
		List []string       `json:"list"`
		Free []string       `json:"free,omitzero"`
		Any  any            `json:"any"`
		Map  map[string]int `json:"map"`
	}
	type row struct {
		ID    string   `json:"id"`
		Name  *string  `json:"name"`
		Inner *inner   `json:"inner"`
		List  []inner  `json:"many"`
		Raw   [2][]int `json:"raw"`
	}
	name := nasty + "##[x]\n::y"
	for _, list := range []any{
		[]row{}, []row(nil), []*row{nil, {ID: "a"}}, []string{"a", name}, []any{nil, 1, []string(nil), map[string][]int{"a": nil}},
		[][]string{nil, {}, {"x"}},
		[]row{{}, {ID: name, Name: &name, Inner: &inner{Any: []int(nil)}, List: []inner{{Free: []string{}}}}},
	} {
		text, err := json.Marshal(json.RawMessage(print(t, render.Options{Format: render.JSON}, render.View{Data: map[string]any{"l": list}})))
		if err != nil {
			t.Fatal(err)
		}
		whole := json.RawMessage(strings.TrimSuffix(strings.TrimPrefix(string(text), `{"l":`), "}"))
		for _, format := range []render.Format{render.JSON, render.YAML, render.NDJSON} {
			want := print(t, render.Options{Format: format}, render.View{Data: whole})
			if got := print(t, render.Options{Format: format}, render.View{Data: list}); got != want {
				t.Errorf("%s:\n%s\nwant\n%s", format, got, want)
			}
		}
	}
}
