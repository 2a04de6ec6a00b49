package render_test

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

func unyaml[T any](t *testing.T, doc string) T {
	t.Helper()
	var v T
	if err := yaml.Unmarshal([]byte(doc), &v); err != nil {
		t.Errorf("not YAML: %v\n%s", err, doc)
	}
	return v
}

func TestYAMLText(t *testing.T) {
	t.Parallel()
	in := `{"z":1,"a":{"e":{},"l":[[],[1,[2]]]},"n":[1e5,-0.0,1.10,123456789012345678901234567890,0],"t":true,"f":false,"x":null,
	"s":["yes","NO","on","y","12:30","0123","null","~","1.0","true","2026-01-02T03:04:05Z","","a: b","# c","- d","<<","*a","line1\nline2\n"," lead","x\ty"]}`
	const want = `z: 1
a:
  e: {}
  l:
    - []
    - - 1
      - - 2
"n":
  - 1e5
  - -0.0
  - 1.10
  - 123456789012345678901234567890
  - 0
t: true
f: false
x: null
s:
  - "yes"
  - "NO"
  - "on"
  - "y"
  - "12:30"
  - "0123"
  - "null"
  - "~"
  - "1.0"
  - "true"
  - "2026-01-02T03:04:05Z"
  - ""
  - 'a: b'
  - '# c'
  - '- d'
  - "<<"
  - '*a'
  - |
    line1
    line2
  - ' lead'
  - "x\ty"
`
	got := print(t, render.Options{Format: render.YAML}, render.View{Data: json.RawMessage(in)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzYAMLRoundTrip(f *testing.F) {
	for _, s := range []string{"", " ", "\n", "a\n", "\na", " \n a", "a\n\n", "a\n b\n  ", "\ta", "a\t\nb", "a \nb ", "\u0085", "\r", "a\r\nb", "\u2028x", "---", "...", "a\n---\nb", "%x", "\ufeff", nasty, "\U000e0041", "\ufffe", "#", "a #b", "'", "\"", "\\", "? a", "a\n# b", "\ue000", "\ud7ff",
		"##[error]x", "###vso[a b]c\n", "::error::x", "a\n::error::x", " \n  ::error::x\n##[y]", "'##[x]", "\"##[x]\\##[y]", "# ##[x]: y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "\ufffd")
		data := map[string][]string{s: {s, "x"}}
		var b bytes.Buffer
		p, err := render.New(&b, render.Options{Format: render.YAML})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(render.View{Data: data}); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if strings.ContainsFunc(strings.ReplaceAll(b.String(), "\n", ""), term.Hidden) {
			t.Errorf("%q: hidden characters in %q", s, b.String())
		}
		if term.HasCommand(b.String()) {
			t.Errorf("%q: a command for a CI runner in %q", s, b.String())
		}
		if diff := cmp.Diff(data, unyaml[map[string][]string](t, b.String())); diff != "" {
			t.Errorf("%q came back different:\n%s\n%s", s, diff, b.String())
		}
	})
}

// A list is written an element at a time; that must not show, nor cost memory
// by the list's length.
func TestYAMLOfALongList(t *testing.T) {
	type row struct {
		ID   string   `json:"id"`
		List []string `json:"list"`
	}
	rows := make([]row, 5000)
	for i := range rows {
		rows[i] = row{strings.Repeat("x", i%7), []string{"a", "b: c"}}
	}
	var out bytes.Buffer
	p, err := render.New(&out, render.Options{Format: render.YAML})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := p.Print(render.View{Data: rows}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if diff := cmp.Diff(rows, unyaml[[]row](t, out.String())); diff != "" {
		t.Error(diff)
	}
	if most := uint64(100 << 20); after.HeapSys > before.HeapSys+most {
		t.Errorf("the heap grew by %d MiB", (after.HeapSys-before.HeapSys)>>20)
	}
}
