package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/hookctl/hookctl/internal/cli"
	"github.com/hookctl/hookctl/internal/view"
)

// manualFiles are the man pages of a release, and the same compressed, as packages
// have them.
func manualFiles(date time.Time) (map[string][]byte, error) {
	pages, err := manual(date)
	if err != nil {
		return nil, err
	}
	files := maps.Clone(pages)
	for name, page := range pages {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(page); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		files[name+".gz"] = b.Bytes()
	}
	return files, nil
}

// manual makes the man pages of a release, by file name: section 1 for the
// commands, section 7 for the topics of help. date stands on each of them.
func manual(date time.Time) (map[string][]byte, error) {
	files := map[string][]byte{}
	topics := map[string]view.Topic{}
	for _, t := range cli.Topics() {
		topics[t.Name] = t
		files["hookctl-"+t.Name+".7"] = topicPage(t, date)
	}
	root := cli.Root()
	// cobra's man pages are made by way of Markdown, in which <webhook> would be
	// read as a tag and dropped.
	if err := walk(root, func(c *cobra.Command) error {
		if text, block, found := strings.Cut(c.Long, ".\n\n  "); found && !c.HasExample() && !strings.Contains(block, "\n\n") {
			c.Long, c.Example = text+".", "  "+block // a description that ends in commands
		}
		c.Long, c.Use = prose(c.Long), escape(c.Use)
		return nil
	}); err != nil {
		return nil, err
	}
	tail := troff(commandTail(topics["exit-codes"], topics["environment"]))
	err := walk(root, func(c *cobra.Command) error {
		var page bytes.Buffer
		header := &doc.GenManHeader{Section: "1", Date: &date, Source: "hookctl", Manual: "hookctl manual"}
		if err := doc.GenMan(c, header, &page); err != nil {
			return err
		}
		text, links, _ := bytes.Cut(page.Bytes(), []byte(".SH SEE ALSO\n"))
		before, after, _ := bytes.Cut(text, []byte(".SH OPTIONS\n"))
		_, examples, found := bytes.Cut(after, []byte(".SH EXAMPLE\n"))
		if found {
			examples = append([]byte(".SH EXAMPLES\n"), examples...)
		}
		text = bytes.Join([][]byte{before, troff(optionList(c)), tail, examples, []byte(seeAlso), links}, nil)
		text = bytes.Replace(text, []byte(date.Format(`"Jan 2006"`)), []byte(date.Format(`"`+time.DateOnly+`"`)), 1) // cobra's has no day
		files[strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"] = tidy(text)
		return nil
	})
	return files, err
}

// optionList is a command's flags in their groups, in Markdown.
func optionList(c *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# OPTIONS\n\n")
	for _, group := range cli.FlagsOf(c) {
		b.WriteString("### " + escape(group.Title) + "\n\n" + definitions(group))
	}
	if c.HasParent() {
		b.WriteString("### Flags of every command\n\n**hookctl(1)** lists them.\n\n")
	}
	return b.String()
}

// seeAlso begins the last section of a command's page.
const seeAlso = ".SH SEE ALSO\n\\fBhookctl-exit-codes(7)\\fP, \\fBhookctl-environment(7)\\fP, \\fBhookctl-formats(7)\\fP,\n"

// commandTail is what the page of every command ends with, in Markdown.
func commandTail(codes, environment view.Topic) string {
	where, files := environment.Sections[0], environment.Sections[len(environment.Sections)-1]
	return "# EXIT STATUS\n\n" + definitions(codes.Sections[0]) +
		"# ENVIRONMENT\n\n" + definitions(where) + "All others, credentials and settings among them: **hookctl-environment(7)**.\n\n" +
		"# FILES\n\nThey are in the configuration directory.\n\n" + definitions(files)
}

// topicPage is a page of section 7.
func topicPage(t view.Topic, date time.Time) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%% \"HOOKCTL-%s\" \"7\" \"%s\" \"hookctl\" \"hookctl manual\"\n\n", strings.ToUpper(t.Name), date.Format(time.DateOnly))
	fmt.Fprintf(&b, "# NAME\n\nhookctl-%s - %s\n\n# DESCRIPTION\n\n%s\n\n", t.Name, escape(t.Title), prose(t.Intro))
	for _, s := range t.Sections {
		if s.Title != "" {
			b.WriteString("# " + strings.ToUpper(escape(s.Title)) + "\n\n")
		}
		if s.Intro != "" {
			b.WriteString(prose(s.Intro) + "\n\n")
		}
		b.WriteString(definitions(s))
	}
	b.WriteString("# SEE ALSO\n\n**hookctl(1)**\n")
	return tidy(md2man.Render([]byte(b.String())))
}

// definitions is the list of a section's words, in Markdown.
func definitions(s view.Section) string {
	var b strings.Builder
	for _, e := range s.Entries {
		fmt.Fprintf(&b, "**%s**\n: %s\n\n", escape(strings.TrimSpace(e.Word)), escape(strings.ReplaceAll(e.Meaning, "\n", " ")))
	}
	return b.String()
}

// troff renders the sections of a part of a page.
func troff(markdown string) []byte {
	page := md2man.Render([]byte("# title\n\n" + markdown)) // the first heading becomes the title of a page
	return page[bytes.Index(page, []byte(".SH")):]
}
