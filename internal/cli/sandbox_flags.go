package cli

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/term"
)

type sandboxOptions struct {
	shell shellFlag

	addr      string
	deliverTo string
	emitEvery time.Duration
	emit      []string
	speed     float64
}

// sandboxFlags are those that make one sandbox another than the next.
var sandboxFlags = []string{"addr", "deliver-to", "emit-every", "emit", "speed"}

func (o *sandboxOptions) addFlags(g *globals, c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.addr, "addr", "127.0.0.1:0", "loopback address of the first API; the other one takes the next port; port 0 is any free port")
	f.StringVar(&o.deliverTo, "deliver-to", "", "loopback address that receives all deliveries, such as http://127.0.0.1:3000")
	durationVar(c, &o.emitEvery, "emit-every", 0, "emit an event at this interval, such as 5s")
	f.StringSliceVar(&o.emit, "emit", nil, "events to emit in turn with --emit-every (default: those that the webhooks subscribe to)")
	f.Float64Var(&o.speed, "speed", 1, "speed of the sandbox's clock, as a factor")
	for _, flag := range []string{"addr", "emit-every", "speed"} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	_ = c.RegisterFlagCompletionFunc("emit", completeEvents(g.env.Drivers))
	freeText(c, "deliver-to", "emit")
	c.PreRunE = func(*cobra.Command, []string) error {
		if o.emitEvery <= 0 && f.Changed("emit-every") { // without it zero is none
			return fault.Usagef("--emit-every %s is not a positive duration", o.emitEvery).WithHint("for instance: --emit-every 5s")
		}
		return nil
	}
}

// check finds what else is wrong with the flags.
func (o *sandboxOptions) check(a *app) error {
	if len(o.emit) > 0 && o.emitEvery == 0 {
		return fault.Usagef("--emit needs --emit-every, which is missing").WithHint("for instance: --emit-every 5s")
	}
	for _, event := range o.emit {
		if _, err := a.eventOwner(event, ""); err != nil {
			return err
		}
	}
	return o.options(a).Check()
}

// options are what is served.
func (o *sandboxOptions) options(a *app) sandbox.Options {
	env := a.env
	return sandbox.Options{
		Drivers: env.Drivers, Addr: o.addr, DeliverTo: o.deliverTo, EmitEvery: o.emitEvery, Emit: o.emit, Speed: o.speed,
		Now: env.Now, Sleep: env.Sleep, Warn: a.warn,
	}
}

// sandboxInForce is the endpoint of the sandbox that is meant: the one in the
// background that name names, or that of the environment, or the one in the
// background that is meant without a name.
func (a *app) sandboxInForce(name string) (sandbox.Endpoint, error) {
	e := sandbox.Endpoint{URL: a.env.Getenv(sandbox.EnvURL), Token: a.env.Getenv(sandbox.EnvToken)}
	if name == "" && e.URL != "" && e.Token != "" {
		if err := httpx.CheckBaseURL(e.URL); err != nil {
			return e, fault.Usagef("%s: %w", sandbox.EnvURL, err).WithHint(sandbox.StartHint)
		}
		return e, nil
	}
	name = cmp.Or(name, nameInForce(a.env))
	place, err := a.sandboxPlace(name)
	if err != nil {
		return e, err
	}
	s, err := place.Load()
	if err != nil {
		return e, err
	}
	if s == nil {
		return e, fault.Usagef("no sandbox is running: %s and %s are not set, and there is none in the background with the name %q", sandbox.EnvURL, sandbox.EnvToken, name).WithHint(sandbox.StartHint)
	}
	return s.Endpoint(), nil
}

// controlOptions are those of a request to a sandbox.
func (a *app) controlOptions() httpx.Options {
	o := httpx.Options{UserAgent: "hookctl/" + a.env.Version}
	if a.debug {
		o.Trace = a.env.Streams.Err
	}
	return o
}

// shellFlag is --shell.
type shellFlag struct{ given string }

func (s *shellFlag) add(c *cobra.Command) {
	words := each(sandbox.Shells, func(sh sandbox.Shell) string { return string(sh) })
	c.Flags().Var(&flagValue{kind: "string", show: func() string { return s.given }, set: func(word string) error {
		if err := config.OneOf(words...)(word); err != nil {
			return err
		}
		s.given = word
		return nil
	}}, "shell", "shell that reads the lines: "+strings.Join(words, ", ")+" (default: detected from the environment)")
	_ = c.RegisterFlagCompletionFunc("shell", completeFixed(words...))
}

func (s *shellFlag) shell(env *Env) sandbox.Shell {
	if s.given != "" {
		return sandbox.Shell(s.given)
	}
	program := ""
	if path, err := os.Executable(); err == nil {
		program = filepath.Base(path)
	}
	return sandbox.Detect(sandbox.Caller{
		Getenv:  env.Getenv,
		Windows: runtime.GOOS == "windows",
		Program: program,
		ToEnv:   isFile(term.Raw(env.Streams.Out), env.Getenv("GITHUB_ENV")),
	})
}

// addSandboxName adds --name.
func (g *globals) addSandboxName(c *cobra.Command, name *string) {
	c.Flags().StringVar(name, "name", "", "name of the sandbox (default: the one in use here, else \""+sandbox.DefaultName+"\")")
	_ = c.RegisterFlagCompletionFunc("name", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		root, err := sandbox.Root(g.env.Getenv, g.env.UserCacheDir)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return sandbox.Names(root), cobra.ShellCompDirectiveNoFileComp
	})
	freeText(c, "name")
}

// sandboxNamed is the name that --name gives, or the one that is meant without.
func (a *app) sandboxNamed(given string) string {
	if a.given("name") {
		return given
	}
	return nameInForce(a.env)
}

// sandboxPlace is where the state of a sandbox lies.
func (a *app) sandboxPlace(name string) (*sandbox.Place, error) {
	root, err := sandbox.Root(a.env.Getenv, a.env.UserCacheDir)
	if err != nil {
		return nil, err
	}
	return sandbox.At(root, name)
}
