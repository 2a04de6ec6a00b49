package tunnel

import (
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/term"
)

const (
	mostLines = 20
	mostLine  = 2000 // bytes
)

// output is what a program says: its last lines, cleaned, and each line to whom
// it concerns.
type output struct {
	mu   sync.Mutex
	part []byte
	last []string
	line func(string)
}

// Write takes all of p, whatever is in it.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, b := range p {
		switch {
		case b == '\n' || b == '\r':
			o.end()
		case len(o.part) < mostLine:
			o.part = append(o.part, b)
		}
	}
	return len(p), nil
}

// end ends a line.
func (o *output) end() {
	text := strings.TrimSpace(string(o.part))
	o.part = o.part[:0]
	if text == "" {
		return
	}
	if o.last = append(o.last, term.Clean(text)); len(o.last) > mostLines {
		o.last = o.last[1:]
	}
	o.line(text)
}

// tail is the end of what was said.
func (o *output) tail() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end()
	return append([]string(nil), o.last...)
}
