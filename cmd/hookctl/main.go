// Command hookctl creates webhooks on Zyntro and WundertreOS, keeps their
// once-only signing secrets, and verifies what they deliver.
package main

import (
	"os"

	"github.com/hookctl/hookctl/internal/cli"
)

//go:generate go run github.com/hookctl/hookctl/internal/docgen ../..

func main() { os.Exit(cli.Main()) }
