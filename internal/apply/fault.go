package apply

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
)

// Position is a place in a manifest.
type Position struct {
	File   string
	Line   int // from 1; 0: the file as a whole
	Column int // from 1, in characters; 0: not known
}

func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// maxFaults is how many faults of the manifests are reported at once.
const maxFaults = 20

// maxFaultText bounds the text of one fault, in bytes: it may quote the manifest.
const maxFaultText = 1000

// faults collects what is wrong with the manifests.
type faults struct {
	lines []string
	total int      // how often add was called
	full  bool     // nothing more need be looked for
	needs []string // flags that would allow what is refused
}

// add notes a fault. One in defaults comes up with every webhook: it is said once.
func (f *faults) add(at Position, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(text) > maxFaultText {
		text = strings.ToValidUTF8(text[:maxFaultText], "") + "..."
	}
	line := at.String() + ": " + text
	f.total++
	switch {
	case slices.Contains(f.lines, line):
	case len(f.lines) == maxFaults:
		f.full = true
	default:
		f.lines = append(f.lines, line)
	}
}

// need notes a flag without which something is refused.
func (f *faults) need(flag string) {
	if !slices.Contains(f.needs, flag) {
		f.needs = append(f.needs, flag)
	}
}

// err is all of them as one usage error, or nil.
func (f *faults) err() error {
	if len(f.lines) == 0 {
		return nil
	}
	text := strings.Join(f.lines, "\n")
	if f.full {
		text += fmt.Sprintf("\n(only the first %d faults are shown)", maxFaults)
	}
	hint := "nothing was sent; the format is in docs/manifest.md, and in docs/manifest.schema.json for editors"
	if len(f.needs) > 0 {
		hint += "\na manifest is code: see what it does with hookctl plan, and only if you trust its author add " + strings.Join(f.needs, " ")
	}
	return fault.Usagef("%s", text).WithCode("manifest").WithHint("%s", hint)
}
