package view

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/render"
)

func TestDocumentation(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("word ", 20))
	folded := strings.TrimSpace(strings.Repeat("word ", 16))
	tests := []struct {
		name, text string
		live       bool
		wantText   string
		wantJSON   string // "" for the text itself
	}{
		{"json", `{"b":[1.0],"a":"<x>","no":[],"what":null}`, true, "b: 1.0\na: <x>\nno: none\nwhat: null\n", `{"b":[1.0],"a":"<x>","no":[],"what":null}`},
		{
			"nested", `{"data":{"events":{"Contact Events":["new_contact","x"]},"do":["Say it.","Twice"],"deep":[{"a":1,"b":[2]}],"text":"One\ntwo\n\nthree"}}`, true,
			"data:\n  events:\n    Contact Events: new_contact, x\n  do:\n    - Say it.\n    - Twice\n  deep:\n    -\n      a: 1\n      b: 2\n  text:\n    One two\n\n    three\n", "-",
		},
		{"a word", ` "it" `, true, "it\n", `"it"`},
		{"text", "plain\nlines\n\n" + long, true, "plain lines\n\n" + folded + "\n" + "word word word word\n", ""},
		{"half JSON", `{"a":`, true, "{\"a\":\n", ""},
		{
			"built in", "# Zyntro\n\n- one\n  two\n  - " + long + "\n\n| a | b |\n\n    code  is kept\n\n```\nso   is this\n```\n", false,
			"# Zyntro\n\n- one two\n  - " + strings.TrimSpace(strings.Repeat("word ", 15)) + "\n    word word word word word\n\n| a | b |\n\n    code  is kept\n\n```\nso   is this\n```\n", "",
		},
	}
	for _, tt := range tests {
		v := Documentation("zyntro", []byte(tt.text), tt.live)
		if diff := cmp.Diff(tt.wantText, render.Layout(v.Lines, 80, false)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if tt.wantJSON == "-" {
			continue
		}
		if tt.wantJSON == "" {
			quoted, err := json.Marshal(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			tt.wantJSON = string(quoted)
		}
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v.Data); err != nil {
			t.Fatal(err)
		}
		want := `{"provider":"zyntro","live":` + map[bool]string{true: "true", false: "false"}[tt.live] + `,"documentation":` + tt.wantJSON + "}\n"
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	// However deep it is nested, it is shown in little more than it takes.
	deep := strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000)
	if got := render.Layout(Documentation("zyntro", []byte(deep), true).Lines, 80, false); len(got) > 2*len(deep) {
		t.Errorf("%d bytes for %d", len(got), len(deep))
	}
}
