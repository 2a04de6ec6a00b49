package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/view"
)

func newConfigPathCmd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "path",
		Short:   "Print the path of config.yaml",
		Example: `  $EDITOR "$(hookctl config path)"`,
		Long: `Print the path of config.yaml, whether or not the file exists. If the file cannot
be read, that is only a warning: this command helps to repair it.`,
		RunE: func(*cobra.Command, []string) error { return g.printConfigPath() },
	}
}

// printConfigPath prints where the settings are. Where they cannot be read, the printer
// knows of the flags alone.
func (g *globals) printConfigPath() error {
	a, broken := g.offline()
	if broken == nil && a.dir != "" {
		return a.out.Print(view.ConfigPath(a.cfg.Path()))
	}
	dir, err := g.configDir()
	if err == nil && dir == "" {
		err = durable.NoPlace()
	}
	if err != nil {
		return err
	}
	out, err := render.New(g.env.Streams.Out, render.Options{Format: render.Format(g.flags.output), JQ: g.flags.jq})
	if err != nil {
		return broken
	}
	(&app{env: g.env}).warn("warning: " + broken.Error())
	return out.Print(view.ConfigPath(filepath.Join(dir, "config.yaml")))
}
