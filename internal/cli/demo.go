package cli

import (
	"bytes"
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/demo"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

func newDemoCmd(g *globals) *cobra.Command {
	step := false
	c := &cobra.Command{
		Use:   "demo",
		Short: "The whole story in seconds, offline",
		Example: `  hookctl demo
  hookctl demo --step`,
		Long: `Show what hookctl does, on this machine and without an account: a sandbox of
both providers, a webhook created on each, deliveries verified, one tampered
with and caught. Your settings, secrets and credentials are not touched.

Every command is shown as you would type it. The exit code is 0 only if every
step did what it says.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := g.trustedDir(); err != nil {
				return err
			}
			env := g.env
			d := demo.Demo{Drivers: env.Drivers, Now: env.Now, Sleep: env.Sleep, Out: env.Streams.Out, Width: env.Streams.Width}
			d.Run = func(ctx context.Context, environ []string, stdin io.Reader, args []string) (stdout, stderr string, code int) {
				if g.flags.noColor {
					args = append([]string{"--no-color"}, args...)
				}
				return env.captured(ctx, environ, stdin, args)
			}
			if step {
				if !env.Streams.Interactive() || g.flags.noInput || inCI(env) {
					return fault.Usagef("--step waits for Enter, and there is no terminal to wait at").WithHint("without pauses: hookctl demo")
				}
				d.Pause = func(ctx context.Context) error {
					_, err := env.Prompt.Input(ctx, "Enter for the next step", "", nil)
					return err
				}
			}
			return d.Show(cmd.Context())
		},
	}
	c.Flags().BoolVar(&step, "step", false, "stop after each step until you press Enter")
	return c
}

// captured runs one command line of hookctl in this process, in another
// environment, its output going to memory. It looks as on the terminal here.
func (e *Env) captured(ctx context.Context, environ []string, stdin io.Reader, args []string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	env := *e
	env.Environ = environ
	for _, name := range []string{"TERM", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"} {
		if value, set := e.lookup(name); set {
			env.Environ = append(env.Environ, name+"="+value)
		}
	}
	env.Streams = term.Streams{In: stdin, Out: &out, Err: &errs, OutTTY: e.Streams.OutTTY, Width: e.Streams.Width}
	code = Run(ctx, &env, args)
	return out.String(), errs.String(), code
}
