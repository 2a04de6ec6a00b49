package view

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/render"
)

// Documentation shows that of a provider: where it is live, JSON of unknown shape
// or any text.
func Documentation(provider string, text []byte, live bool) render.View {
	type document struct {
		Provider      string `json:"provider"`
		Live          bool   `json:"live"`
		Documentation any    `json:"documentation"`
	}
	v := render.View{Names: []string{provider}}
	if live && json.Valid(text) {
		v.Data, v.Lines = document{provider, live, json.RawMessage(text)}, outline("", "", text)
	} else {
		v.Data, v.Lines = document{provider, live, string(text)}, paragraphs("", string(text))
	}
	return v
}

// mostIndent is how many columns an outline is indented at most: what is deeper stays
// JSON.
const mostIndent = 40

// outline lays valid JSON out for people. What lead introduces stands behind it
// where that is a word or a list of words, else below it.
func outline(indent, lead string, value []byte) []render.Line {
	value = bytes.TrimSpace(value)
	if c := value[0]; c != '{' && c != '[' || len(indent) > mostIndent {
		text := worded(value)
		if strings.Contains(text, "\n") {
			return append([]render.Line{{Lead: indent + strings.TrimRight(lead, " ")}}, paragraphs(indent+"  ", text)...)
		}
		return []render.Line{{Lead: indent + lead, Text: text}}
	}
	inner := indent
	if lead != "" {
		inner += "  "
	}
	var lines []render.Line
	var words []string
	list := true // of words
	jsontext.Each(value, func(name []byte, from, to int) bool {
		item, mark := value[from:to], "- "
		if name != nil {
			mark = worded(name) + ": "
		}
		word := worded(item)
		list = list && name == nil && !strings.ContainsAny(word, " \n,{[")
		words = append(words, word)
		lines = append(lines, outline(inner, mark, item)...)
		return true
	})
	switch {
	case len(lines) == 0:
		return []render.Line{{Lead: indent + lead, Text: "none"}}
	case list:
		return []render.Line{{Lead: indent + lead, Text: strings.Join(words, ", ")}}
	case lead != "":
		lines = append([]render.Line{{Lead: indent + strings.TrimRight(lead, " ")}}, lines...)
	}
	return lines
}

// worded is a JSON string without its quotes, and any other value as it is
// written.
func worded(value []byte) string {
	if value[0] == '"' {
		text, _ := jsontext.Text(value)
		return text
	}
	return string(value)
}

// paragraphs lays out a text that may be Markdown: lines that go on are joined,
// for they are wrapped again. Fences, tables and what is indented stay as they are.
func paragraphs(indent, text string) []render.Line {
	var lines []render.Line
	fenced, goesOn := false, false
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = strings.TrimRight(line, " \r")
		bare := strings.TrimLeft(line, " ")
		fence := strings.HasPrefix(bare, "```")
		switch item := strings.HasPrefix(bare, "- ") || strings.HasPrefix(bare, "* "); {
		case fenced, fence, strings.HasPrefix(bare, "|"), bare == "", strings.HasPrefix(line, "    ") && !goesOn:
			lines = append(lines, render.Line{Lead: indent + line})
			fenced, goesOn = fenced != fence, false
		case item:
			lines = append(lines, render.Line{Lead: indent + line[:len(line)-len(bare)] + bare[:2], Text: bare[2:]})
			goesOn = true
		case goesOn && !strings.HasPrefix(bare, "#"):
			lines[len(lines)-1].Text += " " + bare
		default:
			lines = append(lines, render.Line{Lead: indent, Text: line})
			goesOn = !strings.HasPrefix(bare, "#")
		}
	}
	return lines
}
