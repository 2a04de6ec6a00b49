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
		Short: "Show the delivery attempts of a running sandbox",
		Example: `  hookctl sandbox log
  hookctl sandbox log -o ndjson --jq 'select(.ok | not)'`,
		Long: `Show what the current sandbox, or else the one in the background, has sent, the
oldest first: one line for each attempt, with its number, the status of the answer
or why there was none, and the time of the next attempt. Times are those of the
sandbox's clock, see 'hookctl sandbox --speed'. The latest 10,000 are kept.`,
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
				a.note("There are no deliveries yet.")
			}
			return a.out.Print(view.Attempts(view.NewAttempts(made)))
		}),
	}
	g.addSandboxName(c, &name)
	return c
}
