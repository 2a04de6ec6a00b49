// Command bare is the least that a program of commands can be, for measure.py.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "bare"}
	root.AddCommand(&cobra.Command{Use: "version", Run: func(*cobra.Command, []string) { fmt.Println("1") }})
	if root.Execute() != nil {
		os.Exit(1)
	}
}
