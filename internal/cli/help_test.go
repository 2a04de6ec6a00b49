package cli

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

func TestHelpSubject(t *testing.T) {
	t.Parallel()
	g, _, _ := offlineApp(t)
	root := newRoot(g)
	tests := []struct{ words, want string }{
		{"", "hookctl"},
		{"create", "hookctl create"},
		{"create zyntro", "hookctl create zyntro"},
		{"create wundertre", "hookctl create wundertreos"},
		{"ls", "hookctl list"},
		{"help", "hookctl help"},
		{"zyntro", "provider zyntro"},
		{"wundertre", "provider wundertreos"},
		{"exit-codes", "topic exit-codes"},
		{"environment", "topic environment"},
		{"formats", "topic formats"},
		{"exit-codes x", ""},
		{"zyntro x", ""},
		{"create x", ""},
		{"x", ""},
	}
	for _, tt := range tests {
		s, err := g.helpPage(root, strings.Fields(tt.words))
		got := ""
		switch {
		case err != nil:
			if fault.ExitCode(err) != 2 || fault.HintOf(err).String() == "" {
				t.Errorf("%q: %v exits %d", tt.words, err, fault.ExitCode(err))
			}
		case s.command != nil:
			got = s.command.CommandPath()
		case s.topic != nil:
			got = "topic " + s.topic.Name
		default:
			got = "provider " + s.driver.Name
		}
		if got != tt.want {
			t.Errorf("%q is about %q, want %q", tt.words, got, tt.want)
		}
	}
}

// TestEveryCommandExplainsItself keeps help, man pages and completion whole as
// commands are added.
func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	unfilled := regexp.MustCompile(`\{[a-z][a-z -]*\}`)
	fields := []string{"{body}", "{timestamp}", "{port}"} // of --signed-template and --tunnel
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		path := c.CommandPath()
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: the short help %q is empty or ends in a full stop", path, c.Short)
		}
		if strings.HasPrefix(strings.ToLower(c.Long), strings.ToLower(c.Short)+".") {
			t.Errorf("%s: the long help begins with the short one, which stands above it", path)
		}
		if c.RunE == nil {
			t.Errorf("%s has no RunE: its errors would not be known to be of usage", path)
		}
		if c.HasParent() && c.Parent() == c.Root() && c.GroupID == "" {
			t.Errorf("%s is in no group", path)
		}
		if c.HasParent() && c.Long == "" && !c.Parent().HasParent() {
			if c.Name() != "version" {
				t.Errorf("%s has no long help", path)
			}
		}
		takesFiles := slices.Contains([]string{ // captures, payloads, a command
			"hookctl verify", "hookctl replay", "hookctl sign", "hookctl sandbox", "hookctl listen",
		}, path)
		if !c.HasSubCommands() && c.ValidArgsFunction == nil && strings.ContainsAny(c.Use, "<[") && !takesFiles {
			t.Errorf("%s completes its arguments with file names", path)
		}
		if text := c.Long + "\n" + c.Example + "\n" + c.LocalFlags().FlagUsages(); term.HasCommand(text) {
			t.Errorf("%s: what a CI runner takes for a command is not printed as it is: %s", path, term.Break(text))
		}
		for _, word := range unfilled.FindAllString(c.Short+c.Long+c.LocalFlags().FlagUsages(), -1) {
			if !slices.Contains(fields, word) {
				t.Errorf("%s: %s stands in the help as it is", path, word)
			}
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(Root())
}
