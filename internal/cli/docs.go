package cli

import (
	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/view"
)

// Root is the whole tree of commands with nothing behind it, for whoever
// writes documentation from it: its commands cannot be run.
func Root() *cobra.Command { return newRoot(&globals{env: &Env{Drivers: all.Drivers()}}) }

// Topics are the pages of `hookctl help` that belong to no command.
func Topics() []view.Topic { return topics(all.Drivers()) }
