package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/view"
)

func newSandboxLogCmd(g *globals) *cobra.Command {
	name := ""
	c := &cobra.Command{
		Use:   "log",
		Short: "Show every delivery attempt of a running sandbox",
		Example: `  hookctl sandbox log
  hookctl sandbox log -o ndjson --jq 'select(.ok | not)'`,
		Long: `Show what the sandbox in force, or else the one in the background, has sent, the
oldest first: one line for each attempt, its number, the status of
the answer or why there was none, and when it is tried again. Times are those of
the sandbox's clock, see 'hookctl sandbox --speed'. The latest 10,000 are kept.`,
		Args: noArgs,
		RunE: g.run(anyProfile, func(ctx context.Context, a *app, _ []string) error {
			e, err := a.sandboxInForce(name)
			if err != nil {
				return err
			}
			made, err := e.Log(ctx, a.controlOptions())
			if err != nil {
				return err
			}
			if len(made) == 0 {
				a.note("Nothing was delivered so far.")
			}
			return a.out.Print(view.Attempts(view.NewAttempts(made)))
		}),
	}
	g.addSandboxName(c, &name)
	return c
}
