// Package around takes off what stands around the lines of a text: what a log
// collector puts before each of them, or the JSON that it puts them in, the line
// ends of a terminal, the pieces that a long line is cut into, the cells of a table.
// What is in a line it never changes. Where lines that are one are put together, blank
// ones may stay in their place, so that the numbers of lines are those of the input.
package around

import (
	"bufio"
	"bytes"
	"io"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// Layer is one thing that is around a text.
type Layer struct {
	// Note says what was taken off, for people.
	Note string
	// Sure says that the text is nothing else: what is inside need not be recognised.
	Sure bool
	lines
}

// lines makes the lines of the text inside of those of the text, of which it may hold
// back a copy; nil is the end of it. With fill a line stays where it is.
type lines func(fill bool) func(line []byte) []byte

// Find finds what is around the text that begins with head, the outermost first:
// each may be around once. Names are the headers that are signatures.
var Find = []func(head []byte, names []string) (Layer, bool){wrapped, pieces, framed, table, envelope, prefix, document}

// Inside is the text inside of head and, behind it, of r. With fill there are blank
// lines in place of those that were put together with others, which tell nothing only
// where each line is for itself.
func (l Layer) Inside(head []byte, r io.Reader, fill bool) (inner []byte, rest io.Reader) {
	whole := bytes.LastIndexByte(head, '\n') + 1
	i := &inside{r: bufio.NewReaderSize(io.MultiReader(bytes.NewReader(head[whole:]), r), recorded.HeadStep), line: l.lines(fill)}
	for line := range bytes.Lines(message.TrimBOM(head[:whole])) {
		inner = append(inner, i.line(line)...)
	}
	return inner, i
}

// inside reads line by line.
type inside struct {
	r    *bufio.Reader
	line func([]byte) []byte
	out  []byte // not yet read
	err  error
}

// Read gives what whole lines there are, without waiting for more.
func (i *inside) Read(p []byte) (n int, err error) {
	for n < len(p) && (n == 0 || len(i.out) > 0 || i.ready()) {
		if len(i.out) == 0 && i.err != nil {
			return n, i.err
		}
		if len(i.out) == 0 {
			i.next()
		}
		more := copy(p[n:], i.out)
		n, i.out = n+more, i.out[more:]
	}
	return n, nil
}

// ready reports whether a line was read that is not taken yet.
func (i *inside) ready() bool {
	read, _ := i.r.Peek(i.r.Buffered())
	return i.err == nil && bytes.IndexByte(read, '\n') >= 0
}

// next takes a line. One that is longer than a delivery may be comes in parts.
func (i *inside) next() {
	text, err := i.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		for text = bytes.Clone(text); err == bufio.ErrBufferFull && len(text) < recorded.MaxDelivery; {
			var part []byte
			part, err = i.r.ReadSlice('\n')
			text = append(text, part...)
		}
	}
	if err != bufio.ErrBufferFull {
		i.err = err
	}
	if len(text) > 0 {
		i.out = i.line(text)
	}
	if i.err != nil {
		if i.out = append(i.out[:len(i.out):len(i.out)], i.line(nil)...); len(text) > 0 && text[len(text)-1] != '\n' {
			i.out = bytes.TrimSuffix(i.out, []byte("\n"))
		}
	}
}

// eachOf is lines that are changed one by one.
func eachOf(f func(text []byte) []byte) lines {
	return func(bool) func([]byte) []byte {
		return func(line []byte) []byte {
			text := bytes.TrimRight(line, "\r\n")
			return append(append([]byte(nil), f(text)...), line[len(text):]...)
		}
	}
}

// filled are the lines of a text that are not blank; the last one may be cut off.
func filled(head []byte) (lines [][]byte) {
	for line := range bytes.Lines(head) {
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// joiner puts lines together that are one.
type joiner struct {
	text []byte
	held int // lines
}

// add holds a line back.
func (j *joiner) add(text []byte) {
	j.text = append(j.text, text...)
	j.held++
}

// flush is the line that was held back, and blank ones to fill its place.
func (j *joiner) flush(fill bool) (out []byte) {
	if j.held > 0 {
		out = append(j.text, '\n')
	}
	if fill && j.held > 1 {
		out = append(out, bytes.Repeat([]byte("\n"), j.held-1)...)
	}
	*j = joiner{}
	return out
}
