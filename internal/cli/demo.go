package cli

import (
	"bytes"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/demo"
	"github.com/hookctl/hookctl/internal/term"
)

func newDemoCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "demo",
		Short:   "The whole story in seconds, offline",
		GroupID: groupSetup,
		Example: `  hookctl demo`,
		Long: `Show what hookctl does, on this machine and without an account: a sandbox of
both providers, a webhook created on each, deliveries verified, one tampered
with and caught. Settings, secrets and credentials of yours are not touched.

Every command is shown as you would type it. The exit code is 0 only if every
step did what it says.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := g.trustedDir(); err != nil {
				return err
			}
			env := g.env
			d := demo.Demo{Drivers: env.Drivers, Now: env.Now, Sleep: env.Sleep, Out: env.Streams.Out, Run: env.captured}
			return d.Show(cmd.Context())
		},
	}
}

// captured runs one command line of hookctl in this process, in another
// environment, its output going to memory.
func (e *Env) captured(ctx context.Context, environ, args []string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	env := *e
	env.Environ = environ
	env.Streams = term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Width: e.Streams.Width}
	code = Run(ctx, &env, args)
	return out.String(), errs.String(), code
}
