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
		RunE: func(*cobra.Command, []string) error {
			out, path, err := g.configPath()
			if err != nil {
				return err
			}
			return out.Print(view.ConfigPath(path))
		},
	}
}

// configPath is where the settings are, and a printer. Where the settings
// cannot be read, the printer knows of the flags alone.
func (g *globals) configPath() (*render.Printer, string, error) {
	a, broken := g.offline()
	if broken == nil && a.dir != "" {
		return a.out, a.cfg.Path(), nil
	}
	dir, err := g.configDir()
	if err == nil && dir == "" {
		err = durable.NoPlace()
	}
	if err != nil {
		return nil, "", err
	}
	out, err := render.New(g.env.Streams.Out, render.Options{Format: render.Format(g.flags.output), JQ: g.flags.jq})
	if err != nil {
		return nil, "", broken
	}
	(&app{env: g.env}).warn("warning: " + broken.Error())
	return out, filepath.Join(dir, "config.yaml"), nil
}
