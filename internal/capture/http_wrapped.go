package capture

import (
	"bytes"
	"fmt"
	"strings"
)

// What people and tools put around a dump: a fence of Markdown, an indent, the
// arrows of a quotation, a prompt, colours. It is taken off, and a note says so.

// mostWrapped is how deep a wrapping is followed in another.
const mostWrapped = 4

// wrapped reads the dump inside a wrapping at the start of b; ok says that there
// is one.
func (d *dump) wrapped(b []byte) (rest []byte, ok bool) {
	if d.level >= mostWrapped {
		return b, false
	}
	line, after, _ := cutLine(b)
	switch {
	case isFence(line):
		inner, rest := cutFence(b)
		d.lines += 2
		d.inside("it stands in a fence of Markdown: what is around it is not part of it", inner)
		return rest, true
	case line[0] == '>' && d.isQuoted(b):
		inner, rest := cutQuoted(b)
		d.inside(`each line begins with "> ", as in a quotation: that is not part of it`, inner)
		return rest, true
	case line[0] == ' ' || line[0] == '\t':
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if !beginsDump([]byte(line[len(indent):]), b[len(indent):], indent) {
			return b, false
		}
		inner, n := withoutIndent(b, []byte(indent))
		d.inside(fmt.Sprintf("each line is indented by %s: that is not part of it", bytesOf(len(indent))), inner)
		return b[n:], true
	case strings.Contains(line, escape):
		if plain := string(withoutColours([]byte(line))); plain != line && isFirstLine(plain) {
			return d.coloured(b), true
		}
	case promptEnd(line) > 0:
		d.lines++
		d.remember([]byte(line), d.size-len(b))
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
	d.notes = append(d.notes[:len(d.notes):len(d.notes)], note)
	d.flush()
	d.messages(inner)
	d.size, d.level, d.found, d.ends, d.exact = outer.size, outer.level, outer.found, outer.ends, outer.exact
	d.editor, d.ruled, d.notes = outer.editor, outer.ruled, outer.notes
}

// beginsDump reports whether an indented line begins a dump, or a wrapping of
// one.
func beginsDump(line, b []byte, indent string) bool {
	text := string(line)
	if isFirstLine(text) || isFence(text) || strings.HasPrefix(text, "###") {
		return true
	}
	if _, _, ok := editorLine(text, true); ok {
		return true
	}
	if f, ok := ParseField(text); !ok || !httpOnly(f.Name) {
		return false
	}
	inner, _ := withoutIndent(append([]byte(indent), b[:min(len(b), maxHead)]...), []byte(indent))
	return isHead(inner, 2, false)
}

// cutFence takes what is in the fence at the start of b, without the indent of
// the fence.
func cutFence(b []byte) (inner, rest []byte) {
	line, after, _ := cutLine(b)
	trimmed := strings.TrimLeft(line, " \t")
	indent := []byte(line[:len(line)-len(trimmed)])
	mark := trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, trimmed[:1]))]
	for at := 0; at < len(after); {
		line := firstLine(after[at:])
		text := strings.TrimSpace(string(line[:min(len(line), maxLine)]))
		if strings.HasPrefix(text, mark) && strings.Trim(text, mark[:1]) == "" {
			inner, rest = after[:at], after[min(len(after), at+len(line)+1):]
			break
		}
		if at += len(line) + 1; at >= len(after) {
			inner = after
		}
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

// isQuoted tells a quotation from the arrows of curl -v, which are before a head
// alone: in a quotation they go on behind its blank line.
func (d *dump) isQuoted(b []byte) bool {
	first, after, _ := cutLine(b)
	text := unquoted(first)
	if isFence(text) {
		return true
	}
	if !isFirstLine(text) {
		f, ok := ParseField(text)
		_, _, editor := editorLine(text, true)
		if !editor && !(ok && httpOnly(f.Name)) {
			return false
		}
	}
	// Lines that come one after the other have the same blank line after them.
	if !d.quoted.holds(after) {
		d.quoted, d.goesOn = ahead{from: len(after)}, false
		for len(after) > 0 && after[0] == '>' {
			line, rest, _ := cutLine(after)
			if strings.TrimSpace(unquoted(line)) == "" {
				next, _, _ := cutLine(rest)
				d.goesOn = strings.HasPrefix(next, ">") && !isFirstLine(unquoted(next))
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
		line := firstLine(b[at:])
		if len(line) <= maxLine {
			plain := strings.TrimSuffix(string(withoutColours(line)), "\r")
			if head == 0 && plain == "" {
				head = min(len(b), at+len(line)+1)
			}
			if at > 0 && len(plain) < len(line)-1 && isFirstLine(plain) {
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
	note := "the head had colours of a terminal: they are taken off"
	if plain := withoutColours(body); len(plain) < len(body) {
		note = "body may not be byte-exact: it had colours of a terminal, which are taken off"
		body, d.inexact = plain, true
	}
	d.inside(note, append(withoutColours(b[:head:head]), body...))
	d.flush()
	d.inexact = false
	return b[end:]
}

// beginsWrapped reports whether something begins at b, the start of a line, that
// is read although no message begins there.
func (d *dump) beginsWrapped(b []byte) bool {
	line := string(b[:min(len(firstLine(b)), maxLine)])
	if line == "" {
		return false
	}
	if beginsTrace(line) {
		return !d.noDump(b)
	}
	switch line[0] {
	case '`', '~':
		return isFence(line)
	case '>':
		return d.isQuoted(b)
	case ' ', '\t':
		trimmed := strings.TrimLeft(line, " \t")
		return trimmed != "" && beginsDump([]byte(strings.TrimSuffix(trimmed, "\r")), b[len(line)-len(trimmed):], line[:len(line)-len(trimmed)])
	case '\x1b':
		return isFirstLine(strings.TrimSuffix(string(withoutColours([]byte(line))), "\r"))
	}
	return isEditorRequest(b) && !isFirstLine(line)
}

// sniffWrapped recognises a dump in a wrapping, behind prose too where it is in a
// fence.
func sniffWrapped(b []byte, more bool, level int) bool {
	if level >= mostWrapped || len(b) == 0 {
		return false
	}
	line, after, _ := cutLine(b)
	inner := func(b []byte) bool {
		var d dump
		b = d.between(b)
		if len(b) == 0 {
			return false
		}
		line, _, _ := cutLine(b)
		return isFirstLine(line) || isHead(b, 1, true) || isEditorRequest(b) || sniffWrapped(b, more, level+1)
	}
	switch {
	case line == "":
	case isHexRow(line):
		var v conversation
		v.hexdump(b)
		return v.err == nil && len(v.sent) > 0
	case beginsTrace(line):
		return true
	case isFence(line):
		text, rest := cutFence(b)
		return inner(text) || sniffWrapped(rest, more, level+1)
	case line[0] == '>' && new(dump).isQuoted(b):
		text, _ := cutQuoted(b)
		return inner(text)
	case line[0] == ' ' || line[0] == '\t':
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		text, _ := withoutIndent(b, []byte(indent))
		return indent != line && inner(text)
	case strings.Contains(line, escape):
		return isFirstLine(string(withoutColours([]byte(line))))
	case promptEnd(line) > 0:
		return len(after) > 0 && inner(after)
	case strings.ContainsAny(line[:1], "{[<"):
		return false
	}
	// Behind prose, which may not hold what else a capture consists of.
	var d dump
	for at := 0; at < len(after); {
		text := string(after[at : at+min(len(firstLine(after[at:])), maxLine)])
		switch {
		case isFence(text):
			text, rest := cutFence(after[at:])
			if inner(text) {
				return true
			}
			at = len(after) - len(rest)
			continue
		case d.beginsWrapped(after[at:]):
			return true
		case strings.ContainsAny(text, "{[<"):
			return false
		}
		if text = strings.TrimSuffix(text, "\r"); isFirstLine(text) && !strings.HasPrefix(text, ":") {
			_, rest, _ := cutLine(after[at:])
			next, _, _ := cutLine(rest)
			_, header := ParseField(bare(next))
			return header
		}
		at += len(firstLine(after[at:])) + 1
	}
	return false
}
