package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// mostHelp is how wide help is at most: longer lines are hard to read.
const mostHelp = 100

// fewFlags is up to how many flags a command shows them in one list.
const fewFlags = 8

// flagGroups is THE list of the groups that flags are shown in, in their order. A
// flag belongs to the first that names it; some groups are of certain commands
// only. Flags that are required stand before all of them.
var flagGroups = []struct {
	title string
	of    []string // paths; nil: every command
	flags []string
}{
	{"Webhook", []string{"listen"}, []string{"create", "event", "allow-unknown-events"}},
	{"Delivery", []string{"send"}, []string{"event", "data", "set", "header", "allow-unknown-events", "repeat", "rate"}},
	{"Delivery", []string{"replay"}, []string{"to", "header", "format", "rate", "filter"}},
	{"End", []string{"listen"}, []string{"once", "count", "until", "timeout"}},
	{"Settle", []string{"recover"}, []string{"delete", "rotate", "auth-data", "forget", "same-account", "answer"}},
	{"Manifest", []string{"plan", "apply"}, []string{"file", "prune", "keep-going", "exit-code", "allow-env", "allow-exec", "allow-outside"}},

	{"Webhook", nil, []string{"name", "description", "url", "event", "add-event", "remove-event", "timeout", "auth-type", "auth-data", "status",
		"if-absent", "replace", "overlap", "force", "allow-unknown-events", "no-validate"}},
	{"Receive", nil, []string{"addr", "url-file", "no-verify", "max-body"}},
	{"Forward", nil, []string{"forward-to", "forward-timeout"}},
	{"Tunnel", nil, []string{"tunnel", "public-url", "on-new-url"}},
	{"Delivery", nil, []string{"signature", "header", "format", "deliver-to", "emit-every", "emit"}},
	{"Secret", nil, []string{"provider", "webhook", "secret-file", "secret-env", "secret-to", "store-only", "secret-elsewhere", "show-secret", "resign", "reveal"}},
	{"Signature scheme", nil, []string{"signature-header", "key-encoding", "digest-encoding", "signed-template", "timestamp-header"}},
	{"Verdict", nil, []string{"max-age", "fail-on", "diagnose"}},
	{"Compare", nil, []string{"expect", "update", "ignore"}},
	{"Trial", nil, []string{"bad-signature", "twice", "shuffle", "seed", "tamper", "retry-like", "speed"}},
	{"Keep", nil, []string{"save", "save-invalid"}},
	{"Show", nil, []string{"filter", "failing", "pass", "each-line", "print-body", "raw", "all-headers", "report", "ui", "open"}},
	{"Preview", nil, []string{"dry-run", "curl"}},
	{"Account", nil, []string{"profile", "config"}},
	{"Output", nil, []string{"output", "jq", "no-color", "quiet", "debug"}},
	{"Behaviour", nil, []string{"no-input", "yes", "request-timeout", "version"}},
}

// groupOf is the group of a command's flag and its place there; "" for none.
func groupOf(path, flag string) (title string, place int) {
	for i, g := range flagGroups {
		if at := slices.Index(g.flags, flag); at >= 0 && (g.of == nil || slices.Contains(g.of, path)) {
			return g.title, i<<8 + at
		}
	}
	return "", len(flagGroups) << 8
}

// placeholders are how help names the values of flags: by command and flag, by
// flag, or by type.
var placeholders = map[string]string{
	"replay --to": "URL", "secrets push --to": "SINK", "secrets migrate --to": "STORE", "apply --file": "FILE", "plan --file": "FILE",
	"send --data": "FILE", "list-events --filter": "TEXT", "sandbox emit --save": "FILE", "listen --save": "DIR", "recover --delete": "WEBHOOK", "recover --rotate": "WEBHOOK",
	"recover --forget": "WEBHOOK", "recover --answer": "OPERATION", "api --field": "KEY=TEXT", "api --json-field": "KEY=JSON", "api --input": "FILE",

	"add-event": "EVENT", "addr": "ADDRESS", "age-recipient": "KEY", "allow-env": "NAME", "as": "NAME", "auth-data": "@FILE",
	"auth-type": "TYPE", "category": "TEXT", "config": "DIR", "create": "PROVIDER", "credentials": "@FILE", "deliver-to": "URL", "description": "TEXT",
	"diagnose": "N", "digest-encoding": "ENCODING", "emit": "EVENT", "event": "EVENT", "fail-on": "REASON", "filter": "FILTER", "format": "FORMAT",
	"forward-to": "URL", "from-env": "NAME", "from-file": "FILE", "header": "HEADER", "identity": "FILE", "ignore": "PATH", "jq": "EXPR",
	"key-encoding": "ENCODING", "match": "GLOB", "max-body": "SIZE", "method": "METHOD", "name": "NAME", "on-new-url": "ACTION", "out": "FILE",
	"output": "FORMAT", "pass": "VERDICT", "profile": "NAME", "provider": "PROVIDER", "public-url": "URL", "remove-event": "EVENT", "report": "KIND=FILE",
	"request-timeout": "TIME", "retry-like": "PROVIDER", "root": "DIR", "secret-env": "NAME", "secret-file": "FILE", "secret-to": "SINK",
	"seed": "N", "set": "PATH=VALUE", "shell": "SHELL", "signature": "SIGNATURE", "signature-header": "HEADER", "signed-template": "TEMPLATE",
	"status": "STATUS", "timestamp-header": "HEADER", "create --timeout": "SECONDS", "update --timeout": "SECONDS", "tunnel": "PROGRAM", "until": "EVENT",
	"url": "URL", "url-file": "FILE", "webhook": "WEBHOOK",

	"duration": "TIME", "int": "N", "float64": "N",
}

// placeholder is how help names f's value.
func placeholder(path string, f *pflag.Flag) string {
	kind, _, _ := strings.Cut(path, " ")
	for _, key := range []string{path + " --" + f.Name, kind + " --" + f.Name, f.Name, f.Value.Type()} {
		if name := placeholders[key]; name != "" {
			return name
		}
	}
	return "TEXT"
}

// flagsOf are the flags that c's help shows, in their groups.
func flagsOf(c *cobra.Command, drivers []*provider.Driver) []view.Section {
	type placed struct {
		title, spec, usage string
		place              int
	}
	path := pathOf(c)
	flags := shownFlags(c)
	var list []placed
	for _, f := range flags {
		title, place := groupOf(path, f.Name)
		if len(flags) <= fewFlags {
			title, place = "Flags", 0
		}
		if required(f) {
			title, place = "Required", place-1<<16
		}
		list = append(list, placed{title, specOf(path, f), usageOf(c, drivers, f), place})
	}
	slices.SortStableFunc(list, func(a, b placed) int { return a.place - b.place })
	var groups []view.Section
	for _, p := range list {
		if n := len(groups); n == 0 || groups[n-1].Title != p.title {
			groups = append(groups, view.Section{Title: p.title})
		}
		groups[len(groups)-1].Add(p.spec, p.usage)
	}
	return groups
}

// FlagsOf are the flags of one of [Root]'s commands, in their groups.
func FlagsOf(c *cobra.Command) []view.Section { return flagsOf(c, all.Drivers()) }

// specOf is the flag as it is typed.
func specOf(path string, f *pflag.Flag) string {
	spec := "    --" + f.Name
	if f.Shorthand != "" {
		spec = "-" + f.Shorthand + ", --" + f.Name
	}
	switch {
	case f.Value.Type() == "bool":
		return spec
	case f.NoOptDefVal != "":
		return spec + "[=" + placeholder(path, f) + "]"
	}
	return spec + " " + placeholder(path, f)
}

// usageOf is what help says of the flag: its default and its variable too.
func usageOf(c *cobra.Command, drivers []*provider.Driver, f *pflag.Flag) string {
	usage := strings.NewReplacer(" (required)", "", "(required, ", "(").Replace(f.Usage)
	var more []string
	env, preset := variableOf(c, drivers, f)
	if !slices.Contains([]string{"", "0", "0s", "false", "[]"}, preset) && !strings.Contains(usage, "default") {
		more = append(more, "default "+preset)
	}
	if env = cmp.Or(env, perProvider(drivers, f)); env != "" && !strings.Contains(usage, env) {
		more = append(more, "env "+env)
	}
	if len(more) > 0 {
		usage += " (" + strings.Join(more, "; ") + ")"
	}
	return usage
}

// variableOf is the variable that says what f says, "" for none, and what is in
// effect without both.
func variableOf(c *cobra.Command, drivers []*provider.Driver, f *pflag.Flag) (variable, preset string) {
	if f == c.Root().PersistentFlags().Lookup(f.Name) { // of every command
		for _, k := range settingKeys(drivers) {
			if k.Name == f.Name {
				return k.Env(), k.Default
			}
		}
		switch f.Name {
		case "config":
			return config.EnvDir, f.DefValue
		case "profile":
			return config.EnvProfile, config.DefaultProfile
		}
	}
	if f.Name == "auth-data" {
		return provider.AuthDataVariable, f.DefValue
	}
	return "", f.DefValue
}

// perProvider is the variable of a setting that each provider has, in the place of
// whose name PROVIDER stands; "" where f is none.
func perProvider(drivers []*provider.Driver, f *pflag.Flag) string {
	for _, k := range settingKeys(drivers) {
		if of, name, found := strings.Cut(k.Name, "."); found && name == f.Name && of == drivers[0].Name {
			return strings.Replace(k.Env(), strings.ToUpper(of), "<PROVIDER>", 1)
		}
	}
	return ""
}

// printHelp prints c's help: what it is, examples, the text, and how to type it.
func (g *globals) printHelp(c *cobra.Command) {
	width := min(g.env.Streams.Width(), mostHelp)
	var b strings.Builder
	section := func(text string) {
		if text = strings.TrimRight(text, "\n"); text != "" {
			b.WriteString("\n" + text + "\n")
		}
	}
	b.WriteString(term.Wrap("", c.Short+".", width) + "\n")
	section(flow(c.Example, width))
	section(flow(c.Long, width))
	usage := "Usage:"
	if c.Runnable() {
		usage += "\n" + term.Wrap("  ", c.UseLine(), width)
	}
	if c.HasAvailableSubCommands() {
		usage += "\n" + term.Wrap("  ", c.CommandPath()+" [command]", width)
	}
	section(usage)
	if len(c.Aliases) > 0 {
		section("Aliases:\n" + term.Wrap("  ", c.NameAndAliases(), width))
	}
	for _, lists := range [][]view.Section{subcommandsOf(c), flagsOf(c, g.env.Drivers)} {
		column := 0
		for _, list := range lists {
			column = max(column, list.Widest())
		}
		for _, list := range lists {
			section(list.Title + ":\n" + render.Layout(list.Lines(column), width, false))
		}
	}
	if _, shared := c.Annotations[annotationShared]; shared {
		section(term.Wrap("", "Each provider has more, and completes its events: "+c.CommandPath()+" "+c.Commands()[0].Name()+" --help", width))
	}
	if c.HasAvailableInheritedFlags() {
		section(term.Wrap("", "Flags of every command (--profile, -o, --jq, --debug, ...): "+c.Root().Name()+" --help", width))
	}
	if c.HasAvailableSubCommands() {
		section(term.Wrap("", "More on a command: "+c.CommandPath()+" COMMAND --help", width))
	}
	_, _ = fmt.Fprint(c.OutOrStdout(), b.String())
}

// subcommandsOf are the commands below c, in their groups where there are some.
func subcommandsOf(c *cobra.Command) []view.Section {
	lists, ids := []view.Section{{Title: "Commands"}}, []string{""}
	for _, group := range c.Groups() {
		lists, ids = append(lists, view.Section{Title: strings.TrimSuffix(group.Title, ":")}), append(ids, group.ID)
	}
	for _, child := range c.Commands() {
		if i := slices.Index(ids, child.GroupID); i >= 0 && (child.IsAvailableCommand() || child.Name() == "help") {
			lists[i].Add(child.Name(), child.Short)
		}
	}
	return slices.DeleteFunc(lists, func(l view.Section) bool { return len(l.Entries) == 0 })
}

// flow lays out a help text. What is not indented is prose; indented lines are rows
// of two columns, whose second one may go on below itself, or commands.
func flow(text string, width int) string {
	var b strings.Builder
	var lead string      // of the row that is open
	var pending []string // its text, or that of the paragraph
	end := func() {
		if len(pending) > 0 {
			b.WriteString(term.Wrap(lead, strings.Join(pending, " "), width) + "\n")
		}
		lead, pending = "", nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		bare := strings.TrimLeft(line, " ")
		indent := len(line) - len(bare)
		switch {
		case bare == "":
			end()
			b.WriteByte('\n')
		case indent == 0:
			if lead != "" {
				end()
			}
			pending = append(pending, bare)
		case lead != "" && indent == len(lead):
			pending = append(pending, bare)
		default:
			end()
			if at := strings.LastIndex(bare, "  ") + 2; at > 1 && bare[at] != '#' {
				lead, pending = line[:indent+at], []string{bare[at:]}
			} else {
				b.WriteString(term.WrapCommand(line, width) + "\n")
			}
		}
	}
	end()
	return b.String()
}

// nameProviders puts titles of providers into the help of root and of what is
// below it. A text names providers by what they can do: {all} of them, those
// {updating} a webhook in place or {replacing} it, {deleting} or only
// {disabling} one, those with {live help} or with {built-in help} alone, and
// those {timing} deliveries or {authenticating} at the endpoint.
func (g *globals) nameProviders(root *cobra.Command) {
	var words []string
	for word, fits := range map[string]func(*provider.Driver) bool{
		"all":            func(*provider.Driver) bool { return true },
		"updating":       func(d *provider.Driver) bool { return d.Updates },
		"replacing":      func(d *provider.Driver) bool { return !d.Updates },
		"deleting":       func(d *provider.Driver) bool { return d.Deletes },
		"disabling":      func(d *provider.Driver) bool { return !d.Deletes },
		"live help":      func(d *provider.Driver) bool { return d.LiveHelp },
		"built-in help":  func(d *provider.Driver) bool { return !d.LiveHelp },
		"timing":         func(d *provider.Driver) bool { return slices.Contains(d.CreateOptions, provider.OptTimeout) },
		"authenticating": func(d *provider.Driver) bool { return slices.Contains(d.CreateOptions, provider.OptAuth) },
	} {
		words = append(words, "{"+word+"}", g.env.Drivers.Titles(fits))
	}
	titles := strings.NewReplacer(words...)
	name := func(text string) string {
		if !strings.Contains(text, "{") {
			return text // the replacer would copy it
		}
		return titles.Replace(text)
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Short, c.Long = name(c.Short), name(c.Long)
		sorted := c.Flags().SortFlags
		c.Flags().SortFlags = false // or a sorted list of all flags of all commands is kept
		c.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = name(f.Usage) })
		c.Flags().SortFlags = sorted
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(root)
}
