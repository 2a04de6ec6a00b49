package view

import (
	"strings"

	"github.com/hookctl/hookctl/internal/render"
)

// Completion is the JSON of what became of a completion script, or with DryRun
// of what would.
type Completion struct {
	Shell   string   `json:"shell"`
	File    string   `json:"file"`
	State   string   `json:"state"` // "installed", "updated", "up-to-date"
	DryRun  bool     `json:"dry_run"`
	Startup *string  `json:"startup_file"` // of the shell, where it needs Lines
	Lines   []string `json:"lines"`        // that are still to be put there; hookctl edits no such file
	Missing *string  `json:"missing"`      // the package without which the shell does not read File by itself
}

// Render shows what was written, and what is left to do by hand.
func (c Completion) Render() render.View {
	var b strings.Builder
	switch which := "the completion for " + c.Shell; {
	case c.State == "up-to-date":
		b.WriteString("The completion for " + c.Shell + " is up to date")
	case c.DryRun:
		b.WriteString("Would write " + which)
	case c.State == "updated":
		b.WriteString("Updated " + which)
	default:
		b.WriteString("Installed " + which)
	}
	b.WriteString(": " + c.File + "\n")
	if c.Missing != nil && len(c.Lines) > 0 {
		b.WriteString("\nThe package " + *c.Missing + " is not installed here. With it, " + c.Shell + " finds the script itself.\n")
	}
	if len(c.Lines) > 0 {
		b.WriteString("\nTo switch it on, add this to " + *c.Startup + ":\n\n  " + strings.Join(c.Lines, "\n  ") + "\n")
	}
	if c.State == "installed" && !c.DryRun && len(c.Lines) == 0 {
		b.WriteString("It works in every new shell.\n")
	}
	return render.View{Data: c, Text: b.String(), Names: []string{c.File}}
}
