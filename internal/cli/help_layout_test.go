package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/term"
)

// treeAt is the tree of commands for a terminal of so many columns, and what its
// commands print.
func treeAt(width int) (*globals, *cobra.Command, *bytes.Buffer) {
	var out bytes.Buffer
	g := &globals{env: &Env{Drivers: all.Drivers(), Streams: term.Streams{Out: &out, Width: func() int { return width }}}}
	root := newRoot(g)
	root.SetOut(&out)
	return g, root, &out
}

func everyCommand(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, child := range c.Commands() {
		everyCommand(child, do)
	}
}

// breakable reports whether a line could be broken: a single word cannot, nor can
// a command in a sentence.
func breakable(line string, width int) bool {
	if line = strings.TrimSpace(line); strings.HasPrefix(strings.TrimLeft(line, "'`("), "hookctl ") || strings.HasPrefix(line, "printf ") {
		return strings.Contains(line, "  ")
	}
	for _, word := range strings.Fields(line) {
		if term.Width(word) > width-6 {
			return false
		}
	}
	quote := rune(0)
	return strings.ContainsFunc(strings.TrimSuffix(line, " \\"), func(r rune) bool {
		switch {
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == r:
			quote = 0
		}
		return r == ' ' && quote == 0
	})
}

// TestHelpFits: no line of any help is wider than the terminal, nor than is easy
// to read, and no word is lost.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	words := func(text string) []string {
		return slices.DeleteFunc(strings.Fields(text), func(w string) bool { return w == `\` || w == "#" })
	}
	wide := map[string][]string{}
	for _, width := range []int{200, 80, 60, 40} {
		g, root, out := treeAt(width)
		everyCommand(root, func(c *cobra.Command) {
			out.Reset()
			c.InitDefaultHelpFlag()
			g.printHelp(c)
			for line := range strings.Lines(out.String()) {
				if line = strings.TrimSuffix(line, "\n"); term.Width(line) > min(width, mostHelp) && breakable(line, width) || strings.TrimRight(line, " ") != line {
					t.Errorf("%s at %d columns: a line of %d: %q", c.CommandPath(), width, term.Width(line), line)
				}
			}
			if strings.Contains(out.String(), "\n\n\n") {
				t.Errorf("%s at %d columns has two blank lines together", c.CommandPath(), width)
			}
			got := words(out.String())
			slices.Sort(got)
			if width == 200 {
				wide[c.CommandPath()] = got
			} else if !slices.Equal(got, wide[c.CommandPath()]) {
				t.Errorf("%s at %d columns has other words than at 200:\n%s", c.CommandPath(), width, out)
			}
		})
	}
}

// TestFlagGroups: a command with many flags has each in a group, and the tables of
// help name no flag that there is not.
func TestFlagGroups(t *testing.T) {
	t.Parallel()
	g, root, _ := treeAt(80)
	grouped, named := map[string]bool{}, map[string]bool{}
	everyCommand(root, func(c *cobra.Command) {
		flags := shownFlags(c)
		path := pathOf(c)
		parent, _, _ := strings.Cut(path, " ")
		for _, f := range flags {
			title, _ := groupOf(path, f.Name)
			if title == "" && len(flags) > fewFlags {
				t.Errorf("%s --%s is in no group", c.CommandPath(), f.Name)
			}
			grouped[title+" "+f.Name] = true
			for _, key := range []string{path + " --" + f.Name, parent + " --" + f.Name, f.Name, f.Value.Type()} {
				if named[key] = true; placeholders[key] != "" {
					break
				}
			}
		}
		total := 0
		for _, group := range flagsOf(c, g.env.Drivers) {
			total += len(group.Entries)
		}
		if total != len(flags) {
			t.Errorf("%s shows %d flags, and has %d", c.CommandPath(), total, len(flags))
		}
	})
	for _, group := range flagGroups {
		for _, flag := range group.flags {
			if !grouped[group.title+" "+flag] {
				t.Errorf("the group %s has a flag --%s, which no command shows there", group.title, flag)
			}
		}
	}
	for key := range placeholders {
		if !named[key] {
			t.Errorf("there is no flag for the placeholder of %q", key)
		}
	}
	// What both providers take stands in the help of create itself, and what is
	// required comes first.
	create := subcommand(root, "create")
	var shown []string
	for _, group := range flagsOf(create, g.env.Drivers) {
		for _, e := range group.Entries {
			word, _, _ := strings.Cut(strings.TrimSpace(e.Word), " ")
			shown = append(shown, word)
		}
	}
	for _, flag := range []string{"--url", "--event", "--name", "--secret-to", "--store-only", "--if-absent", "--secret-elsewhere", "--dry-run"} {
		if !slices.Contains(shown, flag) {
			t.Errorf("create --help lacks %s: %v", flag, shown)
		}
	}
	if got := flagsOf(create, g.env.Drivers)[0].Title; got != "Required" || slices.Contains(shown, "--timeout") {
		t.Errorf("create --help begins with %s, and shows %v", got, shown)
	}
	for command, variables := range map[string]map[string]string{
		"": {"profile": "HOOKCTL_PROFILE", "config": "HOOKCTL_CONFIG_DIR", "output": "HOOKCTL_OUTPUT", "no-color": "HOOKCTL_NO_COLOR", "quiet": "HOOKCTL_QUIET",
			"no-input": "HOOKCTL_NO_INPUT", "request-timeout": "HOOKCTL_REQUEST_TIMEOUT"},
		"create zyntro": {"auth-data": "HOOKCTL_AUTH_DATA"},
		"verify": {"signature-header": "HOOKCTL_<PROVIDER>_SIGNATURE_HEADER", "key-encoding": "HOOKCTL_<PROVIDER>_KEY_ENCODING",
			"digest-encoding": "HOOKCTL_<PROVIDER>_DIGEST_ENCODING", "signed-template": "HOOKCTL_<PROVIDER>_SIGNED_TEMPLATE", "timestamp-header": "HOOKCTL_<PROVIDER>_TIMESTAMP_HEADER"},
	} {
		c, _, err := root.Find(strings.Fields(command))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range shownFlags(c) {
			usage := usageOf(c, g.env.Drivers, f)
			if want := variables[f.Name]; want != "" && !strings.Contains(usage, want) || want == "" && strings.Contains(usage, "env HOOKCTL") {
				t.Errorf("the help of %s --%s should name the variable %q: %s", command, f.Name, want, usage)
			}
			delete(variables, f.Name)
		}
		for name := range variables {
			t.Errorf("%s shows no --%s", command, name)
		}
	}
}
