package cli

import (
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// envSecret is the variable in which a command gets the secret where no other is
// named.
const envSecret = "HOOK_SECRET"

// secretEnviron is the environment of a command that gets a secret: the user's
// own, but for hookctl's variables.
func (a *app) secretEnviron(name string, value secret.Value) []string {
	if _, set := a.env.lookup(name); set {
		a.note("%s is already set: the command gets the webhook's secret instead of that value.", name)
	}
	return append(child.Without(a.env.Environ, []string{name}, ourVariables), name+"="+value.Reveal())
}

// endSignals are those that ask the program to end. Under nohup a hang-up does not: it
// stays ignored, by a command that takes our place too.
func endSignals() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// attend runs a command to its end, with our streams and the signals that we get.
// How it ended is the error, as an [exitStatus]; one that cannot be run is an error of
// kind Usage.
func (a *app) attend(c child.Command) error {
	s := a.env.Streams
	c.In, c.Out, c.Err = s.In, term.Raw(s.Out), term.Raw(s.Err)
	// Before the start, so that no signal is lost between the two.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, endSignals()...)
	defer signal.Stop(signals)
	cmd, err := child.Start(c)
	if err != nil {
		return fault.Usagef("cannot run %s: %w", term.Clean(c.Args[0]), err)
	}
	return commandStatus(child.Attend(cmd, signals, s.InTTY || s.OutTTY || s.ErrTTY))
}

// commandStatus turns the end of a command into an exit status.
func commandStatus(err error) error {
	if code, ok := child.ExitCode(err); ok {
		return exitStatus(code)
	}
	return err
}

// become runs a command in place of this process; where that cannot be, it is
// attended. It is found as shells find it, and what cannot be run has their exit
// codes: see [notRun].
func (a *app) become(c child.Command) error {
	path, err := child.Look(c.Args[0])
	if err == nil {
		c.Path = path
		c.In, c.Out, c.Err = a.env.Streams.In, term.Raw(a.env.Streams.Out), term.Raw(a.env.Streams.Err)
		if err = child.Replace(c); errors.Is(err, errors.ErrUnsupported) {
			err = a.attend(c)
			var refused *fault.Error
			if !errors.As(err, &refused) || refused.Kind != fault.Usage {
				return err
			}
			return notRun{err, 126} // it was found before
		}
	}
	no := notRun{fault.Usagef("cannot run %s: %w", term.Clean(c.Args[0]), err), 126}
	if child.NotFound(err) {
		no.status = 127
	}
	return no
}

// textOnly refuses a secret that no variable can hold.
func textOnly(ref string, value secret.Value) error {
	if strings.IndexByte(value.Reveal(), 0) < 0 {
		return nil
	}
	return fault.Usagef("the secret of %s contains a zero byte, which an environment variable cannot hold", ref).
		WithHint("use a file instead: hookctl secrets push %s --to file:PATH", ref)
}
