package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/AlecAivazis/survey/v2"
	"github.com/AlecAivazis/survey/v2/terminal"

	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/term"
)

// pickByArrow shows a list to move through, which what is typed narrows down.
func (p *prompter) pickByArrow(ctx context.Context, label string, choices []Choice, several bool) ([]int, error) {
	out := &screen{p.o.Err}
	q := &picker{list: newList(label, choices, several), size: p.size, plain: p.o.NoColor}
	err := survey.AskOne(q, answered{}, survey.WithStdio(&keyboard{in: reader{ctx, p.o.In}}, out, out))
	return q.list.answer(), translate(err)
}

// picker is a list as a question of the library, whose own say neither how they end
// nor what is picked, and know no groups. It does not ask the terminal where its
// cursor is.
type picker struct {
	survey.Renderer
	list  *list
	size  func() (cols, rows int)
	plain bool // without colour
	drawn int  // lines
}

// answered takes no answer: the list has it.
type answered struct{}

func (answered) WriteAnswer(string, any) error { return nil }

// arrows are the keys that the library has names for.
var arrows = map[rune]key{
	terminal.KeyArrowUp: keyUp, terminal.KeyArrowDown: keyDown, terminal.KeyTab: keyDown,
	terminal.KeyArrowRight: keyRight, terminal.KeyArrowLeft: keyLeft,
	terminal.KeyBackspace: keyErase, terminal.KeyDelete: keyErase,
	terminal.KeyDeleteLine: keyEraseAll, terminal.KeyDeleteWord: keyEraseAll,
	terminal.KeyEnter: keyEnter, '\n': keyEnter,
}

// Prompt implements [survey.Prompt].
func (q *picker) Prompt(*survey.PromptConfig) (_ any, err error) {
	cursor := q.NewCursor()
	keys := q.NewRuneReader()
	if err := errors.Join(cursor.Hide(), q.draw()); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cursor.Show()) }()
	_ = keys.SetTermMode() // fails where there is no terminal to set
	defer func() { _ = keys.RestoreTermMode() }()
	for {
		r, _, err := keys.ReadRune()
		switch {
		case err != nil:
			return nil, err
		case r == terminal.KeyInterrupt:
			return nil, terminal.InterruptErr
		case arrows[r] == keyNone && r >= terminal.KeySpace:
			q.list.write(r)
		case q.list.press(arrows[r]):
			return nil, nil
		}
		if err := q.draw(); err != nil {
			return nil, err
		}
	}
}

// Cleanup implements [survey.Prompt]: the answer takes the place of the list.
func (q *picker) Cleanup(*survey.PromptConfig, any) error {
	cols, _ := q.columns()
	return q.replace([]line{{strong, q.list.summary(cols)}})
}

// Error implements [survey.Prompt].
func (q *picker) Error(*survey.PromptConfig, error) error { return nil }

func (q *picker) columns() (cols, rows int) {
	cols, rows = q.size()
	if cols == 0 {
		cols = 80
	}
	return cols, rows
}

func (q *picker) draw() error { return q.replace(q.list.lines(q.columns())) }

// replace puts lines where the last ones were, in one write.
func (q *picker) replace(lines []line) error {
	var b strings.Builder
	if q.drawn > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", q.drawn)
	}
	for _, l := range lines {
		text := l.text
		if l.style != plain && !q.plain {
			text = l.style + text + "\x1b[0m"
		}
		b.WriteString(text + "\n")
	}
	q.drawn = len(lines)
	_, err := io.WriteString(q.Stdio().Out, b.String())
	return err
}

// translate gives the library's errors our kinds.
func translate(err error) error {
	switch {
	case errors.Is(err, terminal.InterruptErr):
		return interrupted(err)
	case errors.Is(err, io.EOF):
		return errEnded
	}
	return err
}

// keyboard hands the library the keys that it can take: it fails on escape
// sequences that it does not know, types the rest of others into the filter,
// and goes out of its list's bounds on Ctrl-D, which is the end of the input
// here.
type keyboard struct {
	in      reader
	pending []byte
}

const (
	keyEnd    = 0x04 // Ctrl-D
	keyEscape = 0x1b
	keyClear  = 0x15 // Ctrl-U, as everywhere else
	keyCancel = 0x18 // Ctrl-X, by which the library clears its filter
)

func (k *keyboard) Fd() uintptr { return k.in.f.Fd() }

func (k *keyboard) Read(p []byte) (int, error) {
	for len(k.pending) == 0 {
		typed := make([]byte, 512)
		n, err := k.in.Read(typed)
		if err != nil {
			return 0, err
		}
		typed = typed[:n]
		for i := 0; i < 4 && unfinished(typed) && k.in.more(); i++ { // a slow line cuts keys in two
			rest := make([]byte, 64)
			if n, err = k.in.Read(rest); err != nil {
				return 0, err
			}
			typed = append(typed, rest[:n]...)
		}
		var ended bool
		if k.pending, ended = keys(typed); ended {
			return 0, io.EOF
		}
	}
	n := copy(p, k.pending)
	k.pending = k.pending[n:]
	return n, nil
}

// sequence matches what the Escape key and those that begin with it send.
var sequence = pattern.Of(`^\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\[O\x1b])`)

func unfinished(typed []byte) bool {
	for i, b := range typed {
		alone := i+1 < len(typed) && typed[i+1] == keyEscape
		if b == keyEscape && !alone && !sequence().Match(typed[i:]) {
			return true
		}
	}
	return false
}

// keys drops all escape sequences but the arrows from what was typed, and
// reports whether the end of the input is in it.
func keys(typed []byte) (kept []byte, ended bool) {
	for i := 0; i < len(typed); {
		switch typed[i] {
		case keyEnd:
			return nil, true
		case keyEscape:
			s := sequence().Find(typed[i:])
			if len(s) == 3 && s[2] >= 'A' && s[2] <= 'D' {
				kept = append(kept, s...)
			}
			i += max(len(s), 1)
		case keyClear:
			kept = append(kept, keyCancel)
			i++
		default:
			kept = append(kept, typed[i])
			i++
		}
	}
	return kept, false
}

// screen is the terminal that questions go to.
type screen struct{ f *os.File }

func (s *screen) Fd() uintptr { return s.f.Fd() }

func (s *screen) Write(p []byte) (int, error) {
	if _, err := io.WriteString(s.f, term.Break(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
