package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/cli"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/view"
)

// The directories that docgen owns, from the root of the repository.
const (
	referenceDir   = "docs/reference"
	completionsDir = "completions"
)

// schemaFile is the JSON Schema of manifests, for editors.
const schemaFile = "docs/manifest.schema.json"

// generate makes every file, by its path from the root of the repository. The
// result is the same on every machine.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, t := range cli.Topics() {
		files[referenceDir+"/"+t.Name+".md"] = []byte(t.Markdown())
	}
	root := cli.Root()
	files[referenceDir+"/README.md"] = index(root, cli.Topics())
	for _, part := range []func(map[string][]byte) error{reference, completions, schema, pictures} {
		if err := part(files); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// reference adds a Markdown page for each command.
func reference(files map[string][]byte) error {
	return walk(cli.Root(), func(c *cobra.Command) error {
		c.Long = prose(c.Long)
		var page bytes.Buffer
		if err := doc.GenMarkdown(c, &page); err != nil {
			return err
		}
		text, links, _ := strings.Cut(page.String(), "### SEE ALSO")
		text, _, _ = strings.Cut(text, "### Options")
		files[referenceDir+"/"+pageName(c)] = tidy([]byte(text + options(c) + "### SEE ALSO" + links))
		return nil
	})
}

// options is the section on a command's flags, in their groups.
func options(c *cobra.Command) string {
	var b strings.Builder
	b.WriteString("### Options\n\n")
	for _, group := range cli.FlagsOf(c) {
		b.WriteString("**" + group.Title + "**\n\n")
		for _, e := range group.Entries {
			b.WriteString("- `" + strings.TrimSpace(e.Word) + "`: " + escape(e.Meaning) + "\n")
		}
		b.WriteByte('\n')
	}
	if c.HasParent() {
		b.WriteString("Flags of every command: [hookctl](hookctl.md)\n\n")
	}
	return b.String()
}

// pageName is the name of a command's Markdown page.
func pageName(c *cobra.Command) string {
	return strings.ReplaceAll(c.CommandPath(), " ", "_") + ".md"
}

// completions adds the script for each shell, under the name by which the
// shell looks for it.
func completions(files map[string][]byte) error {
	root := cli.Root()
	for _, s := range []struct{ shell, name string }{
		{"bash", "hookctl.bash"}, {"zsh", "_hookctl"}, {"fish", "hookctl.fish"}, {"powershell", "hookctl.ps1"},
	} {
		var script bytes.Buffer
		if err := cli.Completion(root, s.shell, &script); err != nil {
			return err
		}
		files[completionsDir+"/"+s.name] = script.Bytes()
	}
	return nil
}

// schema adds the JSON Schema of manifests.
func schema(files map[string][]byte) error {
	text, err := apply.Schema(all.Drivers())
	files[schemaFile] = text
	return err
}

// index is the first page of the reference: the commands in their groups, and
// the topics.
func index(root *cobra.Command, topics []view.Topic) []byte {
	var b bytes.Buffer
	b.WriteString("# Reference\n\nGenerated from the program: `go generate ./cmd/hookctl`.\n")
	for _, group := range root.Groups() {
		b.WriteString("\n## " + strings.TrimSuffix(group.Title, ":") + "\n\n")
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && documented(c) {
				fmt.Fprintf(&b, "- [%s](%s): %s\n", c.CommandPath(), pageName(c), escape(c.Short))
			}
		}
	}
	b.WriteString("\n## Topics\n\n")
	for _, t := range topics {
		fmt.Fprintf(&b, "- [%s](%s.md)\n", t.Title, t.Name)
	}
	return b.Bytes()
}

// documented reports whether a command has pages: all that people can see, and
// hookctl help, which cobra counts apart. While it writes a page cobra gives
// each group a help command too: that one is not ours.
func documented(c *cobra.Command) bool {
	return c.IsAvailableCommand() || c.Name() == "help" && !c.Parent().HasParent()
}

// walk calls do for c and every documented command under it.
func walk(c *cobra.Command, do func(*cobra.Command) error) error {
	if c.HasParent() {
		// cobra/doc gives every group a help command, which at run time only
		// the root has. A hidden one takes its place.
		c.SetHelpCommand(&cobra.Command{Use: "help", Hidden: true})
	}
	if err := do(c); err != nil {
		return err
	}
	for _, child := range c.Commands() {
		if documented(child) {
			if err := walk(child, do); err != nil {
				return err
			}
		}
	}
	return nil
}

// prose turns a help text into Markdown: indented lines are code, in the rest
// nothing is markup.
func prose(text string) string {
	var b strings.Builder
	code := false
	fence := func(open bool) {
		if open != code {
			b.WriteString("```\n")
			code = open
		}
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "  "):
			fence(true)
			b.WriteString(line + "\n")
		case line == "" && code && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  "):
			b.WriteByte('\n')
		default:
			fence(false)
			b.WriteString(escape(line) + "\n")
		}
	}
	fence(false)
	return strings.TrimSuffix(b.String(), "\n")
}

// escape keeps text from being read as Markdown. Underscores are left alone:
// within a word they are none.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, "<", `\<`, "*", `\*`, "`", "\\`").Replace(text)
}

// tidy removes blanks at the ends of lines and blank lines at the end.
func tidy(text []byte) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(text) {
		b.Write(bytes.TrimRight(line, " \t\r\n"))
		b.WriteByte('\n')
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}
