package view

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/render"
)

func TestTopicRendering(t *testing.T) {
	t.Parallel()
	topic := Topic{Name: "x", Title: "Some words", Intro: "Intro.", Sections: []Section{
		{Columns: "Word | Meaning", Entries: []entry{{"a", "short"}, {"long_word", strings.TrimSpace(strings.Repeat("word ", 20))}}},
		{Title: "Wide", Columns: "A | B", Intro: "About <it>.", Entries: []entry{{strings.Repeat("w", 50) + ", b", "one | two"}, {"a sentence, here", "x"}}},
	}}
	wantText := "SOME WORDS\n\nIntro.\n\n" +
		"  a          short\n" +
		"  long_word  word word word word word word word word word word word word word\n" +
		"             word word word word word word word\n" +
		"\nWide\n\n  About <it>.\n\n" +
		"  " + strings.Repeat("w", 50) + ", b  one | two\n" +
		"  a sentence, here" + strings.Repeat(" ", 39) + "x\n"
	if got := render.Layout(topic.Lines(), 80, false); got != wantText {
		t.Errorf("text:\n%s\nwant:\n%s", got, wantText)
	}
	wantMarkdown := "# Some words\n\nIntro.\n\n" +
		"| Word | Meaning |\n| --- | --- |\n| `a` | short |\n| `long_word` | " + strings.TrimSpace(strings.Repeat("word ", 20)) + " |\n" +
		"\n## Wide\n\nAbout \\<it>.\n\n" +
		"| A | B |\n| --- | --- |\n| `" + strings.Repeat("w", 50) + "`, `b` | one \\| two |\n| a sentence, here | x |\n"
	if got := topic.Markdown(); got != wantMarkdown {
		t.Errorf("markdown:\n%s\nwant:\n%s", got, wantMarkdown)
	}
}

func TestDocumentation(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		live       bool
		wantText   string
		wantJSON   string
	}{
		{"json", `{"b":[1.0],"a":"<x>"}`, true, "{\n  \"b\": [\n    1.0\n  ],\n  \"a\": \"<x>\"\n}", `{"b":[1.0],"a":"<x>"}`},
		{"text", "plain\nlines", true, "plain\nlines", `"plain\nlines"`},
		{"half JSON", `{"a":`, true, `{"a":`, `"{\"a\":"`},
		{"built in", "# Zyntro", false, "# Zyntro", `"# Zyntro"`},
	}
	for _, tt := range tests {
		v := Documentation("zyntro", []byte(tt.text), tt.live)
		if diff := cmp.Diff(tt.wantText, v.Text); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
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
}
