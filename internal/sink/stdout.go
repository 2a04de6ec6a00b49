package sink

import (
	"context"
	"errors"
	"io"

	"github.com/hookctl/hookctl/internal/fault"
)

// stdoutSink prints the secret as a line.
type stdoutSink struct{ env Env }

func parseStdout(_, _ string, env Env) (Sink, error) {
	if env.Structured {
		return nil, errors.New("standard output already carries structured output; choose another sink, or leave out --output")
	}
	return stdoutSink{env}, nil
}

func (s stdoutSink) String() string { return "stdout" }

func (s stdoutSink) Check(context.Context) error { return nil }

func (s stdoutSink) Put(_ context.Context, it Item) error {
	if s.env.Getenv != nil && s.env.Getenv("GITHUB_ACTIONS") == "true" {
		if err := AddMask(s.env.Stderr, it.Secret); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(s.env.Stdout, it.Secret.Reveal()+"\n"); err != nil {
		return fault.Errorf(fault.Other, "write the secret to standard output: %w", err)
	}
	return nil
}
