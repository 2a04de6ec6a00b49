package cli

import (
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/sink"
)

// sinkEnv is the outside world of the sinks: no child sees a credential.
func (a *app) sinkEnv() sink.Env {
	return sink.Env{
		Getenv:     a.env.Getenv,
		Environ:    a.cleanEnviron(),
		Stdout:     a.env.Streams.Out,
		Stderr:     a.env.Streams.Err,
		Terminal:   a.env.Streams.OutTTY,
		Structured: a.outputTaken(),
		NoStdout:   a.withheld("the sink stdout"),
		Disk:       a.env.Disk,
	}
}

// sinkForms are the sinks, for a sentence.
func sinkForms() string { return strings.Join(sink.Syntaxes(), ", ") }

// cleanEnviron is the environment without the user's credentials.
func (a *app) cleanEnviron() []string {
	return child.Without(a.env.Environ, append(credentialNames(a.env.Drivers), provider.AuthDataVariable, sandbox.EnvToken), "")
}

// foreignEnviron is cleanEnviron without hookctl's own variables: for programs that
// have nothing to do with it, and for what runs in a sandbox.
func (a *app) foreignEnviron() []string { return child.Without(a.cleanEnviron(), nil, ourVariables) }

// outputTaken reports whether standard output carries what a program reads.
func (a *app) outputTaken() bool {
	return a.out != nil && (a.out.Structured() || a.out.Format() == render.Name)
}

// sinks parses --secret-to.
func (a *app) sinks(specs []string) ([]sink.Sink, error) {
	var out []sink.Sink
	for i, s := range specs {
		if s == "stdout" && (a.outputTaken() || slices.Contains(specs[:i], s)) {
			return nil, fault.Usagef("sink %q: standard output is already in use", s).
				WithHint("leave out -o and --jq, give stdout only once, or use file:PATH")
		}
		to, err := sink.Parse(s, a.sinkEnv())
		if err != nil {
			return nil, err
		}
		out = append(out, to)
	}
	return out, nil
}
