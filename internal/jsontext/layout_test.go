package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func layout(t testing.TB, doc string) string {
	t.Helper()
	var b strings.Builder
	if err := Layout([]byte(doc), func(line []byte) error {
		b.Write(line)
		b.WriteByte('\n')
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLayout(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		"7": "7\n", ` "a\u0041\/" `: `"a\u0041\/"` + "\n", `{}`: "{}\n", "[ \n]": "[]\n",
		`{"a":1.0e+2,"b":[1,{"c":{}},[]],"a":null}`: `{
  "a": 1.0e+2,
  "b": [
    1,
    {
      "c": {}
    },
    []
  ],
  "a": null
}
`,
	} {
		if got := layout(t, doc); got != want {
			t.Errorf("%s:\n%s", doc, got)
		}
	}
	stop := errors.New("enough")
	if err := Layout([]byte("[1,2]"), func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestLayoutGrows: the text grows with the document, however deep that is.
func TestLayoutGrows(t *testing.T) {
	t.Parallel()
	const n = 200_000
	doc := strings.Repeat(`[{"a":`, n) + "1" + strings.Repeat("}]", n)
	size, start := 0, time.Now()
	if err := Layout([]byte(doc), func(line []byte) error { size += len(line) + 1; return nil }); err != nil {
		t.Fatal(err)
	}
	if size > 100*len(doc) {
		t.Errorf("%d bytes of %d", size, len(doc))
	}
	t.Logf("%d of %d bytes in %v", size, len(doc), time.Since(start))
}

func FuzzLayout(f *testing.F) {
	for _, doc := range []string{`{}`, `[1, "a\"", {"b": [] }]`, `"x"`, ` {"":{"":[[]]}} `, "[\xff]", "[\"\xff\"]", "{", `[1`, `{"a"`, `}`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got := layout(t, string(doc)) // never panics, ends
		if !json.Valid(doc) {
			return
		}
		var was, is, indented bytes.Buffer
		if err := errors.Join(json.Compact(&was, doc), json.Compact(&is, []byte(got))); err != nil || was.String() != is.String() {
			t.Errorf("%q: %q, %v", doc, got, err)
		}
		if err := json.Indent(&indented, bytes.TrimSpace(doc), "", "  "); err == nil && bytes.Count(doc, []byte("["))+bytes.Count(doc, []byte("{")) < deepest && indented.String()+"\n" != got {
			t.Errorf("%q: %q, encoding/json: %q", doc, got, indented.String())
		}
	})
}
