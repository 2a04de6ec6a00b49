// Package prompt asks a person at a terminal five kinds of question. The
// library behind it is in survey.go only.
//
// Questions go to the error stream, so that standard output stays data. Lines
// are read in the terminal's own line mode, for the library's line editor waits
// for ever on a terminal that does not answer cursor queries.
package prompt

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// Choice is one entry to pick from.
type Choice struct {
	Value  string
	Label  string // what is shown; Value if empty
	Group  string // shown with the label, searched too; may be picked as a whole
	Picked bool   // already, where several may be
}

// label is the choice as it is shown in its group.
func (c Choice) label() string { return term.Clean(cmp.Or(c.Label, c.Value)) }

// text is the choice as it is shown alone, and searched.
func (c Choice) text() string {
	if c.Group != "" {
		return term.Clean(c.Group) + ": " + c.label()
	}
	return c.label()
}

// matches reports whether the choice has each of the words in it, in any case.
func (c Choice) matches(words ...string) bool {
	text := strings.ToLower(c.text() + " " + c.Value)
	for _, w := range words {
		if !strings.Contains(text, strings.ToLower(w)) {
			return false
		}
	}
	return true
}

// Prompter asks. Every method returns an error of kind Interrupted on Ctrl-C or
// a cancelled context, with the terminal as it was found; none of them may
// hang on a terminal that does not answer cursor queries. The end of the input
// is an error of kind Usage. An answer that cannot be taken is asked for again,
// with the reason.
type Prompter interface {
	// Input returns one line, exactly as typed; the preset for an empty one.
	// Check may be nil.
	Input(ctx context.Context, label, preset string, check func(string) error) (string, error)
	// Secret never echoes, not even the length. It is never empty.
	Secret(ctx context.Context, label string) (secret.Value, error)
	// SecretOrNone is Secret, but that it may be empty.
	SecretOrNone(ctx context.Context, label string) (secret.Value, error)
	Confirm(ctx context.Context, label string, preset bool) (bool, error)
	// Select returns the Value of one choice.
	Select(ctx context.Context, label string, choices []Choice) (string, error)
	// MultiSelect returns the Values of at least one choice, in their order.
	MultiSelect(ctx context.Context, label string, choices []Choice) ([]string, error)
}

// Options are what a Prompter needs of the outside world.
type Options struct {
	In      *os.File // where answers come from
	Err     *os.File // where questions go
	Plain   bool     // TERM=dumb: lists are numbered rather than moved through
	NoColor bool
}

// New asks on o's terminals.
func New(o Options) Prompter { return &prompter{o} }

// WithoutColour is p that asks without colour: what the command line and the settings
// say of it is known only after p is made.
func WithoutColour(p Prompter) Prompter {
	if ours, ok := p.(*prompter); ok {
		o := ours.o
		o.NoColor = true
		return New(o)
	}
	return p
}

type prompter struct{ o Options }

// errEnded is what a question gets where there is nobody to answer.
var errEnded = fault.Usagef("the input ended before the question was answered").
	WithHint("give the value by a flag, or answer at a terminal")

func (p *prompter) Input(ctx context.Context, label, preset string, check func(string) error) (string, error) {
	question := term.Clean(label)
	if preset != "" {
		question += " [" + term.Clean(preset) + "]"
	}
	var answer string
	err := p.session(ctx, func(ctx context.Context) error {
		return p.ask(ctx, question+": ", "", func(line string) error {
			if answer = line; line == "" {
				answer = preset
			}
			if check == nil {
				return nil
			}
			return check(answer)
		})
	})
	return answer, clear(&answer, err)
}

func (p *prompter) Secret(ctx context.Context, label string) (secret.Value, error) {
	return p.secret(ctx, label, false)
}

func (p *prompter) SecretOrNone(ctx context.Context, label string) (secret.Value, error) {
	return p.secret(ctx, label, true)
}

func (p *prompter) secret(ctx context.Context, label string, orNone bool) (secret.Value, error) {
	var answer secret.Value
	err := p.session(ctx, func(ctx context.Context) error {
		restore, err := echoOff(p.o.In)
		if err != nil {
			return fault.Errorf(fault.Other, "the terminal's echo cannot be turned off, so nothing is asked: %w", err)
		}
		err = p.ask(ctx, term.Clean(label)+": ", "\n", func(line string) error {
			if answer = secret.New(line); line == "" && !orNone {
				return errors.New("nothing was entered")
			}
			return nil
		})
		return errors.Join(err, restore())
	})
	return answer, clear(&answer, err)
}

func (p *prompter) Confirm(ctx context.Context, label string, preset bool) (bool, error) {
	hint := "[y/N]"
	if preset {
		hint = "[Y/n]"
	}
	var answer bool
	err := p.session(ctx, func(ctx context.Context) error {
		return p.ask(ctx, term.Clean(label)+" "+hint+" ", "", func(line string) error {
			switch strings.ToLower(strings.TrimSpace(line)) {
			case "":
				answer = preset
			case "y", "yes":
				answer = true
			case "n", "no":
				answer = false
			default:
				return errors.New("answer y or n")
			}
			return nil
		})
	})
	return answer, clear(&answer, err)
}

func (p *prompter) Select(ctx context.Context, label string, choices []Choice) (string, error) {
	picked, err := p.pick(ctx, label, choices, false)
	if err != nil {
		return "", err
	}
	return picked[0], nil
}

func (p *prompter) MultiSelect(ctx context.Context, label string, choices []Choice) ([]string, error) {
	return p.pick(ctx, label, choices, true)
}

// pick returns the values of what was picked: exactly one, or at least one.
func (p *prompter) pick(ctx context.Context, label string, choices []Choice, several bool) ([]string, error) {
	if len(choices) == 0 {
		return nil, fault.Errorf(fault.Other, "%s: there is nothing to choose from", label)
	}
	var indexes []int
	how := p.pickByArrow
	if p.o.Plain || !fullScreen {
		how = p.pickByNumber
	}
	err := p.session(ctx, func(ctx context.Context) (err error) {
		indexes, err = how(ctx, label, choices, several)
		return err
	})
	if err != nil {
		return nil, err
	}
	values := make([]string, len(indexes))
	for i, index := range indexes {
		values[i] = choices[index].Value
	}
	return values, nil
}

// ask asks until take accepts the line. Afterwards is said behind each: where the
// terminal does not echo, not even the end of the line shows.
func (p *prompter) ask(ctx context.Context, question, afterwards string, take func(line string) error) error {
	for {
		p.say(question)
		line, err := p.readLine(ctx)
		if err != nil {
			return err
		}
		p.say(afterwards)
		if err = checkLine(line); err == nil {
			err = take(line)
		}
		if err == nil {
			return nil
		}
		p.say(term.CleanBlock(err.Error()) + "\n")
	}
}

func checkLine(line string) error {
	switch {
	case !utf8.ValidString(line):
		return errors.New("the answer is not UTF-8 text")
	case strings.ContainsFunc(line, unicode.IsControl):
		return errors.New("the answer contains control characters; arrow keys do not work here")
	}
	return nil
}

// maxLine is where terminals in line mode begin to lose what is typed.
const maxLine = 4095

// readLine reads one line and not a byte more: what follows belongs to the next
// question.
func (p *prompter) readLine(ctx context.Context) (string, error) {
	in := reader{ctx, p.o.In}
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := in.Read(b)
		switch {
		case n == 1 && b[0] == '\n':
			return strings.TrimSuffix(string(line), "\r"), nil
		case n == 1 && len(line) < maxLine:
			line = append(line, b[0])
			continue
		case n == 1:
			return "", fault.Usagef("the answer is longer than the %d bytes that a terminal takes", maxLine).
				WithHint("give the value by a flag or from a file")
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		case errors.Is(err, io.EOF):
			return "", errEnded
		case err != nil:
			return "", err
		}
	}
}

// say writes to the terminal, wrapped between words. Where that fails there is nobody
// to tell, and the answer cannot come either.
func (p *prompter) say(text string) {
	cols, _ := p.size()
	_, _ = io.WriteString(p.o.Err, term.Break(wrap(text, cols)))
}

// clear empties the answer if there is an error, which it returns.
func clear[T any](answer *T, err error) error {
	if err != nil {
		var none T
		*answer = none
	}
	return err
}

// interrupted says in one word what Go and the library have other words for.
func interrupted(cause error) error {
	return &fault.Error{Kind: fault.Interrupted, Err: fault.Reword("interrupted", cause)}
}
