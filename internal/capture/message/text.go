package message

import (
	"bytes"
	"strings"

	"github.com/hookctl/hookctl/internal/pattern"
)

// IsFence takes the line that opens a fence.
func IsFence(line string) bool {
	_, closing := Fence(line)
	return closing != ""
}

// Fence takes the line that opens a fence, of Markdown, Jira or HTML: how long it is,
// of HTML without what stands behind it, and what closes it; "" for any other line.
func Fence(line string) (n int, closing string) {
	text := strings.TrimLeft(line, " \t")
	switch {
	case strings.HasPrefix(text, "```") && !strings.Contains(text[3:], "`"), strings.HasPrefix(text, "~~~") && strings.Trim(text, "~") != "":
		return len(line), text[:len(text)-len(strings.TrimLeft(text, text[:1]))]
	case strings.HasPrefix(text, "{code") || strings.HasPrefix(text, "{noformat"):
		name, _, _ := strings.Cut(text[1:len(text)-1], ":")
		if strings.IndexByte(text, '}') == len(text)-1 && (name == "code" || name == "noformat") {
			return len(line), "{" + name + "}"
		}
	case strings.HasPrefix(text, "<"):
		if tags := htmlFence().FindString(text); tags != "" {
			return len(line) - len(text) + len(tags), "</pre>"
		}
	}
	return 0, ""
}

var htmlFence = pattern.Of(`^(?:<[^<>]*>[^<>]*)*?<pre(?: [^>]*)?>(?:<code(?: [^>]*)?>)?`)

// WithoutIndent is the lines at the start of b that have the indent, or are
// blank, without it, and how long they were.
func WithoutIndent(b, indent []byte) (text []byte, n int) {
	for n < len(b) {
		line := b[n:min(len(b), n+len(FirstLine(b[n:]))+1)]
		inner, ok := bytes.CutPrefix(line, indent)
		if !ok {
			if len(bytes.TrimSpace(line)) > 0 {
				break
			}
			inner = bytes.TrimLeft(line, " \t")
		}
		text, n = append(text, inner...), n+len(line)
	}
	return text, n
}

// PromptEnd is where a command begins behind a shell's prompt; 0 without one.
func PromptEnd(line string) int {
	const most = 120
	for _, p := range []string{"$ ", "% ", "❯ ", "➜ ", "~$ "} {
		if strings.HasPrefix(line, p) {
			return len(p)
		}
	}
	head := line[:min(len(line), most)]
	for _, end := range []string{"$ ", "# ", "% ", "> ", ">"} {
		i := strings.Index(head, end)
		if i <= 0 {
			continue
		}
		prompt := head[:i]
		if strings.HasPrefix(prompt, "PS ") && end[0] == '>' || len(prompt) > 2 && prompt[1] == ':' && prompt[2] == '\\' && end[0] == '>' ||
			end[0] != '>' && strings.Contains(prompt, "@") && !strings.ContainsAny(prompt, `"'={}`) {
			return i + len(end) + len(line[i+len(end):]) - len(strings.TrimLeft(line[i+len(end):], " "))
		}
	}
	return 0
}

// FirstLine is b up to its first line end.
func FirstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i]
	}
	return b
}

// TrimBOM drops the byte order mark that an editor put before a capture. It is
// never applied to a payload.
func TrimBOM(b []byte) []byte { return bytes.TrimPrefix(b, []byte(Bom)) }

const Bom = "\xef\xbb\xbf"

const Escape = "\x1b["

// WithoutColours takes out what sets the colour and the weight of a terminal's
// text.
func WithoutColours(b []byte) []byte {
	if !bytes.Contains(b, []byte(Escape)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for {
		i := bytes.Index(b, []byte(Escape))
		if i < 0 {
			return append(out, b...)
		}
		out = append(out, b[:i]...)
		end := i + len(Escape)
		for end < len(b) && (b[end] >= '0' && b[end] <= '9' || b[end] == ';' || b[end] == ':') {
			end++
		}
		if end < len(b) && (b[end] == 'm' || b[end] == 'K') {
			b = b[end+1:]
		} else {
			out = append(out, Escape...)
			b = b[i+len(Escape):]
		}
	}
}

// Growth is how much variables may still take where they are filled in: each may
// hold others twice.
type Growth int

func NewGrowth() Growth { return 16 << 20 }

func (r *Growth) Take(n int) bool {
	if *r < Growth(n) {
		return false
	}
	*r -= Growth(n)
	return true
}

var TraceBlock = pattern.Of(`^(?:\d\d:\d\d:\d\d\.\d{6} )?(?:\[[0-9x]+-[0-9x]+\] )?(?:== Info: |(=>|<=) (Send|Recv) (header|data|SSL data), (\d+) bytes \(0x[0-9a-f]+\)$)`)

func IsTraceLine(line string) bool { return TraceBlock().MatchString(line) }

// LineEnd is how long the line end at the start of b is.
func LineEnd(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\n")):
		return 1
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	}
	return 0
}

func Unquoted(line string) string {
	line = strings.TrimPrefix(line, ">")
	return strings.TrimPrefix(line, " ")
}

// CutQuoted takes the lines of a quotation.
func CutQuoted(b []byte) (inner, rest []byte) {
	for len(b) > 0 && b[0] == '>' {
		n := min(len(b), len(FirstLine(b))+1)
		inner = append(inner, bytes.TrimPrefix(b[1:n], []byte(" "))...)
		b = b[n:]
	}
	return inner, b
}

// MaxName is how long the name of a variable may be.
const MaxName = 256

// MostLooked is how many times its size is followed over in a dump. Messages that
// come one after the other take about one; of those that claim each other's
// bytes each would take all that is left.
const MostLooked = 64
