package diagnosis

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"iter"
	"mime/quotedprintable"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/printed"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// Bodies that were a string in some language, a cell of a table or a word of a
// command, of which the escapes were left on.

// unescapes are the ways in which one level of escapes is taken off; each returns
// its argument where there is nothing of its kind.
var unescapes = []func(string) string{
	func(s string) string { return unescaped(fromQuoted(s, `'`, `'`, ""), anyEscape) }, // JSON, addslashes, $util.escapeJavaScript, nginx
	func(s string) string { return strings.ReplaceAll(s, `\"`, `"`) },
	func(s string) string { return strings.ReplaceAll(s, `\\`, `\`) },
	func(s string) string { return strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(s) },
	func(s string) string { return fromQuoted(s, `"`, `"`, `""`) }, // CSV
	func(s string) string { return fromQuoted(s, `'`, `'`, `''`) }, // SQL
	func(s string) string { return fromQuoted(s, `'`, `'`, `'\''`) },
	func(s string) string { return fromQuoted(s, `'`, `'`, `'"'"'`) },
	func(s string) string { return unescaped(fromQuoted(s, `$'`, `'`, ""), anyEscape) }, // bash
	fromSyslog,
	withoutEscapedEnd,
	html.UnescapeString,
	func(s string) string { return html.UnescapeString(html.UnescapeString(s)) },
	fromQuotedPrintable,
	func(s string) string { return fromQuoted(strings.ReplaceAll(s, "^", ""), `"`, `"`, `\"`) }, // cmd
	func(s string) string { return fromQuoted(s, `"`, `"`, "`\"") },                             // PowerShell
	func(s string) string { return unescaped(unescaped(s, anyEscape), anyEscape) },
}

// escapedBody is what the body was before one level of escapes was put on it, and
// what a viewer has laid out of that.
func escapedBody(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !bytes.ContainsAny(b, "\\\"'#&=`") {
			return
		}
		text := strings.TrimRight(string(b), "\r\n")
		if inner, ok := jsontext.Unquote(nil, []byte(text)); ok && json.Valid(inner) {
			return // a JSON string, with its quotes: the body was wrapped
		}
		for _, unescape := range unescapes {
			plain := unescape(text)
			if plain == text || plain == "" {
				continue
			}
			out := []byte(plain)
			if !yield(out) {
				return
			}
			if end := bytes.TrimRight(out, "\r\n"); len(end) < len(out) && !yield(end) {
				return
			}
			for form := range jsonUnescaped(parse(out)) {
				if !yield(form) {
					return
				}
			}
		}
	}
}

// fromQuoted takes off what stands at both ends, if both do, and makes quotes of
// those that are written in another way within.
func fromQuoted(s, before, after, within string) string {
	if inner, ok := strings.CutPrefix(s, before); ok && len(inner) > len(after) {
		if inner, ok := strings.CutSuffix(inner, after); ok {
			s = inner
		}
	}
	if within == "" {
		return s
	}
	return strings.ReplaceAll(s, within, after)
}

// escapeSet says which escapes there are.
type escapeSet int

const (
	anyEscape  escapeSet = iota // those of [printed.Unescape]; any other character stands for itself
	quotesOnly                  // \\ and \', as PHP and Perl write them
)

// unescaped undoes escapes with a backslash.
func unescaped(s string, set escapeSet) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	b, out := []byte(s), make([]byte, 0, len(s))
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 == len(b) {
			break
		}
		out, b = append(out, b[:i]...), b[i:]
		c, n, known := b[1], 0, false
		if set == quotesOnly && c != '\\' && c != '\'' {
			out, b = append(out, b[:2]...), b[2:]
			continue
		}
		out, n, known = printed.Unescape(out, b, true)
		if !known && n == 2 && strings.IndexByte("xuU", c) < 0 {
			out = append(out[:len(out)-2], c) // as it is
		}
		b = b[n:]
	}
	return string(append(out, b...))
}

// withoutEscapedEnd drops line ends that were written out at the end, as \n or #012.
func withoutEscapedEnd(s string) string {
	for {
		cut := s
		for _, end := range []string{`\n`, `\r`, "#012", "#015"} {
			cut = strings.TrimSuffix(cut, end)
		}
		if cut == s {
			return s
		}
		s = cut
	}
}

// fromSyslog undoes #012 and the like: control characters, as rsyslog writes them.
func fromSyslog(s string) string {
	first, rest, _ := strings.Cut(s, "#")
	out := []byte(first)
	for part := range strings.SplitSeq(rest, "#") {
		if len(part) >= 3 {
			if c, err := strconv.ParseUint(part[:3], 8, 8); err == nil && c < 0x20 {
				out = append(append(out, byte(c)), part[3:]...)
				continue
			}
		}
		out = append(append(out, '#'), part...)
	}
	if first == s {
		return s
	}
	return string(out)
}

// fromQuotedPrintable is mail's way: =22, and lines that end in an equals sign.
func fromQuotedPrintable(s string) string {
	if !strings.Contains(s, "=") {
		return s
	}
	out, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(s)))
	if err != nil {
		return s
	}
	return string(out)
}

// escapedStarts is how a JSON object begins that has escapes left on.
var escapedStarts = []string{`{\"`, `{\n`, `{""`, `{&quot;`, `{&#34;`, `{&#x22;`, `{\x22`, `{=22`, `{#0`, `{\u0022`}

// testEscaped recognises escapes that were left on, where the rest has changed too.
func testEscaped(d *diagnosis) (string, bool) {
	if json.Valid(d.request.Body) {
		return "", false
	}
	text := strings.TrimLeft(string(d.request.Body[:min(len(d.request.Body), mostQuoted)]), " \t\r\n\"'$[")
	return "", slices.ContainsFunc(escapedStarts, func(start string) bool { return strings.HasPrefix(text, start) })
}
