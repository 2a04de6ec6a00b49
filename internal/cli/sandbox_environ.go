package cli

import (
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
)

// A sandbox is in force where HOOKCTL_SANDBOX is set. Its value is the name of
// one in the background, or inForeground, which none can have.
const inForeground = "-"

// sandboxNames are the variables that must not reach what runs in a sandbox,
// unless it sets them: all that hookctl knows, all that begin like its own, and
// the credentials. Names that no shell takes can stand in an environment, and
// would be words of its language. Those that are known are among them whether they are set or
// not: another shell may read the lines.
func sandboxNames(env *Env) []string {
	names := append(credentialNames(env.Drivers),
		config.EnvProfile, config.EnvDir, provider.AuthDataVariable, sandbox.EnvInside, sandbox.EnvURL, sandbox.EnvToken)
	for _, k := range settingKeys(env.Drivers) {
		names = append(names, k.Env())
	}
	for _, kv := range env.Environ {
		name, _, _ := strings.Cut(kv, "=")
		if name = child.Fold(name); strings.HasPrefix(name, ourVariables) && sink.IsVariable(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sandboxEnvironment is set, and nothing else of what hookctl reads.
func sandboxEnvironment(env *Env, set []string) sandbox.Environment {
	return sandbox.Environment{Set: set, Unset: slices.DeleteFunc(sandboxNames(env), func(name string) bool {
		return slices.ContainsFunc(set, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
	})}
}

// enter prints what puts the sandbox of that environment in force.
func (s *shellFlag) enter(a *app, set []string) error {
	sh := s.shell(a.env)
	for _, kv := range set { // a directory's name can hold anything
		if sh != sandbox.POSIX && strings.ContainsFunc(kv, unicode.IsControl) {
			name, _, _ := strings.Cut(kv, "=")
			return fault.Errorf(fault.Other, "%s contains control characters, which cannot be written for %s", name, sh)
		}
	}
	e := sandboxEnvironment(a.env, set)
	return a.printEnvironment(e, sh.Enter(e))
}

// printEnvironment prints lines for a shell, whatever output the settings ask
// for; a flag says that a program reads.
func (a *app) printEnvironment(e sandbox.Environment, lines string) error {
	if a.given("output") || a.given("jq") {
		return a.out.Print(environmentView(e, lines))
	}
	return printLines(a.env, lines)
}

// printLines writes all lines at once: half of them would be another thing. They
// are hookctl's own, and a directory in them stays as it is.
func printLines(env *Env, lines string) error {
	return render.WriteAll(term.Raw(env.Streams.Out), []byte(lines))
}

func environmentView(e sandbox.Environment, lines string) render.View {
	data := map[string]*string{}
	for _, name := range e.Unset {
		data[name] = nil
	}
	for _, kv := range e.Set {
		name, value, _ := strings.Cut(kv, "=")
		data[name] = &value
	}
	return render.View{Data: data, Text: lines, Names: e.Set}
}

// isFile reports whether w is the file of that path.
func isFile(w any, path string) bool {
	f, ok := w.(*os.File)
	if !ok || path == "" {
		return false
	}
	there, err := os.Stat(path)
	if err != nil || !there.Mode().IsRegular() {
		return false
	}
	open, err := f.Stat()
	return err == nil && os.SameFile(there, open)
}

// failClosed prints, for a command line that failed and whose output a shell was
// to read, lines that make that shell fail. One that was to enter a sandbox is
// led to where nothing is: a shell that goes on after a failed eval must not go
// on with the user's account.
func (g *globals) failClosed(cmd *cobra.Command, args []string) {
	form := sandboxForm(cmd, args)
	if form == "" || g.env.Streams.OutTTY { // no shell reads a terminal
		return
	}
	shell := shellFlag{}
	if word := flagIn(args, "--shell"); slices.Contains(sandbox.Shells, sandbox.Shell(word)) {
		shell.given = word
	}
	sh := shell.shell(g.env)
	if form == "stop" {
		_ = printLines(g.env, sh.Fail()) // the exit code tells, too
		return
	}
	root, err := sandbox.Root(g.env.Getenv, g.env.UserCacheDir)
	if err != nil {
		root = ""
	}
	name := flagIn(args, "--name")
	if !sandbox.ValidName(name) {
		name = nameInForce(g.env)
	}
	var urls []string
	for _, d := range g.env.Drivers {
		urls = append(urls, sandbox.BaseURL(d)+"="+nothingListens)
	}
	e := sandboxEnvironment(g.env, sandbox.Set(urls, name, sandbox.Nowhere(root)))
	lines := sh.Enter(e) + sh.Fail()
	if format := render.Format(outputFlag(g, args)); format == render.JSON || format == render.NDJSON || format == render.YAML {
		if p, err := render.New(g.env.Streams.Out, render.Options{Format: format}); err == nil {
			_ = p.Print(environmentView(e, lines))
		}
		return
	}
	_ = printLines(g.env, lines)
}

// nothingListens is at the port of tcpmux, which no system serves.
const nothingListens = "http://127.0.0.1:1"

// sandboxForm is "start" for a command line whose output puts a sandbox in
// force, "stop" for one whose output ends that, and else "". The line may be the
// very thing that is wrong, so it is read leniently.
func sandboxForm(cmd *cobra.Command, args []string) string {
	end := slices.Index(args, "--")
	switch cmd.CommandPath() {
	case "hookctl sandbox start", "hookctl sandbox stop":
		return cmd.Name()
	case "hookctl sandbox":
		if end < 0 {
			return "start"
		}
	case "hookctl":
		if i := slices.IndexFunc(args, likeSandbox); i >= 0 && end < 0 {
			for _, form := range []string{"stop", "start"} {
				if slices.Contains(args[i:], form) {
					return form
				}
			}
		}
	}
	return ""
}

// likeSandbox reports whether word is the command, or a slip for it.
func likeSandbox(word string) bool {
	return word == "sandbox" || len(term.Nearest(word, []string{"sandbox"}, 1)) > 0
}

// nameInForce is the sandbox that is meant where no flag names one.
func nameInForce(env *Env) string {
	if name := env.Getenv(sandbox.EnvInside); sandbox.ValidName(name) {
		return name
	}
	return sandbox.DefaultName
}
