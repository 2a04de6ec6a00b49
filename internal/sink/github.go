package sink

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// githubSink appends to the file that a GitHub Actions runner named in a
// variable, in the form
//
//	NAME<<DELIMITER
//	value
//	DELIMITER
type githubSink struct {
	Spec
	variable string // GITHUB_OUTPUT or GITHUB_ENV
}

func newGithubOutput(t Spec) (place, error) {
	// Outputs, unlike variables, may have hyphens after the first character.
	if !IsVariable(strings.ReplaceAll(t.name, "-", "_")) || strings.HasPrefix(t.name, "-") {
		return nil, errors.New("the name must begin with a letter or underscore and have only letters, digits, underscores and hyphens")
	}
	return githubSink{t, "GITHUB_OUTPUT"}, nil
}

func newGithubEnv(t Spec) (place, error) {
	if !IsVariable(t.name) {
		return nil, errNotVariable
	}
	switch upper := strings.ToUpper(t.name); {
	case strings.HasPrefix(upper, "GITHUB_"), strings.HasPrefix(upper, "RUNNER_"), upper == "NODE_OPTIONS":
		return nil, errors.New("the runner does not allow a step to set that variable")
	}
	return githubSink{t, "GITHUB_ENV"}, nil
}

var errNotVariable = errors.New("the name must begin with a letter or underscore and have only letters, digits and underscores")

func (s githubSink) Check(context.Context) error {
	f, err := s.open()
	if err != nil {
		return err
	}
	return s.fail(f.Close())
}

func (githubSink) fits(secret string) error {
	switch {
	case strings.ContainsRune(secret, 0):
		return errors.New("the secret contains a NUL byte")
	case !utf8.ValidString(secret):
		return errors.New("the secret is not UTF-8, which the runner expects")
	case strings.HasSuffix(secret, "\r"):
		return errors.New("the secret ends with a carriage return, which runners drop")
	}
	return nil
}

func (s githubSink) Put(_ context.Context, it Item) (err error) {
	// Masked before the value is anywhere: a step that prints its environment
	// must find the mask in place.
	if err := AddMask(s.env.Stderr, it.Secret); err != nil {
		return err
	}
	f, err := s.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.fail(f.Close())) }()
	return s.fail(s.add(f, it.Secret.Reveal()))
}

// open opens the runner's file for appending and refuses anything but a
// regular file: a secret must not run into a terminal or a log.
func (s githubSink) open() (*os.File, error) {
	var path string
	if s.env.Getenv != nil {
		path = s.env.Getenv(s.variable)
	}
	if path == "" {
		return nil, fault.Errorf(fault.Other, "%s: %s is not set", s.spec, s.variable).
			WithHint("this sink works only in a GitHub Actions step; elsewhere use file:PATH or dotenv:PATH:NAME")
	}
	fi, err := os.Stat(path)
	if err != nil {
		return nil, s.fail(err)
	}
	if !fi.Mode().IsRegular() {
		return nil, fault.Errorf(fault.Other, "%s: %s names %s, which is not a regular file", s.spec, s.variable, path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, s.fail(err)
	}
	return f, nil
}

// add writes the value with one write. A file that it could not write to the
// end gets its old length back.
func (s githubSink) add(f *os.File, value string) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	start := ""
	if size := fi.Size(); size > 0 {
		var last [1]byte
		if _, err := f.ReadAt(last[:], size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			start = "\n"
		}
	}
	mark := "hookctl_" + rand.Text()
	for strings.Contains(value, mark) {
		mark = "hookctl_" + rand.Text()
	}
	if _, err := f.WriteString(start + s.name + "<<" + mark + "\n" + value + "\n" + mark + "\n"); err != nil {
		return errors.Join(err, f.Truncate(fi.Size()))
	}
	return nil
}

func (s githubSink) fail(err error) error {
	if err == nil {
		return nil
	}
	return fault.Errorf(fault.Other, "%s: the file that %s names: %w", s.spec, s.variable, err)
}

// AddMask tells a GitHub Actions runner to hide v in the log from here on. The
// line itself is the one place where the runner sees the value.
func AddMask(w io.Writer, v secret.Value) error {
	escaped := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(v.Reveal())
	if err := term.WriteLine(w, "::add-mask::"+escaped); err != nil {
		return fault.Errorf(fault.Other, "mask the secret in the log: %w", err)
	}
	return nil
}
