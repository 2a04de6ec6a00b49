package capture

import (
	"bytes"
	"regexp"
	"strings"
)

// isFence takes the line that opens a fence.
func isFence(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return strings.HasPrefix(line, "```") && !strings.Contains(line[3:], "`") || strings.HasPrefix(line, "~~~") && strings.Trim(line, "~") != ""
}

// withoutIndent is the lines at the start of b that have the indent, or are
// blank, without it, and how long they were.
func withoutIndent(b, indent []byte) (text []byte, n int) {
	for n < len(b) {
		line := b[n:min(len(b), n+len(firstLine(b[n:]))+1)]
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

// promptEnd is where a command begins behind a shell's prompt; 0 without one.
func promptEnd(line string) int {
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

// firstLine is b up to its first line end.
func firstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i]
	}
	return b
}

// trimBOM drops the byte order mark that an editor put before a capture. It is
// never applied to a payload.
func trimBOM(b []byte) []byte { return bytes.TrimPrefix(b, []byte(bom)) }

const bom = "\xef\xbb\xbf"

const escape = "\x1b["

// withoutColours takes out what sets the colour and the weight of a terminal's
// text.
func withoutColours(b []byte) []byte {
	if !bytes.Contains(b, []byte(escape)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for {
		i := bytes.Index(b, []byte(escape))
		if i < 0 {
			return append(out, b...)
		}
		out = append(out, b[:i]...)
		end := i + len(escape)
		for end < len(b) && (b[end] >= '0' && b[end] <= '9' || b[end] == ';' || b[end] == ':') {
			end++
		}
		if end < len(b) && (b[end] == 'm' || b[end] == 'K') {
			b = b[end+1:]
		} else {
			out = append(out, escape...)
			b = b[i+len(escape):]
		}
	}
}

// growth is how much variables may still take where they are filled in: each may
// hold others twice.
type growth int

func newGrowth() growth { return 16 << 20 }

func (r *growth) take(n int) bool {
	if *r < growth(n) {
		return false
	}
	*r -= growth(n)
	return true
}

var traceBlock = regexp.MustCompile(`^(?:\d\d:\d\d:\d\d\.\d{6} )?(?:\[[0-9x]+-[0-9x]+\] )?(?:== Info: |(=>|<=) (Send|Recv) (header|data|SSL data), (\d+) bytes \(0x[0-9a-f]+\)$)`)

func isTraceLine(line string) bool { return traceBlock.MatchString(line) }

// lineEnd is how long the line end at the start of b is.
func lineEnd(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\n")):
		return 1
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	}
	return 0
}

func unquoted(line string) string {
	line = strings.TrimPrefix(line, ">")
	return strings.TrimPrefix(line, " ")
}

// cutQuoted takes the lines of a quotation.
func cutQuoted(b []byte) (inner, rest []byte) {
	for len(b) > 0 && b[0] == '>' {
		n := min(len(b), len(firstLine(b))+1)
		inner = append(inner, bytes.TrimPrefix(b[1:n], []byte(" "))...)
		b = b[n:]
	}
	return inner, b
}

// maxName is how long the name of a variable may be.
const maxName = 256

// mostLooked is how many times its size is followed over in a dump. Messages that
// come one after the other take about one; of those that claim each other's
// bytes each would take all that is left.
const mostLooked = 64
