package cli

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/snippet"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

// printManual prints the manual of at and of what is below it.
func (g *globals) printManual(at *cobra.Command) error {
	format := render.JSON
	if f := render.Format(g.flags.output); f != "" {
		if f == render.Table || f == render.Name {
			return fault.Usagef("--json prints one document, and -o %s something else; keep one", f)
		}
		format = f
	}
	out, err := render.New(g.env.Streams.Out, render.Options{Format: format, JQ: g.flags.jq, TTY: g.env.Streams.OutTTY, Width: g.env.Streams.Width()})
	if err != nil {
		return err
	}
	return out.Print(g.manual(at).Render())
}

func (g *globals) manual(at *cobra.Command) view.Manual {
	m := view.Manual{
		Version: view.ManualVersion, Hookctl: g.env.Version, Commands: []view.Command{}, Output: map[string][]view.Document{},
		GlobalFlags: g.manualFlags(at.Root(), at.Root().PersistentFlags()), Environment: variables(g.env.Drivers), ExitCodes: codes(), Error: view.Members(errorDocument{}),
	}
	printed := outputs(g.env)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		path := pathOf(c)
		if path != "" {
			m.Commands = append(m.Commands, g.manualCommand(c))
		}
		for _, data := range printed[path] {
			one, streams := data.(streamed)
			if streams {
				data = one.list
			}
			m.Output[path] = append(m.Output[path], view.Document{Streamed: streams, Members: view.Members(data)})
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(at)
	return m
}

func (g *globals) manualCommand(c *cobra.Command) view.Command {
	out := view.Command{
		Path: pathOf(c), Aliases: append([]string{}, c.Aliases...), Short: c.Short, Long: c.Long, Usage: c.UseLine(),
		Examples: []string{}, Flags: g.manualFlags(c, c.LocalNonPersistentFlags()),
	}
	out.Group = c.HasSubCommands() && len(out.Flags) == 0
	for line := range strings.SplitSeq(c.Example, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out.Examples = append(out.Examples, line)
		}
	}
	return out
}

func (g *globals) manualFlags(c *cobra.Command, set *pflag.FlagSet) []view.Flag {
	list := []view.Flag{}
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		_, many := f.Value.(pflag.SliceValue)
		env, preset := variableOf(c, g.env.Drivers, f)
		group, _ := groupOf(pathOf(c), f.Name)
		list = append(list, view.Flag{
			Name: f.Name, Shorthand: view.OrNull(f.Shorthand), Type: f.Value.Type(), Default: preset, Usage: f.Usage, Env: view.OrNull(env),
			Group: view.OrNull(group), Repeatable: many, Required: required(f),
		})
	})
	return list
}

// variables are those of the topic, each once.
func variables(drivers []*provider.Driver) []view.Variable {
	list := []view.Variable{}
	for _, s := range environment(drivers).Sections {
		first, second, _ := strings.Cut(s.Columns, " | ")
		if first != "Variable" {
			continue
		}
		for _, e := range s.Entries {
			meaning := e.Meaning
			if second != "Meaning" {
				meaning = strings.ToLower(second) + " " + meaning
			}
			for name := range strings.SplitSeq(e.Word, ", ") {
				i := slices.IndexFunc(list, func(v view.Variable) bool { return v.Name == name })
				if i < 0 {
					list = append(list, view.Variable{Name: name, Meaning: meaning})
				} else {
					list[i].Meaning += "; " + meaning
				}
			}
		}
	}
	return list
}

// codes are those of the topic.
func codes() []view.ExitCode {
	words := map[int]string{}
	for _, row := range fault.Table {
		words[row.Exit] = row.Code
	}
	var list []view.ExitCode
	for _, e := range exitCodes().Sections[0].Entries {
		if code, err := strconv.Atoi(e.Word); err == nil {
			list = append(list, view.ExitCode{Code: code, Word: view.OrNull(words[code]), Meaning: e.Meaning})
		}
	}
	return list
}

// streamed is a list whose elements are printed as they come.
type streamed struct{ list any }

// outputs are values of what each command prints with -o json, by its path. Only
// their types count. A test runs the commands and finds what is missing here.
func outputs(env *Env) map[string][]any {
	draft := view.Draft(provider.RequestPreview{}).Data
	kept := view.KeptSecret{}
	manySent, manyOutgoing := streamed{[]view.Sent{}}, streamed{[]view.Outgoing{}}
	setting, profile := []any{config.Setting{}}, []any{view.Profile{}}
	webhook, variables := []any{view.Webhook{}}, []any{map[string]*string{}}
	all := map[string][]any{
		"list": {[]view.Webhook{}}, "get": webhook, "update": webhook, "pause": webhook, "resume": webhook,
		"delete": {[]view.Deleted{}}, "rotate": {view.Webhook{}, draft}, "list-events": {[]view.Event{}, []view.EventChange{}},
		"export": {apply.Export{}}, "plan": {view.Plan(&apply.Plan{}).Data}, "apply": {view.Applied(&apply.Plan{}, nil).Data},
		"verify": {streamed{[]verify.Result{}}}, "show": {view.Shown{}}, "diff": {view.Difference{}},
		"listen": {streamed{[]view.ListenState{}}, streamed{[]view.Received{}}}, "send": {view.Sent{}, manySent, view.Outgoing{}, manyOutgoing}, "replay": {manySent, manyOutgoing},
		"sign":         {view.SignatureHeaders(nil, "").Data},
		"snippet":      {view.Snippet("", snippet.Snippet{}).Data},
		"secrets list": {[]view.KeptSecret{}}, "secrets show": {kept}, "secrets set": {kept}, "secrets push": {kept},
		"secrets remove": {kept, []view.KeptSecret{}}, "secrets migrate": {[]view.Moved{}}, "secrets check": {[]health.Finding{}},
		"secrets export": {[]view.KeptSecret{}}, "secrets import": {[]view.Imported{}}, "recover": {[]view.Recovered{}},
		"login": {view.Account{}}, "logout": {view.Logout{}},
		"config get": setting, "config set": setting, "config unset": setting, "config list": {[]config.Setting{}}, "config path": {view.ConfigPath("").Data},
		"profile list": {[]view.Profile{}}, "profile create": profile, "profile use": profile, "profile remove": {view.RemovedProfile{}},
		"doctor": {[]health.Check{}}, "api": {json.RawMessage(nil)},
		"sandbox": variables, "sandbox start": variables, "sandbox stop": variables,
		"sandbox emit": {[]view.Attempt{}}, "sandbox log": {[]view.Attempt{}},
		"completion install": {view.Completion{}}, "version": {view.Version{}},
		"help": {view.Manual{}, &view.Topic{}, view.Documentation("", nil, false).Data},
	}
	for _, d := range env.Drivers {
		all["create "+d.Name] = []any{view.Webhook{}, draft, view.Curl("").Data}
	}
	return all
}
