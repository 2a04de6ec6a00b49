package dump

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/pattern"
)

// What people and tools put around a dump: a fence of Markdown or Jira, HTML, an indent, the
// arrows of a quotation, a prompt, colours. It is taken off, and a note says so.

// mostWrapped is how deep a wrapping is followed in another.
const mostWrapped = 4

// wrapped reads the dump inside a wrapping at the start of b; ok says that there
// is one.
func (d *dump) wrapped(b []byte) (rest []byte, ok bool) {
	if d.level >= mostWrapped {
		return b, false
	}
	line, after, _ := message.CutLine(b)
	switch {
	case message.IsFence(line):
		inner, rest := cutFence(b)
		d.lines += 2
		if _, mark := message.Fence(line); mark == "</pre>" && entities().Match(inner) {
			inner, d.Inexact = []byte(html.UnescapeString(string(inner))), true
			d.inside("body may not be byte-exact: it is in HTML, and its entities were decoded", inner)
			d.Inexact = false
			return rest, true
		}
		d.inside("it is in a code fence: the text around it was ignored", inner)
		return rest, true
	case line[0] == '>' && d.isQuoted(b):
		inner, rest := message.CutQuoted(b)
		d.inside(`each line begins with "> ", as in a quotation: that was removed`, inner)
		return rest, true
	case line[0] == ' ' || line[0] == '\t':
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if !beginsDump([]byte(line[len(indent):]), b[len(indent):], indent) {
			return b, false
		}
		inner, n := message.WithoutIndent(b, []byte(indent))
		d.inside(fmt.Sprintf("each line is indented by %s: that was removed", message.BytesOf(len(indent))), inner)
		return b[n:], true
	case strings.Contains(line, message.Escape):
		if plain := string(message.WithoutColours([]byte(line))); plain != line && message.IsFirstLine(plain) {
			return d.coloured(b), true
		}
	case message.PromptEnd(line) > 0:
		d.lines++
		d.Remember([]byte(line), d.size-len(b))
		return after, true
	}
	return b, false
}

// inside reads a dump that was found in another text. Line ends at its end are
// not the body's, unless its framing says so.
func (d *dump) inside(note string, inner []byte) { d.part(note, inner, true, false) }

// part reads a dump inside another text, as the fields of the same name say.
func (d *dump) part(note string, inner []byte, ends, exact bool) {
	outer := *d
	d.size, d.level, d.found, d.ends, d.exact = len(inner), d.level+1, found{}, ends, exact
	d.editor, d.ruled = false, false
	d.Notes = append(d.Notes[:len(d.Notes):len(d.Notes)], note)
	d.Flush()
	d.messages(inner)
	d.size, d.level, d.found, d.ends, d.exact = outer.size, outer.level, outer.found, outer.ends, outer.exact
	d.editor, d.ruled, d.Notes = outer.editor, outer.ruled, outer.Notes
}

// beginsDump reports whether an indented line begins a dump, or a wrapping of
// one.
func beginsDump(line, b []byte, indent string) bool {
	text := string(line)
	if message.IsFirstLine(text) || message.IsFence(text) || strings.HasPrefix(text, "###") {
		return true
	}
	if _, _, ok := editorLine(text, true); ok {
		return true
	}
	if f, ok := recorded.ParseField(text); !ok || !message.HttpOnly(f.Name) {
		return false
	}
	inner, _ := message.WithoutIndent(append([]byte(indent), b[:min(len(b), message.MaxHead)]...), []byte(indent))
	return message.IsHead(inner, 2, false)
}

// cutFence takes what is in the fence at the start of b, without the indent of
// the fence.
func cutFence(b []byte) (inner, rest []byte) {
	line, after, _ := message.CutLine(b)
	n, mark := message.Fence(line)
	if n < len(line) {
		after = b[n:]
	}
	indent := []byte(line[:len(line)-len(strings.TrimLeft(line, " \t"))])
	inner = after
	for at := 0; at < len(after); {
		line := message.FirstLine(after[at:])
		text := strings.TrimSpace(string(line[:min(len(line), message.MaxLine)]))
		end := 0
		switch markdown := mark[0] == '`' || mark[0] == '~'; {
		case markdown && !(strings.HasPrefix(text, mark) && strings.Trim(text, mark[:1]) == ""):
			end = -1
		case !markdown:
			end = bytes.Index(line, []byte(mark))
		}
		if end >= 0 {
			inner, rest = bytes.TrimSuffix(after[:at+end], []byte("</code>")), after[min(len(after), at+len(line)+1):]
			break
		}
		at += len(line) + 1
	}
	if len(indent) > 0 {
		var out []byte
		for line := range bytes.Lines(inner) {
			out = append(out, bytes.TrimPrefix(line, indent)...)
		}
		inner = out
	}
	return inner, rest
}

// entities is what HTML writes for a quote, which stands in any JSON.
var entities = pattern.Of(`&(?:quot|#34|#x22);`)

// isQuoted tells a quotation from the arrows of curl -v, which are before a head
// alone: in a quotation they go on behind its blank line.
func (d *dump) isQuoted(b []byte) bool {
	first, after, _ := message.CutLine(b)
	text := message.Unquoted(first)
	if message.IsFence(text) {
		return true
	}
	if !message.IsFirstLine(text) {
		f, ok := recorded.ParseField(text)
		_, _, editor := editorLine(text, true)
		if !editor && !(ok && message.HttpOnly(f.Name)) {
			return false
		}
	}
	// Lines that come one after the other have the same blank line after them.
	if !d.quoted.holds(after) {
		d.quoted, d.goesOn = ahead{from: len(after)}, false
		for len(after) > 0 && after[0] == '>' {
			line, rest, _ := message.CutLine(after)
			if strings.TrimSpace(message.Unquoted(line)) == "" {
				next, _, _ := message.CutLine(rest)
				d.goesOn = strings.HasPrefix(next, ">") && !message.IsFirstLine(message.Unquoted(next))
				break
			}
			after = rest
		}
		d.quoted.to = len(after)
	}
	return d.goesOn
}

// coloured reads a message whose head has colours, up to the next one that has.
func (d *dump) coloured(b []byte) (rest []byte) {
	end, head := len(b), 0
	for at := 0; at < len(b); {
		line := message.FirstLine(b[at:])
		if len(line) <= message.MaxLine {
			plain := strings.TrimSuffix(string(message.WithoutColours(line)), "\r")
			if head == 0 && plain == "" {
				head = min(len(b), at+len(line)+1)
			}
			if at > 0 && len(plain) < len(line)-1 && message.IsFirstLine(plain) {
				end = at
				break
			}
		}
		at += len(line) + 1
	}
	if head == 0 {
		head = end
	}
	body := b[head:end]
	note := "the head had terminal colours, which were removed"
	if plain := message.WithoutColours(body); len(plain) < len(body) {
		note = "body may not be byte-exact: it had terminal colours, which were removed"
		body, d.Inexact = plain, true
	}
	d.inside(note, append(message.WithoutColours(b[:head:head]), body...))
	d.Flush()
	d.Inexact = false
	return b[end:]
}

// beginsWrapped reports whether something begins at b, the start of a line, that
// is read although no message begins there.
func (d *dump) beginsWrapped(b []byte) bool {
	line := string(b[:min(len(message.FirstLine(b)), message.MaxLine)])
	if line == "" {
		return false
	}
	if beginsTrace(line) {
		return !d.noDump(b)
	}
	switch line[0] {
	case '`', '~', '{', '<':
		return message.IsFence(line)
	case '>':
		return d.isQuoted(b)
	case ' ', '\t':
		trimmed := strings.TrimLeft(line, " \t")
		return trimmed != "" && beginsDump([]byte(strings.TrimSuffix(trimmed, "\r")), b[len(line)-len(trimmed):], line[:len(line)-len(trimmed)])
	case '\x1b':
		return message.IsFirstLine(strings.TrimSuffix(string(message.WithoutColours([]byte(line))), "\r"))
	}
	return isEditorRequest(b) && !message.IsFirstLine(line)
}

// sniffWrapped recognises a dump in a wrapping, behind prose too where it is in a
// fence.
func sniffWrapped(b []byte, more bool, level int) bool {
	if level >= mostWrapped || len(b) == 0 {
		return false
	}
	line, after, _ := message.CutLine(b)
	inner := func(b []byte) bool {
		var d dump
		b = d.between(b)
		if len(b) == 0 {
			return false
		}
		line, _, _ := message.CutLine(b)
		return message.IsFirstLine(line) || message.IsHead(b, 1, true) || isEditorRequest(b) || sniffWrapped(b, more, level+1)
	}
	switch {
	case line == "":
	case isHexRow(line):
		var v conversation
		v.hexdump(b)
		return v.err == nil && len(v.sent) > 0
	case beginsTrace(line):
		return true
	case message.IsFence(line):
		text, rest := cutFence(b)
		return inner(text) || sniffWrapped(rest, more, level+1)
	case line[0] == '>' && new(dump).isQuoted(b):
		text, _ := message.CutQuoted(b)
		return inner(text)
	case line[0] == ' ' || line[0] == '\t':
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		text, _ := message.WithoutIndent(b, []byte(indent))
		return indent != line && inner(text)
	case strings.Contains(line, message.Escape):
		return message.IsFirstLine(string(message.WithoutColours([]byte(line))))
	case message.PromptEnd(line) > 0:
		return len(after) > 0 && inner(after)
	case strings.ContainsAny(line[:1], "{[<") && !isMarkup(line):
		return false
	}
	// Behind prose, which may not hold what else a capture consists of.
	var d dump
	for at := 0; at < len(after); {
		text := string(after[at : at+min(len(message.FirstLine(after[at:])), message.MaxLine)])
		switch {
		case message.IsFence(text):
			text, rest := cutFence(after[at:])
			if inner(text) {
				return true
			}
			at = len(after) - len(rest)
			continue
		case d.beginsWrapped(after[at:]):
			return true
		case strings.ContainsAny(text, "{[<") && !isMarkup(text):
			return false
		}
		if text = strings.TrimSuffix(text, "\r"); message.IsFirstLine(text) && !strings.HasPrefix(text, ":") {
			_, rest, _ := message.CutLine(after[at:])
			next, _, _ := message.CutLine(rest)
			_, header := recorded.ParseField(message.Bare(next))
			return header
		}
		at += len(message.FirstLine(after[at:])) + 1
	}
	return false
}

// isMarkup takes a line that begins with a tag of HTML.
func isMarkup(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return len(line) > 2 && line[0] == '<' && (line[1] == '/' || line[1] == '!' || line[1] >= 'a' && line[1] <= 'z') && !strings.ContainsAny(line, "{[")
}
