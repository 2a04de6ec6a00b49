package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// libraryYAML is doc as the library writes it.
func libraryYAML(t testing.TB, doc []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	node, err := yamlNode(d)
	var b bytes.Buffer
	if err == nil {
		err = appendYAMLNode(&b, node)
	}
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return b.String()
}

// sameYAML reports whether the text of doc was written without the library's layout.
func sameYAML(t testing.TB, data any) bool {
	t.Helper()
	doc, err := marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.NewBufferString("before")
	ok, err := appendOwnYAML(b, doc)
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	want := "before"
	if ok {
		want += libraryYAML(t, doc)
	}
	if got := b.String(); got != want {
		t.Fatalf("%s:\n%s\nwant\n%s", doc, got, want)
	}
	return ok
}

// yamlTexts are near all that is special.
var yamlTexts = []string{
	"", " ", "a", "name", "CRM Sync 1", "y", "N", "Yes", "no", "On", "OFF", "true", "False", "NULL", "nul", "nope", "~", "<<", "=", ".nan", "-.inf",
	"0", "12", "1e5", "1e-5", "12345e-5", "12345-5", "0b-1", "0b____-1", "0o-7", "0x1-2", "00001f3a-1234-4567-89ab-0000", "0000-1", "2026-05-17", "2026-05-17T14:30:00Z",
	"2026-13-17T14:30:00Z", "2026-05-17T14:30:00z", "2026-05-17 24:30:00", "2026-05-17 14:30:60", "2026-02-30 14:30:00", "2026-05-17T14:30:00", "0000-00-00 00:00:00", "0000-01-01 00:00:00", "2026-05-17 14:3:00.", "2026-05-17T14:30:00.5Z", "2026-05-17 14:30:00", "12:30", "12345:30-1", "12345-1:30", "1_2", "1_000_0-1",
	"https://example.com/a?b=c&d=%20", "a:b", "a: b", "a:", "a::b", ":a", "a #b", "a#b", "##[x]", "::error::x", "a ::b", "- a", "-a", "? a", "a ? b", "a, b", "[a]", "{a", "a]", "'a", "a'b", "\"a\"",
	"a\\b", "a\tb", "a\nb", "a\n\nb\n", "\na", " a", "a ", "a  b", "@a", "%a", "`a", "!a", "&a", "*a", "|", ">", "/tmp/x.json", "//", "é", "naïve", "日本語", "日本語 1", "a\u00a0b", "\u0085", "\u2028", "\ufeff", "x\U0001f600", "a\u200bb", "e\u0301",
	"a\n::error::x", "x\n##[y]\n z", "...", "---", "sha256:0a1b", "a\x7fb", "\x00", "ｙ",
}

// TestOwnYAMLIsTheLibrarys for all of these texts, and for documents of any layout.
func TestOwnYAMLIsTheLibrarys(t *testing.T) {
	t.Parallel()
	for _, s := range yamlTexts {
		sameYAML(t, s)
		for _, before := range []string{"", "x", "1", "12345-"} {
			if !sameYAML(t, []any{before + s, map[string]any{"k": before + s}, []any{before + s}}) {
				t.Errorf("%q was left to the library", s)
			}
			sameYAML(t, map[string]any{before + s: 1})
		}
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	own := 0
	for range 3000 {
		doc := anyYAML(rnd, 4)
		if sameYAML(t, doc) {
			own++
		}
	}
	if own < 1000 {
		t.Errorf("%d of 3000 were written", own)
	}
}

func anyYAML(rnd *rand.Rand, depth int) any {
	n := rnd.IntN(4)
	switch kind := rnd.IntN(8); {
	case kind < 2 && depth > 0:
		list := make([]any, n)
		for i := range list {
			list[i] = anyYAML(rnd, depth-1)
		}
		return list
	case kind < 5 && depth > 0:
		m := map[string]any{}
		for i := range n {
			name := fmt.Sprint("name", i)
			if rnd.IntN(20) == 0 {
				name = yamlTexts[rnd.IntN(len(yamlTexts))]
			}
			m[name] = anyYAML(rnd, depth-1)
		}
		return m
	case kind == 5:
		return []any{nil, true, false, 1, -1.5, 1e300, json.Number("123456789012345678901234567890")}[rnd.IntN(7)]
	}
	return yamlTexts[rnd.IntN(len(yamlTexts))]
}

func FuzzOwnYAML(f *testing.F) {
	for _, s := range yamlTexts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "\ufffd")
		sameYAML(t, []any{s, map[string]any{"k": []any{s, map[string]any{"k": s}}}, map[string]any{s: s}})
		sameYAML(t, []any{s, map[string]any{"k": []any{s, []any{s}, map[string]any{"k": s}}}})
		sameYAML(t, s)
	})
}

// FuzzOwnYAMLDocument is of any layout.
func FuzzOwnYAMLDocument(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":[[],{},[1,"x"]]},null],"c":{"d":"1"}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if len(doc) < 4096 && json.Valid(doc) {
			sameYAML(t, json.RawMessage(doc))
		}
	})
}

// BenchmarkYAML is a list of 1,000 rows.
func BenchmarkYAML(b *testing.B) {
	type row struct {
		ID   string   `json:"id"`
		Name string   `json:"name"`
		URL  string   `json:"url"`
		List []string `json:"list"`
		At   string   `json:"at"`
	}
	rows := make([]row, 1000)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("%08x-1234", i), fmt.Sprint("CRM ", i), "https://example.com/hook", []string{"new_contact"}, "2026-05-17T14:30:00Z"}
	}
	doc, err := marshal(rows)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		var out bytes.Buffer
		if err := appendYAML(&out, doc); err != nil {
			b.Fatal(err)
		}
	}
}
