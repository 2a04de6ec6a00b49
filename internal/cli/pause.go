package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
)

type statusOptions struct {
	ref    string
	status provider.Status
}

func newPauseCmd(g *globals) *cobra.Command {
	return newStatusCmd(g, provider.Paused, &cobra.Command{
		Use:     "pause <webhook>",
		Short:   "Stop deliveries for a while ({updating})",
		Example: `  hookctl pause "CRM Sync"`,
		Long: `Set a webhook of {updating} to paused. Whether events of that time are queued is
not documented. {replacing} cannot pause a webhook.

<webhook> is a name, an id, or provider/id; the beginning of an id is not enough
here. 'hookctl list -o name' prints them in full.`,
	})
}

func newResumeCmd(g *globals) *cobra.Command {
	return newStatusCmd(g, provider.Active, &cobra.Command{
		Use:     "resume <webhook>",
		Short:   "Start deliveries again ({updating})",
		Example: `  hookctl resume "CRM Sync"`,
		Long: `Set a paused or disabled webhook of {updating} to active again. {replacing}
cannot do this.

<webhook> is a name, an id, or provider/id; the beginning of an id is not enough
here. 'hookctl list -o name' prints them in full.`,
	})
}

func newStatusCmd(g *globals, s provider.Status, c *cobra.Command) *cobra.Command {
	o := &statusOptions{status: s}
	c.GroupID, c.Annotations = groupWebhooks, freeArguments
	c.Args = exactly("<webhook>")
	c.ValidArgsFunction = firstOnly(g.completeLiving)
	if s == provider.Active {
		c.ValidArgsFunction = firstOnly(g.completeKept) // a disabled one is marked as deleted, and can come back
	}
	c.RunE = g.run(changes, func(ctx context.Context, a *app, args []string) error {
		o.ref = args[0]
		return runStatus(ctx, a, o)
	})
	return c
}

func runStatus(ctx context.Context, a *app, o *statusOptions) error {
	f, err := a.locate(ctx, o.ref)
	if err != nil {
		return err
	}
	if d := f.client.Driver(); !d.Updates {
		if o.status == provider.Active {
			return notSupported(d, "resume a webhook").WithHint("for a new one in its place, with a new secret: hookctl rotate %s", term.ShellWord(f.ref()))
		}
		return notSupported(d, "pause a webhook").WithHint("to end its deliveries for good: hookctl delete %s", term.ShellWord(f.ref()))
	}
	return changeInPlace(ctx, a, f, provider.Change{Status: &o.status})
}
