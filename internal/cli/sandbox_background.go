package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/term"
)

// newSandboxBackgroundCmd is what `sandbox start` becomes in the background. It
// is not for people.
func newSandboxBackgroundCmd(g *globals) *cobra.Command {
	o := &sandboxOptions{}
	var name, root string
	c := &cobra.Command{
		Use:    "background",
		Short:  "The process that sandbox start begins",
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			g.anyAddress = true
			a, err := g.offline()
			starter := sandbox.StartedBy(g.env.Streams.In, term.Raw(g.env.Streams.Out))
			if starter == nil && err == nil {
				err = fault.Usagef("only `hookctl sandbox start` runs this command").WithHint("see: hookctl sandbox start --help")
			}
			if starter == nil {
				return err
			}
			place, perr := sandbox.At(root, name)
			if err == nil {
				err = perr
			}
			if err == nil {
				err = o.check(a)
			}
			if err != nil {
				return errors.Join(err, starter.Refuse(err))
			}
			return place.Serve(cmd.Context(), starter, o.options(a), func(line string) { // of the log
				a.warn(a.env.Now().UTC().Format("2006-01-02T15:04:05Z") + " " + line)
			})
		},
	}
	o.addFlags(g, c)
	c.Flags().StringVar(&name, "name", "", "name of the sandbox")
	freeText(c, "name")
	c.Flags().StringVar(&root, "root", "", "directory with the state of all sandboxes")
	return c
}
