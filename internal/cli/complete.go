package cli

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// completable returns a word that a completion script can hand to a shell as
// it is, or "" for one with characters that are not shown as they are.
func completable(word string) string {
	if term.Clean(word) != word || term.HasCommand(word) || strings.ContainsAny(word, "\t\n") {
		return ""
	}
	return word
}

// completeList completes the last word of a comma list, with those words only that
// fit what is typed: bash filters them itself, in a slow loop.
func completeList(words ...cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		head := typed[:strings.LastIndexByte(typed, ',')+1]
		return those(prefixed(head, words), func(list string) bool { return strings.HasPrefix(list, typed) }), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeEvents completes a comma list of events.
func completeEvents(drivers []*provider.Driver) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		return completeList(append(slugs(drivers), cobra.CompletionWithDesc("all", "every event"))...)(cmd, args, typed)
	}
}

// slugs are the events of every catalogue.
func slugs(drivers []*provider.Driver) (out []cobra.Completion) {
	for _, d := range drivers {
		for _, e := range d.Catalogue {
			out = append(out, cobra.CompletionWithDesc(e.Slug, e.Category))
		}
	}
	return out
}

// completeProviders completes the first argument with the providers' names.
func (g *globals) completeProviders(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return firstOnly(g.completeProviderFlag)(cmd, args, typed)
}

// completeNoFiles keeps the shell from offering files where a command takes no
// argument, or none that a file's name could be.
func completeNoFiles(c *cobra.Command) {
	for _, child := range c.Commands() {
		completeNoFiles(child)
	}
	runsOthers := strings.Contains(c.Use, "[-- ")
	if c.ValidArgsFunction == nil && c.Args != nil && !runsOthers && c.Args(c, []string{"word"}) != nil {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
}

// completeFiles leaves it to the shell to offer files.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// completeKeys completes the names of the settings.
func (g *globals) completeKeys(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return each(settingKeys(g.env.Drivers), func(k config.Key) string { return cobra.CompletionWithDesc(k.Name, k.Usage) }), cobra.ShellCompDirectiveNoFileComp
}

// completeSetting completes a key, and then the values that it takes, where
// there are few.
func (g *globals) completeSetting(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return firstOnly(g.completeKeys)(cmd, args, typed)
	}
	var out []string
	for _, k := range settingKeys(g.env.Drivers) {
		if k.Name == args[0] && k.Check != nil && k.Check("any-word") != nil {
			words := append(formats(), "true", "false", "10s", "30s", "2m", "file", "keyring", "utf8", "hex", "base64")
			out = slices.DeleteFunc(words, func(v string) bool { return k.Check(v) != nil })
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeSinks completes a sink, the path of a file in it included.
func completeSinks(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	if out := completePath("file:", "", typed); out != nil {
		return out, inPath(out)
	}
	if out := completeDotenv(typed); out != nil {
		return out, inPath(out)
	}
	return each(sink.Forms(), func(f sink.Form) string { return cobra.CompletionWithDesc(kindOf(f.Syntax), f.Meaning) }),
		cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// kindOf is the word that a form of something begins with, with the colon after it
// where it takes more.
func kindOf(form string) string {
	word, _, more := strings.Cut(form, ":")
	if more {
		word += ":"
	}
	return word
}

// completeSecretFile offers files, and a variable in a dotenv file where that was
// begun.
func completeSecretFile(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	if out := completeDotenv(typed); out != nil {
		return out, inPath(out)
	}
	if typed != "" && strings.HasPrefix(dotenvWord, typed) {
		return []string{cobra.CompletionWithDesc(dotenvWord, "a variable of a dotenv file: dotenv:PATH:NAME")}, cobra.ShellCompDirectiveNoSpace
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// completeReports completes the kinds of reports, and then the path of the file.
func completeReports(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	for _, kind := range view.ReportKinds() {
		if out := completePath(kind, "", typed); out != nil {
			return out, inPath(out)
		}
	}
	return view.ReportKinds(), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// inPath is the directive for words of which a path is a part: the shell knows no
// file of that name, and after a directory or a colon the word goes on.
func inPath(words []string) cobra.ShellCompDirective {
	if slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(w, "/") || strings.HasSuffix(w, ":") }) {
		return cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	return cobra.ShellCompDirectiveNoFileComp
}

// completePath completes a path in a word that begins with head. The paths of
// files get an end, those of directories a slash. It is nil for another word.
func completePath(head, end, typed string) []string {
	begun, ok := strings.CutPrefix(typed, head)
	if !ok {
		return nil
	}
	dir := begun[:strings.LastIndexAny(begun, "/"+string(filepath.Separator))+1]
	entries, _ := os.ReadDir(cmp.Or(dir, ".")) // one that cannot be read has nothing to offer
	out := []string{}
	for _, e := range entries {
		path := dir + e.Name()
		hidden := strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), ".env")
		if !strings.HasPrefix(path, begun) || hidden && begun == dir {
			continue
		}
		last := end
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			last = "/"
		}
		if word := completable(head + path + last); word != "" {
			out = append(out, word)
		}
	}
	return out
}

const dotenvWord = "dotenv:"

// completeDotenv completes dotenv:PATH:NAME, with the names that the file sets;
// nil for another word.
func completeDotenv(typed string) []string {
	path, begun, ok := cutDotenv(typed)
	whole := ok && strings.HasPrefix(typed, dotenvWord+path+":")
	if info, err := os.Stat(path); !whole || err != nil || !info.Mode().IsRegular() || info.Size() > dotenvCap { // a Tab waits for no pipe or device
		return completePath(dotenvWord, ":", typed)
	}
	file, _ := os.ReadFile(path) // one that cannot be read has nothing to offer
	out := []string{}
	for _, name := range sink.DotenvNames(file) {
		if strings.HasPrefix(name, begun) && secret.IsConventionalVariable(name) { // another may be a piece of a secret
			out = append(out, dotenvWord+path+":"+name)
		}
	}
	return out
}

// firstOnly completes the first argument with complete, and nothing after it.
func firstOnly(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, typed)
	}
}

// completeFixed completes a flag with these values and nothing else.
func completeFixed(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// completeProviderFlag completes a flag with the providers' names, whatever
// arguments there are.
func (g *globals) completeProviderFlag(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return each(g.env.Drivers, func(d *provider.Driver) string { return cobra.CompletionWithDesc(d.Name, d.Title) }), cobra.ShellCompDirectiveNoFileComp
}

// completeProfiles completes the names of profiles, from what is on this
// machine.
func (g *globals) completeProfiles(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	a, err := g.settings()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, _ := a.profileNames(cmd.Context()) // what cannot be read is not worth failing for here, nor a word
	names = slices.DeleteFunc(names, func(name string) bool { return completable(name) == "" })
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeKept completes the webhooks of the store: local data only.
func (g *globals) completeKept(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return g.completeRecords(cmd, typed, func(*secret.Record) bool { return true })
}

// completeExisting is completeKept without those that were deleted through hookctl
// and that their provider has no more.
func (g *globals) completeExisting(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return g.completeRecords(cmd, typed, func(r *secret.Record) bool { return r.DeletedAt.IsZero() || !g.deletes(r.Provider) })
}

// deletes reports whether a webhook that was deleted through hookctl is gone, and
// not disabled.
func (g *globals) deletes(provider string) bool {
	d, err := g.env.Drivers.Find(provider)
	return err == nil && d.Deletes
}

// completeLiving is completeKept without those that were deleted through hookctl.
func (g *globals) completeLiving(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return g.completeRecords(cmd, typed, func(r *secret.Record) bool { return r.DeletedAt.IsZero() })
}

func (g *globals) completeRecords(cmd *cobra.Command, typed string, offer func(*secret.Record) bool) ([]string, cobra.ShellCompDirective) {
	a, err := g.settings()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	profile, seen := a.cfg.Profile(), map[string]bool{}
	err = a.store.Glance(cmd.Context(), func(r *secret.Record) {
		if r.Profile != profile || !offer(r) {
			return
		}
		gone := ""
		if !r.DeletedAt.IsZero() && g.deletes(r.Provider) {
			gone = "deleted: "
		} else if !r.DeletedAt.IsZero() {
			gone = "disabled: "
		}
		var line string // a word, a tab and what it is, in one piece: there may be very many
		n := 0
		switch {
		case r.Name != "" && typed != "" && strings.HasPrefix(r.Name, typed):
			line, n = r.Name+"\t"+gone+r.Name+" "+r.URL, len(r.Name)
		case typed != "" && strings.HasPrefix(r.ID, typed):
			line, n = r.ID+"\t"+gone+r.Name+" "+r.URL, len(r.ID)
		default:
			line, n = r.Provider+"/"+r.ID+"\t"+gone+r.Name+" "+r.URL, len(r.Provider)+1+len(r.ID)
		}
		if word := completable(line[:n]); word != "" && !seen[word] { // two of a name are told apart by their ids
			if typed != "" {
				seen[word] = true
			}
			if about := strings.TrimSpace(term.Clean(line[n+1:])); about != line[n+1:] {
				line = cobra.CompletionWithDesc(word, about)
			}
			out = append(out, line)
		}
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
