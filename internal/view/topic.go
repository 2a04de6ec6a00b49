package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/render"
)

// Topic is a page of help that belongs to no command. It is made from the
// tables that the program itself works with, so that it cannot go out of date.
type Topic struct {
	Name     string    `json:"name"` // the word after `hookctl help`
	Title    string    `json:"title"`
	Intro    string    `json:"intro"`
	Sections []Section `json:"sections"`
}

// Section is a list of words and what they mean.
type Section struct {
	Title   string  `json:"title"` // "" for the only one
	Columns string  `json:"-"`     // the titles of both columns in Markdown, "word | meaning"
	Intro   string  `json:"intro,omitempty"`
	Entries []entry `json:"entries"`
}

// entry is one word of a Section.
type entry struct {
	Word    string `json:"word"`
	Meaning string `json:"meaning"`
}

// Entries are pairs of a word and its meaning.
func Entries(pairs [][2]string) []entry {
	out := make([]entry, len(pairs))
	for i, p := range pairs {
		out[i] = entry{p[0], p[1]}
	}
	return out
}

// Add adds a word.
func (s *Section) Add(word, meaning string) { s.Entries = append(s.Entries, entry{word, meaning}) }

// Render is the topic in every output format.
func (t *Topic) Render() render.View {
	return render.View{Data: t, Lines: t.Lines(), Names: []string{t.Name}}
}

// Lines is the topic as people read it.
func (t *Topic) Lines() []render.Line {
	lines := []render.Line{{Text: strings.ToUpper(t.Title)}, {}, {Text: joined(t.Intro)}}
	for _, s := range t.Sections {
		lines = append(lines, render.Line{})
		if s.Title != "" {
			lines = append(lines, render.Line{Text: s.Title}, render.Line{})
		}
		if s.Intro != "" {
			lines = append(lines, render.Line{Lead: "  ", Text: joined(s.Intro)}, render.Line{})
		}
		lines = append(lines, s.Lines(s.Widest())...)
	}
	return lines
}

// Widest is how wide the words of the section are.
func (s Section) Widest() int {
	widest := 0
	for _, e := range s.Entries {
		widest = max(widest, len(e.Word))
	}
	return widest
}

// Lines is the words, in a column of that width, and their meanings.
func (s Section) Lines(column int) []render.Line {
	var lines []render.Line
	for _, e := range s.Entries {
		lines = append(lines, render.Line{Lead: fmt.Sprintf("  %-*s  ", column, e.Word), Text: joined(e.Meaning)})
	}
	return lines
}

// joined is text whose lines go on as one.
func joined(text string) string { return strings.Join(strings.Fields(text), " ") }

// Markdown is the topic as a page of the reference.
func (t *Topic) Markdown() string {
	var b strings.Builder
	b.WriteString("# " + t.Title + "\n\n" + markdownText(t.Intro) + "\n")
	for _, s := range t.Sections {
		b.WriteByte('\n')
		if s.Title != "" {
			b.WriteString("## " + s.Title + "\n\n")
		}
		if s.Intro != "" {
			b.WriteString(markdownText(s.Intro) + "\n\n")
		}
		b.WriteString("| " + s.Columns + " |\n| --- | --- |\n")
		for _, e := range s.Entries {
			b.WriteString("| " + codeWords(e.Word) + " | " + markdownText(e.Meaning) + " |\n")
		}
	}
	return b.String()
}

// codeWords sets each of a comma list as code; a sentence stays text.
func codeWords(word string) string {
	parts := strings.Split(word, ", ")
	if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, " ") }) {
		return markdownText(word)
	}
	return "`" + strings.Join(parts, "`, `") + "`"
}

// markdownText keeps text from being read as markup.
func markdownText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", `\<`, "*", `\*`, "`", "\\`").Replace(text)
}
