package sink

import (
	"context"
	"errors"
	"fmt"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// stdoutSink prints the secret as a line.
type stdoutSink Spec

func newStdout(t Spec) (place, error) {
	if t.env.Structured {
		return nil, errors.New("standard output already has structured output: choose another sink, or leave out --output")
	}
	return stdoutSink(t), nil
}

func (s stdoutSink) Check(context.Context) error { return nil }

func (s stdoutSink) Put(_ context.Context, it Item) error {
	if s.env.Getenv != nil && s.env.Getenv("GITHUB_ACTIONS") == "true" {
		if err := AddMask(s.env.Stderr, it.Secret); err != nil {
			return err
		}
	}
	return Print(s.env, it.Secret)
}

// Print writes a secret's exact text and a newline to standard output. A terminal
// does not get characters that would drive it: they are replaced, and that is
// said.
func Print(env Env, v secret.Value) error {
	text := v.Reveal()
	if shown := term.Clean(text); env.Terminal && shown != text {
		if _, err := fmt.Fprintln(env.Stderr, "warning: the secret has characters that a terminal cannot show. They are replaced here; a pipe or a file gets the exact secret."); err != nil {
			return fault.Errorf(fault.Other, "write to standard error: %w", err)
		}
		text = shown
	}
	if err := term.WriteLine(env.Stdout, text); err != nil {
		return fault.Errorf(fault.Other, "write the secret to standard output: %w", err)
	}
	return nil
}
