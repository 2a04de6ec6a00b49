package prompt

import (
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/AlecAivazis/survey/v2"
	"github.com/AlecAivazis/survey/v2/core"
	"github.com/AlecAivazis/survey/v2/terminal"
	"github.com/clipperhouse/displaywidth"
	xterm "golang.org/x/term"

	"github.com/hookctl/hookctl/internal/term"
)

// pickByArrow shows a list to move through, filtered by what is typed. Of the
// library's questions these two do not ask the terminal where its cursor is.
func (p *prompter) pickByArrow(ctx context.Context, label string, choices []Choice, several bool) ([]int, error) {
	cols, rows, err := xterm.GetSize(int(p.o.Err.Fd()))
	if err != nil || cols == 0 {
		cols, rows = 80, 24
	}
	page := min(max(rows-4, 3), 15) // a list that scrolls off is not redrawn in place
	options := make([]string, len(choices))
	for i, c := range choices {
		options[i] = displaywidth.TruncateString(c.text(), max(cols-8, 10), "…")
	}
	filter := func(typed, _ string, i int) bool { return choices[i].matches(strings.Fields(typed)...) }
	stdio := survey.WithStdio(&keyboard{in: reader{ctx, p.o.In}}, &screen{p.o.Err, p.o.NoColor}, &screen{p.o.Err, p.o.NoColor})

	if several {
		var picked []int
		err = survey.AskOne(&survey.MultiSelect{Message: term.Clean(label), Options: options, PageSize: page, Filter: filter}, &picked, stdio,
			survey.WithKeepFilter(true), survey.WithValidator(func(answer any) error {
				if picked, ok := answer.([]core.OptionAnswer); ok && len(picked) == 0 {
					return errors.New("pick at least one with the space bar")
				}
				return nil
			}))
		return picked, translate(err)
	}
	var picked int
	err = survey.AskOne(&survey.Select{Message: term.Clean(label), Options: options, PageSize: page, Filter: filter}, &picked, stdio)
	return []int{picked}, translate(err)
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
var sequence = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\[O\x1b])`) })

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

// screen is the terminal that questions go to, without colour if so wanted.
type screen struct {
	f     *os.File
	plain bool
}

var colour = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x1b\\[[0-9;]*m") })

func (s *screen) Fd() uintptr { return s.f.Fd() }

func (s *screen) Write(p []byte) (int, error) {
	text := p
	if s.plain {
		text = colour().ReplaceAll(p, nil)
	}
	if _, err := io.WriteString(s.f, term.Break(string(text))); err != nil {
		return 0, err
	}
	return len(p), nil
}
