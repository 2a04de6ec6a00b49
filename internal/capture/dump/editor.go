package dump

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// Files of the REST clients of editors, VS Code's and JetBrains': requests between
// lines that begin with "###", without a version mostly, with variables, comments
// and scripts. What such a client sends is not all that stands there: the editor's
// line ends at the end of a body are not, nor are the lines that handle an answer.

// editorLine takes "POST https://example.com/hook", with or without a version, or
// the URL alone. A path alone is a target where strict is not set.
func editorLine(line string, strict bool) (method, target string, ok bool) {
	if m, t, ok := message.RequestLine(line); ok {
		return m, t, true
	}
	method, target, ok = strings.Cut(strings.TrimRight(line, " \t"), " ")
	target = strings.TrimLeft(target, " ")
	absolute := func(s string) bool {
		return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "{{")
	}
	if !ok && absolute(line) && !strings.ContainsAny(line, "\"'<>,") {
		return "GET", strings.TrimSpace(line), true
	}
	if !ok || !message.IsMethod(method) || strings.ContainsAny(target, "\"'<>|,") && !strings.HasPrefix(target, "{{") || strings.Contains(strings.ReplaceAll(target, "{{ ", "{{"), " ") && !strings.Contains(target, "}}") {
		return "", "", false
	}
	return method, target, absolute(target) || strings.HasPrefix(target, "/") && !strict
}

// isEditorRequest reports whether a request of an editor's file begins at b. A
// first line alone may be a text that looks like one, unless its target is a URL.
func isEditorRequest(b []byte) bool {
	line, rest, _ := message.CutLine(b[:min(len(b), message.MaxHead)])
	if _, _, ok := editorLine(line, true); ok {
		return true
	}
	if _, _, ok := editorLine(line, false); !ok {
		return false
	}
	next, _, _ := message.CutLine(rest)
	_, header := recorded.ParseField(next)
	return header
}

// variable takes "@name = value".
func variable(line string) (name, value string, ok bool) {
	name, ok = strings.CutPrefix(line, "@")
	if !ok {
		return "", "", false
	}
	name, value, ok = strings.Cut(name, "=")
	name = strings.TrimSpace(name)
	return name, strings.TrimSpace(value), ok && recorded.IsToken(name)
}

// isComment takes a comment of an editor's file.
func isComment(line string) bool {
	return strings.HasPrefix(line, "# ") || line == "#" || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "# @")
}

// editorHead reads the lines between the first one and the body of a request.
func (d *dump) editorHead(b []byte, r *recorded.Request) (rest []byte, err error) {
	line, b, _ := message.CutLine(b)
	r.Method, r.URL, _ = editorLine(line, false)
	var fields []string
	for len(b) > 0 {
		line, after, _ := message.CutLine(b)
		trimmed := strings.TrimLeft(line, " \t")
		switch {
		case trimmed == "":
			return after, d.editorFields(fields, r)
		case strings.HasPrefix(line, "###"):
			return b, d.editorFields(fields, r)
		case isComment(trimmed):
			d.lines++
			d.Remember([]byte(line), d.size-len(b))
		case trimmed != line && len(fields) == 0: // the URL goes on
			r.URL += strings.TrimSpace(trimmed)
		case trimmed != line:
			fields = append(fields, line)
		default:
			if _, ok := recorded.ParseField(line); !ok {
				return b, fmt.Errorf("head: %.60q is not a header line", line)
			}
			fields = append(fields, line)
		}
		b = after
	}
	return nil, d.editorFields(fields, r)
}

// editorFields parses header lines with their variables filled in.
func (d *dump) editorFields(lines []string, r *recorded.Request) error {
	f := filler{room: &d.room}
	r.URL = f.fill(r.URL, d.vars)
	for i := range lines {
		lines[i] = f.fill(lines[i], d.vars)
	}
	r.Notes = append(r.Notes, f.notes("the head")...)
	return message.ParseFields(lines, r)
}

// filler fills in {{variables}}.
type filler struct {
	filled, unknown []string
	room            *message.Growth
}

func (f *filler) fill(text string, vars map[string]string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{{")
		name, _, closed := strings.Cut(rest[:min(len(rest), message.MaxName)], "}}")
		if !ok || !closed {
			out.WriteString(before)
			if ok {
				out.WriteString("{{")
				text = rest
				continue
			}
			return out.String()
		}
		after := rest[len(name)+len("}}"):]
		out.WriteString(before)
		trimmed := strings.TrimSpace(name)
		value, known := vars[trimmed]
		switch {
		case known && f.room.Take(len(value)):
			out.WriteString(value)
			f.filled = append(f.filled, trimmed)
		case recorded.IsToken(strings.TrimLeft(trimmed, "$")):
			f.unknown = append(f.unknown, trimmed)
			fallthrough
		default:
			out.WriteString("{{" + name + "}}")
		}
		text = after
	}
}

func (f *filler) notes(where string) (notes []string) {
	slices.Sort(f.filled)
	slices.Sort(f.unknown)
	if names := slices.Compact(f.filled); len(names) > 0 {
		notes = append(notes, fmt.Sprintf("in %s, variables of the file were replaced: %.200s", where, strings.Join(names, ", ")))
	}
	if names := slices.Compact(f.unknown); len(names) > 0 {
		notes = append(notes, fmt.Sprintf("{{%.200s}} in %s was not replaced: the file does not define it", strings.Join(names, "}}, {{"), where))
	}
	return notes
}

// editorRequest reads a request of an editor's file and returns what follows it.
func (d *dump) editorRequest(b []byte) (rest []byte) {
	d.editor = true
	r := &recorded.Request{}
	after, err := d.editorHead(b, r)
	if err != nil {
		d.Row(&recorded.Request{}, err)
		if len(after) == len(b) {
			_, after, _ = message.CutLine(b)
		}
		return after[d.editorEnd(after):]
	}
	d.headers = r.Method == "HEAD"
	if f := message.FramingOf(r.Header); !f.None() {
		if c := message.CutBody(after, f); c.Fits {
			d.looked += c.Looked
			r.Body, r.Notes, rest = c.Body, append(r.Notes, c.Notes...), c.Rest
			return d.editorRow(r, rest)
		}
	}
	end := d.editorEnd(after)
	region, rest := after[:end], after[end:]
	body := bytes.TrimRight(region, "\r\n")
	if at := handlerIn(region); at < len(region) {
		d.lines++
		d.Remember(region[at:], d.size-len(after)+at)
		if text := bytes.TrimSpace(region[at:]); len(text) > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("%s after the body handle the answer: they are not part of it", message.BytesOf(len(text))))
		}
		region = region[:at]
		body = bytes.TrimRight(region, "\r\n")
	}
	if name, ok := bodyFile(body); ok {
		text, err := d.file(name)
		if err != nil {
			d.Row(&recorded.Request{}, err)
			return rest
		}
		r.Body = text
		return d.editorRow(r, rest)
	}
	if len(body) < len(region) && len(body) > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%s of line ends after the body belong to the editor's format, not to the body", message.BytesOf(len(region)-len(body))))
		r.Others = append(r.Others, region)
	}
	r.Body = body
	if bytes.Contains(body, []byte("{{")) {
		f := filler{room: &d.room}
		if text := f.fill(string(body), d.vars); text != string(body) {
			r.Others = append(r.Others, body)
			r.Body = []byte(text)
		}
		r.Notes = append(r.Notes, f.notes("the body")...)
	}
	return d.editorRow(r, rest)
}

func (d *dump) editorRow(r *recorded.Request, rest []byte) []byte {
	if r.Probe(d.Names) {
		d.probes++
		return rest
	}
	d.Row(r, nil)
	d.Carry(r, nil)
	return rest
}

// bodyFile takes "< ./file" and "<@ file".
func bodyFile(body []byte) (name string, ok bool) {
	line, rest, _ := message.CutLine(body)
	line, ok = strings.CutPrefix(line, "<")
	if !ok || len(bytes.TrimSpace(rest)) > 0 {
		return "", false
	}
	line, at := strings.CutPrefix(line, "@")
	if at { // and perhaps an encoding
		_, line, ok = strings.Cut(" "+strings.TrimLeft(line, ""), " ")
		if word, after, more := strings.Cut(line, " "); more && word != "" {
			line = after
		}
		return strings.TrimSpace(line), ok
	}
	name, ok = strings.CutPrefix(line, " ")
	name = strings.TrimSpace(name)
	return name, ok && name != "" && !strings.HasPrefix(name, "{%") && !strings.ContainsAny(name, "<>\"")
}

// editorEnd is where the region of a request ends: before a line with "###", a
// message, or another request of an editor's file that is signed.
func (d *dump) editorEnd(b []byte) int {
	end := message.NextMessage(b, 0, d.Names)
	for at := 0; at < end; {
		line := b[at:min(end, at+len(message.FirstLine(b[at:]))+1)]
		text := string(line[:min(len(line), message.MaxHead)])
		if strings.HasPrefix(text, "###") {
			return at
		}
		if word, _, _ := strings.Cut(text, " "); message.IsMethod(word) && isEditorRequest(b[at:]) && d.looked <= message.MostLooked*d.whole {
			var r recorded.Request
			sub := dump{Rows: message.Rows{Names: d.Names}, vars: d.vars, room: d.room}
			rest, err := sub.editorHead(b[at:], &r)
			d.looked += len(b) - at - len(rest)
			if err == nil && recorded.Signed(r.Header, d.Names) {
				return at
			}
		}
		at += len(line)
	}
	return end
}

// handlerIn is where the lines that handle an answer begin in the region of a
// request, or its end.
func handlerIn(b []byte) int {
	for at := 0; at < len(b); {
		line := b[at:min(len(b), at+len(message.FirstLine(b[at:]))+1)]
		text := strings.TrimRight(string(line[:min(len(line), message.MaxHead)]), " \t\r\n")
		for _, p := range []string{"> {%", "<> ", ">> ", ">>! "} {
			if strings.HasPrefix(text, p) {
				return at
			}
		}
		if file, ok := strings.CutPrefix(text, "> "); ok && strings.HasSuffix(file, ".js") {
			return at
		}
		at += len(line)
	}
	return len(b)
}

// editorLines passes over what stands before a request in an editor's file:
// variables, comments, and a script that runs before it. It returns b where
// nothing does.
func (d *dump) editorLines(b []byte) []byte {
	line, rest, _ := message.CutLine(b)
	if name, value, ok := variable(line); ok {
		if d.vars == nil {
			d.vars = map[string]string{}
		}
		f := filler{room: &d.room}
		d.vars[name] = f.fill(value, d.vars)
		d.editor = true
		d.lines++
		d.Remember([]byte(line), d.size-len(b))
		return rest
	}
	if isComment(line) && (d.editor || !message.LikeRequestLine(line)) {
		d.lines++
		d.Remember([]byte(line), d.size-len(b))
		return rest
	}
	if strings.HasPrefix(line, "< {%") {
		end := bytes.Index(b, []byte("%}"))
		if end < 0 {
			return b
		}
		d.lines++
		d.Remember(b[:end], d.size-len(b))
		return b[end+len(message.FirstLine(b[end:])):]
	}
	return b
}
