package capture

import (
	"cmp"
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// Selection names one delivery of a capture, or all of them.
type Selection struct {
	// Path is the capture: a file, a directory or "-".
	Path string
	// N is which delivery, from 1; 0 where no number was given.
	N int
	// Source is the delivery as a verdict names it; empty where none was named.
	Source string
}

// ParseSelection reads a capture's name, alone or with one delivery of it: FILE,
// FILE#N, or what a verdict has as its source, such as FILE:LINE or
// "FILE#N (.path)". What is there under the whole name is a capture; else the
// longest name that is there counts. Where nothing is there, the whole is taken for
// a name: who reads it finds out.
func ParseSelection(arg string) (Selection, error) {
	if arg == "-" || exists(arg) {
		return Selection{Path: arg}, nil
	}
	for i := len(arg) - 1; i > 0; i-- {
		path, rest := arg[:i], arg[i:]
		if !strings.HasPrefix(rest, "#") && !strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, " (") || path != "-" && !exists(path) {
			continue
		}
		s := Selection{Path: path, Source: arg}
		number, counted := strings.CutPrefix(rest, "#")
		if n, err := strconv.Atoi(number); counted && err == nil {
			if n < 1 {
				return Selection{}, fault.Usagef("%s: deliveries are counted from 1", arg)
			}
			s.N = n
		}
		return s, nil
	}
	return Selection{Path: arg}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// One reports whether a single delivery is named.
func (s Selection) One() bool { return s.Source != "" }

// Pick reads the capture up to the delivery that is selected and calls use with
// it, and with the error of one that cannot be read, as [Batch.Each] yields them.
// Deliveries are counted as verdicts are: unreadable ones too, and what can be
// none is not. A source that a verdict names comes before a number. Without
// either the capture must hold one delivery.
//
// Errors are those of use and of ctx, and of kind Usage where there is no such
// delivery, or more than one.
func (s Selection) Pick(ctx context.Context, o Options, use func(r *Request, format string, readErr error) error) error {
	batches, err := Read(ctx, []string{s.Path}, o)
	if err != nil {
		return err
	}
	n, inside := 0, 0
	var passed Tally
	var only *picked
read:
	for batch := range batches {
		for r, readErr := range batch.Each() {
			if ctx.Err() != nil {
				break read // perhaps that is why it cannot be read
			}
			if readErr == nil && o.Payload == nil && r.Probe(o.SignatureHeaders) {
				passed.Add(recorded.Probes(1))
				continue
			}
			n++
			switch {
			case s.One() && (n == s.N || r.Source == s.Source), !s.One() && r.Stream != nil && r.Source == s.Path: // the whole input is its body
				return use(r, batch.Format, readErr)
			case s.One() && s.within(r):
				if inside++; inside == 1 {
					only = &picked{r.Clone(), batch.Format, readErr}
				}
			case s.One() && inside > 0:
				break read
			case s.One():
			case n == 1:
				only = &picked{r.Clone(), batch.Format, readErr}
			default:
				only = nil
				if s.endless() {
					return s.several("several deliveries")
				}
			}
		}
		passed.Add(batch.PassedOver()...)
		if ctx.Err() != nil {
			break
		}
	}
	holds := term.Plural(n, "delivery", "deliveries")
	switch {
	case ctx.Err() != nil:
		return fault.Interruption()
	case inside > 1:
		return fault.Usagef("%s contains %d deliveries: choose one", s.Source, inside).WithCode("ambiguous").
			WithHint("to list them: hookctl verify %s", term.ShellWord(s.Path))
	case only != nil:
		return only.use(use)
	case n == 0 && len(passed) > 0:
		return fault.Usagef("%s contains no delivery: passed over %s", s.Path, passed).WithCode("no-delivery")
	case n == 0:
		return fault.Usagef("%s contains no delivery", s.Path).WithCode("no-delivery")
	case s.One():
		return fault.Usagef("%s: there is no such delivery: %s contains %s", s.Source, s.Path, holds).WithCode("no-delivery").
			WithHint("to list them: hookctl verify %s", term.ShellWord(s.Path))
	}
	return s.several(holds)
}

// within reports whether r stands in the line or item that is named, somewhere
// inside it.
func (s Selection) within(r *Request) bool {
	rest, ok := strings.CutPrefix(r.Source, s.Source)
	return ok && strings.HasPrefix(rest, " (")
}

// endless reports whether the capture may have no end.
func (s Selection) endless() bool {
	info, err := os.Stat(s.Path)
	return s.Path == "-" || err == nil && !info.IsDir() && !info.Mode().IsRegular()
}

func (s Selection) several(holds string) error {
	return fault.Usagef("%s contains %s: choose one", s.Path, holds).WithCode("ambiguous").
		WithHint("for instance: %s; to list them: hookctl verify %s", term.ShellWord(s.Path+"#1"), term.ShellWord(s.Path))
}

// picked is a delivery that outlives the batch it comes from.
type picked struct {
	request *Request
	format  string
	err     error
}

func (p *picked) use(use func(*Request, string, error) error) (err error) {
	if p.request.Stream == nil {
		return use(p.request, p.format, p.err)
	}
	// It was read past: only files and not streams come to stand beside others.
	again, err := p.request.Again()
	if err != nil {
		return err
	}
	p.request.Stream = again
	return cmp.Or(use(p.request, p.format, p.err), again.Close())
}
