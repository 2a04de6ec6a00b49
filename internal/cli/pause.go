package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
)

func newPauseCmd(g *globals) *cobra.Command {
	return newStatusCmd(g, provider.Paused, "pause", "to stop its deliveries for good: hookctl delete %s", &cobra.Command{
		Short: "Pause deliveries ({updating})",
		Long: `Set a webhook of {updating} to paused. Whether events are queued in that time is not
documented. {replacing} cannot pause a webhook.`,
		ValidArgsFunction: firstOnly(g.completeLiving),
	})
}

func newResumeCmd(g *globals) *cobra.Command {
	return newStatusCmd(g, provider.Active, "resume", "to replace it with a new one that has a new secret: hookctl rotate %s", &cobra.Command{
		Short: "Resume deliveries ({updating})",
		Long: `Set a paused or disabled webhook of {updating} to active again. {replacing}
cannot do this.`,
		ValidArgsFunction: firstOnly(g.completeKept), // a disabled one is marked as deleted, and can come back
	})
}

// newStatusCmd is the command that sets a status; instead is the hint where the
// provider cannot.
func newStatusCmd(g *globals, s provider.Status, verb, instead string, c *cobra.Command) *cobra.Command {
	c.Use, c.Annotations = verb+" <webhook>", freeArguments
	c.Example = "  hookctl " + verb + ` "CRM Sync"`
	c.Long += `

<webhook> is a name, an id, or provider/id; the beginning of an id is not enough
here. 'hookctl list -o name' prints them in full.`
	c.RunE = g.run(changes, func(ctx context.Context, a *app, args []string) error {
		f, err := a.locate(ctx, args[0])
		if err != nil {
			return err
		}
		if d := f.client.Driver(); !d.Updates {
			return notSupported(d, verb+" a webhook").WithHint(instead, term.ShellWord(f.ref()))
		}
		return changeInPlace(ctx, a, f, &provider.Change{Status: &s})
	})
	return c
}
