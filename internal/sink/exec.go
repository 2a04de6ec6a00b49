package sink

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// execTimeout ends a command that hangs.
const execTimeout = 60 * time.Second

// execSink gives the secret to a command on its standard input, exactly, with
// no newline behind it. No shell is involved.
type execSink struct {
	Spec
	timeout time.Duration
}

func newExec(t Spec) (place, error) {
	if len(t.words) == 0 || t.words[0] == "" {
		return nil, errors.New("the command is missing")
	}
	return execSink{t, execTimeout}, nil
}

func (s execSink) Check(context.Context) error {
	_, err := s.look()
	return err
}

func (s execSink) look() (string, error) {
	path, err := child.Look(s.words[0])
	if err != nil {
		hint := "install the command or give its path; no shell runs it, so functions and aliases do not work"
		if !strings.Contains(s.spec, s.words[0]) && strings.Contains(s.spec, `\`) { // which was taken out of it
			hint = "outside of quotes a backslash is no part of a path: write / in its place"
		}
		return "", fault.Errorf(fault.Other, "exec: %s: %w", s.words[0], err).WithHint("%s", hint)
	}
	return path, nil
}

func (s execSink) Put(ctx context.Context, it Item) error {
	path, err := s.look()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// One writer for both streams: exec then copies them in one goroutine, and
	// a secret that alternates between them is still seen whole.
	out := newMasker(s.env.Stderr, it.Secret.Reveal())
	err = child.Run(ctx, child.Command{
		Path: path, Args: s.words, Env: s.env.Environ,
		In: strings.NewReader(it.Secret.Reveal()), Out: out, Err: out,
	})
	out.flush()
	_ = term.EndLine(s.env.Stderr) // as with all that it writes there
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Errorf(fault.Other, "exec: %s did not end within %s", s.words[0], s.timeout)
	case ctx.Err() != nil:
		return fault.Errorf(fault.Interrupted, "exec: %s: %w", s.words[0], fault.Reword("interrupted", ctx.Err()))
	}
	return fault.Errorf(fault.Other, "exec: %s: %w", s.words[0], err)
}

// masker passes text on with every occurrence of a secret replaced, also one
// that comes in pieces. It holds back only what may be a secret's beginning,
// so that a command's question shows at once.
type masker struct {
	w      io.Writer
	secret string
	held   string
}

func newMasker(w io.Writer, secret string) *masker { return &masker{w: w, secret: secret} }

// Write always takes all of p: a broken standard error must not make the
// command fail that has the secret already.
func (m *masker) Write(p []byte) (int, error) {
	text := m.held + string(p)
	if m.secret == "" {
		m.pass(text)
		return len(p), nil
	}
	text = strings.ReplaceAll(text, m.secret, "***")
	keep := min(len(text), len(m.secret)-1)
	for keep > 0 && !strings.HasPrefix(m.secret, text[len(text)-keep:]) {
		keep--
	}
	m.held = text[len(text)-keep:]
	m.pass(text[:len(text)-keep])
	return len(p), nil
}

// flush passes on what was held back. A long beginning of the secret, cut off
// by the end of the output, is masked too; of a short one nothing can be learnt.
func (m *masker) flush() {
	if len(m.held) > 3 {
		m.held = "***"
	}
	m.pass(m.held)
	m.held = ""
}

func (m *masker) pass(text string) {
	if text != "" {
		_, _ = io.WriteString(m.w, text)
	}
}
