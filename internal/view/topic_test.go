package view

import (
	"strings"
	"testing"

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
